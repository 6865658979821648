//go:build e2e

package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// creates is how many requests there are at once.
const creates = 1000

// TestSameKey: a thousand requests at once that are one, by their Idempotency-Key, and the same thousand again, make one call and
// dial it at most once, also when the server is killed in the middle of them.
func TestSameKey(t *testing.T) {
	each(t, func(t *testing.T, url string, db *sql.DB) {
		g := lay(t, url, db, 1)
		for _, kill := range []struct {
			at   string // moment of the kill
			left int    // how many of them
		}{{"", 0}, {"sent", 1}, {"sent", creates / 2}, {"answered", 1}, {"answered", creates / 2}, {"invite", 1}} {
			g.same(kill.at, kill.left)
		}
		total := 0
		for _, n := range g.w.dialled() {
			total += n
		}
		if n := len(g.column("SELECT id FROM calls")); n != g.n || total > n {
			t.Errorf("%d calls and %d INVITEs of %d requests", n, total, g.n)
		}
	})
}

// same makes one request a thousand times, with a kill at a moment unless that is "", and then again.
func (g *siege) same(at string, left int) {
	g.n++
	what := fmt.Sprintf("killed at %q %d", at, left)
	g.mu.Lock()
	g.moment, g.left, g.delay, g.killed = at, left, 0, make(chan struct{})
	g.mu.Unlock()
	body := m{"agent": g.agent, "from_number": "1000", "to_number": g.w.address("brief", g.n)}
	before := g.storm(what, body)
	if at != "" {
		g.kill() // in case that the moment did not come
		<-g.gone
		g.w.forget()
		g.start()
	}
	again := g.storm(what, body)
	g.until(what+": the call is over", 30*time.Second, func() bool {
		return len(g.column("SELECT id FROM calls WHERE status IN ('not_started', 'in_progress')")) == 0
	})
	ids, dialled := map[string]bool{}, 0
	for _, id := range append(before, again...) {
		if !ids[id] {
			dialled += g.w.dialled()[id]
		}
		ids[id] = true
	}
	if len(again) == 0 || len(ids) != 1 || dialled > 1 || at == "" && dialled != 1 {
		g.t.Errorf("%s: %d and then %d of %d requests were answered, with %d calls, which were dialled %d times", what, len(before), len(again), creates, len(ids), dialled)
	}
	g.t.Logf("%s: %d and then %d of %d requests were answered with the call; dialled: %d", what, len(before), len(again), creates, dialled)
}

// storm makes the requests all at once, and returns the ids in the answers.
func (g *siege) storm(once string, body m) (ids []string) {
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range creates {
		all.Go(func() {
			var c struct{ ID string }
			g.tell("sent", "")
			code := g.ask(ctx, "POST", "/v1/calls/create", body, once, &c)
			if code != 0 {
				g.tell("answered", "")
			}
			switch code {
			case http.StatusCreated:
				mu.Lock()
				ids = append(ids, c.ID)
				mu.Unlock()
			case 0, http.StatusConflict: // it died; or another of these is being answered
			default:
				g.t.Errorf("%s: a request is answered %d", once, code)
			}
		})
	}
	all.Wait()
	return ids
}
