package bench

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

const fewRows = 800

// past fills a folder and opens it as the server does.
func openPast(t *testing.T, rows int) (*past, *store.DB, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	p, err := seeded(t.Context(), dir, rows)
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan *store.DB, 1)
	done := make(chan struct{})
	end := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.opened(context.Background(), dir, func(db *store.DB) error { ready <- db; <-end; return nil }); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { close(end); <-done })
	select {
	case db := <-ready:
		return p, db, dir
	case <-done:
		t.Fatal("the database does not open")
		return nil, nil, ""
	}
}

func listed(t *testing.T, db *store.DB, env string, filters ...store.Filter) store.List[parley.Call] {
	t.Helper()
	l, err := db.Calls(t.Context(), env, store.Page{Size: 20, Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestSeededCallsAreCalls: what was copied past the store is read by the store as if it had written it.
func TestSeededCallsAreCalls(t *testing.T) {
	p, db, dir := openPast(t, fewRows)
	e, made, err := db.EnsureDefaultEnvironment(t.Context())
	if err != nil || made {
		t.Fatalf("made %v, %v", made, err)
	}
	if l := listed(t, db, e.ID); l.Total != fewRows || len(l.Items) != 20 {
		t.Fatalf("%d calls, %d shown", l.Total, len(l.Items))
	}
	for _, i := range []int{0, 1, fewRows / 2, fewRows - 1} {
		f := p.fate(i)
		c, err := db.Call(t.Context(), e.ID, f.id)
		if err != nil {
			t.Fatal(err)
		}
		want := sortOf(f.sort, f.created)
		if c.AgentID != p.Agents[f.agent] || c.Status != want.Status || c.Cause != want.Cause || len(c.Turns) != len(want.Turns) || c.Usage != want.Usage {
			t.Errorf("call %d is %+v", i, c)
		}
		if c.Created.Sub(f.created).Abs() > time.Microsecond || !strings.Contains(string(c.Agent), c.AgentID) || c.To != f.callee && c.From != f.callee {
			t.Errorf("call %d: %v %s %s→%s", i, c.Created, c.Agent, c.From, c.To)
		}
		if !want.Start.IsZero() && (c.Start.Sub(want.Start).Abs() > time.Microsecond || c.End.Sub(want.End).Abs() > time.Microsecond) {
			t.Errorf("call %d from %v to %v, want %v to %v", i, c.Start, c.End, want.Start, want.End)
		}
	}
	f := p.fate(3)
	for field, v := range map[string]any{"agent": p.Agents[f.agent], "status": "ended", "telephony_id": f.telephonyID} {
		l := listed(t, db, e.ID, store.Filter{Field: field, Value: v})
		if l.Total == 0 || l.Total == fewRows {
			t.Errorf("%d calls with %s %v", l.Total, field, v)
		}
	}
	again, err := seeded(t.Context(), dir, fewRows)
	if err != nil || again.fate(7) != p.fate(7) {
		t.Errorf("a folder that is filled is not taken as it is: %v", err)
	}
}

// TestSeededEventsAreTold: the log has events of some calls, and nothing is left for webhooks to do.
func TestSeededEventsAreTold(t *testing.T) {
	p, db, _ := openPast(t, fewRows)
	events, err := db.Log().Events(t.Context(), p.fate(0).id, 0, 0)
	if err != nil || len(events) == 0 || len(events) != len(eventsOf(p.fate(0))) {
		t.Fatalf("%d events, %v", len(events), err)
	}
	last, err := db.Log().Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at, err := db.Cursor(t.Context(), "webhook"); err != nil || at != last {
		t.Errorf("webhooks were told up to %d of %d: %v", at, last, err)
	}
	if left, err := db.OutstandingWebhooks(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%d webhooks have to be told, %v", len(left), err)
	}
	e, _, err := db.EnsureDefaultEnvironment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if l, err := db.Deliveries(t.Context(), e.ID, store.Page{}); err != nil || l.Total < fewRows/seedEventsOf {
		t.Errorf("%d deliveries, %v", l.Total, err)
	}
}

// TestSeedRefusesAStrangersFolder: a database that holds somebody's calls is not touched.
func TestSeedRefusesAStrangersFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(seedDatabase(dir), []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seeded(t.Context(), dir, 10); err == nil || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("%v", err)
	}
	if b, _ := os.ReadFile(seedDatabase(dir)); string(b) != "somebody's" {
		t.Error("it was written to")
	}
	if err := os.WriteFile(filepath.Join(dir, seedFile), []byte(`{"rows": 20}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seeded(t.Context(), dir, 10); err == nil || !strings.Contains(err.Error(), "holds 20 calls") {
		t.Errorf("%v", err)
	}
}

func BenchmarkSeed(b *testing.B) {
	for b.Loop() {
		dir, err := os.MkdirTemp(b.TempDir(), "")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := seeded(context.Background(), dir, 20_000); err != nil {
			b.Fatal(err)
		}
	}
}
