// Package opus is the Opus codec (RFC 6716, in RTP by RFC 7587) as the house uses it: 16 kHz mono, as for a telephone. In RTP
// its clock runs at 48 kHz whatever is inside, and it is offered as two channels whatever it sends: both are the stream's
// business.
//
// The codec itself is github.com/thesyncim/gopus, which is young: packets are checked here before it sees them, and fuzzed
// through it. The package starts no goroutine. Nothing is allocated per frame while nothing is lost; a concealed or recovered
// frame costs a few allocations in the library.
package opus

import "errors"

// Rate is the sampling rate in Hz on this side of the codec.
const Rate = 16000

const (
	quantum    = Rate / 400      // samples: 2.5 ms, which every frame is a multiple of
	maxSamples = Rate * 12 / 100 // of a packet: 120 ms, RFC 6716 §3.4 [R5]
)

var (
	// ErrPacket is a packet that breaks a rule of RFC 6716 §3.4.
	ErrPacket = errors.New("not an opus packet")
	// ErrClosed is the answer of an encoder or decoder after Close.
	ErrClosed = errors.New("opus: closed")
)
