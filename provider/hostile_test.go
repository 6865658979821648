package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parley-voice/parley"
)

// TestLineIsForATerminal: what a vendor says is shown by parley doctor, too; nothing in it moves the cursor, names the window or turns the text.
func TestLineIsForATerminal(t *testing.T) {
	for said, want := range map[string]string{
		"a\x1b]0;owned\x07b\x1b[2Jc":  "a]0;ownedb[2Jc",
		"nul\x00 del\x7f csi\u009b1m": "nul del csi1m",
		"turned \u202egnp.exe":        "turned gnp.exe",
		"two\r\nlines\tö 語":           "two lines ö 語",
	} {
		if got := Line(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// TestAKeyStaysWithItsVendor: a redirect to another server is not followed, whichever header holds the key; one on the same is.
func TestAKeyStaysWithItsVendor(t *testing.T) {
	var strays atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strays.Add(1) }))
	defer other.Close()
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
		case "/here":
			_, _ = w.Write([]byte(`{}`))
		default:
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}
	}))
	defer vendor.Close()
	var n *Net
	h := http.Header{"X-Goog-Api-Key": {"a-key-of-ours"}}
	var v *parley.VendorError
	if err := n.Get(t.Context(), "acme", vendor.URL+"/away", h, nil); !errors.As(err, &v) || v.Status != http.StatusTemporaryRedirect {
		t.Errorf("a request: %v", err)
	}
	if _, err := n.Dial(t.Context(), "acme", "ws"+strings.TrimPrefix(vendor.URL, "http")+"/away", h); !errors.As(err, &v) {
		t.Errorf("a websocket: %v", err)
	}
	if err := n.Get(t.Context(), "acme", vendor.URL+"/moved", h, nil); err != nil {
		t.Errorf("on the same server: %v", err)
	}
	for from, to := range map[string]string{"https://a.example/x": "http://a.example/x", "http://a.example/": "https://b.example/", "http://a.example:81/": "http://a.example:82/"} {
		was, _ := http.NewRequest(http.MethodGet, from, nil)
		next, _ := http.NewRequest(http.MethodGet, to, nil)
		if sameServer(next, []*http.Request{was}) == nil || sameServer(was, []*http.Request{was}) != nil {
			t.Errorf("%s to %s", from, to)
		}
	}
	if strays.Load() > 0 {
		t.Errorf("%d requests with the key came to another server", strays.Load())
	}
}

// TestAnErrorIsShort, however long what could not be read is.
func TestAnErrorIsShort(t *testing.T) {
	long := `{"n":1` + strings.Repeat("1", 1<<20) + `.5}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(long)) }))
	defer srv.Close()
	var n *Net
	var into struct{ N int }
	if err := n.Get(t.Context(), "acme", srv.URL, http.Header{}, &into); err == nil || len(err.Error()) > 2*maxMessage {
		t.Errorf("%d bytes", len(err.Error()))
	}
	if err := BadOutput("acme", long, json.Unmarshal([]byte(long), &into)); len(err.Error()) > 2*maxMessage {
		t.Errorf("%d bytes", len(err.Error()))
	}
}
