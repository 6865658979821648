package conversation

import (
	"cmp"
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
)

// maxLines is how many commands to speak wait for the agent to finish; a further one is refused with a warning.
const maxLines = 16

// command carries out what somebody outside the call wants.
func (c *loop) command(ctx context.Context, cmd Command) {
	switch cmd.Kind {
	case Say:
		switch {
		case cmd.Text == "":
		case len(c.state.lines) >= maxLines:
			c.warn("say", "too much waits to be said; this was left out: "+cmd.Text)
		default:
			c.state.lines = append(c.state.lines, cmd.Text)
			c.next(ctx)
		}
	case AddContext:
		if cmd.Text != "" {
			c.History.Messages = append(c.History.Messages, llm.Message{Role: llm.System, Text: cmd.Text})
		}
	case Tell:
		if cmd.Text != "" {
			c.forgo()
			if c.state.told = append(c.state.told, cmd.Text); c.cur == nil {
				c.told()
			}
			c.state.unanswered = true
			c.next(ctx)
		}
	case Whisper:
		c.log(parley.EventWhispered, map[string]any{"text": cmd.Text, "act": cmd.Now})
		kind := AddContext
		if cmd.Now {
			kind = Tell
		}
		c.command(ctx, Command{Kind: kind, Text: whispered + cmd.Text})
	case Yield:
		c.yield(ctx, cmd.Text)
	case End:
		c.outcome = &parley.Outcome{Cause: parley.AgentEnded}
	case Mute:
		c.mute()
	case Unmute:
		c.unmute(ctx)
	case Transfer:
		t := cmd.Transfer
		if t == nil {
			t = &parley.Transfer{To: cmd.Text}
		}
		c.leave(ctx, &parley.Outcome{Cause: parley.Transferred, Transfer: t})
	case Press:
		c.keys(ctx, cmd.Text)
		c.state.who.pressed(cmd.Text, c.clock.now())
	}
}

// told puts what the agent is to speak of before the model. While a reply runs it waits, for it is to be answered, and comes after it.
func (c *loop) told() {
	for _, text := range c.state.told {
		c.History.Messages = append(c.History.Messages, llm.Message{Role: llm.System, Text: text})
	}
	c.state.told = nil
}

// whispered is how the model is told who tells it something.
const whispered = "A supervisor who listens to the call tells you, and the caller does not hear it: "

// yield leaves the call to somebody who is there by now: at once, or once an announcement has been heard. What the agent was saying, or about to do, is
// theirs to do.
func (c *loop) yield(ctx context.Context, announce string) {
	st, out := &c.state, parley.Outcome{Cause: parley.Transferred}
	st.greetAt, st.leave, st.lines, st.farewell = 0, nil, nil, nil
	st.who.stop()
	c.forgo()
	c.cut()
	if announce == "" || st.muted || st.legGone {
		c.outcome = &out
		return
	}
	st.farewell = &farewell{announce, out}
	c.next(ctx)
}

// referred leaves for whom the far end names. One leave at a time.
func (c *loop) referred(ctx context.Context, r *leg.Referral) {
	if r == nil || c.state.leave != nil || c.state.farewell != nil || c.cur != nil && c.cur.ending() != nil {
		r.Report(603)
		c.warn("referred", "the far end asked for the call to be moved; it was not")
		return
	}
	c.leave(ctx, &parley.Outcome{Cause: parley.Transferred, Transfer: &parley.Transfer{To: r.To, Replaces: r.Replaces, Report: r.Report}})
}

// mute makes the agent silent at once, also where it insists. What it says before it ends the call, or leaves it to
// somebody else, is its last word then, too.
func (c *loop) mute() {
	if c.state.muted {
		return
	}
	c.state.muted, c.state.greetAt = true, 0
	c.forgo()
	c.detect.Agent(turn.Idle)
	c.log(parley.EventMuted, struct{}{})
	r := c.cur
	if r == nil {
		return
	}
	end := cmp.Or(r.ending(), c.state.leave)
	if r.text == "" && r.mouth.said() == "" {
		c.state.asked, c.state.unanswered = r.answers, true // it still stands
	}
	c.cut()
	if end != nil {
		c.outcome = end
	}
}

// unmute lets the agent speak, and answer what the caller said last.
func (c *loop) unmute(ctx context.Context) {
	if !c.state.muted {
		return
	}
	c.state.muted = false
	c.idle.quiet = c.clock.now()
	c.log(parley.EventUnmuted, struct{}{})
	c.next(ctx)
}

// leave ends the conversation once what is being said, and what somebody outside wanted said, has been heard. An answer of which
// nothing has been heard is given up.
func (c *loop) leave(ctx context.Context, out *parley.Outcome) {
	if c.state.leave != nil || c.cur != nil && c.cur.ending() != nil {
		return // it is ending already
	}
	c.state.leave, c.state.greetAt = out, 0
	c.state.who.stop()
	if c.state.muted {
		c.outcome = out
		return
	}
	if r := c.cur; r != nil && r.text == "" && r.mouth.said() == "" && !r.mouth.playing() {
		c.cut()
	}
	if c.cur != nil {
		c.detect.Agent(turn.Insists)
		c.resume()
	}
	c.next(ctx)
}
