package conversation

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

const (
	// maxRounds is how often in one reply the model may ask for tools; then it must speak.
	maxRounds = 5
	// thinkLimit is how long a model may be silent before the reply has failed. llm.Fallback has shorter limits of its own;
	// this one is for models without it.
	thinkLimit = 20 * time.Second
)

var (
	errEmpty       = errors.New("the model said nothing")
	errInterrupted = errors.New("the caller spoke before it was done")
	errOver        = errors.New("the call ended before it was done")
	errSlow        = errors.New("the model gave no answer in time")
)

// A mind is what a reply's model does, as far as Run needs to know it afterwards.
type mind struct {
	pieces chan<- string
	cut    cutter
	gap    bool // a round ended without white space: the next begins with it
	tongue tongue
	bare   bool // no tools
	out    outing
	hold   *hold

	mu     sync.Mutex // guards all below
	rounds []round
	sent   int // bytes of all pieces
	chars  int // characters of them, not yet counted
	owing  int // letters of them
	sentAt time.Time
	usage  llm.Usage
	author credit
	end    *parley.Outcome
	taken  bool  // by messages: results come too late for it
	err    error // the model failed; an apology is among the pieces
	times  thought
}

// A tongue is what becomes of words on their way to the voice.
type tongue struct {
	plain plainer
	raw   bool   // what is written is nobody's Markdown
	sieve *sieve // nil: everything may be said
}

// A round is one answer of the model and what its tools gave back.
type round struct {
	bytes   int // of all pieces up to its end
	calls   []llm.Call
	results []string
}

// thought is when the steps of thinking happened.
type thought struct {
	asked, token, piece time.Time
	acting              time.Duration // of that, before token: tools ran
}

// say hands text out as it is.
func (m *mind) say(ctx context.Context, text string) {
	m.tongue.raw = true
	m.write(ctx, text)
	m.flush(ctx)
	m.close(nil)
}

// spared: the sound of the words, all of which have been handed out, was there already, and nobody is paid for it.
func (m *mind) spared() {
	m.mu.Lock()
	m.chars = 0
	m.mu.Unlock()
}

// think runs the model and the tools it asks for. What it says goes out in speakable pieces as it comes. When it fails, sorry
// is said instead; the error is that it failed when it was not wanted yet.
func (c *loop) think(ctx context.Context, m *mind, messages []llm.Message, sorry string) error {
	err := c.rounds(ctx, m, messages)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	if m.hold.fail() {
		return errTooEarly
	}
	c.fault("llm_failed", err)
	m.mu.Lock()
	m.err = err
	m.mu.Unlock()
	m.write(ctx, sorry)
	m.flush(ctx)
	m.close(nil)
	return nil
}

func (c *loop) rounds(ctx context.Context, m *mind, messages []llm.Message) error {
	acted := false
	if !m.bare {
		if messages = c.informed(ctx, messages); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for n := 0; ; n++ {
		req := c.Thinking.request(messages)
		if n < maxRounds && !m.bare {
			req.Tools = c.tools.tools
		}
		text, calls, err := c.ask(ctx, m, req)
		if err != nil {
			return err
		}
		if len(calls) == 0 {
			if m.said() == 0 && m.tongue.sieve.took() {
				m.write(ctx, guardPhrasesOf(c.Turns.Language).unsaid)
				m.flush(ctx)
			}
			m.close(nil)
			if m.said() == 0 && !acted {
				return errEmpty
			}
			return nil
		}
		if err := m.hold.wait(ctx); err != nil {
			return err
		}
		errands := c.tools.errands(c, calls)
		m.announce(ctx, errands)
		m.close(errands)
		began := time.Now()
		results, act := c.carryOut(ctx, m, errands)
		m.acted(time.Since(began))
		acted = acted || act.acted
		messages = append(messages, llm.Message{Role: llm.Assistant, Text: text, Calls: calls})
		for i, res := range results {
			messages = append(messages, llm.Message{Role: llm.ToolRole, CallID: calls[i].ID, Text: res})
		}
		if act.end != nil {
			m.mu.Lock()
			m.end = act.end
			m.mu.Unlock()
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if act.done {
			m.close(nil)
			return nil
		}
	}
}

// ask is one request. Its words are on their way when it returns.
func (c *loop) ask(ctx context.Context, m *mind, req llm.Request) (text string, calls []llm.Call, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(thinkLimit, func() { cancel(errSlow) })
	defer late.Stop()
	m.stamp(&m.times.asked)
	var said strings.Builder
	var told llm.Usage
	defer func() {
		if ctx.Err() != nil {
			m.spend(cutOff(&req, said.Len(), told))
		}
	}()
	for d, derr := range c.Think.Chat(ctx, req) {
		late.Stop() // the synthesizer may hold us back: that is not the model's silence
		if derr != nil {
			if cause := context.Cause(ctx); cause != nil {
				derr = cause
			}
			m.flush(ctx)
			return said.String(), nil, derr
		}
		m.by(d.Vendor, d.Failed)
		if d.Notice != "" {
			c.changed("model_changed", "thinking", d.Notice, d.Failed)
		}
		if d.Usage != nil {
			told.In, told.Out = told.In+d.Usage.In, told.Out+d.Usage.Out
			m.spend(*d.Usage)
		}
		if d.Call != nil && len(calls) < maxCalls {
			calls = append(calls, *d.Call)
		}
		if d.Text != "" {
			said.WriteString(d.Text)
			m.write(ctx, d.Text)
		}
		late.Reset(thinkLimit)
	}
	if cause := context.Cause(ctx); cause != nil {
		return said.String(), nil, cause
	}
	m.flush(ctx)
	return said.String(), calls, nil
}

// write takes words of the model, and sends on what has become speakable.
func (m *mind) write(ctx context.Context, text string) {
	m.stamp(&m.times.token)
	if m.gap && !strings.HasPrefix(text, " ") {
		text = " " + text
	}
	m.gap = false
	m.cut.add(text)
	for {
		p, ok := m.cut.next()
		if !ok {
			return
		}
		if p = m.spoken(p); speakable(p) {
			m.send(ctx, p)
		}
	}
}

// spoken is a piece without marks for the eye.
func (m *mind) spoken(p string) string {
	if m.tongue.raw {
		return p
	}
	return m.tongue.plain.piece(p)
}

// flush sends what is left and can be spoken.
func (m *mind) flush(ctx context.Context) {
	p := m.spoken(m.cut.rest())
	m.tongue.plain = plainer{}
	if speakable(p) { // marks and space: no voice can say that
		r, _ := utf8.DecodeLastRuneInString(p)
		m.gap = r < 0x2E80 && !unicode.IsSpace(r) // not in scripts without spaces
		m.send(ctx, p)
	}
	m.give(ctx, m.tongue.sieve.rest())
}

// send gives the voice what of a piece may be said.
func (m *mind) send(ctx context.Context, p string) { m.give(ctx, m.tongue.sieve.next(p)) }

func (m *mind) give(ctx context.Context, p string) {
	if !speakable(p) {
		return
	}
	m.stamp(&m.times.piece)
	m.mu.Lock()
	m.owing += letters(p) // before anybody can say it
	m.mu.Unlock()
	select {
	case m.pieces <- p:
	case <-ctx.Done():
		return
	}
	m.mu.Lock()
	m.sent += len(p)
	m.chars += utf8.RuneCountInString(p)
	m.sentAt = time.Now()
	m.mu.Unlock()
}

// stamp notes the first time something happened.
func (m *mind) stamp(t *time.Time) {
	m.mu.Lock()
	if t.IsZero() {
		*t = time.Now()
	}
	m.mu.Unlock()
}

// acted: tools have run so long.
func (m *mind) acted(took time.Duration) {
	m.mu.Lock()
	if m.times.token.IsZero() {
		m.times.acting += took
	}
	m.mu.Unlock()
}

func (m *mind) spend(u llm.Usage) {
	m.mu.Lock()
	m.usage.In += u.In
	m.usage.Out += u.Out
	m.mu.Unlock()
}

// close ends what the model says in a round, and notes the tools it asked for. Their results follow; should the caller
// interrupt before, the model reads that.
func (m *mind) close(asked []errand) {
	var r round
	for i := range asked {
		r.calls = append(r.calls, asked[i].call)
		r.results = append(r.results, asked[i].begun())
	}
	m.mu.Lock()
	r.bytes = m.sent
	m.rounds = append(m.rounds, r)
	m.mu.Unlock()
}

// round is the number of the last one that was closed.
func (m *mind) round() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.rounds) - 1
}

// result notes what came of the i-th tool of a round; false: too late, the reply has been written down.
func (m *mind) result(round, i int, read string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.taken {
		return false
	}
	m.rounds[round].results[i] = read
	return true
}

func (m *mind) said() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent
}

// owed is what the synthesizer was given so far.
func (m *mind) owed() (letters int, since time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.owing, m.sentAt
}

func (m *mind) ending() *parley.Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.end
}

func (m *mind) failure() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// messages are the reply as the model reads it later: what was heard, where the tools were asked for in between.
func (m *mind) messages(heard string) []llm.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.taken = true
	var all []llm.Message
	from := 0
	put := func(to int, r round) {
		to = min(max(to, from), len(heard))
		text := strings.TrimSpace(strings.ToValidUTF8(heard[from:to], ""))
		from = to
		if text == "" && len(r.calls) == 0 {
			return
		}
		all = append(all, llm.Message{Role: llm.Assistant, Text: text, Calls: r.calls})
		for i, res := range r.results {
			all = append(all, llm.Message{Role: llm.ToolRole, CallID: r.calls[i].ID, Text: res})
		}
	}
	for i, r := range m.rounds {
		if i == len(m.rounds)-1 && len(r.calls) == 0 {
			break
		}
		put(r.bytes, r)
	}
	put(len(heard), round{})
	return all
}
