package call

import (
	"context"
	"errors"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
)

// talk is an answered call, top to bottom: connected, conversation, transferred or hung up. It returns how the call ended.
func (s *Switchboard) talk(ctx context.Context, l leg.Leg, line *line) parley.Outcome {
	c, f := line.call, line.facts
	s.picked(ctx, l, line)
	tap := s.record(line, line.script.record)
	tap.keep(s, c.ID, line.script.room.suppress)
	setup := line.script.setup
	setup.Hear, setup.Think, setup.Speak = line.ready.Hear, line.ready.Think, line.ready.Speak
	setup.Thinking.Early, setup.Thinking.Knowledge = s.Early, s.knowledge(line)
	setup.Log, setup.Control, setup.History = f, line.control, &conversation.History{}
	setup.Journal, setup.Discretion = tap.journal, &line.discretion
	s.guard(line, &setup.Guard)
	l, out := s.converse(ctx, s.meet(line, l), tap, line, setup)
	line.takeover.end(true)
	if line.discretion.On() && out.Detail != "" && out.Cause == parley.ProviderFailed {
		out.Detail = parley.Unrecorded // vendors repeat what they were asked
	}
	if err := l.Hangup(context.WithoutCancel(ctx), out.Cause); err != nil {
		s.Logger.Debug("hang up", "call", c.ID, "error", err)
	}
	line.ending(ctx)
	measure(c, line.party.Load().close())
	c.Human = setup.History.Human
	s.refused(ctx, line, &setup)
	c.Turns = setup.History.Turns
	c.Collected = setup.History.Collected
	line.ungiven()
	c.Usage = used(setup.History.Usage)
	c.Recording, c.RecordingLen = tap.close()
	return line.stopped(ctx, out)
}

// picked writes down that the call was picked up.
func (s *Switchboard) picked(ctx context.Context, l leg.Leg, line *line) {
	c, answered := line.call, time.Now()
	line.facts.picked(answered)
	c.Start, c.Status = answered.UTC(), parley.InProgress
	if c.Stage == parley.StageCreated {
		c.Stage = parley.StagePickedUp
	}
	if id, ok := l.(leg.Identified); ok {
		c.TelephonyID, c.Metadata = id.ID(), id.Metadata()
	}
	line.facts.add(parley.EventConnected, map[string]any{"to_number": c.To, "from_number": c.From, "is_outgoing": c.IsOutgoing})
	s.keep(ctx, c.ID, func(row *parley.Call) error {
		row.Start, row.Status, row.Stage, row.TelephonyID, row.Metadata = c.Start, c.Status, c.Stage, c.TelephonyID, c.Metadata
		return nil
	})
}

// converse lets the agent talk until somebody ends it. A transfer that fails brings the caller back to it; one whose vendors fail
// gives the caller to the number's fallback. Where the far end has the agent talk to somebody else, that is another leg: the last one
// is returned.
func (s *Switchboard) converse(ctx context.Context, l leg.Leg, tap *tap, line *line, setup conversation.Setup) (leg.Leg, parley.Outcome) {
	for {
		line.talking.Store(true)
		heard, silent := s.sound(l, tap, line)
		out, err := conversation.Run(ctx, heard, setup)
		silent()
		line.party.Load().gather()
		setup.Callee = nil // whoever is there from now on was there before, or was put through
		line.talking.Store(false)
		if out.Cause == "" {
			out.Cause = parley.Unknown
		}
		if err != nil && out.Detail == "" && !errors.Is(err, context.Canceled) {
			out.Detail = err.Error()
		}
		if out := s.relieved(ctx, tap.leg(l), line, out); out != nil {
			return l, *out
		}
		switch {
		case out.Cause == parley.Transferred && out.Transfer == nil:
			if out := s.back(ctx, line, &setup, parley.Transfer{}, errHungUp); out != nil {
				return l, *out
			}
		case out.Cause == parley.Transferred && out.Transfer != nil && out.Transfer.Report != nil:
			b, failed := s.follow(ctx, tap.leg(l), line, *out.Transfer)
			if failed == nil {
				line.party.Load().close()
				l, setup.Greeting, setup.Untransferred = s.meet(line, b), "", false
				setup.History.Messages = append(setup.History.Messages, elsewhere(*out.Transfer))
			} else if out := s.back(ctx, line, &setup, *out.Transfer, failed); out != nil {
				return l, *out
			}
		case out.Cause == parley.Transferred && out.Transfer != nil:
			if out := s.transfer(ctx, tap.leg(l), line, &setup, *out.Transfer); out != nil {
				return l, *out
			}
		case out.Cause == parley.ProviderFailed && line.fallback != "":
			if s.handOver(ctx, tap.leg(l), line, parley.Transfer{To: line.fallback}, false) == nil {
				return l, parley.Outcome{Cause: parley.Transferred}
			}
			line.call.StageOutcome = "transfer_unanswered"
			return l, out
		default:
			return l, out
		}
	}
}

// transfer gives the caller to somebody else. It is how the call ended; nil: the transfer failed, and the agent goes on.
func (s *Switchboard) transfer(ctx context.Context, l leg.Leg, line *line, setup *conversation.Setup, t parley.Transfer) *parley.Outcome {
	var failed error
	if t.Warm != nil {
		failed = s.warmTransfer(ctx, l, line, *setup, t)
	} else {
		failed = s.handOver(ctx, l, line, t, true)
	}
	switch {
	case failed == nil:
		return &parley.Outcome{Cause: parley.Transferred}
	case t.Warm != nil && t.Warm.HangUp && ctx.Err() == nil && !errors.Is(failed, errLeft):
		out := s.dismiss(ctx, l, line, *setup)
		return &out
	}
	return s.back(ctx, line, setup, t, failed)
}

// back brings the caller back to the agent after a transfer that failed; where nobody is left to be brought, it is how the call ended.
func (s *Switchboard) back(ctx context.Context, line *line, setup *conversation.Setup, t parley.Transfer, failed error) *parley.Outcome {
	switch {
	case ctx.Err() != nil:
		return &parley.Outcome{Cause: parley.Cancelled}
	case errors.Is(failed, errLeft):
		line.call.StageOutcome = "transfer_unanswered"
		return &parley.Outcome{Cause: parley.CallerHungUp}
	}
	s.stage(ctx, line.call, parley.StagePickedUp)
	setup.History.Messages = append(setup.History.Messages, backTo(t, failed))
	setup.Untransferred = true
	return nil
}

// stopped is how a call ends that was ended from outside, or by the end of the server; otherwise as out says.
func (l *line) stopped(ctx context.Context, out parley.Outcome) parley.Outcome {
	switch {
	case errors.Is(context.Cause(ctx), errEnded):
		return parley.Outcome{Cause: parley.AgentEnded}
	case out.Cause == parley.Cancelled || out.Cause == parley.NodeLost ||
		(ctx.Err() != nil || l.server() != nil) && (out.Cause == parley.Transferred || out.Cause == parley.CallerHungUp): // the trunk may have hung up before we did
		return parley.Outcome{Cause: parley.NodeLost, Detail: "the server was stopped while the call ran"}
	}
	return out
}

// keep changes the call's row. A store that is away costs the row this change, never the caller the call.
func (s *Switchboard) keep(ctx context.Context, id string, change func(*parley.Call) error) {
	if err := s.Calls.UpdateCall(context.WithoutCancel(ctx), id, change); err != nil {
		s.Logger.Error("the call's row was not written", "call", id, "error", err)
	}
}
