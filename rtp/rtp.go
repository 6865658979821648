// Package rtp carries sound over the network: packets, jitter buffer, RFC 4733 digits, and the SDP that agrees on them.
// Whoever opens a Stream gives it a reader (Receive) and a clock (Tick, Send). The reader has a second goroutine for the port of RTCP
// while that is another one, and Start begins one for a DTLS handshake; Receive waits for both.
package rtp

import (
	"errors"
	"net/netip"
	"time"

	"github.com/parley-voice/parley/audio"
)

var (
	ErrNoPorts  = errors.New("rtp: no free port in the range")
	ErrClosed   = errors.New("rtp: stream is closed")
	ErrNoMedia  = errors.New("rtp: no audio media that both sides can do")       // answer 488
	ErrSDP      = errors.New("rtp: not a session description")                   // answer 400
	ErrBadDigit = errors.New("rtp: digits are 0-9 * # A-D")                      //
	ErrDigits   = errors.New("rtp: more digits are queued than can be sent now") //
)

// Agreed is what offer and answer came to.
type Agreed struct {
	Codec       Codec
	PayloadType uint8          // of the sound we send
	OpusType    uint8          // of the Opus we receive; 0: none
	Ptime       int            // ms of sound in a packet we send, 10 to 60; 0: 20
	DTMFType    uint8          // of the RFC 4733 events we send; 0: none, digits go as tones
	DTMFReceive uint8          // of the events we receive; 0: the same as DTMFType
	DTMFClock   int            // Hz in which events count; 0: 8000
	Tones       bool           // digits are found in the sound that is received: the far end sends no events
	RTCPMux     bool           // RTCP goes by the port of the sound
	RTCP        netip.AddrPort // where else the SDP wants it; not valid: the port above Remote's
	Remote      netip.AddrPort // where the SDP says the far end listens; not valid: wait for its packets
	Peer        netip.Addr     // where the signalling came from; may be not valid
	Secure      *Secure        // nil: plain RTP
	Before      *Before        // for Local, when we make the next offer
	Send        bool           // the far end wants our sound; false: it holds us
	Receive     bool           // we want the far end's
	Patient     bool           // what carries the packets loses none: when they stop they are late, and still wanted
}

// Kind is what a Received tells.
type Kind uint8

const (
	Frame Kind = iota + 1 // 20 ms of sound
	Digit                 // the far end pressed a key
)

// Received is what came in, in order.
type Received struct {
	Kind      Kind
	At        time.Duration // since Start, a multiple of 20 ms; frames come without a gap from 0
	Frame     audio.Frame   // Frame
	Concealed bool          // Frame: not all of it was received: concealment or silence
	Came      time.Duration // Frame: when the packet came that ends it, since Start; 0: that part was not received
	Digit     byte          // Digit: 0-9 * # A-D
}

// Stats counts since Open.
type Stats struct {
	Received  uint64        // valid packets from the far end
	Sent      uint64        // packets
	Lost      uint64        // packets given up
	Late      uint64        // arrived after they were given up, or too far ahead of time
	Duplicate uint64        //
	Reordered uint64        // arrived out of order, in time
	Foreign   uint64        // from another source than the far end
	Invalid   uint64        // not RTP, or nothing that was agreed on
	Concealed uint64        // frames that were not, or not wholly, received
	Inserted  uint64        // frames made up to follow the far end's clock
	Removed   uint64        // frames left out to follow it
	Jitter    time.Duration // interarrival jitter, RFC 3550 §6.4.1
	Bound     time.Duration // how long a gap waits now
	Codec     Codec         // of what we send
	Encrypted bool          //
	FarLost   float64       // share of our packets that the far end lost, by its reports (RTCP)
	FarJitter time.Duration // of our packets there
	RoundTrip time.Duration // 0: not known
}
