package rtp

import (
	"net/netip"
	"time"

	"github.com/parley-voice/parley/audio"
)

// Direction is a media stream's, seen from the side whose SDP says it.
type Direction uint8

const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// SDP is a parsed session description (RFC 4566), as far as a call needs it.
type SDP struct {
	SessionID, Version uint64
	Media              []Media
}

// Media is one m= section; session-wide lines are already folded in.
type Media struct {
	Type      string // audio, video, image
	Port      int    // 0: refused
	Proto     string // RTP/AVP
	Formats   []Format
	Addr      netip.Addr // not valid when c= names a host
	Direction Direction
	Ptime     int // ms, 0 when not said
	RTCPMux   bool
}

// Format is one payload type of a media section.
type Format struct {
	ID    string // as in the m= line
	PT    uint8
	Name  string // upper case: PCMU, TELEPHONE-EVENT
	Clock int    // Hz
	Fmtp  string
}

// ParseSDP reads what a far end sent.
func ParseSDP(b []byte) (*SDP, error) { panic("soon") }

// Audio is the audio section that a call would use, nil when there is none.
func (s *SDP) Audio() *Media { panic("soon") }

// Local is our side of a negotiation.
type Local struct {
	Addr      netip.Addr // what the far end shall send to
	Port      int        // Stream.LocalPort
	SessionID uint64     // o=, constant for a call
	Version   uint64     // o=, one more for every new description of ours
	Codecs    []Codec    // in order of preference; empty: DefaultCodecs
	Direction Direction  // what we want; SendRecv but when we hold
}

// Offer writes an offer.
func Offer(l Local) []byte { panic("soon") }

// Answer answers an offer. ErrNoMedia: nothing in common.
func Answer(offer *SDP, l Local) ([]byte, Agreed, error) { panic("soon") }

// Accept takes the far end's answer to Offer(l). ErrNoMedia: nothing in common.
func Accept(l Local, answer *SDP) (Agreed, error) { panic("soon") }

// Ports hands out even UDP ports.
type Ports struct{}

// NewPorts hands out the even ports lo ≤ p < hi.
func NewPorts(lo, hi int) *Ports { panic("soon") }

// InUse is how many ports are handed out.
func (p *Ports) InUse() int { panic("soon") }

// Config is where a stream listens.
type Config struct {
	Local netip.Addr // not valid: all of IPv4
	Ports *Ports     // nil: any free port
}

// Stream is one UDP RTP session.
type Stream struct{}

// Open binds a port; no packet is sent or taken before Start.
func Open(c Config) (*Stream, error) { panic("soon") }

// LocalPort is the port to write in the SDP.
func (s *Stream) LocalPort() int { panic("soon") }

// Start begins the time line: At 0 is now.
func (s *Stream) Start(a Agreed) { panic("soon") }

// Update takes what a re-INVITE came to.
func (s *Stream) Update(a Agreed) { panic("soon") }

// Receive reads packets until Close. emit is called with a lock held and must neither block nor call Receive, Tick, Start or Update.
func (s *Stream) Receive(emit func(Received)) error { panic("soon") }

// Tick keeps the time line going when nothing arrives; every 20 ms.
func (s *Stream) Tick(now time.Time, emit func(Received)) { panic("soon") }

// Send sends one frame, or what replaces it while digits are queued; every 20 ms.
func (s *Stream) Send(f *audio.Frame) error { panic("soon") }

// SendDigits queues digits; Send sends them, 160 ms each.
func (s *Stream) SendDigits(digits string) error { panic("soon") }

// SendingDigits reports whether queued digits are not yet all sent.
func (s *Stream) SendingDigits() bool { panic("soon") }

// Quiet is how long nothing valid came from the far end, since Start at most.
func (s *Stream) Quiet(now time.Time) time.Duration { panic("soon") }

// Stats counts.
func (s *Stream) Stats() Stats { panic("soon") }

// Close frees the port; Receive returns.
func (s *Stream) Close() error { panic("soon") }
