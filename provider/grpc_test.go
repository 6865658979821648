package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// caller starts a server without TLS that speaks HTTP/2, and calls it.
func caller(t *testing.T, h http.HandlerFunc) (*Call, error) {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(func() {
		Access{}.Net.CloseIdle()
		srv.Close()
	})
	var n *Net
	return n.Call(t.Context(), "v", srv.URL+"/s/M", http.Header{"X-Goog-Api-Key": {"a-key-of-ours"}}, io.NopCloser(strings.NewReader("")))
}

func message(text string) []byte { return append(AppendHead(nil, len(text)), text...) }

// TestCall: what a server may answer, and what is made of it.
func TestCall(t *testing.T) {
	trailer := func(w http.ResponseWriter, status, text string) {
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", text)
	}
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   string // messages, by |
		code   parley.VendorCode
		words  string
	}{
		"two messages": {func(w http.ResponseWriter) { w.Write(append(message("one"), message("")...)); trailer(w, "0", "") }, "one|", "", ""},
		"none":         {func(w http.ResponseWriter) { trailer(w, "0", "") }, "", "", ""},
		"trailers alone": {func(w http.ResponseWriter) {
			w.Header().Set("Grpc-Status", "8")
			w.Header().Set("Grpc-Message", "too%20much")
		}, "", parley.VendorRateLimited, "too much"},
		"a status after words": {func(w http.ResponseWriter) { w.Write(message("one")); trailer(w, "14", "gone%2C again") }, "one", parley.VendorUnavailable, "gone, again"},
		"badly escaped":        {func(w http.ResponseWriter) { trailer(w, "3", "100%") }, "", parley.VendorRefused, "100%"},
		"quotes the key":       {func(w http.ResponseWriter) { trailer(w, "3", "a-key-of-ours is none") }, "", parley.VendorRefused, "… is none"},
		"no status":            {func(w http.ResponseWriter) { w.Write(message("one")) }, "one", parley.VendorUnavailable, "without a status"},
		"a strange status":     {func(w http.ResponseWriter) { trailer(w, "what", "") }, "", parley.VendorUnavailable, "without a status"},
		"a cut head":           {func(w http.ResponseWriter) { w.Write([]byte{0, 0, 0}); trailer(w, "0", "") }, "", parley.VendorUnavailable, "closed early"},
		"a cut message":        {func(w http.ResponseWriter) { w.Write(message("three")[:7]); trailer(w, "0", "") }, "", parley.VendorUnavailable, "closed early"},
		"compressed":           {func(w http.ResponseWriter) { w.Write([]byte{1, 0, 0, 0, 1, 7}) }, "", parley.VendorBadOutput, "compressed"},
		"too long":             {func(w http.ResponseWriter) { w.Write([]byte{0, 0x7f, 0, 0, 0}) }, "", parley.VendorBadOutput, "bytes"},
		"an HTTP error":        {func(w http.ResponseWriter) { w.WriteHeader(502); io.WriteString(w, "bad gateway") }, "", parley.VendorUnavailable, "bad gateway"},
		"an HTTP 403":          {func(w http.ResponseWriter) { w.WriteHeader(403) }, "", parley.VendorUnauthorized, "the key"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := caller(t, func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" || r.Header.Get("Content-Type") != "application/grpc" || r.ContentLength >= 0 && r.ContentLength != 0 {
					t.Errorf("asked by %s with %v", r.Proto, r.Header)
				}
				tc.answer(w)
			})
			got := ""
			for err == nil {
				var m []byte
				if m, err = c.Next(); err == nil {
					got += string(m) + "|"
				}
			}
			if c != nil {
				c.Close()
			}
			var v *parley.VendorError
			switch {
			case strings.TrimSuffix(got, "|") != tc.want:
				t.Errorf("heard %q, want %q", got, tc.want)
			case tc.code == "":
				if !errors.Is(err, io.EOF) {
					t.Errorf("ended with %v", err)
				}
			case !errors.As(err, &v) || v.Code != tc.code || v.Vendor != "v" || !strings.Contains(v.Message, tc.words):
				t.Errorf("ended with %v, want %s with %q", err, tc.code, tc.words)
			}
		})
	}
}

// TestCallCancelled: a call that nobody answers ends with its context.
func TestCallCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	defer srv.Close()
	defer Access{}.Net.CloseIdle()
	var n *Net
	r, w := io.Pipe()
	defer w.Close()
	if _, err := n.Call(ctx, "v", srv.URL, http.Header{}, r); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if _, err := n.Call(t.Context(), "v", "http://127.0.0.1:1", http.Header{}, io.NopCloser(strings.NewReader(""))); !errors.As(err, new(*parley.VendorError)) {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := n.Call(t.Context(), "v", "::", http.Header{}, io.NopCloser(strings.NewReader(""))); err == nil {
		t.Error("no address")
	}
}

// TestCallOverTLS: with a certificate HTTP/2 is agreed on by ALPN, and kept for the next call.
func TestCallOverTLS(t *testing.T) {
	var from []string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from = append(from, r.Proto+" "+r.RemoteAddr)
		io.Copy(io.Discard, r.Body)
		w.Write(message("one"))
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	n := newNet(nil, new(net.Dialer).DialContext)
	defer n.CloseIdle()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	n.calls.Transport.(*http.Transport).TLSClientConfig.RootCAs = roots
	if err := n.TouchCalls(t.Context(), "v", srv.URL, http.Header{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c, err := n.Call(t.Context(), "v", srv.URL, http.Header{}, io.NopCloser(strings.NewReader("x")))
		if err != nil {
			t.Fatal(err)
		}
		if m, err := c.Next(); err != nil || string(m) != "one" {
			t.Errorf("%q, %v", m, err)
		}
		if _, err := c.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
		c.Close()
	}
	if len(from) != 3 || from[0] != from[1] || from[1] != from[2] || !strings.HasPrefix(from[0], "HTTP/2.0 ") {
		t.Errorf("asked by %q", from)
	}
}
