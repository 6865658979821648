package leg

import "time"

// Quality is how the sound of a leg travelled: from the far end to us as we counted it, from us to the far end as its RTCP says.
type Quality struct {
	Codec     string // as SDP names it: PCMU, G722, opus
	Encrypted bool   // by SRTP

	Sent, Received uint64 // packets
	Lost           uint64 // packets that were not there when they were due
	Late           uint64 // packets that came all the same, but too late, or too far ahead of time
	Concealed      uint64 // frames of 20 ms that were made up, in whole or in part
	Jitter         time.Duration

	FarLost   float64       // the share of ours that the far end lost, 0 to 1; 0 too when it has not said
	FarJitter time.Duration // of ours, as it came there
	RoundTrip time.Duration // 0: not known
}

// Measured is implemented by legs that count their packets. It may be asked at any time, also after the leg has ended.
type Measured interface{ Quality() Quality }
