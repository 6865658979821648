package call

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// rows keeps calls in memory.
type rows struct {
	mu   sync.Mutex
	rows map[string]parley.Call
	fail error // of CreateCall
	max  int   // slots; 0 no limit
	away error // of UpdateCall
}

func (r *rows) CreateCall(_ context.Context, c parley.Call) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	if n := r.taken(); r.max > 0 && holds(c) && n >= r.max {
		return parley.Full("too_many_calls", "the environment has all the calls it may have", n, r.max, 0)
	}
	r.rows[c.ID] = c
	return nil
}

// holds is the store's rule of who holds a slot.
func holds(c parley.Call) bool {
	return (c.Status == parley.NotStarted || c.Status == parley.InProgress) && c.Stage != parley.StageTransferStarted && c.Stage != parley.StageTransferSuccessful
}

// held is how many slots are taken.
func (r *rows) held() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken()
}

func (r *rows) taken() (n int) {
	for _, c := range r.rows {
		if holds(c) {
			n++
		}
	}
	return n
}

func (r *rows) Call(_ context.Context, _, id string) (parley.Call, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.rows[id]
	if !ok {
		return c, parley.NotFound("call")
	}
	return c, nil
}

func (r *rows) UpdateCall(_ context.Context, id string, change func(*parley.Call) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away != nil {
		return r.away
	}
	c, ok := r.rows[id]
	if !ok {
		return parley.NotFound("call")
	}
	if err := change(&c); err != nil {
		return err
	}
	c.Seal() // as the store does
	r.rows[id] = c
	return nil
}

func (r *rows) only(t *testing.T) parley.Call {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) != 1 {
		t.Fatalf("%d calls were kept, want 1", len(r.rows))
	}
	for _, c := range r.rows {
		return c
	}
	panic("unreachable")
}

// book is a log in memory.
type book struct {
	mu      sync.Mutex
	events  []parley.Event
	flushed int   // events there were at the last Flush
	fail    error // of Flush
}

func (b *book) Append(e parley.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

func (b *book) Flush(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushed = len(b.events)
	return b.fail
}

// types lists the events without those about sound that came and went.
func (b *book) types() []parley.EventType {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []parley.EventType
	for _, e := range b.events {
		if e.Type != parley.EventPartial && e.Type != parley.EventPaused && e.Type != parley.EventResumed {
			out = append(out, e.Type)
		}
	}
	return out
}

func (b *book) payload(t *testing.T, typ parley.EventType) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Type == typ {
			return string(e.Payload)
		}
	}
	t.Fatalf("no event %s", typ)
	return ""
}

// exchange is a trunk in memory: offers come in by ring, and dialled numbers answer as their phones are told to.
type exchange struct {
	mu      sync.Mutex
	dialled []leg.Call
	comes   leg.Offer // to whoever serves
	answer  func(ctx context.Context, c leg.Call) (leg.Leg, error)
}

func (x *exchange) Serve(ctx context.Context, answer func(context.Context, leg.Offer)) error {
	if x.comes != nil {
		answer(ctx, x.comes)
	}
	<-ctx.Done()
	return nil
}

func (x *exchange) Dial(ctx context.Context, c leg.Call) (leg.Leg, error) {
	x.mu.Lock()
	x.dialled = append(x.dialled, c)
	x.mu.Unlock()
	return x.answer(ctx, c)
}

// offer is a call that comes in.
type offer struct {
	ringing  leg.Ringing
	leg      leg.Leg
	err      error // of Answer
	wait     bool  // Answer waits for the end of the call
	limits   leg.Limits
	rejected parley.Cause
}

func (o *offer) Ringing() leg.Ringing { return o.ringing }
func (o *offer) Answer(ctx context.Context, l leg.Limits) (leg.Leg, error) {
	o.limits = l
	if o.wait {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return o.leg, o.err
}
func (o *offer) Reject(_ context.Context, c parley.Cause) error { o.rejected = c; return nil }

// desk is a directory with one agent, reached at "desk".
type desk struct {
	agent    parley.Agent
	err      error
	trunk    *parley.TrunkAccount
	fallback string
	mu       sync.Mutex  // guards asked
	asked    parley.Call // by Trunk
}

func (d *desk) Reached(_ context.Context, r leg.Ringing) (Reached, error) {
	if d.err != nil {
		return Reached{}, d.err
	}
	if r.To != "desk" {
		return Reached{}, parley.NotFound("number")
	}
	return Reached{Environment: "env", Agent: d.agent, Fallback: d.fallback}, nil
}

func (d *desk) Trunk(_ context.Context, c parley.Call) (*parley.TrunkAccount, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = c
	return d.trunk, d.err
}

// dir keeps recordings in a folder.
type dir string

func (d dir) Create(name string) (File, error) { return os.Create(filepath.Join(string(d), name)) }

// ear hears what the test tells it to.
type ear chan stt.Event

func (e ear) Transcribe(ctx context.Context, in <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		for {
			select {
			case ev := <-e:
				if !yield(ev, nil) {
					return
				}
			case _, ok := <-in:
				if !ok {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// voice speaks 100 ms of a 1 kHz tone a word.
var voice = tts.Func(func(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		tone := audio.Sine(1000, audio.Rate, -10)
		for {
			select {
			case s, ok := <-text:
				if !ok {
					return
				}
				for w := range strings.SplitAfterSeq(s, " ") {
					for i := range 5 {
						c := tts.Chunk{}
						tone.Fill(c.Frame[:])
						if i == 4 {
							c.Text = w
						}
						if !yield(c, nil) {
							return
						}
					}
				}
			case <-ctx.Done():
				return
			}
		}
	}
})

// lines is a model that says its lines, one a turn, then nothing.
func lines(say ...llm.Delta) llm.Model {
	var mu sync.Mutex
	return llm.Func(func(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
		return func(yield func(llm.Delta, error) bool) {
			mu.Lock()
			defer mu.Unlock()
			if len(say) == 0 {
				yield(llm.Delta{}, errors.New("the script is over"))
				return
			}
			d := say[0]
			say = say[1:]
			yield(d, nil)
		}
	})
}

// warms is a Warming of a vendor called acme.
func warms(skill string, do func(context.Context) error) Warming {
	return Warming{Skill: skill, Vendor: "acme", Do: func(ctx context.Context) (parley.Warmth, error) {
		began := time.Now()
		err := do(ctx)
		ms := float64(time.Since(began).Milliseconds())
		return parley.Warmth{TookMS: ms, SavedMS: ms}, err
	}}
}

// vital is a Warming that a call is not worth answering without.
func vital(do func() error) Warming {
	w := warms("thinking", func(context.Context) error { return do() })
	w.Vital = true
	return w
}

// bench is a switchboard with everything in memory.
type bench struct {
	*Switchboard
	rows     *rows
	book     *book
	exchange *exchange
	desk     *desk
	ear      ear
	model    llm.Model
	ready    Ready // Warm and Warnings of what is opened
	opened   int
	openErr  error
	closed   int
}

func newBench(t *testing.T) *bench {
	b := &bench{rows: &rows{rows: map[string]parley.Call{}}, book: &book{}, exchange: &exchange{}, desk: &desk{agent: agent()},
		ear: make(ear), model: lines()}
	b.Switchboard = New(Config{
		Trunk: b.exchange, Directory: b.desk, Calls: b.rows, Log: b.book, Recordings: dir(t.TempDir()),
		Open: func(context.Context, string, *parley.Agent) (Ready, error) {
			b.opened++
			return Ready{Hear: b.ear, Think: b.model, Speak: voice, Warm: b.ready.Warm, Warnings: b.ready.Warnings, Vendors: b.ready.Vendors,
				Close: func() { b.closed++ }}, b.openErr
		},
	})
	return b
}

func agent() parley.Agent {
	greeting, content := "Hello ${name|there}", "You are the desk."
	return parley.Agent{ID: "agent-1", Prompt: &parley.Prompt{Content: &content}, Greeting: parley.Greeting{InitialMessage: &greeting},
		Actions: []parley.Action{{ID: "a1", Type: "action_end_conversation", Config: json.RawMessage(`{}`)}}}
}

// ring brings a call in and returns the caller's phone; done is closed when the call is over.
func (b *bench) ring(ctx context.Context, to string) (*legtest.Phone, *offer, chan struct{}) {
	p, l := legtest.Pipe(ctx)
	o := &offer{ringing: leg.Ringing{ID: "sip-1", From: "+15550001111", To: to}, leg: l}
	done := make(chan struct{})
	go func() { defer close(done); b.Answer(ctx, o) }()
	return p, o, done
}

func has(t *testing.T, got []parley.EventType, want ...parley.EventType) {
	t.Helper()
	i := 0
	for _, g := range got {
		if i < len(want) && g == want[i] {
			i++
		}
	}
	if i < len(want) {
		t.Errorf("events %v, want in this order %v", got, want)
	}
}

func hasNot(t *testing.T, got []parley.EventType, none ...parley.EventType) {
	t.Helper()
	for _, n := range none {
		if slices.Contains(got, n) {
			t.Errorf("event %s, which should not be there", n)
		}
	}
}
