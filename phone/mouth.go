package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/parley-voice/parley/audio"
)

// speak begins a part; said tells of its end.
func (c *call) speak(ctx context.Context, p part) {
	c.speaking = true
	c.report.Turns = append(c.report.Turns, Turn{Said: p.text})
	if p.digits != "" {
		c.lastTurn().Start = c.now()
		c.say(c.now(), "you", p.text)
	}
	c.mouth.Go(func() {
		if err := c.play(ctx, p); err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF) {
			c.mouthErr <- err // one part at a time: there is room
		}
	})
}

// play says a part and asks for the mark behind it.
func (c *call) play(ctx context.Context, p part) error {
	switch {
	case p.digits != "":
		if err := c.leg.SendDTMF(ctx, p.digits); err != nil {
			return fmt.Errorf("pressing %s: %w", p.digits, err)
		}
	case p.speak:
		text := make(chan string, 1)
		text <- p.text
		close(text)
		for chunk, err := range c.o.Voice.Speak(ctx, text, c.o.Speech) {
			if err != nil {
				return fmt.Errorf("saying %q: %w", p.text, err)
			}
			if err := c.leg.Play(ctx, chunk.Frame); err != nil {
				return err
			}
		}
	default:
		for _, f := range p.frames {
			if err := c.leg.Play(ctx, f); err != nil {
				return err
			}
		}
	}
	return c.leg.Mark(1)
}

// said ends the part that was being spoken.
func (c *call) said(t time.Duration) {
	if !c.speaking {
		return
	}
	c.speaking = false
	if turn := c.lastTurn(); turn.End == 0 { // digits, or silence
		turn.End = t
		if turn.Start == 0 {
			turn.Start = t - audio.FrameDur
			c.say(t, "you", turn.Said)
		}
	}
	c.catchUp(t)
}

// catchUp takes an answer that began while the part's last silence was still going out: voices end with some.
func (c *call) catchUp(t time.Duration) {
	turn := c.lastTurn()
	if c.far.any && c.far.begin >= turn.End && c.far.begin <= t {
		turn.Answered, turn.Latency = true, c.far.begin-turn.End
	}
}
