package conversation

import (
	"context"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
)

// takenBack is how long a question stands unanswered when no more words come.
const takenBack = 1500 * time.Millisecond

// due does what the time has come for, and sets the timer for what comes next. The timer is only ever set earlier: one that
// rings for nothing costs less than setting it anew with every frame.
func (c *loop) due(ctx context.Context) {
	for {
		now := c.clock.now()
		at, what := c.nextDue(now)
		if what == nil || c.outcome != nil {
			return
		}
		if at > now {
			if c.alarm.at == 0 || at < c.alarm.at {
				c.alarm.at = at
				c.alarm.Reset(at - now)
			}
			return
		}
		what(c, ctx, now)
	}
}

type duty func(c *loop, ctx context.Context, now time.Duration)

func (c *loop) nextDue(now time.Duration) (at time.Duration, what duty) {
	if d, ok := c.detect.Due(); ok {
		at, what = d, tick
	}
	earlier := func(d time.Duration, do duty) {
		if what == nil || d < at {
			at, what = d, do
		}
	}
	if c.state.greetAt > 0 && c.state.greetAt != never {
		earlier(c.state.greetAt, greet)
	}
	if d, ok := c.calleeAt(); ok {
		earlier(d, calleeDue)
	}
	if d, ok := c.digits.due(); ok {
		earlier(d, dialled)
	}
	if d, ok := c.idleAt(); ok {
		earlier(d, idled)
	}
	if c.state.guard.costAt > 0 {
		earlier(c.state.guard.costAt, costs)
	}
	if d, ok := c.state.reflexes.at(); ok {
		earlier(d, elapsed)
	}
	if c.state.unanswered && c.cur == nil && c.state.greetAt == 0 && !c.state.legGone && !c.state.muted && !c.detect.Pending() && !c.state.who.holds() {
		earlier(max(c.idle.quiet, c.detect.LastSpeech())+takenBack, unanswered)
	}
	if d, ok := c.earlyAt(); ok {
		earlier(d, foresee)
	}
	if c.cur != nil {
		if c.cur.checkAt <= now { // looked at once in a while, not per frame
			c.cur.checkAt = c.cur.stalled(&c.clock)
		}
		earlier(c.cur.checkAt, stall)
	}
	return at, what
}

func tick(c *loop, ctx context.Context, now time.Duration) { c.decide(ctx, c.detect.Tick(now)) }

func greet(c *loop, ctx context.Context, now time.Duration) {
	c.state.greetAt = 0
	r := &reply{text: c.Greeting, insists: true}
	if w := c.state.who; w != nil {
		w.greeted, r.ready = now, c.take()
		c.state.unanswered = c.state.unanswered && w.seen.Class == answer.IVR // what they answered the telephone with is answered by it
	}
	c.begin(ctx, r)
}

// unanswered: the words that stopped the agent were taken back by the transcriber, and what it was to answer still stands.
func unanswered(c *loop, ctx context.Context, _ time.Duration) { c.next(ctx) }

func stall(c *loop, _ context.Context, now time.Duration) {
	if r := c.cur; r.stalled(&c.clock) <= now {
		r.cancel(errMute) // it comes back as a note
		r.checkAt = now + mute
	}
}

// decide acts on what turn has decided.
func (c *loop) decide(ctx context.Context, s turn.Signal) {
	switch s.Kind {
	case turn.Pause:
		c.pause()
	case turn.Resume:
		c.resume()
	case turn.BargeIn:
		c.bargeIn()
	case turn.Backchannel:
		c.caller(s)
		c.idle.spoken()
		c.calleeTurn(ctx, s)
		c.turnOver()
	case turn.TurnEnd:
		c.turnEnd(ctx, s)
		c.turnOver()
	}
}

// ends reports whether the reply that runs is followed by the end of the conversation, which nobody can talk away.
func (c *loop) ends() bool {
	return c.cur != nil && (c.cur.insists || c.cur.mind.out.deaf.Load() > 0 || c.state.leave != nil || c.cur.ending() != nil)
}

// pause falls silent without giving the reply up.
func (c *loop) pause() {
	r := c.cur
	if r == nil || c.ends() {
		return
	}
	r.paused, r.pausedAt = true, c.clock.now()
	r.silent = !r.mouth.playing()
	r.mouth.pause()
	if r.silent {
		return
	}
	if err := c.leg.Clear(); err != nil {
		c.warn("leg", "the playout could not be cleared: "+err.Error())
	}
	c.log(parley.EventPaused, struct{}{})
}

// resume goes on from the word that was cut.
func (c *loop) resume() {
	r := c.cur
	if r == nil || !r.paused {
		return
	}
	r.paused = false
	r.mouth.resume()
	if !r.silent {
		c.log(parley.EventResumed, struct{}{})
	}
}

// bargeIn: the caller has said words that stop the agent.
func (c *loop) bargeIn() {
	if c.ends() {
		c.detect.Agent(turn.Insists)
		c.resume()
		return
	}
	if r := c.cur; r != nil && r.text == "" && r.mouth.said() == "" {
		c.state.asked, c.state.unanswered = r.answers, true // nobody heard an answer: what is said now belongs to the question
	}
	c.cut()
}

// turnEnd: the caller has finished.
func (c *loop) turnEnd(ctx context.Context, s turn.Signal) {
	c.log(parley.EventTurnEnded, map[string]any{
		"text": s.Text, "why": string(s.Why), "speech_end_ms": s.SpeechEnd.Milliseconds(), "words_at_ms": s.WordsAt.Milliseconds(),
	})
	c.caller(s)
	if text := s.Text; c.late() && !c.Discretion.On() {
		c.add(parley.Unrecorded)
	} else {
		c.add(text)
	}
	c.state.asked = question{speechEnd: c.state.edge.end(&c.clock, s.SpeechEnd, c.detect.LastSpeech()), wordsAt: s.WordsAt, endedAt: c.clock.now(), by: c.state.hearing.given()}
	c.state.unanswered = true
	c.idle.spoken()
	c.said(s.Text)
	c.state.collect.answered(s.Text, c.unwritten())
	c.askTopic(ctx, c.History.Messages)
	before := c.cur
	if c.calleeTurn(ctx, s) || c.ends() {
		return
	}
	if c.cur != nil && c.cur == before {
		c.cut()
	}
	c.next(ctx)
}

// understood takes what the transcriber made of the sound.
func (c *loop) understood(ctx context.Context, h heard) {
	c.discreet()
	if h.err != nil {
		c.deaf(ctx, h.err)
		return
	}
	c.state.hearing.take(h.Vendor, h.Failed)
	if h.Lost {
		c.unheard(ctx)
		return
	}
	if h.Notice != "" {
		c.changed("transcriber_changed", "hearing", h.Notice, h.Failed)
	}
	c.ear.words.take(&h.Event, &c.ear.tape)
	c.calleeWords(ctx, h.Text, h.Final, c.clock.now())
	s := c.detect.Heard(turn.Words{Text: h.Text, Final: h.Final, End: h.End, Semantic: h.Semantic, Started: h.Started, Eager: h.Eager}, c.clock.now())
	c.reconsider()
	if h.Text != "" {
		c.idle.quiet = c.clock.now()
		c.log(parley.EventPartial, parley.Partial{Text: h.Text, Final: h.Final, Sender: parley.Human})
	}
	if s.Kind != turn.None {
		c.decide(ctx, s)
	}
}

// unheard: the caller made a sound of which nobody made words. Unless something is being said they are asked once more.
func (c *loop) unheard(ctx context.Context) {
	c.warn("unheard", "something was spoken, and no words came of it")
	st := &c.state
	if c.cur == nil && c.outcome == nil && !st.muted && !st.legGone && !st.onHold && st.greetAt == 0 && st.farewell == nil && !st.who.holds() {
		c.begin(ctx, &reply{text: c.texts.sorry, sorry: true})
	}
}

// deaf: nobody hears the caller any more. They are told, and the call ends.
func (c *loop) deaf(ctx context.Context, err error) {
	c.fault("stt_failed", err)
	text := c.Apology
	if text == "" {
		text = c.texts.farewell
	}
	c.state.farewell = &farewell{text, parley.Outcome{Cause: parley.ProviderFailed, Detail: "hearing: " + err.Error()}}
	c.state.greetAt = 0
	c.state.who.stop()
	if !c.ends() {
		c.cut()
	}
	c.next(ctx)
}
