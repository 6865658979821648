package conversation

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
)

const (
	// settles is how long nobody has spoken or pressed anything when what was said may be written down again: words come after the sound.
	settles = 2 * time.Second
	// longSettles is how long a voice that has no words keeps it from being so: it is a television, or a street.
	longSettles = 10 * time.Second
	// lateWords is how long afterwards words may be of before while somebody speaks on, lateMost while nobody does.
	lateWords = 3 * time.Second
	lateMost  = 15 * time.Second
)

// A Discretion says whether what is said on a call may be written down. While it is on the agent hears and answers as ever, and nothing
// that is said or pressed is kept of the call. There is one for each call, for whoever writes down anything of it; its methods may be called
// from any goroutine. A nil one is never on.
type Discretion struct {
	on atomic.Bool

	mu      sync.Mutex // guards all below
	talk    bool       // a conversation is under way: it says when it may end
	ending  bool       // it is to end
	endFrom time.Time  // since when
}

// On reports whether nothing may be written down.
func (d *Discretion) On() bool { return d != nil && d.on.Load() }

// Begin turns it on, at once. False: it was on.
func (d *Discretion) Begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ending = false
	return d.on.CompareAndSwap(false, true)
}

// End turns it off: at once where nobody converses, and over says so; else once what is being said, and what answers it, is over.
func (d *Discretion) End() (over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.on.Load() || d.ending {
		return false
	}
	d.ending, d.endFrom = true, time.Now()
	return !d.talk && d.off()
}

// off is called with mu held; false: it was.
func (d *Discretion) off() bool {
	d.ending = false
	return d.on.CompareAndSwap(true, false)
}

// enter: a conversation begins.
func (d *Discretion) enter() {
	if d != nil {
		d.mu.Lock()
		d.talk = true
		d.mu.Unlock()
	}
}

// leave: it is over. True: so is the discretion.
func (d *Discretion) leave() bool {
	if d == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.talk = false
	return d.ending && d.off()
}

// wanted is for how long it has been to end; false: it is not.
func (d *Discretion) wanted() (time.Duration, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Since(d.endFrom), d.ending
}

// finish turns it off if it is still to end.
func (d *Discretion) finish() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ending && d.off()
}

// resumed is since when what is said is written down again.
type resumed struct {
	at   time.Duration // 0: it always was, or is not
	blur time.Duration // until when words may be of before that, though somebody speaks
}

// discreet takes note that nothing may be written down from now on, or that it may again. It is called before anything is taken in.
func (c *loop) discreet() {
	h := c.History
	switch {
	case !c.Discretion.On():
		if h.unkept > 0 {
			c.kept()
		}
	case h.unkept == 0:
		c.Journal.Stop()
		h.unkept = len(h.Messages) + 1
		if n := len(h.Messages); n > 0 && h.Messages[n-1].Role == llm.User {
			h.unkept = n // what comes next is added to it
		}
	default:
		if since, ok := c.Discretion.wanted(); ok && c.settled(since) && c.Discretion.finish() {
			c.kept()
			c.log(parley.EventRecordingResumed, struct{}{})
		}
	}
}

// settled reports whether all that was said is over: what the caller said, what answers it, and what was done for it.
func (c *loop) settled(since time.Duration) bool {
	st, now := &c.state, c.clock.now()
	if c.cur != nil || len(st.open) > 0 || st.early.reply != nil || c.digits.row != "" || c.detect.Pending() ||
		st.unanswered && !st.muted || st.who.holds() || now-c.digits.last < settles && c.digits.last > 0 {
		return false
	}
	quiet := now - c.detect.LastSpeech()
	return c.detect.LastSpeech() == 0 || quiet >= settles || since >= longSettles
}

// kept: what is said is written down again. What the model knows of it is what might have been written down, for it might say it anew.
func (c *loop) kept() {
	h, now := c.History, c.clock.now()
	for i := h.unkept - 1; i < len(h.Messages); i++ {
		h.Messages[i] = forgotten(h.Messages[i], c.Turns.Language)
	}
	h.Messages = append(h.Messages, llm.Message{Role: llm.System, Text: "The recording was paused, and goes on now. What the caller said meanwhile, and the numbers that you said, are withheld from you from here on."})
	h.unkept = 0
	c.state.resumed = resumed{at: now}
	if last := c.detect.LastSpeech(); last > 0 && now-last < settles {
		c.state.resumed.blur = now + lateWords
	}
}

// late reports whether words of the caller's that come now are of when nothing was to be written down.
func (c *loop) late() bool {
	r, now := c.state.resumed, c.clock.now()
	return r.at > 0 && (now < r.blur || now < r.at+lateMost && c.detect.LastSpeech() < r.at)
}

// unwritten reports whether what the caller is heard to say is not to be written down.
func (c *loop) unwritten() bool { return c.Discretion.On() || c.late() }

// ofCaller are the events that tell of the caller's words, all of them Run's.
var ofCaller = map[parley.EventType]bool{parley.EventPartial: true, parley.EventTurnEnded: true, parley.EventDecision: true, parley.EventEarlyReply: true,
	parley.EventHumanDetection: true}

// logDiscreetly is log for what began while nothing was to be written down.
func (c *loop) logDiscreetly(t parley.EventType, payload any) { c.tell(t, payload, true) }

func (c *loop) tell(t parley.EventType, payload any, withheld bool) {
	if c.Log != nil {
		e := parley.NewEvent(c.CallID, t, payload)
		e.Withheld = withheld
		c.Log.Append(e)
	}
}

// forgotten is a message of when nothing was to be written down as the model reads it afterwards: the caller's words are gone, and so are
// the sentences of the agent's that have a number, what tools were asked for, and the numbers in what they answered.
func forgotten(m llm.Message, language string) llm.Message {
	switch m.Role {
	case llm.User:
		m.Text = parley.Unrecorded
	case llm.Assistant:
		m.Text = numberless(m.Text, language)
		calls := make([]llm.Call, len(m.Calls))
		for i, call := range m.Calls {
			call.Args = json.RawMessage("{}")
			calls[i] = call
		}
		if m.Calls = calls; len(calls) == 0 {
			m.Calls = nil
		}
	case llm.ToolRole:
		m.Text = digitless(m.Text)
	}
	return m
}

// numberless is what an agent said without the sentences in which a number is said.
func numberless(text, language string) string {
	var kept, sentence strings.Builder
	ended := false
	put := func() {
		if !turn.HasNumber(language, sentence.String()) {
			kept.WriteString(sentence.String())
		}
		sentence.Reset()
	}
	for _, r := range text {
		ends := strings.ContainsRune(".!?。！？।\n", r)
		if ended && !ends && !unicode.IsSpace(r) {
			put()
			ended = false
		}
		ended = ended || ends
		sentence.WriteRune(r)
	}
	put()
	if s := strings.TrimSpace(kept.String()); s != "" || strings.TrimSpace(text) == "" {
		return s
	}
	return parley.Unrecorded
}

// digitless is text with a # in the place of every digit.
func digitless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '#'
		}
		return r
	}, text)
}
