//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// hooks receives webhooks and keeps which ids each event came with.
type hooks struct {
	url  string
	told func(moment, callID string)

	mu  sync.Mutex                 // guards ids
	ids map[string]map[string]bool // webhook-id by event id
}

func newHooks(t *testing.T) *hooks {
	h := &hooks{ids: map[string]map[string]bool{}}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct {
		ID   string
		Call string `json:"call_id"`
	}
	b, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil || e.ID == "" {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	if h.ids[e.ID] == nil {
		h.ids[e.ID] = map[string]bool{}
	}
	h.ids[e.ID][r.Header.Get("webhook-id")] = true
	h.mu.Unlock()
	if h.told != nil {
		h.told("webhook", e.Call)
	}
}

// with is with how many different webhook-ids an event came, 0: it did not.
func (h *hooks) with(event string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ids[event])
}
