package conversation

import (
	"context"
	"time"
)

// screening: an assistant asks who calls. It is told once it has finished.
func (c *loop) screening(ctx context.Context, now time.Duration) {
	w := c.state.who
	if w.stage != asking && w.stage != queued && !w.unproven() {
		return // asked again: what it says then is judged at its end
	}
	c.ungreet(ctx)
	w.enter(screened, now)
	w.owed = true
	if !c.detect.Pending() {
		c.introduce(ctx, now)
	}
}

// introduce has the model say who calls and why.
func (c *loop) introduce(ctx context.Context, now time.Duration) {
	w := c.state.who
	w.owed = false
	w.since = now
	w.listen(now)
	if w.told >= statements || c.state.muted || c.cur != nil {
		return
	}
	w.told++
	c.state.unanswered = false
	c.begin(ctx, &reply{orders: whoCalls, insists: true})
}

// whoCalls is what the model reads before it answers an assistant.
const whoCalls = "Not the person you are calling answers, but an automatic assistant that screens calls: it asks who is calling and why, and passes that on. " +
	"In one or two short sentences, in the language it speaks, say who you are and why you call. Do not greet, do not ask anything, do not offer anything, say nothing else."
