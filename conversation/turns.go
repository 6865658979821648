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
	c.hears(s.Text, s.Start, s.SpeechEnd, c.state.hearing.credits())
}

// human writes down what the caller did without words.
func (c *loop) human(text string, start, end time.Duration) { c.hears(text, start, end, nil) }

func (c *loop) hears(text string, start, end time.Duration, heard *parley.Credits) {
	c.turns++
	c.write(parley.Turn{ID: fmt.Sprintf("t%d", c.turns), Who: parley.Human, Text: text, Start: start, End: max(start, end), Vendors: heard})
}

// write puts a turn that is over into the history and the log.
func (c *loop) write(t parley.Turn) {
	c.History.Turns = append(c.History.Turns, t)
	c.state.reflexes.said(t.Who, t.Text)
	c.log(parley.EventMessage, struct {
		Text        string          `json:"text"`
		Sender      parley.Who      `json:"sender"`
		Time        string          `json:"timestamp"`
		ID          string          `json:"turn_id"`
		Interrupted bool            `json:"interrupted"`
		Latency     *parley.Latency `json:"latency,omitempty"`
		Vendors     *parley.Credits `json:"vendors,omitempty"`
	}{t.Text, t.Who, stamp(c.clock.origin.Add(t.Start)), t.ID, t.Interrupted, t.Latency, t.Vendors})
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
	text := strings.TrimSpace(heard)
	if text == "" {
		if r.cutOff && r.mouth.playing() {
			c.log(parley.EventInterrupted, map[string]string{"text": ""})
		}
		return
	}
	c.said(text)
	c.detect.Asked(text)
	t := parley.Turn{ID: r.turnID, Who: parley.Bot, Text: text, Start: r.start(&c.clock), End: now, Interrupted: cut}
	owed, _ := r.mind.owed()
	if whole, at := r.mouth.whole(owed); whole {
		t.Interrupted, t.End = false, c.clock.of(at) // it was cut off while it had nothing to say
	} else if r.paused && !r.silent {
		t.End = r.pausedAt
	}
	t.End = max(t.Start, t.End)
	t.Latency, t.Vendors = r.latency(&c.clock), r.credits()
	if r.cutOff && t.Interrupted {
		c.log(parley.EventInterrupted, map[string]string{"text": text})
	}
	c.write(t)
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
	}
	u.TokensIn += r.mind.usage.In
	u.TokensOut += r.mind.usage.Out
	u.TTSCharacters += r.mind.chars
	r.mind.usage, r.mind.chars = llm.Usage{}, 0
}
