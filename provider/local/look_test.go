package local

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local/responder"
)

// port is a server on one port, which can be started and stopped.
type port struct {
	t       *testing.T
	address string
	srv     *http.Server
	asked   atomic.Int32
	broken  atomic.Bool
}

func newPort(t *testing.T) *port {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &port{t: t, address: l.Addr().String()}
}

func (p *port) start() {
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.srv = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if p.broken.Load() || r.URL.Path != "/v1/models" {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, models)
	}), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go p.srv.Serve(l)
	p.t.Cleanup(func() { p.srv.Close() })
}

// later makes the last look one of long ago.
func later(l *Local) {
	<-l.look()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = l.since.Add(-2 * probeEach)
}

// TestModelStartedLater: a language model that is started after us thinks for the next call, one that has been stopped for none,
// and one that is merely busy stays.
func TestModelStartedLater(t *testing.T) {
	p := newPort(t)
	var log lockedLog
	l := New(Config{CacheDir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil)), Servers: []Server{{"test", "http://" + p.address + "/v1"}},
		OpenAICompatible: func(base, model string) (llm.Model, error) { return saying(model), nil }})
	defer l.Close()
	thinks := func(want string) {
		t.Helper()
		if got := answerOf(t, open(t, l, ""), "hello"); !strings.Contains(got, want) {
			t.Errorf("answered %q, want %q", got, want)
		}
	}
	thinks("How can I help")
	old := open(t, l, "")
	answerOf(t, old, "hello")

	p.start()
	thinks("How can I help") // a look every 30 s is enough
	if p.asked.Load() != 0 {
		t.Error("looked again at once")
	}
	later(l)
	thinks("small")
	if got := l.ThinksBy(); got != "small by test" {
		t.Errorf("thinks by %q", got)
	}
	if got := answerOf(t, old, "hello"); !strings.Contains(got, "How can I help") {
		t.Errorf("a call that had begun changed its mind: %q", got)
	}

	p.broken.Store(true)
	later(l)
	thinks("small")

	p.srv.Close()
	later(l)
	thinks("How can I help")
	if got := l.ThinksBy(); got != responder.Name {
		t.Errorf("thinks by %q", got)
	}
	later(l)
	thinks("How can I help")
	if got := log.String(); strings.Count(got, "a language model on this machine thinks") != 1 || strings.Count(got, "no language model on this machine") != 2 {
		t.Errorf("changes are told once each, the log has:\n%s", got)
	}
}

// TestManyCallsLookOnce: calls that open together share a look, and one that opens as we close starts none.
func TestManyCallsLookOnce(t *testing.T) {
	p := newPort(t)
	p.start()
	p.broken.Store(true)
	l := thinkers(t, nil, Server{"test", "http://" + p.address + "/v1"})
	later(l)
	before := p.asked.Load()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { answerOf(t, open(t, l, ""), "hello") })
	}
	wg.Wait()
	if n := p.asked.Load() - before; n != 1 {
		t.Errorf("%d looks", n)
	}
	if open(t, l, BuiltIn); p.asked.Load()-before != 1 {
		t.Error("the built-in responder needs no look")
	}
	later(l)
	l.Close()
	before = p.asked.Load()
	answerOf(t, open(t, l, ""), "hello")
	if p.asked.Load() != before {
		t.Error("looked after the end")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	early := &Local{ctx: gone}
	if _, err := early.thinker(t.Context()); err != nil {
		t.Errorf("a look that never was: %v", err)
	}
	if _, err := l.Spec().Thinking.Open(provider.Access{}, "", nil); err != nil {
		t.Error(err)
	}
}

// lockedLog is a log that several goroutines write.
type lockedLog struct {
	mu sync.Mutex
	b  strings.Builder
}

var _ io.Writer = (*lockedLog)(nil)

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestProbeIsBounded: whatever answers on such a port, a look is over soon and believes little.
func TestProbeIsBounded(t *testing.T) {
	endless := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"object":"list","data":[`)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, `{"id":"x"},`); err != nil {
				return
			}
		}
	})
	if got := thinkers(t, nil, endless).ThinksBy(); got != responder.Name {
		t.Errorf("thinks by %q", got)
	}
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprintf(`{"id":"m%d"}`, i)
	}
	var shown atomic.Int32
	list := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/show" {
			shown.Add(1)
			fmt.Fprint(w, `{"capabilities":[]}`)
			return
		}
		fmt.Fprintf(w, `{"object":"list","data":[%s]}`, strings.Join(many, ","))
	})
	if got := thinkers(t, nil, list).ThinksBy(); got != "m0 by test" || shown.Load() > maxModels {
		t.Errorf("thinks by %q, %d models were asked", got, shown.Load())
	}
	for _, err := range []error{onLoopback("http://127.0.0.1:1/v1"), onLoopback("http://[::1]:1/v1")} {
		if err != nil {
			t.Error(err)
		}
	}
}
