package conversation

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
)

// mostEarly is how many replies are begun, at most, before a turn of the caller's is over.
const mostEarly = 3

var (
	errEarly    = errors.New("the caller's turn was not over")
	errTooEarly = errors.New("it failed before it was wanted")
)

// early is the reply that was begun while the caller's turn was only probably over. Its model thinks, and its voice speaks the first
// piece; the sound is held back, and tools wait, until the turn is over with the words that it answers. With others it is thrown away.
type early struct {
	*reply               // nil: none
	words  string        // of the turn, as turn.Plain has them
	asked  []llm.Message // what its model was given
	at     time.Duration // when it was begun
	n      int           // begun in this turn
}

// earlyAt is when a reply is to be begun before the turn is over; false: not now.
func (c *loop) earlyAt() (time.Duration, bool) {
	st := &c.state
	if !c.Thinking.Early || st.early.reply != nil || st.early.n >= mostEarly || c.cur != nil || st.muted || st.greetAt > 0 || st.legGone || st.onHold ||
		st.farewell != nil || st.guard.topic.off || st.leave != nil || len(st.lines) > 0 || st.who.holds() {
		return 0, false
	}
	return c.detect.Likely()
}

// foresee begins the reply.
func foresee(c *loop, ctx context.Context, now time.Duration) {
	said := c.detect.Said()
	r := &reply{}
	r.mind.hold = newHold(said)
	r.mouth.paused = true
	asked := saidBy(c.messages(), said)
	c.start(ctx, r, asked)
	c.askTopic(ctx, asked)
	c.state.early = early{reply: r, words: turn.Plain(said), asked: asked, at: now, n: c.state.early.n + 1}
}

// reconsider throws away a reply whose words are no longer those of the turn.
func (c *loop) reconsider() {
	if e := &c.state.early; e.reply != nil && turn.Plain(c.detect.Said()) != e.words {
		c.forgo()
	}
}

// forgo throws the reply away that was begun early; none may have been.
func (c *loop) forgo() {
	if r := c.state.early.reply; r != nil {
		r.cancel(errEarly)
		c.state.early.reply = nil
	}
}

// foreseen is the reply that was begun early, if it answers what is to be answered now, and its turn begins. nil: there is none, or it
// has failed.
func (c *loop) foreseen() *reply {
	e := c.state.early
	if e.reply == nil || !slices.EqualFunc(c.messages(), e.asked, alike) || !e.mind.hold.want() {
		c.forgo()
		return nil
	}
	c.state.early.reply = nil
	c.History.Usage.Early.Used++
	c.log(parley.EventEarlyReply, map[string]any{"result": "used", "text": e.mind.hold.text, "ahead_ms": (c.clock.now() - e.at).Milliseconds()})
	return e.reply
}

// turnOver: a turn of the caller's has ended, and what was begun early for it and not used is of no use any more.
func (c *loop) turnOver() {
	c.forgo()
	c.state.early = early{}
}

// discarded counts and tells what a reply has cost that was begun early and not used. Its mind is locked.
func (c *loop) discarded(r *reply) {
	e := &c.History.Usage.Early
	e.Discarded++
	e.TokensIn += r.mind.usage.In
	e.TokensOut += r.mind.usage.Out
	e.TTSCharacters += r.mind.chars
	c.log(parley.EventEarlyReply, map[string]any{"result": "discarded", "text": r.mind.hold.text,
		"llm_tokens_in": r.mind.usage.In, "llm_tokens_out": r.mind.usage.Out, "tts_characters": r.mind.chars})
}

// tokenBytes is about what a token is of text.
const tokenBytes = 4

// cutOff is what a request has cost that was cut off, beyond what the vendor told of it: many tell nothing before the end, and charge
// all the same. It is an estimate, of the text that was sent and that came.
func cutOff(r *llm.Request, came int, told llm.Usage) llm.Usage {
	sent := 0
	for _, m := range r.Messages {
		sent += len(m.Text)
		for _, call := range m.Calls {
			sent += len(call.Name) + len(call.Args)
		}
	}
	for _, t := range r.Tools {
		sent += len(t.Name) + len(t.Description) + len(t.Schema)
	}
	u := llm.Usage{Out: max(0, (came+tokenBytes-1)/tokenBytes-told.Out)}
	if told.In == 0 {
		u.In = (sent + tokenBytes - 1) / tokenBytes
	}
	return u
}

// voiced lets a reply be heard that was held back.
func (c *loop) voiced(r *reply) {
	r.mouth.mu.Lock()
	sounds := !r.mouth.first.IsZero()
	r.mouth.mu.Unlock()
	if sounds {
		c.wire.Store(true)
	}
	r.mouth.resume()
}

// alike reports whether two messages ask the same. How words are written makes no difference.
func alike(a, b llm.Message) bool {
	return a.Role == b.Role && a.CallID == b.CallID && len(a.Calls) == len(b.Calls) &&
		(a.Text == b.Text || a.Role == llm.User && turn.Plain(a.Text) == turn.Plain(b.Text))
}

// saidBy puts words of the caller's at the end of messages. Words that were not answered yet and these are one message.
func saidBy(messages []llm.Message, text string) []llm.Message {
	if n := len(messages); n > 0 && messages[n-1].Role == llm.User {
		messages[n-1].Text += " " + text
		return messages
	}
	return append(messages, llm.Message{Role: llm.User, Text: text})
}

// A hold keeps a reply from being heard until it is wanted. A nil one keeps nothing.
type hold struct {
	text string        // the words of the caller's that it answers
	free chan struct{} // closed once it is wanted

	mu     sync.Mutex // guards all below
	wanted bool
	failed bool
	chars  int // that the voice was given meanwhile
}

func newHold(text string) *hold { return &hold{text: text, free: make(chan struct{})} }

// want lets it go; false: it has failed.
func (h *hold) want() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed {
		return false
	}
	h.wanted = true
	close(h.free)
	return true
}

// fail: the reply has. True when nobody waits for it yet: then nobody will.
func (h *hold) fail() bool {
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = !h.wanted
	return h.failed
}

// held reports whether it is not wanted so far, and what the voice was given.
func (h *hold) held() (held bool, chars int) {
	if h == nil {
		return false, 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.wanted, h.chars
}

// wait is over when the reply is wanted.
func (h *hold) wait(ctx context.Context) error {
	if h == nil {
		return nil
	}
	select {
	case <-h.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spared are a reply's pieces as its voice is to be given them: what is thrown away is no more than the first. spoken is to be called
// when the voice has ended.
func (h *hold) spared(ctx context.Context, in <-chan string) (pieces <-chan string, spoken func()) {
	if h == nil {
		return in, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan string)
	var over sync.WaitGroup
	over.Go(func() { h.spare(ctx, in, out) })
	return out, func() { cancel(); over.Wait() }
}

// spare hands pieces on: the first at once, the others when the reply is wanted.
func (h *hold) spare(ctx context.Context, in <-chan string, out chan<- string) {
	defer close(out)
	for first := true; ; first = false {
		select {
		case p, ok := <-in:
			if !ok || !first && h.wait(ctx) != nil {
				return
			}
			h.mu.Lock()
			h.chars += utf8.RuneCountInString(p)
			h.mu.Unlock()
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
