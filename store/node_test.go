package store

import (
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// another opens the database of d once more, as another process does.
func another(t testing.TB, d *DB) *DB {
	t.Helper()
	return openAt(t, where(t, d))
}

// where is what Open is given for the database of d.
func where(t testing.TB, d *DB) string {
	t.Helper()
	q := "SELECT file FROM pragma_database_list WHERE name = 'main'"
	if d.pg {
		q = "SELECT current_database()"
	}
	var at string
	if err := d.r.NewRaw(q).Scan(t.Context(), &at); err != nil {
		t.Fatal(err)
	}
	if d.pg {
		u, err := url.Parse(os.Getenv("PARLEY_TEST_POSTGRES"))
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + at
		at = u.String()
	}
	return at
}

// two are nodes a and b of one database, which both live.
func two(t *testing.T, a *DB) (b *DB) {
	t.Helper()
	b = another(t, a)
	for id, d := range map[string]*DB{"a": a, "b": b} {
		if err := d.Join(t.Context(), Node{ID: id, Version: "v1", Roles: "api,media,jobs"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.w.Exec("UPDATE nodes SET state = 'up'"); err != nil { // on SQLite the last is alone
		t.Fatal(err)
	}
	return b
}

// node reads one of the nodes that are not gone.
func node(t *testing.T, d *DB, id string) Node {
	t.Helper()
	all, err := d.Nodes(t.Context())
	i := slices.IndexFunc(all, func(n Node) bool { return n.ID == id })
	if err != nil || i < 0 {
		t.Fatal(all, err)
	}
	return all[i]
}

// testNodes: who lives beats, and whoever does not has its duties taken.
func testNodes(t *testing.T, a *DB) {
	ctx := t.Context()
	b := two(t, a)
	was := node(t, b, "a")
	if was.Version != "v1" || was.Roles != "api,media,jobs" || was.State != NodeUp {
		t.Errorf("%+v", was)
	}
	if err := a.Beat(ctx, NodeDraining); err != nil {
		t.Fatal(err)
	}
	if is := node(t, b, "a"); is.Beat != was.Beat+1 || is.State != NodeDraining || is.Run != was.Run {
		t.Errorf("%+v after %+v", is, was)
	}
	if err := a.Beat(ctx, NodeUp); err != nil {
		t.Fatal(err)
	}
	duty := Duty{"webhooks", "jobs"}
	take := func(d *DB, want bool) {
		t.Helper()
		if got, err := d.TakeDuty(ctx, duty); got != want || err != nil {
			t.Errorf("%v %v", got, err)
		}
		if got, err := d.HasDuty(ctx, duty.Name); got != want || err != nil {
			t.Errorf("it is said to have it: %v %v", got, err)
		}
	}
	take(a, true)
	take(b, false)
	take(a, true)
	if err := a.Beat(ctx, NodeDraining); err != nil {
		t.Fatal(err)
	}
	take(a, true) // it does it still
	take(b, false)
	give := func(d *DB) {
		t.Helper()
		if err := d.GiveDuty(ctx, duty); err != nil {
			t.Error(err)
		}
	}
	give(b)
	take(b, false) // it was not b's to give
	give(a)
	take(a, false) // b is up
	take(b, true)
	take(a, false)
	seen := node(t, a, "b")
	if err := errors.Join(b.Beat(ctx, NodeUp), a.Beat(ctx, NodeUp)); err != nil {
		t.Fatal(err)
	}
	if mine, err := a.TakeDuty(ctx, duty, seen); mine || err != nil {
		t.Errorf("taken from a node that has beaten since: %v", err)
	}
	if mine, err := a.TakeDuty(ctx, duty, node(t, a, "b")); !mine || err != nil {
		t.Errorf("not taken from a node that is silent: %v", err)
	}
	take(b, false)
	give(a)
	take(b, true)
	if err := a.Beat(ctx, NodeDraining); err != nil {
		t.Fatal(err)
	}
	if err := b.Leave(ctx); err != nil {
		t.Fatal(err)
	}
	take(a, true)
	if err := b.Beat(ctx, NodeUp); !errors.Is(err, ErrGone) {
		t.Errorf("whoever has left beats: %v", err)
	}
	if all, err := a.Nodes(ctx); err != nil || len(all) != 1 || a.Self() != "a" {
		t.Errorf("%v %v", all, err)
	}
}

// testBereave: what ran in a node that is gone is ended, once, and nothing else.
func testBereave(t *testing.T, a *DB) {
	ctx := t.Context()
	b := two(t, a)
	env := environment(t, a)
	place := func(d *DB, id string, s parley.Status, jobs ...Job) {
		t.Helper()
		c := parley.Call{ID: id, UserID: env, Status: s, IsOutgoing: len(jobs) > 0, To: "+15550001"}
		if err := d.PlaceCall(ctx, c, []parley.Event{parley.NewEvent(id, parley.EventCreated, nil)}, jobs...); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(d *DB, kind string, doubt bool) []Job {
		t.Helper()
		jobs, err := d.ClaimJobs(ctx, Claim{Owner: d.Self(), Kind: kind, Limit: 9, Lease: time.Nanosecond, Doubt: doubt})
		if err != nil {
			t.Fatal(err)
		}
		return jobs
	}
	place(a, "runs", parley.InProgress)
	place(b, "others", parley.InProgress)
	place(a, "waits", parley.NotStarted, Job{Kind: "ready", Subject: "waits", Once: true})
	place(b, "dialled", parley.NotStarted, Job{Kind: "a's", Subject: "dialled", Once: true})
	place(a, "dialled by b", parley.NotStarted, Job{Kind: "b's", Subject: "dialled by b", Once: true})
	place(a, "untold", parley.InProgress)
	if err := a.UpdateCall(ctx, "untold", func(c *parley.Call) error {
		c.Status, c.Cause = parley.Ended, parley.AgentEnded
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	claim(a, "a's", false)
	claim(b, "b's", false)
	if jobs := claim(b, "a's", true); len(jobs) != 0 {
		t.Error("the lease of a node that lives counts as ended:", jobs)
	}
	was := node(t, b, "a")
	if err := a.Beat(ctx, NodeUp); err != nil {
		t.Fatal(err)
	}
	if lost, err := b.Bereave(ctx, was); err != nil || lost != nil {
		t.Errorf("it beats, and loses %v, %v", lost, err)
	}
	lost, err := b.Bereave(ctx, node(t, b, "a"))
	if err != nil {
		t.Fatal(err)
	}
	causes := map[string]parley.Cause{}
	for _, c := range lost {
		causes[c.ID] = c.Cause
	}
	if len(causes) != 3 || causes["runs"] != parley.NodeLost || causes["dialled"] != parley.Unknown || causes["untold"] != parley.AgentEnded {
		t.Errorf("%v", causes)
	}
	for id, want := range map[string]parley.Status{"others": parley.InProgress, "waits": parley.NotStarted, "dialled by b": parley.NotStarted, "runs": parley.Failed} {
		if c, err := b.Call(ctx, env, id); err != nil || c.Status != want {
			t.Errorf("%s is %s: %v", id, c.Status, err)
		}
	}
	if at, err := b.CallNode(ctx, "runs"); at != "a" || err != nil {
		t.Errorf("%q %v", at, err)
	}
	if _, err := b.CallNode(ctx, "?"); !parley.IsNotFound(err) {
		t.Error(err)
	}
	if jobs := claim(b, "a's", true); len(jobs) != 1 || jobs[0].Subject != "dialled" {
		t.Errorf("what was dialled is not in doubt: %+v", jobs)
	}
	if jobs := claim(b, "ready", false); len(jobs) != 1 {
		t.Errorf("what waits is not dialled: %+v", jobs)
	}
	if lost, err := b.Bereave(ctx, was); err != nil || lost != nil {
		t.Errorf("twice: %v %v", lost, err)
	}
	rejoins(t, a, b)
}

// beat beats by a connection that was not ended.
func beat(d *DB) (err error) {
	for range 2 * pgConns {
		if err = d.Beat(context.Background(), NodeUp); err == nil || errors.Is(err, ErrGone) || errors.Is(err, ErrReplaced) {
			return err
		}
	}
	return err
}

// join makes a a node again by a connection that was not ended.
func join(t *testing.T, a *DB) {
	t.Helper()
	var err error
	for range 2 * pgConns {
		if err = a.Join(context.Background(), Node{ID: "a"}); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// rejoins: a node that was taken for dead comes back with nothing of what it had.
func rejoins(t *testing.T, a, b *DB) {
	ctx := context.Background()
	if was, err := b.Earlier(ctx, "a"); err != nil || was != nil {
		t.Errorf("%+v lives: %v", was, err)
	}
	if err := beat(a); !errors.Is(err, ErrGone) {
		t.Errorf("a node that is gone beats: %v", err)
	}
	join(t, a)
	if err := errors.Join(beat(a), beat(b)); err != nil && a.pg {
		t.Error(err)
	}
}

// testReconcileAmongNodes: a start ends the calls of the node's earlier life and those of nobody, and leaves living nodes theirs.
func testReconcileAmongNodes(t *testing.T, a *DB) {
	ctx := t.Context()
	env := environment(t, a)
	if err := a.CreateCall(ctx, parley.Call{ID: "before nodes", UserID: env, Status: parley.InProgress}); err != nil {
		t.Fatal(err)
	}
	b := two(t, a)
	for id, d := range map[string]*DB{"a's": a, "b's": b} {
		if err := d.CreateCall(ctx, parley.Call{ID: id, UserID: env, Status: parley.InProgress}); err != nil {
			t.Fatal(err)
		}
	}
	next := another(t, a)
	if err := next.Join(ctx, Node{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	lost, err := next.ReconcileCalls(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range lost {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	want := []string{"a's", "before nodes"}
	if !a.pg {
		want = []string{"a's", "b's", "before nodes"} // the file is one process's
	}
	if !slices.Equal(ids, want) {
		t.Errorf("ended were %v", ids)
	}
}
