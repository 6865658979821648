package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// BenchmarkRequest is what a request costs here, the store's work included.
func BenchmarkRequest(b *testing.B) {
	h := newHouse(b)
	h.furnish(h.a)
	h.api.limits = newLimits(-1)
	id := h.call(h.a, func(c *parley.Call) { finished(h.a)(c); c.ID = newID() })
	for range 20 {
		h.call(h.a, func(c *parley.Call) { finished(h.a)(c); c.ID = newID() })
	}
	agent := string(h.do(h.a, "GET", "/v1/agents?id="+h.a.ids["agents"], "").body)
	for _, row := range []struct{ name, method, path, body string }{
		{"get a call", "GET", "/v1/calls?id=" + id, ""},
		{"list 10 calls", "GET", "/v1/calls/list", ""},
		{"get an agent", "GET", "/v1/agents?id=" + h.a.ids["agents"], ""},
		{"list agents", "GET", "/v1/agents/list", ""},
		{"get a prompt", "GET", "/v1/prompts?id=" + h.a.ids["prompts"], ""},
		{"change an agent", "POST", "/v1/agents/update?id=" + h.a.ids["agents"], agent},
		{"make a call", "POST", "/v1/calls/create", ring},
		{"refuse a body", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"conversation_speed":7}`},
		{"refuse a key", "GET", "/v1/agents/list", "nokey"},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var body io.Reader = http.NoBody
				if row.method == "POST" {
					body = strings.NewReader(row.body)
				}
				req := httptest.NewRequest(row.method, row.path, body)
				req.Header.Set("Authorization", "Bearer "+h.a.key)
				if row.body == "nokey" {
					req.Header.Set("Authorization", "Bearer x")
				}
				h.api.ServeHTTP(nowhere{http.Header{}}, req)
			}
		})
	}
}

// nowhere takes an answer and forgets it.
type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}
