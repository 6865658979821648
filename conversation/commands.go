package conversation

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
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
	case End:
		c.outcome = &parley.Outcome{Cause: parley.AgentEnded}
	case Press:
		c.wg.Go(func() {
			if err := c.leg.SendDTMF(ctx, cmd.Text); err != nil && ctx.Err() == nil {
				c.warn("dtmf", "the digits were not sent: "+err.Error())
			}
		})
	}
}
