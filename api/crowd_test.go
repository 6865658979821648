package api

import (
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/parley-voice/parley/store"
)

// TestACrowdWithOneKey: 1,000 requests at once that are one and the same make one call with one job; each is answered as that one,
// or told that it is being worked on.
func TestACrowdWithOneKey(t *testing.T) {
	h := newHouse(t)
	h.api.limits = newLimits(-1)
	const crowd = 1000
	var made, busy, other atomic.Int64
	ids := sync.Map{}
	start := make(chan struct{})
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			<-start
			switch w := h.raw(h.request(h.a, "/v1/calls/create", ring, "the same")); w.Code {
			case http.StatusCreated:
				made.Add(1)
				ids.Store(reply{t: t, body: w.Body.Bytes()}.object()["id"], true)
			case http.StatusConflict:
				busy.Add(1)
			default:
				other.Add(1)
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	close(start)
	wg.Wait()
	different := 0
	ids.Range(func(any, any) bool { different++; return true })
	if made.Load() == 0 || made.Load()+busy.Load() != crowd || different != 1 {
		t.Errorf("%d made, %d busy, %d otherwise; %d different calls", made.Load(), busy.Load(), other.Load(), different)
	}
	if n := h.calls(h.a); n != 1 {
		t.Errorf("%d calls are in the store", n)
	}
	depth, err := h.db.Depth(t.Context())
	if err != nil || depth.Jobs != 1 {
		t.Errorf("%d jobs, %v", depth.Jobs, err)
	}
}

// TestCrowdOfCallers: a maximum of calls holds however many ask at once, and the others are told it.
func TestCrowdOfCallers(t *testing.T) {
	h := newHouse(t)
	h.api.limits = newLimits(-1)
	const most, crowd = 7, 200
	if _, err := h.db.UpdateEnvironment(t.Context(), h.a.env, func(e *store.Environment) error { e.MaxCalls = most; return nil }); err != nil {
		t.Fatal(err)
	}
	var made, full atomic.Int64
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			switch r := h.do(h.a, "POST", "/v1/calls/create", ring); r.status {
			case http.StatusCreated:
				made.Add(1)
			case http.StatusTooManyRequests:
				full.Add(1)
			default:
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if made.Load() != most || full.Load() != crowd-most {
		t.Errorf("%d calls, %d refused; want %d", made.Load(), full.Load(), most)
	}
}

// files are all files of the house's database.
func (h *house) files() []string {
	h.t.Helper()
	l, err := filepath.Glob(filepath.Join(h.dir, "*"))
	if err != nil || len(l) == 0 {
		h.t.Fatalf("%v %v", l, err)
	}
	return l
}
