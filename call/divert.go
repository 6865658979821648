package call

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// divertedHeader marks a call that we send on: should it come back to us, it is not sent on again.
const divertedHeader = "X-Parley-Diverted"

func diverted(r leg.Ringing) bool {
	for k := range r.Headers {
		if strings.EqualFold(k, divertedHeader) {
			return true
		}
	}
	return false
}

// overflow is a ringing call that no agent can take: the number's fallback takes the caller, or they are refused for the reason
// that there is.
func (s *Switchboard) overflow(ctx context.Context, o leg.Offer, line *line, why parley.Outcome) {
	if line.fallback == "" {
		s.reject(ctx, o, why.Cause)
		s.end(ctx, line, why)
		return
	}
	out, err := s.divert(ctx, o, line)
	if err != nil {
		s.reject(ctx, o, why.Cause)
		out = parley.Outcome{Cause: why.Cause, Detail: why.Detail + "; the fallback number did not take the call: " + reason(err)}
	}
	s.end(ctx, line, out)
}

// divert dials the fallback while the caller hears ringing, and picks up once somebody there has. An error says why nobody did,
// and the caller still rings.
func (s *Switchboard) divert(ctx context.Context, o leg.Offer, line *line) (parley.Outcome, error) {
	c := line.call
	s.transferring(ctx, line, parley.Transfer{To: line.fallback})
	c.StageOutcome = "transfer_unanswered"
	b, err := s.reach(ctx, line, onto{to: line.fallback, headers: map[string]string{divertedHeader: "1"}})
	if err != nil && ctx.Err() == nil {
		line.facts.add(parley.EventTransferFailed, map[string]string{"to": line.fallback, "reason": reason(err)})
		return parley.Outcome{}, err
	} else if err != nil {
		s.reject(ctx, o, parley.Cancelled)
		return untaken(ctx, err), nil
	}
	a, err := o.Answer(ctx, line.script.limits)
	if err != nil {
		_ = b.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
		return untaken(ctx, err), nil
	}
	s.picked(ctx, a, line)
	out := s.join(ctx, line, a, b, line.fallback)
	measure(c, a)
	return line.stopped(ctx, out), nil
}

// onto is who is to take a call over, and how they are called.
type onto struct {
	to, extension string
	from          string        // "": the number the call came to, or was made from
	ring          time.Duration // 0: defaultRing
	headers       map[string]string
}

// reach dials somebody who is to take a call over.
func (s *Switchboard) reach(ctx context.Context, line *line, o onto) (leg.Leg, error) {
	via := onward(line.call, o.to)
	trunk, err := s.door(ctx, via)
	if err != nil {
		return nil, err
	}
	b, err := s.Trunk.Dial(ctx, leg.Call{ID: via.ID, From: cmp.Or(o.from, via.From), To: o.to, Headers: o.headers, Trunk: trunk,
		Limits: line.script.limits, RingTimeout: cmp.Or(o.ring, defaultRing)})
	if err != nil || o.extension == "" {
		return b, err
	}
	if err := extend(ctx, b, o.extension); err != nil {
		_ = b.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
		return nil, err
	}
	return b, nil
}

// transferring: somebody else is asked to take the call over. It gives its slot back.
func (s *Switchboard) transferring(ctx context.Context, line *line, t parley.Transfer) {
	s.stage(ctx, line.call, parley.StageTransferStarted)
	facts := map[string]string{"to": t.To}
	if t.ActionID != "" {
		facts["action_id"] = t.ActionID
	}
	line.facts.add(parley.EventTransferring, facts)
}

func (s *Switchboard) stage(ctx context.Context, c *parley.Call, to parley.Stage) {
	c.Stage = to
	s.keep(ctx, c.ID, func(row *parley.Call) error {
		row.Stage = to
		return nil
	})
}

// join connects the caller on a with b, who has taken the call over, until one of them hangs up.
func (s *Switchboard) join(ctx context.Context, line *line, a, b leg.Leg, to string) parley.Outcome {
	s.taken(ctx, line, to, "bridge")
	began := time.Now()
	bridge(ctx, a, b)
	line.other += time.Since(began)
	return parley.Outcome{Cause: parley.Transferred}
}

// taken: somebody else has the call now.
func (s *Switchboard) taken(ctx context.Context, line *line, to, by string) {
	line.bridged.Store(true)
	line.call.StageOutcome = "transfer_disconnected"
	s.stage(ctx, line.call, parley.StageTransferSuccessful)
	line.facts.add(parley.EventTransferred, map[string]string{"to": to, "by": by})
}

// reason is why nobody took a call over, in few words.
func reason(err error) string {
	var no *leg.Rejected
	var refused *refusal
	switch {
	case errors.As(err, &no):
		return no.Error()
	case errors.As(err, &refused):
		return refused.what
	}
	return err.Error()
}
