package conversation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
)

const (
	// pieceDepth is how far the model may run ahead of the synthesizer before it is held back.
	pieceDepth = 64
	// mute is how long a synthesizer that owes words may be without a sign of life before the reply has failed. What stands
	// behind tts.Synthesizer has limits of its own, and shorter ones; this one is for those that have none.
	mute = 15 * time.Second
)

// A reply is one turn of the agent, from its beginning until it has been heard or was cut off.
type reply struct {
	text     string // spoken as it is; "": the model answers
	sorry    bool   // it is an apology
	insists  bool   // not to be interrupted
	rails    rails
	orders   string          // what the model reads beside the conversation, and it has no tools
	ready    *prepared       // text, spoken ahead of time
	end      *parley.Outcome // what follows it
	answers  question
	cutOff   bool // by the caller
	paused   bool // playout is stopped because the caller makes a sound
	silent   bool // and nothing was playing when that happened
	pausedAt time.Duration
	wireAt   time.Duration // its first sound was on the wire
	checkAt  time.Duration // when to look whether its voice still lives
	turnID   string

	cancel context.CancelCauseFunc
	pieces chan string
	over   chan struct{} // closed when its goroutines have ended
	mind   mind
	mouth  mouth
}

// A note says that a reply's goroutines have ended.
type note struct {
	r   *reply
	err error // nil: all of it was heard
}

var (
	errCut  = errors.New("cut off")
	errMute = errors.New("the synthesizer gave no sound")
)

// begin starts a reply, and the agent's turn; the one before must have been closed.
func (c *loop) begin(ctx context.Context, r *reply) {
	c.start(ctx, r, c.messages())
	c.floor(r)
}

// floor: the agent's turn is r.
func (c *loop) floor(r *reply) {
	c.cur = r
	c.turns++
	r.turnID = fmt.Sprintf("t%d", c.turns)
	c.detect.Agent(turn.Thinks)
	if r.insists {
		c.detect.Agent(turn.Insists)
	}
}

// speaks tells the detector when something of the reply is on its way to the caller: from then on they may interrupt what they hear.
func (c *loop) speaks() {
	if c.cur != nil && c.detect.Thinking() && c.cur.mouth.playing() {
		c.detect.Agent(turn.Busy)
	}
}

// start has a reply thought of and spoken. Its model is given messages.
func (c *loop) start(ctx context.Context, r *reply, messages []llm.Message) {
	c.forgo()
	c.discloses(r)
	r.mind.tongue.sieve = c.state.guard.forbidden.sieve()
	rctx, cancel := context.WithCancelCause(ctx)
	r.cancel, r.pieces, r.over = cancel, make(chan string, pieceDepth), make(chan struct{})
	r.mouth.leg, r.mouth.id, r.mouth.wake = c.leg, func() uint64 { return c.ids.Add(1) }, make(chan struct{}, 1)
	r.mouth.loud = func() {
		if held, _ := r.mind.hold.held(); !held {
			c.wire.Store(true)
		}
	}
	r.mouth.moved = time.Now()
	r.mind.pieces = r.pieces
	r.mind.out.life, r.mind.out.quiet = ctx, r.mouth.quiet
	r.mind.out.aired = func(ctx context.Context) {
		owed, _ := r.mind.owed()
		r.mouth.aired(ctx, owed)
	}
	before := c.last
	if r.ready != nil && before == r.ready.over {
		before = nil
	}
	c.last = r.over
	c.state.open = append(c.state.open, r)
	sorry := c.sorry()
	if r.orders != "" {
		messages = append(messages, llm.Message{Role: llm.System, Text: r.orders})
		sorry, r.mind.bare = cmp.Or(c.Greeting, sorry), true
	}
	c.wg.Go(func() {
		defer close(r.over)
		defer cancel(nil)
		spoken := make(chan error, 1)
		go func() { // joined below
			err := c.speak(rctx, r, before)
			if err != nil {
				r.mind.hold.fail()
				cancel(err)
			}
			spoken <- err
		}()
		if r.rails.lead != "" {
			r.mind.write(rctx, r.rails.lead)
			r.mind.flush(rctx)
		}
		if r.text != "" {
			r.mind.say(rctx, r.text)
		} else if err := c.think(rctx, &r.mind, messages, sorry); err != nil {
			cancel(err)
		}
		close(r.pieces)
		err := <-spoken
		if err != nil {
			_ = c.leg.Clear() // a frame may have slipped in after the one that cut it off
		}
		if cause := context.Cause(rctx); err != nil && cause != nil {
			err = cause
		}
		select {
		case c.notes <- note{r, err}:
		case <-ctx.Done():
		}
	})
}

// sorry is what is said should the next reply fail.
func (c *loop) sorry() string {
	switch {
	case c.Apology != "":
		return c.Apology
	case c.state.fails > 0:
		return c.texts.farewell
	}
	return c.texts.sorry
}

// speak is the reply's speaker. Streams of a synthesizer do not overlap: it begins when the reply before has ended.
func (c *loop) speak(ctx context.Context, r *reply, before <-chan struct{}) error {
	if before != nil {
		select {
		case <-before:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	voice, options := c.Speak, c.Speaking
	if r.ready != nil {
		voice = r.ready
	}
	if r.text != "" {
		options = c.fixed()
	}
	pieces, spoken := r.mind.hold.spared(ctx, r.pieces)
	defer spoken()
	for ch, err := range voice.Speak(ctx, pieces, options) {
		if err != nil {
			return err
		}
		if ch.Kept {
			r.mind.spared()
		}
		r.mouth.by(ch.Vendor, ch.Failed)
		if ch.Notice != "" {
			c.changed("voice_changed", "speaking", ch.Notice, ch.Failed)
		}
		if err := r.mouth.play(ctx, &ch); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.mouth.finish(ctx)
}

// onWire: the reply's first sound has just been sent.
func (r *reply) onWire(at time.Duration) {
	if r.wireAt == 0 {
		r.wireAt = at
	}
}

// stalled says when the reply fails unless its voice gives a sign of life.
func (r *reply) stalled(c *clock) time.Duration {
	m := &r.mouth
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.paused || m.ended {
		return c.now() + mute
	}
	owed, since := r.mind.owed()
	if owed <= m.owed {
		return c.now() + mute
	}
	if since.Before(m.moved) {
		since = m.moved
	}
	return c.of(since) + mute
}

// ending is what follows the reply; nil: the conversation goes on.
func (r *reply) ending() *parley.Outcome {
	if r.end != nil {
		return r.end
	}
	return r.mind.ending()
}

// ended takes what became of a reply.
func (c *loop) ended(ctx context.Context, n note) {
	c.count(n.r)
	c.state.open = slices.DeleteFunc(c.state.open, func(r *reply) bool { return r == n.r })
	if e := &c.state.early; n.r == e.reply {
		e.reply, e.n = nil, mostEarly
	}
	if n.r != c.cur {
		return // it was cut off
	}
	r, fault := n.r, n.err
	if errors.As(fault, new(errLeg)) {
		c.state.legGone = true // Read will say how
		return
	}
	c.close(r, fault != nil)
	voiceless := fault != nil && !errors.Is(fault, errDropped)
	if voiceless {
		c.fault("tts_failed", fault)
	} else {
		fault = r.mind.failure()
	}
	switch end := r.ending(); {
	case end != nil:
		c.outcome = end
		return
	case fault != nil:
		c.failed(ctx, r, voiceless, fault)
	case !r.sorry:
		c.state.fails = 0
	}
	c.next(ctx)
}

// failed: a reply failed, and an apology was heard unless the voice is what failed. The second in a row is the end.
func (c *loop) failed(ctx context.Context, r *reply, voiceless bool, fault error) {
	sorry := c.sorry()
	if c.state.fails++; c.state.fails > 1 {
		c.outcome = &parley.Outcome{Cause: parley.ProviderFailed, Detail: fault.Error()}
		return
	}
	switch {
	case !voiceless:
	case r.text == "":
		c.begin(ctx, &reply{text: sorry, sorry: true})
	default: // once more what was not heard of it
		if rest := strings.TrimPrefix(r.text, r.mouth.said()); speakable(rest) {
			c.begin(ctx, &reply{text: rest, insists: r.insists, end: r.end})
		}
	}
}

// next does what waited for the agent to finish.
func (c *loop) next(ctx context.Context) {
	st := &c.state
	switch {
	case c.outcome != nil || c.cur != nil || st.greetAt > 0 || st.legGone:
	case st.muted:
		if st.farewell != nil {
			c.outcome = &st.farewell.out
		}
	case st.farewell != nil:
		c.begin(ctx, &reply{text: st.farewell.text, insists: true, end: &st.farewell.out})
		st.farewell = nil
	case len(st.lines) > 0 && !st.who.holds():
		text := st.lines[0]
		st.lines = st.lines[1:]
		c.begin(ctx, &reply{text: text})
	case st.leave != nil:
		c.outcome = st.leave
	case st.unanswered && !c.detect.Pending() && !st.who.holds():
		c.answer(ctx)
	}
}

// answer lets the model answer what the caller has said.
func (c *loop) answer(ctx context.Context) {
	c.state.unanswered = false
	if c.state.guard.topic.off {
		asked := c.state.asked
		c.state.asked = question{}
		c.offTopic(ctx, asked)
		return
	}
	r := c.foreseen()
	early := r != nil
	if !early {
		r = &reply{}
		c.start(ctx, r, c.messages())
	}
	r.answers, r.rails.topic = c.state.asked, c.state.guard.topic.answered()
	c.state.asked = question{}
	c.floor(r)
	if early {
		c.voiced(r)
	}
}

// cut stops the reply that runs: its context first, then the leg's queue, then the turn is closed with what was heard.
func (c *loop) cut() {
	r := c.cur
	if r == nil {
		return
	}
	r.cancel(errCut)
	if err := c.leg.Clear(); err != nil {
		c.warn("leg", "the playout could not be cleared: "+err.Error())
	}
	r.cutOff = true
	c.close(r, true)
}
