package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
)

const secret = "sk-live-0123456789abcdef"

// leak fails the test when an error, or anything it wraps, holds the key or a good part of it.
func leak(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", name)
		return
	}
	if s := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(s, "0123456789") {
		t.Errorf("%s: %s", name, s)
	}
	for e := err; e != nil; {
		if strings.Contains(e.Error(), "0123456789") {
			t.Errorf("%s: wraps %q", name, e)
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			return
		}
		e = u.Unwrap()
	}
}

// TestNoKeyInErrors: whatever a vendor quotes of a request, and wherever it was sent, its key is in no error.
func TestNoKeyInErrors(t *testing.T) {
	headers := map[string]http.Header{
		"bearer": {"Authorization": {"Bearer " + secret}}, "token": {"Authorization": {"Token " + secret}},
		"bare": {"Xi-Api-Key": {secret}}, "two": {"Api-Key": {"other-key-of-theirs", secret}},
		"google's": {"X-Goog-Api-Key": {secret}},
	}
	bodies := map[string]string{
		"object": `{"error":{"message":"Incorrect API key provided: ` + secret + `."}}`,
		"string": `{"error":"` + secret + ` is not a key"}`,
		"text":   "the key " + secret,
		"cut":    strings.Repeat("x", maxMessage-20) + secret, // an error keeps the first half of it
	}
	for hname, h := range headers {
		for bname, body := range bodies {
			for _, status := range []int{400, 401, 403, 404, 422, 429, 500} {
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(status)
					fmt.Fprint(w, body)
				}))
				name := fmt.Sprintf("%s, %s, %d", hname, bname, status)
				req, err := http.NewRequest(http.MethodGet, srv.URL+"/?key=0123456789", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header = h.Clone()
				_, err = operators.Do("acme", req)
				leak(t, name, err)
				_, err = operators.Dial(t.Context(), "acme", srv.URL+"/?key=0123456789", h)
				leak(t, name+", websocket", err)
				srv.CloseClientConnections()
				srv.Close()
			}
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	req, err := http.NewRequest(http.MethodGet, gone.URL+"/?key=0123456789", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = operators.Do("acme", req)
	leak(t, "nobody there", err)
	_, err = operators.Dial(t.Context(), "acme", gone.URL+"/?key=0123456789", headers["bearer"])
	leak(t, "nobody there, websocket", err)
	req.Header = http.Header{"Authorization": {"Bearer " + secret + "\n"}}
	_, err = operators.Do("acme", req)
	leak(t, "a key with a line feed", err)
}

func TestNoKeyInCloseReason(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err == nil {
			c.Close(websocket.StatusPolicyViolation, "no such key: "+secret)
		}
	}))
	defer srv.Close()
	s, err := operators.Dial(t.Context(), "acme", srv.URL, http.Header{"Authorization": {"Token " + secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, _, err = s.Next()
	leak(t, "close reason", err)
	if v, ok := err.(*parley.VendorError); !ok || v.Code != parley.VendorRefused || v.Status != 1008 || !strings.Contains(v.Message, "no such key: …") {
		t.Errorf("%v", err)
	}
}

func TestHidden(t *testing.T) {
	for _, c := range []struct{ said, header, want string }{
		{"a b c", "Bearer a", "a b c"}, // too short to be a key
		{"x sk-12345 y", "Bearer sk-12345", "x … y"},
		{"sk-12345sk-12345", "sk-12345", "……"},
		{"nothing of it", "", "nothing of it"},
	} {
		if got := string(hidden([]byte(c.said), http.Header{"Authorization": {c.header}})); got != c.want {
			t.Errorf("%q without %q is %q, want %q", c.said, c.header, got, c.want)
		}
	}
}
