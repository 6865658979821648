package conversation

import (
	"context"

	"github.com/parley-voice/parley/turn"
)

// unproven reports whether they are talked to, and have not answered the agent yet: a human that may still turn out to be a machine.
func (w *callee) unproven() bool { return w.stage == open && w.turns == 0 && w.listens != nil }

// ungreet: nobody is there who could be talked to. If there was a greeting, it is for the human who may come.
func (c *loop) ungreet(ctx context.Context) {
	w := c.state.who
	if w.stage != open {
		return
	}
	c.cut()
	c.detect.Agent(turn.Idle)
	c.state.greetAt, c.state.unanswered = 0, false
	if c.Greeting != "" && !c.state.muted {
		c.state.greetAt = never
	}
	if w.greeted > 0 {
		w.ready = c.prepare(ctx, c.Greeting)
	}
	w.greeted, w.turns = 0, 0
}
