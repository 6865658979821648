package bench

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Delays are how long the fixed vendors take.
type Delays struct {
	STT   time.Duration // arrival of the chunk with the last energetic sample → final transcript
	LLM   time.Duration // request → first token
	Token time.Duration // one word → the next
	TTS   time.Duration // first piece of a reply → first sound

	Silence time.Duration // with which that begins
}

// FixedDelays are the referee's.
func FixedDelays() Delays {
	return Delays{STT: 300 * time.Millisecond, LLM: 200 * time.Millisecond, Token: 10 * time.Millisecond, TTS: 150 * time.Millisecond}
}

// Total is the share of the vendors in the gap between the caller's last sound and the agent's first; the time between words
// counts as the platform's.
func (d Delays) Total() time.Duration { return d.STT + d.LLM + d.TTS + d.Silence }

const (
	fixedReply = "Sure, I can help with that. We are open from nine in the morning until six in the evening today."
	perLetter  = 60 * time.Millisecond // of speech
)

// fixedWords are what every caller says, whatever they say.
var fixedWords = strings.Fields("could you tell me what your opening hours are today please")

// Vendors are stand-ins on one address: Deepgram's websockets that hear (/v1/listen) and speak (/v1/speak) and OpenAI's chat
// completions (/v1/chat/completions). They cost next to nothing and take Delays. Goroutines: the HTTP server's; per
// voice one that speaks. Close waits for them.
type Vendors struct {
	delays   Delays
	fault    Fault
	mind     mind
	listener net.Listener
	server   *http.Server
	life     context.Context
	stop     context.CancelFunc

	mu      sync.Mutex // guards closed, and that nothing begins once it is set
	closed  bool
	running sync.WaitGroup
}

// NewVendors serves on a free port of loopback.
func NewVendors(d Delays) (*Vendors, error) { return NewFaulty(d, NoFault) }

// NewFaulty serves vendors of which every request meets the fault.
func NewFaulty(d Delays, f Fault) (*Vendors, error) { return newVendors(d, f, nil) }

// A mind says which tool the model uses when the last of what it reads is the caller's: "" none. It is told the prompt. Safe from any goroutine.
type mind func(prompt string) (tool string)

func newVendors(d Delays, f Fault, m mind) (*Vendors, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return serveVendors(l, d, f, m), nil
}

// ServeVendors serves them on a listener of the caller's, which Close closes.
func ServeVendors(l net.Listener, d Delays, f Fault) *Vendors { return serveVendors(l, d, f, nil) }

func serveVendors(l net.Listener, d Delays, f Fault, m mind) *Vendors {
	v := &Vendors{delays: d, fault: f, mind: m, listener: l}
	v.life, v.stop = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/listen", v.tracked(v.faulty(v.listen)))
	mux.HandleFunc("GET /v1/speak", v.tracked(v.faulty(v.speak)))
	mux.HandleFunc("POST /v1/chat/completions", v.tracked(v.faulty(v.chat)))
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"object":"list","data":[]}`))
	})
	v.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return v.life }}
	v.running.Go(func() { _ = v.server.Serve(l) }) // ends with Close
	return v
}

// tracked lets Close wait for handlers whose connection was taken over, which the HTTP server no longer knows.
func (v *Vendors) tracked(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !v.begin() {
			http.Error(w, "closing", http.StatusServiceUnavailable)
			return
		}
		defer v.running.Done()
		h(w, r)
	}
}

func (v *Vendors) begin() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.closed {
		v.running.Add(1)
	}
	return !v.closed
}

// Origin is DEEPGRAM_BASE_URL; OPENAI_BASE_URL is the same with /v1.
func (v *Vendors) Origin() string { return "http://" + v.listener.Addr().String() }

// Close hangs up on everybody.
func (v *Vendors) Close() error {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	v.stop()
	err := v.server.Close()
	v.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// wait is false when ctx was done first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
