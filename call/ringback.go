package call

import (
	"context"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// The ringing that a caller hears while somebody else is dialled: 440 and 480 Hz, 2 s of every 6 (ANSI T1.401).
const (
	ringFrames  = 100
	pauseFrames = 200
)

// ringback plays ringing on a leg until ctx is done; then what still waits there is forgotten. Somebody else reads the leg.
func ringback(ctx context.Context, l leg.Leg) {
	tone := audio.Pair(440, 480, audio.Rate, -22)
	for i := 0; ; i++ {
		var f audio.Frame
		if i%(ringFrames+pauseFrames) < ringFrames {
			tone.Fill(f[:])
		}
		if l.Play(ctx, f) != nil {
			break
		}
	}
	_ = l.Clear() // a leg that is gone is found by its reader
}
