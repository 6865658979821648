package call

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// byBrowser is whom a call's events name where a browser takes it over.
const byBrowser = "web"

// TakeOverBy has whoever offers a leg take a call over from its agent, as TakeOver has somebody dialled. It returns when they are gone, or the call
// has gone on without them. A call of which no agent can be relieved now: the offer is rejected.
func (s *Switchboard) TakeOverBy(ctx context.Context, o leg.Offer, id, announce string) {
	l := s.line(id)
	err := l.takeable()
	var coming context.Context
	if err == nil {
		coming, err = l.taking(ctx, byBrowser)
	}
	if err != nil {
		cause := parley.Busy
		if parley.IsNotFound(err) {
			cause = parley.Unreachable
		}
		if err := o.Reject(ctx, cause); err != nil {
			s.Logger.Debug("refusing somebody who would take a call over", "call", id, "error", err)
		}
		return
	}
	r := &relief{to: byBrowser, free: true}
	err = s.arrives(ctx, coming, l, o, r, announce)
	if err != nil {
		l.facts.add(parley.EventTransferFailed, map[string]string{"to": byBrowser, "reason": reason(err)})
	}
	l.takeover.running.Done()
	if err == nil {
		<-r.over
	}
}

// arrives answers an offer, within ctx and for as long as the call waits for it, and waits until the call has the leg. An error says why it has not.
func (s *Switchboard) arrives(ctx, coming context.Context, l *line, o leg.Offer, r *relief, announce string) (err error) {
	defer l.takeover.clear()
	answering, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(coming, cancel)()
	if r.leg, err = o.Answer(answering, l.script.limits); err != nil {
		if coming.Err() != nil {
			return errAway
		}
		return err
	}
	return s.ready(coming, l, r, announce)
}
