package provider

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// TestSound: an answer that says it is something else than plain sound is none.
func TestSound(t *testing.T) {
	kind, status := "", 200
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header()["Content-Type"] = []string{kind}
		w.WriteHeader(status)
		w.Write(append(b, r.Header.Get("X")...))
	}))
	defer srv.Close()
	var n *Net
	header := http.Header{"X": {"y"}}
	for k, ok := range map[string]bool{"audio/pcm": true, "audio/wav": true, "audio/x-wav": true, "application/octet-stream": true, "": true, "audio/basic": true,
		"audio/mpeg": false, "application/json; charset=utf-8": false, "text/html": false, "Audio/OGG": false} {
		kind = k
		body, err := n.Sound(t.Context(), "acme", srv.URL, header, []byte("x"))
		var v *parley.VendorError
		if (err == nil) != ok || err != nil && (!errors.As(err, &v) || v.Code != parley.VendorBadOutput || !strings.Contains(v.Message, strings.ToLower(k))) {
			t.Errorf("%q: %v", k, err)
		}
		if err != nil {
			continue
		}
		if b, _ := io.ReadAll(body); string(b) != "xy" {
			t.Errorf("%q: gave %q", k, b)
		}
		body.Close()
	}
	if len(header) != 1 {
		t.Errorf("the header was changed: %v", header)
	}
	kind, status = "audio/pcm", 503
	var v *parley.VendorError
	if _, err := n.Sound(t.Context(), "acme", srv.URL, header, nil); !errors.As(err, &v) || v.Code != parley.VendorUnavailable {
		t.Errorf("503: %v", err)
	}
	if _, err := n.Sound(t.Context(), "acme", "://", header, nil); err == nil {
		t.Error("no address was posted to")
	}
}
