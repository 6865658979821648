package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestDebugIsForThisMachine: not for others, and not for those whom a proxy on this machine lets in.
func TestDebugIsForThisMachine(t *testing.T) {
	h, _ := serve(t, t.TempDir())
	for _, x := range []struct {
		from, header string
		want         int
	}{{"127.0.0.1:5", "", 200}, {"[::1]:5", "", 200}, {"203.0.113.5:5", "", 404}, {"127.0.0.1:5", "X-Forwarded-For", 404}, {"127.0.0.1:5", "Via", 404}, {"@", "", 404}} {
		for _, page := range []string{"/debug/state", "/debug/pprof/", "/debug/pprof/symbol"} {
			r, w := httptest.NewRequest(http.MethodGet, page, nil), httptest.NewRecorder()
			r.RemoteAddr = x.from
			if x.header != "" {
				r.Header.Set(x.header, "203.0.113.5")
			}
			if h.handler.ServeHTTP(w, r); w.Code != x.want {
				t.Errorf("%s from %q with %q: %d, want %d", page, x.from, x.header, w.Code, x.want)
			}
		}
	}
}
