package conversation

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
)

// messages are what the model is given.
func (c *loop) messages() []llm.Message {
	return append(c.prompt(make([]llm.Message, 0, len(c.History.Messages)+1)), c.History.Messages...)
}

// caller writes down a turn of the caller.
func (c *loop) caller(s turn.Signal) {
	c.hears(parley.Turn{Text: s.Text, Start: s.Start, End: s.SpeechEnd, Vendors: c.state.hearing.credits(), Words: c.ear.words.turn(s.Text, s.Start, s.SpeechEnd)}, c.unwritten())
}

// human writes down what the caller did without words.
func (c *loop) human(text string, start, end time.Duration) {
	c.hears(parley.Turn{Text: text, Start: start, End: end}, c.Discretion.On())
}

func (c *loop) hears(t parley.Turn, withheld bool) {
	c.turns++
	t.ID, t.Who, t.End = fmt.Sprintf("t%d", c.turns), parley.Human, max(t.Start, t.End)
	c.write(t, withheld)
}

// write puts a turn that is over into the history and the log; its words not if they are withheld.
func (c *loop) write(t parley.Turn, withheld bool) {
	c.state.reflexes.said(t.Who, t.Text)
	if withheld {
		t.Text, t.Words = parley.Unrecorded, nil
	}
	c.History.Turns = append(c.History.Turns, t)
	c.tell(parley.EventMessage, struct {
		Text        string          `json:"text"`
		Sender      parley.Who      `json:"sender"`
		Time        string          `json:"timestamp"`
		ID          string          `json:"turn_id"`
		Interrupted bool            `json:"interrupted"`
		Latency     *parley.Latency `json:"latency,omitempty"`
		Vendors     *parley.Credits `json:"vendors,omitempty"`
	}{t.Text, t.Who, stamp(c.clock.origin.Add(t.Start)), t.ID, t.Interrupted, t.Latency, t.Vendors}, withheld)
}

// close ends a reply's turn with the words that were heard, not those the model wrote.
func (c *loop) close(r *reply, cut bool) {
	r.cancel(nil)
	c.cur = nil
	c.wire.Store(false)
	c.detect.Agent(turn.Idle)
	now := c.clock.now()
	c.idle.quiet = now
	heard := r.mouth.said()
	c.History.Messages = append(c.History.Messages, r.mind.messages(heard)...)
	c.told()
	text := strings.TrimSpace(heard)
	if text == "" {
		if r.cutOff && r.mouth.playing() {
			c.log(parley.EventInterrupted, map[string]string{"text": ""})
		}
		return
	}
	c.said(text)
	c.detect.Asked(text)
	c.state.collect.said(text)
	c.heardOf(text)
	t := parley.Turn{ID: r.turnID, Who: parley.Bot, Text: text, Start: r.start(&c.clock), End: now, Interrupted: cut}
	owed, _ := r.mind.owed()
	if whole, at := r.mouth.whole(owed); whole {
		t.Interrupted, t.End = false, c.clock.of(at) // it was cut off while it had nothing to say
	} else if r.paused && !r.silent {
		t.End = r.pausedAt
	}
	t.End = max(t.Start, t.End)
	t.Latency, t.Vendors, t.Words = r.latency(&c.clock), r.credits(), r.mouth.words()
	if r.cutOff && t.Interrupted {
		c.log(parley.EventInterrupted, map[string]string{"text": text})
	}
	c.write(t, c.Discretion.On())
}

// start is when the reply began to be heard.
func (r *reply) start(k *clock) time.Duration {
	if r.wireAt > 0 {
		return r.wireAt
	}
	r.mouth.mu.Lock()
	defer r.mouth.mu.Unlock()
	return k.of(r.mouth.begun)
}

// count adds what a reply cost, once its goroutines have ended.
func (c *loop) count(r *reply) {
	r.mind.mu.Lock()
	defer r.mind.mu.Unlock()
	u := &c.History.Usage
	if held, chars := r.mind.hold.held(); held {
		r.mind.chars = chars
		c.discarded(r)
	} else {
		c.unsaid(r)
	}
	u.TokensIn += r.mind.usage.In
	u.TokensOut += r.mind.usage.Out
	u.TTSCharacters += r.mind.chars
	r.mind.usage, r.mind.chars = llm.Usage{}, 0
}
