package provider

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/parley-voice/parley"
)

func all(t *testing.T, r io.Reader) (out []string, err error) {
	t.Helper()
	e := NewEvents(r)
	for {
		d, err := e.Next()
		if err != nil {
			return out, err
		}
		out = append(out, string(d))
	}
}

func TestEvents(t *testing.T) {
	long := strings.Repeat("x", 70<<10) // a tool call whole, longer than any buffer
	in := ": hello\n\ndata: one\n\nevent: message\r\nid: 3\r\ndata:two\r\n\r\ndata:\n\ndata: " + long + "\n\nretry: 5\ndata: [DONE]\n\ndata: cut"
	for name, r := range map[string]io.Reader{"whole": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in))} {
		got, err := all(t, r)
		if want := []string{"one", "two", long, "[DONE]", "cut"}; strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: got %d events: %.100q", name, len(got), got)
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: ended with %v", name, err)
		}
	}
}

// endless is a line, or lines of noise, without end.
type endless string

func (e endless) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat(string(e), len(p)/len(e)+1)), nil
}

func TestEventsAreBounded(t *testing.T) {
	for _, r := range []io.Reader{endless("x"), endless(": noise\n"), endless("\n"), io.MultiReader(strings.NewReader("data: "), endless("x"))} {
		if _, err := all(t, r); !errors.Is(err, ErrTooLong) {
			t.Errorf("ended with %v", err)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: {\"a\":1}\n\n: c\r\ndata:x"))
	f.Add([]byte("\n\r\n\rdata"))
	f.Add(bytes.Repeat([]byte("data: y"), 5000))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := NewEvents(bytes.NewReader(b))
		total := 0
		for {
			d, err := e.Next()
			if err != nil {
				break
			}
			if len(d) == 0 || bytes.ContainsRune(d, '\n') {
				t.Fatalf("event %q", d)
			}
			total += len(d)
		}
		if total > len(b) {
			t.Fatalf("%d bytes of events out of %d", total, len(b))
		}
	})
}

func TestStatusError(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		code   parley.VendorCode
		words  string
	}{
		{401, `{"error":{"message":"Incorrect API key provided: sk-secret"}}`, parley.VendorUnauthorized, "key"},
		{403, `sk-secret`, parley.VendorUnauthorized, "key"},
		{402, `{"err_code":"X","err_msg":"no credit"}`, parley.VendorRateLimited, "no credit"},
		{429, `{"error":{"message":"slow\n down"}}`, parley.VendorRateLimited, "slow down"},
		{400, `{"error":"model not found"}`, parley.VendorRefused, "model not found"},
		{422, `{"detail":"bad voice"}`, parley.VendorRefused, "bad voice"},
		{404, ``, parley.VendorRefused, "Not Found"},
		{500, `{"message":"oops"}`, parley.VendorUnavailable, "oops"},
		{503, `<html>` + strings.Repeat("long ", 1000), parley.VendorUnavailable, "<html>"},
		{408, ``, parley.VendorTimeout, "Timeout"},
	} {
		e := StatusError("acme", tc.status, []byte(tc.body))
		if e.Code != tc.code || !strings.Contains(e.Message, tc.words) || e.Vendor != "acme" || e.Status != tc.status {
			t.Errorf("%d %q gave %+v", tc.status, tc.body, e)
		}
		if strings.Contains(e.Error(), "secret") || len(e.Error()) > 400 || strings.Contains(e.Error(), "\n") {
			t.Errorf("%d: %q", tc.status, e.Error())
		}
	}
}

func TestFault(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	typed := Closed("acme", "x")
	for _, tc := range []struct {
		ctx  context.Context
		err  error
		code parley.VendorCode
		is   error
	}{
		{context.Background(), io.ErrUnexpectedEOF, parley.VendorUnavailable, io.ErrUnexpectedEOF},
		{context.Background(), context.DeadlineExceeded, parley.VendorTimeout, nil},
		{context.Background(), errors.New("x"), parley.VendorUnavailable, nil},
		{context.Background(), typed, parley.VendorUnavailable, typed},
		{done, typed, "", context.Canceled},
		{done, io.EOF, "", context.Canceled},
	} {
		err := Fault(tc.ctx, "acme", tc.err)
		var v *parley.VendorError
		if errors.As(err, &v) != (tc.code != "") || v != nil && v.Code != tc.code || tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%v gave %v", tc.err, err)
		}
	}
	if Fault(done, "acme", nil) != nil {
		t.Error("no error gave one")
	}
}

func TestSocketURL(t *testing.T) {
	q := url.Values{"a": {"1 2"}}
	for in, want := range map[string]string{
		"https://api.acme.com":   "wss://api.acme.com/v1/x?a=1+2",
		"http://127.0.0.1:9/v1/": "ws://127.0.0.1:9/v1/v1/x?a=1+2",
		"wss://h":                "wss://h/v1/x?a=1+2",
		"ftp://h":                "",
		"h:80":                   "",
		"":                       "",
		"http://[::1":            "",
	} {
		got, err := SocketURL(in, "/v1/x", q)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q gave %q, %v", in, got, err)
		}
	}
}

// TestConnectionsAreKept: the second request goes over the first one's connection, and a Touch opens one.
func TestConnectionsAreKept(t *testing.T) {
	addrs := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { addrs[r.RemoteAddr] = true }))
	defer srv.Close()
	defer operators.CloseIdle()
	if err := operators.Touch(t.Context(), "acme", srv.URL, http.Header{"X": {"y"}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		req, _ := http.NewRequest(http.MethodGet, srv.URL, nil)
		resp, err := operators.Do("acme", req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if len(addrs) != 1 {
		t.Errorf("%d connections", len(addrs))
	}
}

// TestDeadKeptConnection: a connection that died between turns is nobody's failure; the request goes over a new one.
func TestDeadKeptConnection(t *testing.T) {
	seen := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, sent := r.Header["Idempotency-Key"]; sent {
			t.Error("a header that is none of theirs was sent")
		}
		if seen[r.RemoteAddr]++; seen[r.RemoteAddr] == 2 {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		}
	}))
	defer srv.Close()
	defer operators.CloseIdle()
	for range 2 {
		req, _ := http.NewRequest(http.MethodPost, srv.URL, strings.NewReader("{}"))
		resp, err := operators.Do("acme", req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if len(seen) != 2 {
		t.Errorf("%v connections", seen)
	}
}

// TestErrorsDoNotTellAddresses: an address may carry a key.
func TestErrorsDoNotTellAddresses(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	req, _ := http.NewRequest(http.MethodGet, srv.URL+"/?key=secret", nil)
	_, err := operators.Do("acme", req)
	var v *parley.VendorError
	if !errors.As(err, &v) || v.Code != parley.VendorUnavailable || strings.Contains(err.Error(), "secret") {
		t.Errorf("gave %v", err)
	}
	if _, err = operators.Dial(t.Context(), "acme", strings.Replace(srv.URL, "http", "ws", 1)+"/?key=secret", nil); !errors.As(err, &v) || strings.Contains(err.Error(), "secret") {
		t.Errorf("gave %v", err)
	}
}

func TestDialIsCancelled(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := operators.Dial(ctx, "acme", srv.URL, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("gave %v", err)
	}
}

func TestReadAllReusesItsBuffer(t *testing.T) {
	buf := make([]byte, 0, 64)
	r := strings.NewReader("")
	if n := testing.AllocsPerRun(100, func() {
		r.Reset("hello, this is a message")
		b, err := ReadAll(r, buf)
		if err != nil || string(b) != "hello, this is a message" {
			t.Errorf("read %q, %v", b, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if b, err := ReadAll(strings.NewReader(strings.Repeat("x", 1000)), nil); err != nil || len(b) != 1000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := ReadAll(iotest.ErrReader(errors.New("x")), nil); err == nil {
		t.Error("an error was lost")
	}
}
