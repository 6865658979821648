// Package leg is one side of a call, whatever carries it: the interfaces every carrier implements, the playout queue and
// the one clock that paces all of them. The clock runs one goroutine per core; nothing else here starts any.
package leg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// A Leg is one answered side of a call. Read is for one goroutine, the rest are safe from any. Whoever holds a leg
// drains it: a leg that is not read drops events once its buffer is full, never its pace.
type Leg interface {
	// Read gives the next event. Once the far end has gone it returns io.EOF, or a *GoneError that says what ended the leg.
	Read(ctx context.Context) (Event, error)
	// Play queues one frame; it blocks while the queue is full.
	Play(ctx context.Context, f audio.Frame) error
	// Mark asks for a Marked event once all that was queued before it has been heard.
	Mark(id uint64) error
	// Clear forgets the queue; its marks come back Dropped.
	Clear() error
	// SendDTMF sends digits (0–9 * # A–D) after what is queued now.
	SendDTMF(ctx context.Context, digits string) error
	// Refer asks the far end to move the call. errors.ErrUnsupported: the caller bridges instead.
	Refer(ctx context.Context, to string) error
	// Hangup ends the leg; a second call does nothing.
	Hangup(ctx context.Context, c parley.Cause) error
}

// Kind is what an Event tells.
type Kind uint8

const (
	Audio    Kind = iota + 1 // 20 ms the far end sent, in order; lost packets come concealed
	Played                   // 20 ms that were put on the wire just now, silence included
	DTMF                     // the far end pressed Digit
	Marked                   // all before Mark has been heard
	Dropped                  // Mark was forgotten by Clear
	Held                     // the far end put us on hold
	Resumed                  // and took us off again
	Referred                 // the far end asks us to move the call
	Detected                 // the carrier says Who answered
)

// An Event is what happened on a leg. Audio and Played run on one time line each, a frame every 20 ms from answer.
type Event struct {
	Kind  Kind
	At    time.Duration // since answer
	Frame audio.Frame   // Audio, Played
	Mark  uint64        // Marked, Dropped
	Digit byte          // DTMF
	Who   Answerer      // Detected
	Edge  time.Time     // Audio: its packet came, Played: its packet leaves. Zero: it was made up, or the leg does not know

	Referral *Referral // Referred
}

// A GoneError is what Read returns when a leg ended for another reason than the far end hanging up.
type GoneError struct{ Cause parley.Cause }

func (e *GoneError) Error() string { return fmt.Sprintf("leg ended: %s", e.Cause) }

// Ended is what Read returns of a leg that ended for a cause: "" is the far end's hanging up, io.EOF, all else a *GoneError.
func Ended(c parley.Cause) error {
	if c == "" {
		return io.EOF
	}
	return &GoneError{Cause: c}
}

// Limits are kept by the leg itself, so that they hold even if all above it hangs. Zero is the default.
type Limits struct {
	MaxDuration  time.Duration // 30 min
	MediaTimeout time.Duration // no packet from the far end for so long; 30 s
}

// Ringing is what is known of a call that comes in.
type Ringing struct {
	ID       string            // the carrier's: the SIP Call-ID
	From, To string            // user parts, or E.164
	FromName string            // display name, untrusted text
	Headers  map[string]string // X-* and other headers worth having as variables
	Trunk    string            // id of the parley.TrunkAccount it came in by; "" from loopback while there is none
	Source   netip.AddrPort

	Carrier     string   // what it came by, as telephony_metadata has it: webrtc; "" is sip
	Environment string   // whose it is, where the carrier knows: To is an agent's id then; "": To is looked up
	CallID      string   // what the call is to be called; "": whoever answers chooses
	Warnings    []string // of what did not work, and of which the call may suffer
}

// An Offer is a leg still ringing.
type Offer interface {
	Ringing() Ringing
	// Answer picks up. An error means that the caller gave up, or that nothing could be agreed on; with a *GoneError in it, what it says.
	Answer(ctx context.Context, l Limits) (Leg, error)
	// Reject refuses with the status that fits the cause: busy 486, declined 603, unreachable 404, no_answer 480, configuration 503.
	Reject(ctx context.Context, c parley.Cause) error
}

// A Call is one to be placed.
type Call struct {
	ID          string               // parley's call id, for logs and as X-Parley-Call-ID
	From, To    string               // E.164, extension or sip: address
	Headers     map[string]string    // X-*, Diversion, P-Asserted-Identity and User-To-User
	Replaces    string               // "": none. The dialog of whom we call that ours takes the place of (RFC 3891)
	Trunk       *parley.TrunkAccount // nil: To is a sip: address and is dialled as it stands
	Limits      Limits
	RingTimeout time.Duration  // 40 s
	Detect      bool           // the carrier is to say who answers, where it can: Detected
	Progress    func(Progress) // may be nil; must not block
}

// Progress is what is heard of a call before it is answered.
type Progress struct {
	Code int    // SIP status, 180 or 183
	ID   string // the carrier's id of the call
}

// Rejected is why a call that was dialled was not answered.
type Rejected struct {
	Cause parley.Cause
	Code  int // SIP status, 0 when nothing answered

	Detail string // what went wrong, in the carrier's words; "" when there is no more to say
}

func (e *Rejected) Error() string {
	if e.Detail != "" {
		return fmt.Sprintf("not answered: %s (%d): %s", e.Cause, e.Code, e.Detail)
	}
	return fmt.Sprintf("not answered: %s (%d)", e.Cause, e.Code)
}

// CauseOf is what the SIP status means that a call we placed was refused with (RFC 3261 §21). 0: nothing answered.
func CauseOf(status int) parley.Cause {
	switch status {
	case 486, 600:
		return parley.Busy
	case 603, 607, 608, 403, 433:
		return parley.Declined
	case 401, 402, 407:
		return parley.Configuration // the credentials, or the account
	case 408, 480, 487:
		return parley.NoAnswer
	}
	return parley.Unreachable
}

// A Trunk is a door to the outside.
type Trunk interface {
	// Serve calls answer in a goroutine of its own for every call that comes in; returning from it hangs up. It returns when
	// ctx is done and all calls are over.
	Serve(ctx context.Context, answer func(context.Context, Offer)) error
	// Dial places a call and waits for the answer; ctx cancels it. Not answered: *Rejected.
	Dial(ctx context.Context, c Call) (Leg, error)
}

// Identified is implemented by legs that have a carrier's id.
type Identified interface {
	ID() string                  // the carrier's id: the SIP Call-ID
	Metadata() map[string]string // telephony_metadata
}

// OrDefault fills in what is zero.
func (l Limits) OrDefault() Limits {
	if l.MaxDuration <= 0 {
		l.MaxDuration = 30 * time.Minute
	}
	if l.MediaTimeout <= 0 {
		l.MediaTimeout = 30 * time.Second
	}
	return l
}

// ErrDigit is returned by SendDTMF for what no keypad has.
var ErrDigit = errors.New("leg: not a digit (0-9, *, #, A-D)")

// digitsMost is how many digits one SendDTMF takes: 10 s of tones.
const digitsMost = 64

// CheckDigits is SendDTMF's refusal of what no keypad has, and of more than 64 digits: ErrDigit.
func CheckDigits(s string) error {
	if !Digits(s) || len(s) > digitsMost {
		return ErrDigit
	}
	return nil
}

// Digits reports whether all of s is on a keypad.
func Digits(s string) bool { return strings.Trim(s, "0123456789*#ABCD") == "" }
