// Package audio is sound inside the house: 20 ms of 16 kHz mono PCM at a time, and what is done with it at the doors
// (G.711, resampling, WAV). It starts no goroutine and allocates nothing per frame.
package audio

import "time"

const (
	Rate     = 16000                 // Hz inside the house
	FrameDur = 20 * time.Millisecond // one Frame
	Samples  = Rate / 50             // per Frame
)

// A Frame is 20 ms of sound. It is a value: copied, never shared.
type Frame [Samples]int16
