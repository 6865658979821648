package call

import (
	"context"

	"github.com/parley-voice/parley/conversation"
)

// refused finds out whether the callee asked not to be called again, where that is wanted; the call is over.
func (s *Switchboard) refused(ctx context.Context, line *line, setup *conversation.Setup) {
	c := line.call
	if !line.script.refusals {
		return
	}
	ctx = context.WithoutCancel(ctx)
	asked := *setup
	if c.Human == "no_human" {
		asked.Think = nil // a machine says what it says in words
	}
	said := conversation.Refused(ctx, &asked)
	c.DoNotCall = &said
	if !said || s.Refused == nil {
		return
	}
	if err := s.Refused(ctx, *c); err != nil {
		s.Logger.Error("a number was not put on the do-not-call list", "call", c.ID, "error", err)
		line.facts.warn("do_not_call", "the callee asked not to be called again, and the number was not put on the do-not-call list")
	}
}
