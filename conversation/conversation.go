// Package conversation is the loop: hear, decide, speak, until someone ends it.
//
// Goroutines, all joined before Run returns:
//
//	Run    owns the loop's fields; the only one that decides; never waits for anything but its select
//	ear    leg.Read → the transcriber's frames, and → Run
//	words  transcriber → Run
//	reply  one per agent turn: model → pieces, and within it a speaker: pieces → synthesizer → leg. A reply's speaker
//	       begins when the reply before has ended; both die with the reply's context
//	spare  one per reply that is begun early: its pieces → the synthesizer, the first before the turn is over
//	press  one per row of digits that is sent, but for an action's
//	ahead  what may be said to whoever answers: two while it is spoken ahead of time
//	judge  one per question to the model of who answered, of what to choose in a menu, or of what may be talked about
//	reflex one per action that is run by what happens, and one per command of its to send digits
package conversation

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
)

// loop is a conversation. Its fields belong to Run, but for those that say otherwise.
type loop struct {
	Setup
	leg     leg.Leg
	texts   phrases
	tools   *toolbox
	wg      sync.WaitGroup
	ear     ear
	words   chan heard
	notes   chan note
	ids     atomic.Uint64 // of marks; any goroutine
	wire    atomic.Bool   // a reply waits for its first sound to be on the wire; any goroutine
	detect  *journal.Detector
	clock   clock
	alarm   alarm
	cur     *reply // nil: the agent is silent
	last    <-chan struct{}
	state   state
	idle    idle
	digits  digits
	turns   int
	outcome *parley.Outcome // set: it is over
}

// An alarm wakes Run when something has become due.
type alarm struct {
	*time.Timer
	at time.Duration // what it is set to; 0: not
}

// state is where the conversation stands.
type state struct {
	greetAt    time.Duration // when the greeting is due; 0: it has begun, or there is none
	unanswered bool          // the caller has said something that waits for the agent to finish
	asked      question      // what the next answer answers
	edge       edge          // what the wire knew of the caller's speech
	outside
	farewell *farewell       // to be spoken next, and the end
	leave    *parley.Outcome // the end, after lines
	muted    bool            // nothing is said
	fails    int             // replies in a row that failed
	open     []*reply        // whose goroutines have not ended
	hearing  credit          // who hears the caller
	onHold   bool
	who      *callee // who answered; nil: we were called
	reflexes reflexes
	legGone  bool // nothing can be played any more
	early    early
	known    *lookup // of the documents; replies share it
	resumed  resumed
	collect  *collector // nil: nothing is asked for
	guard    guarded
}

// outside is what somebody outside the call wants, after the reply that runs.
type outside struct {
	lines []string // to be spoken as they are
	told  []string // to be spoken of
}

type farewell struct {
	text string
	out  parley.Outcome
}

// heard is what the transcriber tells, or how it ended.
type heard struct {
	stt.Event
	err error
}

// Run talks on l until someone ends it. Nothing it starts outlives it. The error says more of an ending that went wrong.
func Run(ctx context.Context, l leg.Leg, s Setup) (parley.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := newLoop(l, s)
	c.Discretion.enter()
	c.wg.Go(func() { c.ear.run(ctx, c) })
	c.wg.Go(func() { c.transcribe(ctx) })
	if c.state.greetAt == never {
		c.state.who.ready = c.prepare(ctx, c.Greeting)
	}
	out, err := c.run(ctx)
	cancel()
	c.alarm.Stop()
	c.wg.Wait()
	c.finish()
	return out, err
}

func newLoop(l leg.Leg, s Setup) *loop {
	if s.History == nil {
		s.History = &History{}
	}
	c := &loop{Setup: s, leg: l, texts: phrasesOf(s.Turns.Language),
		words: make(chan heard, 8), notes: make(chan note, 8), clock: clock{origin: time.Now()},
		turns: len(s.History.Turns)}
	c.state.collect = newCollector(&s, c.log)
	c.tools = newToolbox(c.state.collect.among(s.Actions))
	c.ear = ear{sounds: make(chan leg.Event, 16), frames: make(chan audio.Frame, slowFrames), gate: gate{least: s.Turns.MinVolume / 100}}
	c.detect = journal.New(s.Turns, s.Journal, func(d journal.Decision) { c.log(parley.EventDecision, d) })
	c.detect.Clock(func() time.Duration { return c.clock.now() })
	c.state.reflexes = newReflexes(s.Reflexes, s.History)
	c.state.known = &lookup{}
	c.ids.Store(uint64(time.Now().UnixNano())) // no mark of an earlier Run on this leg comes again
	c.alarm.Timer = time.NewTimer(time.Hour)
	c.idle = newIdle(s.Idle, c.texts)
	if s.Untransferred {
		c.Greeting, c.GreetingDelay = c.texts.untransferred, 0
	}
	c.state.muted = s.History.Muted
	if c.state.guard = newGuarded(&s); !c.state.guard.disclosed {
		c.Greeting = s.Guard.disclosing(c.Greeting)
	}
	if s.Callee != nil {
		c.state.who = newCallee(&s, c.detect)
	}
	switch {
	case c.Greeting == "" || c.state.muted:
	case c.state.who != nil:
		c.state.greetAt = never
	default:
		c.state.greetAt = max(c.GreetingDelay, 1)
		c.detect.Agent(turn.Insists)
	}
	return c
}

// run is the conversation.
func (c *loop) run(ctx context.Context) (parley.Outcome, error) {
	c.state.reflexes.happened(CallConnected)
	for {
		c.discreet()
		c.due(ctx)
		c.react(ctx)
		if c.outcome != nil {
			return *c.outcome, nil
		}
		select {
		case e, ok := <-c.ear.sounds:
			if !ok {
				return c.gone(ctx)
			}
			c.event(ctx, &e)
		case h := <-c.words:
			c.understood(ctx, h)
		case n := <-c.notes:
			c.ended(ctx, n)
		case g := <-c.state.who.judgements():
			c.judgement(ctx, g)
		case g := <-c.state.who.ways():
			c.wayChosen(ctx, g)
		case got := <-c.state.reflexes.done:
			c.reacted(ctx, got)
		case g := <-c.state.guard.topic.answers:
			c.topicKnown(ctx, g)
		case cmd, ok := <-c.Control:
			if !ok {
				c.Control = nil
				continue
			}
			c.command(ctx, cmd)
		case <-c.alarm.C:
			c.alarm.at = 0
		case <-ctx.Done():
			return parley.Outcome{Cause: parley.Cancelled}, ctx.Err()
		}
	}
}

// gone says how the leg ended.
func (c *loop) gone(ctx context.Context) (parley.Outcome, error) {
	err := c.ear.err
	var g *leg.GoneError
	switch {
	case ctx.Err() != nil:
		return parley.Outcome{Cause: parley.Cancelled}, ctx.Err()
	case errors.As(err, &g):
		return parley.Outcome{Cause: g.Cause}, nil
	case errors.Is(err, io.EOF):
		return parley.Outcome{Cause: parley.CallerHungUp}, nil
	}
	return parley.Outcome{Cause: parley.Unknown, Detail: err.Error()}, err
}

// finish writes down what was under way when the conversation ended. All goroutines have ended.
func (c *loop) finish() {
	c.discreet()
	c.drain()
	for _, r := range c.state.open {
		c.count(r)
	}
	if r := c.cur; r != nil {
		c.close(r, true)
	}
	if s, ok := c.detect.Flush(); ok {
		c.caller(s)
	}
	if s := c.digits.take(); s != "" {
		c.human(c.texts.pressed+" "+s, c.digits.from, c.digits.last)
	}
	c.History.Muted = c.state.muted
	if c.state.collect != nil {
		c.History.Collected = c.state.collect.values()
	}
	if w := c.state.who; w != nil {
		c.drop(w.ready)
		if c.History.Human == "" && w.stage != asking && w.holds() { // an assistant, or a queue, and nobody behind it
			c.History.Human = "no_human"
		}
	}
	c.History.Usage.STT += time.Duration(c.ear.fed) * audio.FrameDur
	if c.Discretion.leave() {
		c.kept()
		c.log(parley.EventRecordingResumed, struct{}{})
	}
}

// drain takes in the marks that had come back, without acting on anything.
func (c *loop) drain() {
	for {
		select {
		case e, ok := <-c.ear.sounds:
			if ok && (e.Kind == leg.Marked || e.Kind == leg.Dropped) && c.cur != nil {
				c.cur.mouth.marked(e.Mark, e.Kind == leg.Dropped, e.At)
			} else if !ok {
				c.ear.sounds = nil
			}
		default:
			return
		}
	}
}

// event takes what happened on the leg. For sound it allocates nothing.
func (c *loop) event(ctx context.Context, e *leg.Event) {
	switch e.Kind {
	case leg.Audio:
		c.sound(ctx, e)
	case leg.Played:
		if c.cur != nil {
			c.cur.onWire(c.clock.edge(e.Edge))
		}
	case leg.Marked, leg.Dropped:
		c.marked(e)
	case leg.DTMF:
		c.pressed(ctx, e.Digit)
	case leg.Held, leg.Resumed:
		c.state.onHold = e.Kind == leg.Held
		c.idle.quiet = c.clock.now()
	case leg.Referred:
		c.referred(ctx, e.Referral)
	case leg.Detected:
		c.carrierSays(ctx, e.Who, c.clock.now())
	}
}

// marked takes a mark that came back. The agent's words are told as they have been heard.
func (c *loop) marked(e *leg.Event) {
	r := c.cur
	if r == nil || !r.mouth.marked(e.Mark, e.Kind == leg.Dropped, e.At) {
		return
	}
	if text := strings.TrimSpace(r.mouth.said()); text != "" {
		c.tell(parley.EventPartial, parley.Partial{Text: text, Sender: parley.Bot, TurnID: r.turnID}, c.Discretion.On())
	}
}

func (c *loop) sound(ctx context.Context, e *leg.Event) {
	c.clock.tell(e.At)
	now := c.clock.now()
	c.idle.heard = now
	if e.Frame != (audio.Frame{}) {
		c.idle.alive = now
	}
	c.speaks()
	c.ear.played.take(c.detect, now)
	s := c.detect.Frame(&e.Frame, e.At, now)
	c.state.edge.heard(e, c.detect.Speech())
	if s.Kind != turn.None {
		c.decide(ctx, s)
	}
	c.calleeSound(ctx, &e.Frame, now)
	c.onHoldMusic(&e.Frame, now)
}

func (c *loop) log(t parley.EventType, payload any) {
	c.tell(t, payload, c.Discretion.On() || ofCaller[t] && c.late())
}

func (c *loop) warn(code, message string) {
	c.log(parley.EventWarning, map[string]string{"code": code, "message": message})
}

// add puts the caller's words before the model.
func (c *loop) add(text string) {
	c.History.Messages = saidBy(c.History.Messages, text)
}
