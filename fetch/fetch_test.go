package fetch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// A wire is a network in memory: it counts who was connected to, and answers all of them with one handler.
type wire struct {
	mu    sync.Mutex // guards dialled
	dials []string
	conns chan net.Conn
	names map[string][]netip.Addr
}

func newWire(t *testing.T, h http.HandlerFunc) *wire {
	w := &wire{conns: make(chan net.Conn), names: map[string][]netip.Addr{"public.example": {netip.MustParseAddr("93.184.216.34")}}}
	srv := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(w) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return w
}

func (w *wire) Accept() (net.Conn, error) {
	c, ok := <-w.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (w *wire) Close() error   { close(w.conns); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{} }

func (w *wire) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	w.mu.Lock()
	w.dials = append(w.dials, addr)
	w.mu.Unlock()
	here, there := net.Pipe()
	select {
	case w.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	if ips, ok := w.names[host]; ok {
		return ips, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (w *wire) client(t *testing.T, o Options) *Client {
	o.Lookup, o.Dial = w.lookup, w.dial
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.dials)
}

func hello(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello "+r.Host) }

func TestDo(t *testing.T) {
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		rw.Header().Set("X-Seen", r.Method+" "+r.Header.Get("X-Key")+" "+r.URL.RawQuery)
		rw.WriteHeader(418)
		rw.Write(b)
	})
	res, err := w.client(t, Options{}).Do(t.Context(), Request{Method: "POST", URL: "http://public.example/a?b=c",
		Header: http.Header{"X-Key": {"k"}}, Body: []byte("body")})
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != 418 || string(res.Body) != "body" || res.Header.Get("X-Seen") != "POST k b=c" {
		t.Errorf("%d %q %v", res.Status, res.Body, res.Header)
	}
	if w.dials[0] != "93.184.216.34:80" {
		t.Errorf("dialled %v, not what was checked", w.dials)
	}
}

// places are addresses that must not be connected to, as a URL may spell them.
var places = []string{
	"127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "168.63.129.16",
	"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
	"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]",
	"[64:ff9b::7f00:1]", "[2001:db8::1]", "[2002:7f00:1::]", "[::127.0.0.1]",
	"127.0.0.1.", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "[fe80::1%25eth0]",
}

func TestNothingButPublicAddresses(t *testing.T) {
	w := newWire(t, hello)
	c := w.client(t, Options{})
	for _, host := range places {
		raw := "http://" + host + "/latest/meta-data"
		var blocked *BlockedError
		if res, err := c.Do(t.Context(), Request{URL: raw}); !errors.As(err, &blocked) {
			t.Errorf("%s: %v, %v", raw, res, err)
		}
		var e *parley.Error
		if err := c.CheckURL("url", raw); !errors.As(err, &e) || e.Field != "url" || e.Status != 400 || !strings.HasPrefix(e.Message, "url ") {
			t.Errorf("saving %s: %v", raw, err)
		}
	}
	if n := w.count(); n != 0 {
		t.Errorf("%d connections: %v", n, w.dials)
	}
}

func TestNamesThatLeadInside(t *testing.T) {
	w := newWire(t, hello)
	for _, host := range places {
		ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil {
			continue
		}
		w.names["inside.example"] = []netip.Addr{ip}
		w.names["both.example"] = []netip.Addr{netip.MustParseAddr("93.184.216.34"), ip}
		for _, name := range []string{"inside.example", "both.example"} {
			c := w.client(t, Options{})
			if err := c.CheckURL("url", "http://"+name); err != nil {
				t.Errorf("saving looks names up: %v", err)
			}
			var blocked *BlockedError
			if _, err := c.Do(t.Context(), Request{URL: "http://" + name}); !errors.As(err, &blocked) {
				t.Errorf("%s at %s: %v", name, ip, err)
			}
		}
	}
	if n := w.count(); n != 0 {
		t.Errorf("%d connections: %v", n, w.dials)
	}
}

// TestRebinding: a name is resolved once for each connection, and what was checked is what is dialled.
func TestRebinding(t *testing.T) {
	w := newWire(t, hello)
	c := New(Options{Dial: w.dial, Lookup: func() func(context.Context, string) ([]netip.Addr, error) {
		asked := 0
		return func(context.Context, string) ([]netip.Addr, error) {
			if asked++; asked == 1 {
				return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
	}()})
	defer c.Close()
	if _, err := c.Do(t.Context(), Request{URL: "http://rebind.example"}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := c.Do(t.Context(), Request{URL: "http://rebind.example"}); err == nil {
		t.Error("the second answer was followed inside")
	}
	if w.count() != 1 || w.dials[0] != "93.184.216.34:80" {
		t.Errorf("dialled %v", w.dials)
	}
}

func TestTheOperatorMayAllow(t *testing.T) {
	w := newWire(t, hello)
	w.names["crm.internal"] = []netip.Addr{netip.MustParseAddr("10.1.2.3")}
	c := w.client(t, Options{
		Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Own:   []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:9"), netip.MustParseAddrPort("10.1.2.3:81")},
	})
	for _, raw := range []string{"http://crm.internal", "http://127.0.0.1:10", "http://[::1]:10", "http://[::ffff:10.0.0.1]"} {
		if _, err := c.Do(t.Context(), Request{URL: raw}); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	before := w.count()
	for _, raw := range []string{"http://127.0.0.1:9", "http://[::1]:9", "http://crm.internal:81", "http://192.168.0.1"} {
		if _, err := c.Do(t.Context(), Request{URL: raw}); err == nil {
			t.Errorf("%s was fetched", raw)
		}
	}
	if w.count() != before {
		t.Errorf("dialled %v", w.dials[before:])
	}
}

func TestRedirects(t *testing.T) {
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inside":
			http.Redirect(rw, r, "http://169.254.169.254/", 302)
		case "/name":
			http.Redirect(rw, r, "http://inside.example/", 307)
		case "/file":
			http.Redirect(rw, r, "file:///etc/passwd", 302)
		case "/3", "/2", "/1":
			http.Redirect(rw, r, "/"+string(r.URL.Path[1]-1), 302)
		case "/4":
			http.Redirect(rw, r, "/3", 302)
		case "/other":
			http.Redirect(rw, r, "http://other.example/", 307)
		default:
			io.WriteString(rw, "end "+r.Header.Get("X-Key"))
		}
	})
	w.names["inside.example"] = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	w.names["other.example"] = []netip.Addr{netip.MustParseAddr("93.184.216.35")}
	c := w.client(t, Options{})
	for _, path := range []string{"/inside", "/name", "/file", "/4"} {
		if res, err := c.Do(t.Context(), Request{URL: "http://public.example" + path}); err == nil {
			t.Errorf("%s was followed to %q", path, res.Body)
		}
	}
	for _, a := range w.dials {
		if a != "93.184.216.34:80" {
			t.Errorf("dialled %s", a)
		}
	}
	h := http.Header{"X-Key": {"k"}}
	if res, err := c.Do(t.Context(), Request{URL: "http://public.example/3", Header: h}); err != nil || string(res.Body) != "end k" {
		t.Errorf("three redirects: %v, %v", res, err)
	}
	if res, err := c.Do(t.Context(), Request{URL: "http://public.example/other", Header: h}); err != nil || string(res.Body) != "end " {
		t.Errorf("a key went to another host: %v, %v", res, err)
	}
}

func TestAnswersAreCapped(t *testing.T) {
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, strings.Repeat("x", 5000)) })
	if res, err := w.client(t, Options{MaxBody: 4999}).Do(t.Context(), Request{URL: "http://public.example"}); !errors.Is(err, ErrTooLarge) || len(res.Body) != 4999 {
		t.Errorf("%v", err)
	}
	if res, err := w.client(t, Options{MaxBody: 5000}).Do(t.Context(), Request{URL: "http://public.example"}); err != nil || len(res.Body) != 5000 {
		t.Errorf("%v", err)
	}
}

func TestSlowAnswersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
			rw.Write([]byte("a"))
			rw.(http.Flusher).Flush()
			<-release
		})
		c := w.client(t, Options{})
		began := time.Now()
		_, err := c.Do(t.Context(), Request{URL: "http://public.example/secret-token"})
		if took := time.Since(began); err == nil || took != Timeout {
			t.Errorf("%v after %v", err, took)
		}
		if err != nil && strings.Contains(err.Error(), "secret-token") {
			t.Errorf("the error tells the address: %v", err)
		}
		close(release)
	})
}

func TestCheckURL(t *testing.T) {
	c := New(Options{})
	for _, raw := range []string{"https://example.com", "http://example.com:8443/hook?x=1", "https://8.8.8.8/", "https://[2606:4700::1111]/", "https://bücher.example/ü"} {
		if err := c.CheckURL("url", raw); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{
		"", "example.com", "ftp://example.com", "file:///etc/passwd", "http://", "http:///x", "http:example.com", "javascript:alert(1)", "gopher://x",
		"http://user:pass@example.com", "http://example.com:0", "http://example.com:99999", "http://exa mple.com", "http://example.com/\r\nX: y",
		"http://example.com/\x00", "http://[::1", "http://" + strings.Repeat("a", 2048) + ".example", "unix:///var/run/docker.sock",
	} {
		if err := c.CheckURL("context_endpoint", raw); err == nil {
			t.Errorf("%q passed", raw)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, p := range places {
		f.Add("http://" + p + ":80/x")
	}
	f.Add("https://example.com/hook")
	f.Add("http://fe80::1%25eth0]/")
	c := New(Options{Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no lookups") },
		Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
			a, err := netip.ParseAddrPort(addr)
			if err != nil || !a.Addr().IsGlobalUnicast() || a.Addr().IsPrivate() {
				panic("dialled " + addr)
			}
			return nil, errors.New("fine")
		}})
	f.Fuzz(func(t *testing.T, raw string) {
		saved := c.CheckURL("url", raw)
		_, err := c.Do(t.Context(), Request{URL: raw})
		var blocked *BlockedError
		if saved != nil && len(raw) <= maxSavedURL && !errors.As(err, &blocked) {
			t.Fatalf("%q is refused when saved (%v), and fetched: %v", raw, saved, err)
		}
	})
}
