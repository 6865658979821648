package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

var (
	simulations = flag.Int("simulations", 1000, "how many random conversations TestRandomConversations has")
	only        = flag.Uint64("seed", 0, "play only the random conversation of this seed")
)

// TestRandomConversations plays conversations in which everything happens at random times, vendors fail now and then, and
// looks at what must hold in all of them.
func TestRandomConversations(t *testing.T) {
	n := uint64(*simulations)
	switch {
	case testing.Short():
		n = 100
	case raced:
		n = min(n, 120)
	}
	causes := map[parley.Cause]int{}
	from := uint64(1)
	if *only > 0 {
		from, n = *only, *only
	}
	for seed := from; seed <= n && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) { causes[newChaos(t, seed).run()]++ })
	}
	t.Logf("%v", causes)
	if *only == 0 && !testing.Short() {
		for _, c := range []parley.Cause{parley.CallerHungUp, parley.AgentEnded, parley.Idle, parley.ProviderFailed, parley.Cancelled} {
			if causes[c] == 0 {
				t.Errorf("no conversation ended with %s: the simulation has become tame", c)
			}
		}
	}
}

// chaos is one random conversation, and what its vendors did.
type chaos struct {
	t       *testing.T
	seed    uint64
	r       *rand.Rand // of the script, used before Run
	vendors *play
	setup   Setup

	mu      sync.Mutex // guards all below
	dice    *rand.Rand // of the vendors
	streams []string   // what each stream of the voice said in all
	running int        // streams of the voice
	events  map[parley.EventType]int
	early   map[string]int // early_reply by result
	ids     map[string]bool
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 1)), dice: rand.New(rand.NewPCG(seed, 2)),
		vendors: newPlay(t), events: map[parley.EventType]int{}, early: map[string]int{}, ids: map[string]bool{}}
	s := &c.vendors.setup
	s.Think, s.Speak, s.Log = llm.Func(c.chat), tts.Func(c.speak), c
	pick := func(all ...string) string { return all[c.r.IntN(len(all))] }
	s.Turns.EndpointingSensitivity = pick("", "auto", "sensitive", "relaxed")
	s.Turns.InterruptSensitivity = pick("low", "high")
	s.Thinking.Early = seed%3 > 0
	s.Turns.Dynamic = c.r.IntN(4) == 0
	s.Turns.DynamicMaxSilence = 2
	if c.r.IntN(2) == 0 {
		s.Greeting, s.GreetingDelay = "Hello, this is the shop. How can I help?", c.upTo(time.Second)
	}
	if c.r.IntN(2) == 0 {
		s.Callee = calleeOf(strings.Fields(pick("continue", "hangup", "continue dynamic", "hangup dynamic message bye", "continue message bye", "continue words", "hangup words dynamic",
			"continue navigate", "hangup navigate message bye", "continue navigate words dynamic")))
	}
	s.Idle = Idle{Ask: true, After: 2 * time.Second, MaxInARow: 1}
	for _, line := range []string{`tool look 20ms result "nothing"`, `tool book 700ms fail "closed"`, `tool slow 3s result "at last"`, `tool keys 1ms result "ok" digits "12"`, "end_conversation"} {
		c.vendors.prepare(split(line))
	}
	c.vendors.bare = c.r.IntN(3) == 0
	c.vendors.wait = c.upTo(600 * time.Millisecond)
	return c
}

func (c *chaos) upTo(d time.Duration) time.Duration { return time.Duration(c.r.Int64N(int64(d))) }

// roll is a number below n; vendors are in several goroutines.
func (c *chaos) roll(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dice.IntN(n)
}

func (c *chaos) errorf(format string, args ...any) {
	c.t.Helper()
	c.t.Errorf("seed %d: "+format, append([]any{c.seed}, args...)...)
}

func (c *chaos) run() parley.Cause {
	p := c.vendors
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	p.stop = cancel
	wire, unplug := context.WithCancel(context.Background())
	defer unplug()
	p.wire = wire
	phone, l := legtest.Pipe(wire)
	p.phone, p.began = phone, time.Now()
	history := &History{}
	c.setup = p.setup
	go c.script(wire)
	c.setup.History = history
	if c.seed%8 == 0 {
		c.vendors.tape = newTape(c.t, l)
		c.setup.Journal, l = c.vendors.tape.journal, c.vendors.tape
	}
	out, err := Run(ctx, l, c.setup)
	took := time.Since(p.began)
	c.mu.Lock()
	c.running = 0 // none may begin or go on from here
	streams := len(c.streams)
	c.mu.Unlock()
	unplug()
	synctest.Wait()
	if took > 5*time.Minute && (c.setup.Callee == nil || took > 12*time.Minute) {
		c.errorf("it took %s", took)
	}
	if out.Cause == "" || out.Cause == parley.Unknown {
		c.errorf("it ended for no reason: %+v, %v", out, err)
	}
	if len(c.streams) != streams {
		c.errorf("the voice spoke after the end")
	}
	c.check(history)
	if c.vendors.tape != nil {
		c.vendors.tape.check(c.t)
	}
	return out.Cause
}

// script is what the caller and the outside do: a dozen things, then most often silence.
func (c *chaos) script(ctx context.Context) {
	p := c.vendors
	texts := []string{"yes", "uh-huh", "what are your opening hours", "no wait stop", "book a table for two please", "and", "I would like to"}
	if c.setup.Callee != nil {
		texts = append(texts, "leave a message after the tone", "please state your name", "please hold", "for sales press one", "hello?", "the mailbox is full", "for billing press two or for all other questions press nine", "please say in a few words why you are calling")
	}
	for range 2 + c.r.IntN(8) {
		if !sleep(ctx, c.upTo(2500*time.Millisecond)) {
			return
		}
		text := texts[c.r.IntN(len(texts))]
		switch n := c.r.IntN(44); {
		case c.setup.Callee != nil && n < 9:
			p.step([]string{"talks", (100*time.Millisecond + c.upTo(3*time.Second)).String(), text})
		case c.setup.Callee != nil && n < 11:
			p.step([]string{"beeps", "1000", "300ms"})
		case n < 18:
			p.step([]string{"speaks", (100*time.Millisecond + c.upTo(1500*time.Millisecond)).String(), text})
		case n < 24:
			p.step([]string{"sounds", c.upTo(900 * time.Millisecond).String()})
		case n < 27:
			p.step([]string{"presses", fmt.Sprint(c.r.IntN(10))})
		case n < 29:
			p.step([]string{[]string{"partial", "eager"}[n%2], text})
		case n < 30:
			p.step([]string{"final", ""})
		case n < 33:
			p.step([]string{"say", "Just so you know."})
		case n < 35:
			p.step([]string{"context", "it rains"})
		case n < 36:
			p.step([]string{"press", "1"})
		case n < 37:
			p.step([]string{"hangs-up"})
		case n < 38 && c.r.IntN(3) == 0:
			p.step([]string{"end-call"})
		case n < 39 && c.r.IntN(3) == 0:
			p.step([]string{"cancel"})
		case n < 43:
			p.step([]string{"mute"})
			if !sleep(ctx, c.upTo(1500*time.Millisecond)) {
				return
			}
			p.step([]string{"unmute"})
		case c.r.IntN(3) == 0:
			p.step([]string{"transfer", "+15550100"})
		case c.r.IntN(3) == 0:
			p.step([]string{"deaf", "broken"})
		}
	}
}

func (c *chaos) chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		c.checkMessages(r.Messages)
		answers := []string{"Sure, I can help with that. We are open from nine to six. Anything else?", "Yes.", "It costs 3.5 euros, e.g. for two.", ""}
		tools, args := []string{"look", "book", "slow", "keys", "none", "end_conversation"}, `{}`
		if len(r.Tools) == len(wayTools) && r.Tools[0].Name == wayTools[0].Name {
			tools, args = []string{"press_keys", "say_words", "listen_on", "person_talks", "mailbox_answers", "nothing_serves"}, `{"keys":"1","words":"yes"}`
		}
		if !sleep(ctx, time.Duration(c.roll(600))*time.Millisecond) {
			yield(llm.Delta{}, ctx.Err())
			return
		}
		if c.roll(12) == 0 {
			yield(llm.Delta{}, errors.New("overloaded"))
			return
		}
		for _, w := range strings.SplitAfter(answers[c.roll(len(answers))], " ") {
			if !yield(llm.Delta{Text: w}, nil) {
				return
			}
			if !sleep(ctx, time.Duration(c.roll(60))*time.Millisecond) {
				yield(llm.Delta{}, ctx.Err())
				return
			}
		}
		for range max(0, c.roll(5)-2) {
			if len(r.Tools) == 0 {
				break
			}
			if !yield(llm.Delta{Call: &llm.Call{ID: fmt.Sprint("c", c.roll(1e9)), Name: tools[c.roll(len(tools))], Args: json.RawMessage(args)}}, nil) {
				return
			}
		}
		yield(llm.Delta{Usage: &llm.Usage{In: 1, Out: 1}}, nil)
	}
}

// speak is a voice with words of random length; sometimes it fails.
func (c *chaos) speak(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		c.mu.Lock()
		mine := len(c.streams)
		c.streams = append(c.streams, "")
		if c.running++; c.running > 1 {
			c.errorf("two streams of the voice at once")
		}
		c.mu.Unlock()
		defer func() { c.mu.Lock(); c.running--; c.mu.Unlock() }()
		tone := legtest.Tone(440, 20*time.Millisecond, 9000)[0]
		for {
			var piece string
			var ok bool
			select {
			case piece, ok = <-text:
			case <-ctx.Done():
				yield(tts.Chunk{}, ctx.Err())
				return
			}
			if !ok {
				return
			}
			if piece == "" {
				c.errorf("an empty piece")
			}
			if !sleep(ctx, time.Duration(c.roll(300))*time.Millisecond) {
				yield(tts.Chunk{}, ctx.Err())
				return
			}
			if c.roll(40) == 0 {
				yield(tts.Chunk{}, errors.New("no voice"))
				return
			}
			c.mu.Lock()
			c.streams[mine] += piece
			c.mu.Unlock()
			for _, w := range strings.SplitAfter(piece, " ") {
				n := 1 + c.roll(25)
				for i := range n {
					ch := tts.Chunk{Frame: tone}
					if i == n-1 {
						ch.Text = w
					}
					if !yield(ch, nil) {
						return
					}
				}
			}
		}
	}
}

func (c *chaos) Append(e parley.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events[e.Type]++
	if e.Type == parley.EventDecision {
		c.vendors.tape.decided(e.Payload)
	}
	if e.Type == parley.EventEarlyReply {
		var p struct{ Result string }
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			c.errorf("early_reply: %v", err)
		}
		c.early[p.Result]++
	}
	if e.CallID != "call" {
		c.errorf("an event of call %q", e.CallID)
	}
}

// checkMessages: what a model is given must be a conversation that every vendor accepts.
func (c *chaos) checkMessages(ms []llm.Message) {
	for i, m := range ms {
		if m.Role == llm.User && i > 0 && ms[i-1].Role == llm.User {
			c.errorf("two messages of the caller in a row: %q, %q", ms[i-1].Text, m.Text)
		}
		if m.Role == llm.Assistant && m.Text == "" && len(m.Calls) == 0 {
			c.errorf("an empty message of the agent")
		}
		for n, call := range m.Calls {
			if i+1+n >= len(ms) || ms[i+1+n].Role != llm.ToolRole || ms[i+1+n].CallID != call.ID {
				c.errorf("the call of %s has no answer in its place", call.Name)
			}
		}
	}
}

func (c *chaos) check(h *History) {
	c.checkMessages(h.Messages)
	said := 0
	for i, t := range h.Turns {
		if c.ids[t.ID] {
			c.errorf("turn id %s twice", t.ID)
		}
		c.ids[t.ID] = true
		if t.Start > t.End || t.Start < 0 || strings.TrimSpace(t.Text) == "" {
			c.errorf("turn %d: %+v", i, t)
		}
		if l := t.Latency; l != nil && l.Endpointing+l.STT+l.Queue+l.LLM+l.Actions+l.Chunking+l.TTS+l.Playout != l.Total {
			c.errorf("the parts of the latency do not add up: %+v", *l)
		}
		if t.Who != parley.Bot || strings.HasPrefix(t.Text, "pressed ") {
			continue
		}
		found := false
		if c.setup.Callee != nil {
			said = 0 // a greeting is spoken ahead of what is said before it
		}
		for ; said < len(c.streams) && !found; said++ {
			stream := strings.TrimSpace(c.streams[said])
			found = stream == t.Text || t.Interrupted && strings.HasPrefix(stream, t.Text)
		}
		if !found {
			c.errorf("turn %d was never synthesised: %q, of %q", i, t.Text, c.streams)
		}
	}
	if c.events[parley.EventMessage] != len(h.Turns) {
		c.errorf("%d turns, %d event_message", len(h.Turns), c.events[parley.EventMessage])
	}
	if e := h.Usage.Early; c.early["used"] != e.Used || c.early["discarded"] != e.Discarded || e.TokensIn > h.Usage.TokensIn {
		c.errorf("%v replies were begun early, and counted are %+v", c.early, e)
	}
	if c.events[parley.EventResumed] > c.events[parley.EventPaused] {
		c.errorf("more resumed than paused: %v", c.events)
	}
}

var _ stt.Transcriber = (*play)(nil)
