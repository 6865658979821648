package call

import (
	"context"
	"errors"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/llm"
)

// follow calls somebody with whom the far end wants the agent to talk on (SIP REFER), over the account the call came by and as its
// policy allows; the far end is told how that goes, and may hang up meanwhile. An error says why there is no other leg.
func (s *Switchboard) follow(ctx context.Context, l leg.Leg, line *line, t parley.Transfer) (leg.Leg, error) {
	s.transferring(ctx, line, t)
	if err := l.Clear(); err != nil {
		s.Logger.Debug("clear", "call", line.id, "error", err)
	}
	var b leg.Leg
	err := meanwhile(ctx, l, false, func(ctx context.Context) (err error) {
		b, err = s.referred(ctx, line, t)
		return err
	})
	if err != nil {
		t.Report(status(err))
		return nil, s.untransferred(line, t, err)
	}
	t.Report(200)
	line.facts.add(parley.EventTransferred, map[string]string{"to": t.To, "by": "referral"})
	s.stage(ctx, line.call, parley.StagePickedUp)
	if err := l.Hangup(context.WithoutCancel(ctx), parley.Transferred); err != nil {
		s.Logger.Debug("hang up", "call", line.id, "error", err)
	}
	return &moved{Leg: b, by: time.Since(line.call.Start)}, nil
}

// referred dials for follow.
func (s *Switchboard) referred(ctx context.Context, line *line, t parley.Transfer) (leg.Leg, error) {
	via := onward(line.call, t.To)
	via.TrunkID = line.call.TrunkID // a sip: address, too: it is the account that may move calls
	trunk, err := s.door(ctx, via)
	switch {
	case err != nil:
		return nil, err
	case trunk == nil:
		return nil, &leg.Rejected{Cause: parley.Configuration}
	}
	return s.Trunk.Dial(ctx, leg.Call{
		ID: via.ID, From: via.From, To: t.To, Replaces: t.Replaces, Trunk: trunk, Limits: line.script.limits, RingTimeout: defaultRing,
		Progress: func(p leg.Progress) { t.Report(p.Code) },
	})
}

// status is what a far end is told of a call that did not come about.
func status(err error) int {
	var no *leg.Rejected
	var forbidden *parley.Error
	switch {
	case errors.As(err, &no) && no.Code >= 300:
		return no.Code
	case errors.As(err, &no) && no.Cause == parley.NoAnswer:
		return 480
	case errors.As(err, &forbidden) && forbidden.Status == 403:
		return 403
	}
	return 503
}

// elsewhere is what the agent's model reads when it talks to somebody else now.
func elsewhere(t parley.Transfer) llm.Message {
	return llm.Message{Role: llm.System, Text: "The other party has connected you with somebody else, at " + t.To + ", and has left. Go on with whoever is on the line now."}
}

// moved is a leg that goes on where another ended: its time line is that of the call.
type moved struct {
	leg.Leg
	by time.Duration
}

func (m *moved) Read(ctx context.Context) (leg.Event, error) {
	e, err := m.Leg.Read(ctx)
	e.At += m.by
	return e, err
}
