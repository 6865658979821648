package api

import (
	"net/http"
	"net/netip"

	"github.com/parley-voice/parley/store"
)

// metrics shows the counters to this machine itself and to operators. A request that a proxy passed on is not this machine's own.
func (a *API) metrics(w http.ResponseWriter, r *request) error {
	if !FromHere(r.Request) {
		key, err := a.key(r.Context(), r.Header.Get("Authorization"))
		if err != nil && r.Header.Get("Authorization") != "" {
			return err
		}
		if r.key = key; err != nil || key.Role != store.Operator {
			return refused(http.StatusForbidden, "forbidden", "metrics are for this machine itself and for keys of role operator")
		}
	}
	if a.Meter == nil {
		return refused(http.StatusNotFound, "not_found", "this process counts nothing")
	}
	a.Meter.ServeHTTP(w, r.Request)
	return nil
}

// FromHere reports whether a request comes from this machine, and nobody says that it came from elsewhere.
func FromHere(r *http.Request) bool {
	for _, passedOn := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if _, ok := r.Header[passedOn]; ok {
			return false
		}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}
