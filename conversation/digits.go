package conversation

import (
	"context"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

const (
	digitWait = 2 * time.Second // after the last digit
	maxDigits = 64              // that a row has
)

// digits are those the caller has pressed and the model has not been told.
type digits struct {
	row        string
	done       bool // # ended it
	from, last time.Duration
	wait       time.Duration // after the last
	most       int           // a longer row is taken as it is
}

// due is when the row is over.
func (d *digits) due() (time.Duration, bool) {
	switch {
	case d.row == "":
		return 0, false
	case d.done || len(d.row) >= d.most:
		return d.last, true
	}
	return d.last + d.wait, true
}

// take gives the row, with spaces, and forgets it. A # that ends others is not among them.
func (d *digits) take() string {
	row := d.row
	if d.done && len(row) > 1 {
		row = row[:len(row)-1]
	}
	d.row, d.done = "", false
	return strings.Join(strings.Split(row, ""), " ")
}

// pressed: the caller pressed a key. It stops the agent as a word does.
func (c *loop) pressed(_ context.Context, digit byte) {
	c.discreet()
	now := c.clock.now()
	c.log(parley.EventDigit, map[string]string{"digit": string(rune(digit))})
	if c.state.reflexes.pressed(digit) {
		c.idle.spoken()
		c.cut()
		return
	}
	d := &c.digits
	if d.row == "" {
		d.from = now
		d.wait, d.most = c.state.collect.keys()
	}
	d.row += string(rune(digit))
	if digit == '*' && d.wait == keyWait {
		d.row = ""
	}
	d.done = digit == '#'
	d.last = now
	c.idle.spoken()
	c.idle.quiet = now
	if !c.ends() {
		c.bargeIn()
	}
}

// dialled: the row is over and the model is told.
func dialled(c *loop, ctx context.Context, now time.Duration) {
	row := c.digits.take()
	text := c.texts.pressed + " " + row
	c.state.collect.pressed(row, c.unwritten())
	c.human(text, c.digits.from, c.digits.last)
	c.add(text)
	c.state.asked = question{speechEnd: c.digits.last, wordsAt: c.digits.last, endedAt: now}
	c.state.unanswered = true
	c.state.guard.topic.skip()
	if !c.ends() && c.cur != nil {
		c.cut()
	}
	c.next(ctx)
}
