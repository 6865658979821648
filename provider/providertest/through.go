package providertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"
)

// Through passes requests on to the server at an address, for tests that stand between a vendor and who calls it. Each is read
// whole before: an answer that comes before its last read would end the connection. The connections are its own, since a test
// that ends shuts the idle ones of the default transport.
func Through(t testing.TB, to string) http.Handler {
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := httputil.NewSingleHostReverseProxy(u)
	conns := new(http.Transport)
	p.Transport = conns
	t.Cleanup(conns.CloseIdleConnections)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.ServeHTTP(w, r)
	})
}
