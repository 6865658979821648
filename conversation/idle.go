package conversation

import (
	"context"
	"time"

	"github.com/parley-voice/parley"
)

// Defaults of the contract (SPEC §4).
const (
	idleAfter   = 15 * time.Second
	idleSilence = 30 * time.Second // without asking
	idleInARow  = 2
	noSound     = 2 * time.Second // without a frame the line is broken, or on hold
	deadLine    = time.Second     // and without any sound at all the leg's media timeout, which is as long as idleSilence, goes first
)

// idle watches for nobody speaking.
type idle struct {
	Idle
	quiet  time.Duration // since when the agent is silent and no word came
	heard  time.Duration // the last frame of the caller's came
	alive  time.Duration // and the last that was not digital silence, with which a leg fills what it does not get
	talked bool          // the caller has spoken
	inCall int           // checks begun
	inARow int           // checks begun since the caller last spoke
	wait   wait          // a moment that was asked for
	music  holdMusic
}

func newIdle(i Idle, p phrases) idle {
	if i.After <= 0 {
		i.After = idleAfter
	}
	if i.AfterInteraction <= 0 {
		i.AfterInteraction = i.After
	}
	if i.MaxInARow <= 0 {
		i.MaxInARow = idleInARow
	}
	if len(i.Questions) == 0 {
		i.Questions = p.present
	}
	return idle{Idle: i}
}

// spoken: the caller has shown to be there.
func (i *idle) spoken() { i.talked, i.inARow, i.wait = true, 0, wait{} }

// said: a turn is over, whosever. One that asks for a moment gets it.
func (c *loop) said(text string) {
	if asksToWait(c.Turns.Language, text) {
		now := max(c.clock.now(), 1)
		c.idle.wait = wait{since: now, sound: now}
	}
}

// idleAt is when silence has lasted too long; false while there is none.
func (c *loop) idleAt() (time.Duration, bool) {
	if c.cur != nil || c.state.onHold || c.state.muted || c.state.greetAt > 0 || c.state.who.holds() || c.detect.Pending() {
		return 0, false
	}
	i := &c.idle
	after := i.After
	switch {
	case !i.Ask:
		after = idleSilence
	case i.talked:
		after = i.AfterInteraction
	}
	// Sound without words may be somebody, or a street: it puts the question off, not away.
	sound := min(c.detect.LastSpeech(), i.quiet+after)
	at := max(i.quiet, sound) + after
	if i.wait.since > 0 {
		at = max(at, i.wait.until(c.detect.LastSpeech()))
	}
	if !i.Ask && i.heard-i.alive > noSound {
		at = max(at, i.alive+idleSilence+deadLine)
	}
	return at, true
}

// idled asks whether anybody is there, or ends the call when that was asked often enough.
func idled(c *loop, ctx context.Context, now time.Duration) {
	i := &c.idle
	if now > i.heard+noSound { // that is no silence: the leg knows what to do about it
		i.quiet = now
		return
	}
	if !i.Ask || i.inARow >= i.MaxInARow || i.MaxInCall > 0 && i.inCall >= i.MaxInCall {
		c.outcome = &parley.Outcome{Cause: parley.Idle}
		return
	}
	i.wait = wait{}
	c.state.reflexes.happened(CallerIdle)
	question := i.Questions[i.inARow%len(i.Questions)]
	i.inARow++
	i.inCall++
	c.begin(ctx, &reply{text: question})
}
