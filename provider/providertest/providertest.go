// Package providertest is the suite that every vendor faces (Hearing, Thinking, Speaking), the faults it must survive, and
// faithful fakes of the wires that have no server to test against, a file each. A fake has a goroutine or two per connection,
// which end with the test.
package providertest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// A Fault is a way in which a vendor goes wrong.
type Fault string

const (
	NoFault      Fault = ""
	Refuse       Fault = "refuse" // the connection is dropped before an answer
	Unauthorized Fault = "401"
	RateLimited  Fault = "429"
	Broken       Fault = "500"
	Hang         Fault = "no first byte"
	Stall        Fault = "stall"    // some output, then nothing
	Drip         Fault = "drip"     // bytes for ever, nothing useful
	CutJSON      Fault = "cut JSON" // the stream ends inside a message
	Garbage      Fault = "garbage"
	Close        Fault = "close" // the stream ends half way, in good order
)

// Typed are the faults that a vendor's package itself must turn into an error, and the code it must have; "" is any.
var Typed = map[Fault]parley.VendorCode{
	Refuse:       parley.VendorUnavailable,
	Unauthorized: parley.VendorUnauthorized,
	RateLimited:  parley.VendorRateLimited,
	Broken:       parley.VendorUnavailable,
	CutJSON:      "",
	Garbage:      parley.VendorBadOutput,
	Close:        parley.VendorUnavailable,
}

// Untimely are the faults that only a clock finds: the fallback wrappers hold them.
var Untimely = []Fault{Hang, Stall, Drip}

// checkTyped fails the test unless err is what a fault must give.
func checkTyped(t *testing.T, f Fault, err error) {
	t.Helper()
	var v *parley.VendorError
	if !errors.As(err, &v) {
		t.Fatalf("%s gave %v, not a *parley.VendorError", f, err)
	}
	if want := Typed[f]; want != "" && v.Code != want {
		t.Errorf("%s gave %s, want %s: %v", f, v.Code, want, err)
	}
	if v.Vendor == "" {
		t.Errorf("%s gave an error without the vendor's name: %v", f, err)
	}
}

// Leaks runs f and fails the test when it leaves a goroutine behind. The fakes' own goroutines do not count.
func Leaks(t *testing.T, f func()) {
	t.Helper()
	before := map[string]bool{}
	for _, g := range goroutines() {
		before[name(g)] = true
	}
	f()
	var left []string
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		provider.Access{}.Net.CloseIdle()
		left = left[:0]
		for _, g := range goroutines() {
			if !before[name(g)] {
				left = append(left, g)
			}
		}
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
}

// goroutines are the stacks of all that are no fake's.
func goroutines() (out []string) {
	buf := make([]byte, 1<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !strings.Contains(g, "net/http.(*Server)") && !strings.Contains(g, "net/http.(*conn).serve") && !strings.Contains(g, "/providertest.") {
			out = append(out, g)
		}
	}
	return out
}

// name is a stack's goroutine: "goroutine 12".
func name(stack string) string {
	head, _, _ := strings.Cut(stack, " [")
	return head
}

// within runs f and fails the test when it takes longer than limit, which is a bound and no measurement.
func within(t *testing.T, limit time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		buf := make([]byte, 1<<16)
		t.Fatalf("%s took longer than %s:\n%s", what, limit, buf[:runtime.Stack(buf, true)])
	}
}

// A Server is a fake vendor: an HTTP server that can go wrong.
type Server struct {
	URL string

	mu       sync.Mutex // guards all below
	fault    Fault
	left     int // requests that still meet the fault; negative: all
	Requests int // that came, warming ones included
	ended    int // requests whose client went away before the end
	texts    []string
	began    time.Time
}

// start serves h until the test ends. Faults of the handshake are played before h sees the request.
func start(t testing.TB, s *Server, h http.Handler) {
	ctx, cancel := context.WithCancel(context.Background())
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.meet()
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") && callFault(w, f) {
			return
		}
		switch f {
		case Refuse:
			h, ok := w.(http.Hijacker)
			if !ok {
				panic(http.ErrAbortHandler) // HTTP/2
			}
			if c, _, err := h.Hijack(); err == nil {
				c.Close()
			}
			return
		case Unauthorized, RateLimited, Broken:
			status := map[Fault]int{Unauthorized: 401, RateLimited: 429, Broken: 500}[f]
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			w.Write([]byte(`{"error":{"message":"Incorrect API key provided: sk-secret","type":"x","code":"y"}}`))
			return
		}
		rctx, stop := context.WithCancel(r.Context())
		defer stop()
		defer context.AfterFunc(ctx, stop)()
		h.ServeHTTP(w, r.WithContext(context.WithValue(rctx, faultKey{}, f)))
	}))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	s.URL = srv.URL
	t.Cleanup(func() {
		cancel()
		provider.Access{}.Net.CloseIdle()
		srv.CloseClientConnections()
		srv.Close()
	})
}

type faultKey struct{}

func faultOf(r *http.Request) Fault {
	f, _ := r.Context().Value(faultKey{}).(Fault)
	return f
}

// Fail makes the next n requests meet the fault; a negative n: all.
func (s *Server) Fail(f Fault, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.left = f, n
}

func (s *Server) meet() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Requests++
	if s.left == 0 {
		return NoFault
	}
	s.left--
	return s.fault
}

// Count is how many requests came.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Requests
}

// Texts is what was asked to be spoken, in order.
func (s *Server) Texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.texts...)
}

func (s *Server) heard(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
}

// sounds tells that the first sound of a reply is about to be sent.
func (s *Server) sounds() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = time.Now()
}

// Sounded is when the first sound of the last reply was sent.
func (s *Server) Sounded() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.began
}

// Cancelled is how many requests the client gave up.
func (s *Server) Cancelled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

func (s *Server) gaveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended++
}
