package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
)

type warmer func(context.Context) error

func (w warmer) Warm(ctx context.Context) error { return w(ctx) }

// secure is a vendor over TLS, and a Net that trusts it.
type secure struct {
	*httptest.Server
	net     *Net
	conns   atomic.Int32
	resumed atomic.Int32
	keys    sync.Map // Authorization headers seen
}

func newSecure(t *testing.T) *secure {
	s := new(secure)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.keys.Store(r.Header.Get("Authorization"), true)
		if r.Header.Get("Sec-WebSocket-Key") == "" {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			}
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		_, _, _ = c.Read(r.Context())
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{VerifyConnection: func(c tls.ConnectionState) error {
		s.conns.Add(1)
		if c.DidResume {
			s.resumed.Add(1)
		}
		return nil
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	s.net = newNet(nil, (&net.Dialer{}).DialContext)
	trusted := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for _, c := range []*http.Client{s.net.client, s.net.dialer} {
		c.Transport.(*http.Transport).TLSClientConfig.RootCAs = trusted
	}
	t.Cleanup(s.net.CloseIdle)
	return s
}

// TestKnock: the websocket takes the connection that was opened for it; no key was shown, no redirect followed.
func TestKnock(t *testing.T) {
	s := newSecure(t)
	w, err := Measure(t.Context(), warmer(func(ctx context.Context) error { return s.net.Knock(ctx, "acme", s.URL+"/v1/") }))
	if err != nil || w.Open || w.Saved <= 0 || w.Saved > w.Took {
		t.Fatalf("%+v, %v", w, err)
	}
	socket, err := s.net.Dial(t.Context(), "acme", strings.Replace(s.URL, "https", "wss", 1), http.Header{"Authorization": {"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	if _, early := s.keys.Load(""); !early {
		t.Error("nobody knocked without a key")
	}
}

// TestResumed: a connection opened anew resumes the TLS session of the last, by whichever of the clients that was.
func TestResumed(t *testing.T) {
	s := newSecure(t)
	touch := warmer(func(ctx context.Context) error { return s.net.Touch(ctx, "acme", s.URL+"/models", nil) })
	knock := warmer(func(ctx context.Context) error { return s.net.Knock(ctx, "acme", s.URL) })
	for i, c := range []struct {
		w             warmer
		open, resumed bool
	}{{touch, false, false}, {touch, true, false}, {knock, false, true}, {knock, true, false}} {
		if w, err := Measure(t.Context(), c.w); err != nil || w.Open != c.open || w.Resumed != c.resumed || c.open && w.Saved != 0 {
			t.Errorf("%d: %+v, %v", i, w, err)
		}
	}
	s.net.CloseIdle() // the call is over, and four minutes have passed
	if w, err := Measure(t.Context(), touch); err != nil || !w.Resumed || w.Open {
		t.Errorf("the next call: %+v, %v", w, err)
	}
	if s.conns.Load() != 3 || s.resumed.Load() != 2 {
		t.Errorf("%d connections, %d resumed", s.conns.Load(), s.resumed.Load())
	}
}

func TestMeasure(t *testing.T) {
	s := NewSpare(func(ctx context.Context) (*rope, error) { time.Sleep(2 * time.Millisecond); return new(rope), nil })
	defer s.Close()
	if w, err := Measure(t.Context(), s); err != nil || w.Saved != w.Took || w.Saved == 0 {
		t.Errorf("a connection that is kept saves all: %+v, %v", w, err)
	}
	if w, err := Measure(t.Context(), warmer(func(context.Context) error { time.Sleep(time.Millisecond); return nil })); err != nil || w.Saved != w.Took {
		t.Errorf("a model that is loaded saves all: %+v, %v", w, err)
	}
	cold := errors.New("cold")
	if w, err := Measure(t.Context(), warmer(func(context.Context) error { return cold })); !errors.Is(err, cold) || w.Saved != 0 || w.Open {
		t.Errorf("%+v, %v", w, err)
	}
	if w, err := Measure(t.Context(), s); err != nil || w.Open {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestKnockOfNobody(t *testing.T) {
	var v *parley.VendorError
	if err := operators.Knock(t.Context(), "acme", "http://127.0.0.1:1"); !errors.As(err, &v) || v.Vendor != "acme" {
		t.Error(err)
	}
	for _, base := range []string{"", "gopher://x", "http://", "::"} {
		if err := operators.Knock(t.Context(), "acme", base); err == nil {
			t.Errorf("%q was knocked at", base)
		}
	}
	for in, want := range map[string]string{"wss://a.example/v1": "https://a.example/", "ws://a:1": "http://a:1/", "https://a/x?y=1": "https://a/"} {
		if got, err := origin(in); err != nil || got != want {
			t.Errorf("%q is %q, %v", in, got, err)
		}
	}
}
