package register

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-voice/parley/leg/sip/route"
)

// Ask asks the registrar by one hop what it has of us: it proves who we are, and changes nothing there (RFC 3261 §10.2.3). Not while
// Run does.
func (r *Registration) Ask(ctx context.Context, h route.Hop) error {
	_, err := r.exchange(ctx, h, nil, 0)
	return err
}

// Try registers by one hop and takes it back at once. Not while Run does, and not where another registration has the same Contact.
func (r *Registration) Try(ctx context.Context, h route.Hop) error {
	_, err := r.attempt(ctx, h, 0)
	if b := r.bound; b != nil {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer stop()
		_, _ = r.exchange(ctx, b.hop, &b.contact, 0)
		r.bound = nil
	}
	return err
}

// Unasked reports whether a registrar refused Ask for what it was and not for who asks: some know no REGISTER without a Contact.
func Unasked(err error) bool {
	var no *Refusal
	return errors.As(err, &no) && !slices.Contains([]int{401, 403, 404, 407, 408, 503, 603}, no.Code)
}
