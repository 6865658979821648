package webrtc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// A Ticket lets one browser make one call to an agent, or take one over. Whoever has it needs no key.
type Ticket struct {
	ID          string            `json:"id"`
	Environment string            `json:"env"`
	AgentID     string            `json:"agent"`
	Context     map[string]string `json:"context,omitempty"` // variables of the call
	Origin      string            `json:"origin,omitempty"`  // the page that may use it; "": any
	Expires     time.Time         `json:"exp"`

	TakesOver string `json:"takes_over,omitempty"` // a call that runs, instead of AgentID
	Announce  string `json:"announce,omitempty"`   // what its agent says before it leaves
}

// A Signer signs what leaves the server and comes back. *secret.Key is one.
type Signer interface {
	Sign(msg string) string
	Verify(msg, sig string) bool
}

// maxTicket is the longest ticket that is read, in bytes: it travels in a header.
const maxTicket = 6 << 10

var (
	// ErrTicket is no ticket of ours. 401.
	ErrTicket = errors.New("no ticket for a web call: POST /v1/calls/web makes one")
	// ErrExpired is one whose time is over. 401.
	ErrExpired = errors.New("the ticket for a web call has expired")
	// ErrTicketSize is one that would not fit into a header. 400.
	ErrTicketSize = errors.New("the context is too long for a web call: 4 KB are the most")
)

const claim = "web call "

// Seal writes a ticket down.
func (t Ticket) Seal(s Signer) (string, error) {
	b, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(b)
	sealed := text + "." + s.Sign(claim+text)
	if len(sealed) > maxTicket {
		return "", ErrTicketSize
	}
	return sealed, nil
}

// ReadTicket reads what Seal has written. Whether it was used before is not known here.
func ReadTicket(s Signer, sealed string, now time.Time) (Ticket, error) {
	text, sig, ok := strings.Cut(sealed, ".")
	if !ok || len(sealed) > maxTicket || !s.Verify(claim+text, sig) {
		return Ticket{}, ErrTicket
	}
	var t Ticket
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &t) != nil {
		return Ticket{}, ErrTicket
	}
	if !now.Before(t.Expires) {
		return Ticket{}, ErrExpired
	}
	return t, nil
}
