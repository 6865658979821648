package call

import (
	"context"
	"errors"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
)

// talk is an answered call, top to bottom: connected, conversation, hung up. It returns how the call ended.
func (s *Switchboard) talk(ctx context.Context, l leg.Leg, line *line, c *parley.Call, sc script, r Ready, f *facts) parley.Outcome {
	answered := time.Now()
	line.talking.Store(true)
	f.picked(answered)
	c.Start, c.Status, c.Stage = answered.UTC(), parley.InProgress, parley.StagePickedUp
	if id, ok := l.(leg.Identified); ok {
		c.TelephonyID, c.Metadata = id.ID(), id.Metadata()
	}
	f.add(parley.EventConnected, map[string]any{"to_number": c.To, "from_number": c.From, "is_outgoing": c.IsOutgoing})
	s.keep(ctx, c.ID, func(row *parley.Call) error {
		row.Start, row.Status, row.Stage, row.TelephonyID, row.Metadata = c.Start, c.Status, c.Stage, c.TelephonyID, c.Metadata
		return nil
	})

	tap := s.record(c, sc.record, f)
	setup := sc.setup
	setup.Hear, setup.Think, setup.Speak = r.Hear, r.Think, r.Speak
	setup.Log, setup.Control, setup.History = f, line.control, &conversation.History{}
	out, err := conversation.Run(ctx, tap.leg(l), setup)
	if out.Cause == "" {
		out.Cause = parley.Unknown
	}
	if err != nil && out.Detail == "" && !errors.Is(err, context.Canceled) {
		out.Detail = err.Error()
	}
	switch {
	case errors.Is(context.Cause(ctx), errEnded):
		out.Cause, out.Detail = parley.AgentEnded, ""
	case out.Cause == parley.Cancelled || out.Cause == parley.NodeLost: // the trunk may have hung up before we did
		out.Cause, out.Detail = parley.NodeLost, "the server was stopped while the call ran"
	}
	if err := l.Hangup(context.WithoutCancel(ctx), out.Cause); err != nil {
		s.Logger.Debug("hang up", "call", c.ID, "error", err)
	}
	c.Turns = setup.History.Turns
	c.Recording, c.RecordingLen = tap.close()
	return out
}

// keep changes the call's row. A store that is away costs the row this change, never the caller the call.
func (s *Switchboard) keep(ctx context.Context, id string, change func(*parley.Call) error) {
	if err := s.Calls.UpdateCall(context.WithoutCancel(ctx), id, change); err != nil {
		s.Logger.Error("the call's row was not written", "call", id, "error", err)
	}
}
