package conversation

import (
	"context"
	"time"

	"github.com/parley-voice/parley/turn"
)

// unproven reports whether they have not answered the agent yet: a human that may still turn out to be a machine.
func (w *callee) unproven() bool {
	return w.listens != nil && (w.stage == open && w.turns == 0 || w.stage == heeding)
}

// heeded greets a human who was known by their words once they have finished.
func (c *loop) heeded(ctx context.Context, now time.Duration) {
	if w := c.state.who; w.stage == heeding && w.listens.Waits() {
		c.greetHuman(ctx, now)
	}
}

// greetHuman: they wait for it. Who was waited for, behind a machine or on hold, is no machine.
func (c *loop) greetHuman(ctx context.Context, now time.Duration) {
	w := c.state.who
	if w.from > 0 || w.WordsOnly && !w.Dynamic {
		w.listens = nil
	}
	c.welcome(ctx, now)
}

// ungreet: nobody is there who could be talked to. If there was a greeting, it is for the human who may come.
func (c *loop) ungreet(ctx context.Context) {
	w := c.state.who
	if w.stage != open {
		return
	}
	c.takeBack()
	if w.greeted > 0 {
		w.ready = c.prepare(ctx, c.Greeting)
	}
	w.greeted, w.turns = 0, 0
}

// takeBack ends what is said to whoever was taken for a human, and waits for one who can be greeted.
func (c *loop) takeBack() {
	c.cut()
	c.detect.Agent(turn.Idle)
	c.state.greetAt, c.state.unanswered = 0, false
	if c.Greeting != "" && !c.state.muted {
		c.state.greetAt = never
	}
}
