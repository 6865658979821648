package after

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// A desk is a clerk on a store of its own, a model that answers as it is told, and an outside that keeps what it gets.
type desk struct {
	t     *testing.T
	db    *store.DB
	clerk *Clerk
	env   string

	mu     sync.Mutex // guards all below
	think  func(r llm.Request) (string, error)
	answer func(r fetch.Request) (*fetch.Response, error)
	asked  []llm.Request
	sent   []fetch.Request
}

// bubble runs f with a desk under virtual time.
func bubble(t *testing.T, f func(t *testing.T, d *desk)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.db")
	synctest.Test(t, func(t *testing.T) {
		k, err := secret.NewKey("a master key for tests only")
		if err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(context.Background(), path, k)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		e, _, err := db.EnsureDefaultEnvironment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f(t, newDesk(t, db, e.ID))
	})
}

// newDesk makes one; without a store it only sends.
func newDesk(t *testing.T, db *store.DB, env string) *desk {
	d := &desk{t: t, db: db, env: env,
		think:  func(llm.Request) (string, error) { return "They want a new card.", nil },
		answer: func(fetch.Request) (*fetch.Response, error) { return &fetch.Response{Status: 200}, nil }}
	d.clerk = New(Config{Net: d, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Open: func(context.Context, string, *parley.Agent) (Mind, error) {
			return Mind{Model: llm.Func(d.chat), Vendor: "openai", Name: "gpt"}, nil
		},
		Cost: func(in, out int64, vendor, model string) (float64, bool) {
			return float64(in+out) / 1000, vendor == "openai"
		},
		RecordingURL: func(id string, until time.Time) string {
			return "https://parley.example/" + id + until.UTC().Format("/0102")
		},
	})
	if db != nil {
		d.clerk.Store, d.clerk.Log = db, db.Log()
	}
	return d
}

// chat answers; what begins with { is the arguments of the tool.
func (d *desk) chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		d.mu.Lock()
		d.asked = append(d.asked, r)
		think := d.think
		d.mu.Unlock()
		said, err := think(r)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		x := llm.Delta{Text: said}
		if len(r.Tools) > 0 && strings.HasPrefix(said, "{") {
			x = llm.Delta{Call: &llm.Call{ID: "1", Name: r.Tools[0].Name, Args: json.RawMessage(said)}}
		}
		_ = yield(x, nil) && yield(llm.Delta{Usage: &llm.Usage{In: 100, Out: 10}}, nil)
	}
}

func (d *desk) Do(_ context.Context, r fetch.Request) (*fetch.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent = append(d.sent, r)
	return d.answer(r)
}

func (d *desk) Dial(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("nothing is connected here")
}

// connection makes an account connection and gives its id.
func (d *desk) connection(kind string, credentials map[string]any) string {
	d.t.Helper()
	doc, err := d.db.Create(d.t.Context(), d.env, store.AccountConnections, store.Doc{"type": kind, "credentials": credentials, "config": store.Doc{}})
	if err != nil {
		d.t.Fatal(err)
	}
	id, _ := doc["id"].(string)
	return id
}

// call has a call end whose agent wants what is given, as JSON; change alters it.
func (d *desk) call(id, agent string, change func(*parley.Call)) {
	d.t.Helper()
	start := time.Now().UTC()
	cost := 0.5
	c := parley.Call{ID: id, UserID: d.env, Status: parley.InProgress, From: "+15550001111", To: "+15552223333", AgentID: "agent",
		Agent: json.RawMessage(agent), Context: map[string]string{"name": "Ada"}, Start: start}
	if c.Private = strings.Contains(id, "private"); c.Private {
		c.Context = nil
	}
	if err := d.db.CreateCall(d.t.Context(), c); err != nil {
		d.t.Fatal(err)
	}
	err := d.db.UpdateCall(d.t.Context(), id, func(c *parley.Call) error {
		c.Status, c.Cause, c.End = parley.Ended, parley.CallerHungUp, start.Add(65*time.Second)
		c.Usage = parley.Usage{LLMTokensIn: 5, LLMTokensOut: 1, Cost: &cost}
		c.Turns = []parley.Turn{{ID: "t1", Who: parley.Bot, Text: "Hello?"}, {ID: "t2", Who: parley.Human, Text: "My card \"broke\".", Start: time.Second}}
		if change != nil {
			change(c)
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	told := parley.EventEnded
	if d.row(id).Start.IsZero() {
		told = parley.EventDidNotConnect
	}
	d.db.Log().Append(parley.NewEvent(id, told, map[string]any{}))
	if err := d.db.Log().Flush(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// work runs all jobs that are due within limit.
func (d *desk) work(limit time.Duration) {
	ctx, stop := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	q := job.New(d.db, job.Options{Logger: d.clerk.Logger}, d.clerk.Kinds()...)
	go func() { defer close(done); q.Run(ctx) }()
	time.Sleep(limit)
	synctest.Wait()
	stop()
	<-done
}

func (d *desk) row(id string) parley.Call {
	d.t.Helper()
	c, err := d.db.Call(d.t.Context(), "", id)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// payloads are those of a call's events of a type.
func (d *desk) payloads(id string, typ parley.EventType) (out []string) {
	d.t.Helper()
	list, err := d.db.Log().Events(d.t.Context(), id, 0, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range list {
		if e.Type == typ {
			out = append(out, string(e.Payload))
		}
	}
	return out
}

// keys are the Idempotency-Keys of what was sent, each once.
func (d *desk) keys() (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.sent {
		if k := r.Header.Get("Idempotency-Key"); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func contain(t *testing.T, what, got string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			t.Errorf("%s lacks %q:\n%s", what, p, got)
		}
	}
}
