package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func queued(env, id string) parley.Call {
	c := outbound(env, id)
	c.Queued = true
	return c
}

func enqueue(t testing.TB, d *DB, c parley.Call) {
	t.Helper()
	if err := d.PlaceCall(t.Context(), c, nil, Job{Kind: "dial", Subject: c.ID, DedupeKey: c.ID, Once: true}); err != nil {
		t.Fatal(err)
	}
}

func admit(t testing.TB, d *DB, want int) Admitted {
	t.Helper()
	a, err := d.Admit(t.Context())
	if err != nil || a.Let != want {
		t.Fatalf("let %d go, want %d (%v)", a.Let, want, err)
	}
	return a
}

// dials are the subjects of the jobs that may run now.
func dials(t testing.TB, d *DB) string {
	t.Helper()
	jobs, err := d.ClaimJobs(t.Context(), Claim{Owner: "o", Kind: "dial", Limit: 1000, Lease: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var l []string
	for _, j := range jobs {
		if !j.Once {
			t.Error("a dial may be made twice")
		}
		l = append(l, j.Subject)
	}
	return strings.Join(l, " ")
}

func testQueue(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 1)
	freed(d)
	enqueue(t, d, queued(env, "a"))
	if !freed(d) {
		t.Error("nobody is told of a queued call")
	}
	enqueue(t, d, queued(env, "b"))
	if got := dials(t, d); got != "" {
		t.Errorf("%s: dialled without a slot", got)
	}
	if c, err := d.Call(ctx, env, "a"); err != nil || !c.Queued || c.Status != parley.NotStarted {
		t.Errorf("%+v %v", c, err)
	}
	for len(d.JobsAdded()) > 0 {
		<-d.JobsAdded()
	}
	admit(t, d, 1)
	if len(d.JobsAdded()) == 0 {
		t.Error("nobody is told that there is something to dial")
	}
	if c, err := d.Call(ctx, env, "a"); err != nil || c.Queued || c.Status != parley.NotStarted {
		t.Errorf("%+v %v", c, err)
	}
	if got := dials(t, d); got != "a" {
		t.Errorf("dialled %q", got)
	}
	a := admit(t, d, 0)
	if d.pg == a.Next.IsZero() {
		t.Error("look again at", a.Next)
	}
	if n, _, ok := isFull(d.PlaceCall(ctx, outbound(env, "c"), nil)); !ok || n != 1 {
		t.Error("a call that was let go has no slot:", n)
	}
	end(t, d, "a")
	admit(t, d, 1)
	if got := dials(t, d); got != "b" {
		t.Errorf("dialled %q", got)
	}
	end(t, d, "b")
	if a := admit(t, d, 0); !a.Next.IsZero() {
		t.Error("an empty queue is looked at again at", a.Next)
	}
}

func testQueueOrder(t *testing.T, d *DB) {
	env, free := limited(t, d, 2), environment(t, d)
	at := time.Now().Add(-time.Minute)
	for i, id := range []string{"third", "first", "second"} {
		c := queued(env, id)
		c.Created = at.Add(time.Duration([]int{3, 1, 2}[i]) * time.Second)
		enqueue(t, d, c)
	}
	later := queued(free, "later")
	later.NotBefore = time.Now().Add(time.Hour)
	enqueue(t, d, later)
	for i := range 3 * admitAtOnce {
		enqueue(t, d, queued(free, fmt.Sprintf("x%03d", i)))
	}
	a := admit(t, d, 2+3*admitAtOnce)
	if got := dials(t, d); !strings.HasPrefix(got, "first second x000 x001") && !strings.HasPrefix(got, "x000") {
		t.Errorf("dialled %q", got)
	}
	if next := a.Next.Sub(later.NotBefore); !d.pg && (next < -time.Millisecond || next > time.Millisecond) {
		t.Error("look again at", a.Next, "the next is due at", later.NotBefore)
	}
	if d.pg && time.Until(a.Next) > othersEvery {
		t.Error("another process's doings are not looked at before", a.Next)
	}
	end(t, d, "first")
	admit(t, d, 1)
	if got := dials(t, d); got != "third" {
		t.Errorf("dialled %q", got)
	}
}

func testQueueEnds(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 1)
	if err := d.CreateCall(ctx, inbound(env, "running")); err != nil {
		t.Fatal(err)
	}
	late, soon, cancelled, erased := queued(env, "late"), queued(env, "soon"), queued(env, "cancelled"), queued(env, "erased")
	late.NotAfter, soon.NotAfter = time.Now().Add(-time.Second), time.Now().Add(time.Minute)
	for _, c := range []parley.Call{late, soon, cancelled, erased} {
		enqueue(t, d, c)
	}
	a := admit(t, d, 0)
	if len(a.Expired) != 1 || a.Expired[0].ID != "late" || a.Expired[0].Cause != parley.Expired || a.Expired[0].End.IsZero() {
		t.Errorf("%+v", a.Expired)
	}
	stored, err := d.Call(ctx, env, "late")
	if err != nil || stored.Cause != parley.Expired || stored.Status != parley.Expired.Status() || stored.Queued || !stored.NotAfter.Equal(late.NotAfter.UTC()) {
		t.Errorf("%+v %v", stored, err)
	}
	if until := time.Until(a.Next); until <= 0 || until > time.Minute {
		t.Error("look again at", a.Next)
	}
	if err := d.UpdateCall(ctx, "soon", func(c *parley.Call) error { c.Queued = false; return nil }); err != nil {
		t.Fatal(err)
	}
	if c, _ := d.Call(ctx, env, "soon"); !c.Queued {
		t.Error("a call left the queue without its jobs")
	}
	end(t, d, "cancelled")
	if c, _ := d.Call(ctx, env, "cancelled"); c.Queued {
		t.Error("a call that was ended waits")
	}
	if _, err := d.DeleteCall(ctx, env, "erased"); err != nil {
		t.Fatal(err)
	}
	end(t, d, "running")
	admit(t, d, 1)
	if got := dials(t, d); got != "soon" {
		t.Errorf("dialled %q", got)
	}
	if n, err := d.w.NewSelect().Model((*waitingRow)(nil)).Count(ctx); err != nil || n != 0 {
		t.Error("the queue still holds", n, err)
	}
}

func testQueueIsNotReconciled(t *testing.T, d *DB) {
	env := limited(t, d, 1)
	enqueue(t, d, queued(env, "a"))
	if lost, err := d.ReconcileCalls(t.Context()); err != nil || len(lost) != 0 {
		t.Errorf("%+v %v", lost, err)
	}
	admit(t, d, 1)
	if got := dials(t, d); got != "a" {
		t.Errorf("dialled %q", got)
	}
}

func testQueueAndDoNotCall(t *testing.T, d *DB) {
	env := limited(t, d, 1)
	enqueue(t, d, queued(env, "a"))
	ok := queued(env, "b")
	ok.To = "+15550000002"
	enqueue(t, d, ok)
	if _, err := d.AddDoNotCall(t.Context(), DoNotCall{EnvironmentID: env, Number: "+15550000001"}); err != nil {
		t.Fatal(err)
	}
	a, err := d.Admit(t.Context())
	if err != nil || a.Let != 1 || len(a.Expired) != 1 || a.Expired[0].ID != "a" || a.Expired[0].Cause != parley.Cancelled || a.Expired[0].ErrorMessage == "" {
		t.Errorf("%+v %v", a, err)
	}
	if got := dials(t, d); got != "b" {
		t.Errorf("dialled %q", got)
	}
}

func testQueueRaces1(t *testing.T, d *DB) { testQueueRaces(t, d) }

// testQueueRaces lets go, cancels and ends from many goroutines: nothing is dialled twice, or after it was cancelled.
func testQueueRaces(t *testing.T, dbs ...*DB) {
	const n = 60
	ctx, env := t.Context(), limited(t, dbs[0], 5)
	for i := range n {
		enqueue(t, dbs[i%len(dbs)], queued(env, fmt.Sprint("q", i)))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	dialled := map[string]int{}
	for w := range 4 {
		d := dbs[w%len(dbs)]
		wg.Go(func() {
			for range 40 {
				if _, err := d.Admit(ctx); err != nil {
					t.Error(err)
				}
				for id := range strings.FieldsSeq(dials(t, d)) {
					mu.Lock()
					dialled[id]++
					mu.Unlock()
					end(t, d, id)
				}
			}
		})
	}
	for i := 0; i < n; i += 3 {
		d := dbs[i%len(dbs)]
		wg.Go(func() { end(t, d, fmt.Sprint("q", i)) })
	}
	wg.Wait()
	for i := range n {
		id := fmt.Sprint("q", i)
		if dialled[id] > 1 || dialled[id] == 0 && i%3 != 0 {
			t.Errorf("%s was dialled %d times", id, dialled[id])
		}
	}
}

// TestQueueOutlivesTheProcess: the process dies without Close; what waited still waits, and goes.
func TestQueueOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	d := openAt(t, path)
	env := limited(t, d, 1)
	for _, id := range []string{"a", "b"} {
		enqueue(t, d, queued(env, id))
	}
	admit(t, d, 1)
	again := openAt(t, path)
	if lost, err := again.ReconcileCalls(t.Context()); err != nil || len(lost) != 0 {
		t.Fatalf("%+v %v", lost, err)
	}
	admit(t, again, 0)
	if got := dials(t, again); got != "a" {
		t.Errorf("dialled %q", got)
	}
	end(t, again, "a")
	admit(t, again, 1)
	if got := dials(t, again); got != "b" {
		t.Errorf("dialled %q", got)
	}
}

// TestAdmitDoesNotReadTheQueue: it looks at those that may go, not at those that wait.
func TestAdmitDoesNotReadTheQueue(t *testing.T) {
	d := openFile(t)
	for name, q := range map[string]string{
		"environments": "SELECT id FROM environments AS e WHERE EXISTS (SELECT 1 FROM waiting WHERE environment_id = e.id AND due_at <= 1)",
		"line":         "SELECT * FROM waiting WHERE environment_id = 'e' AND due_at <= 1 ORDER BY due_at, since, call_id LIMIT 5",
		"late":         "SELECT * FROM waiting WHERE not_after > 0 AND not_after <= 1 ORDER BY not_after LIMIT 5",
		"next":         "SELECT MIN(due_at) FROM waiting WHERE due_at > 1",
		"next late":    "SELECT MIN(not_after) FROM waiting WHERE not_after > 0",
		"slots":        "SELECT is_outgoing, COUNT(*) AS n FROM calls WHERE environment_id = 'e' AND slot GROUP BY is_outgoing",
	} {
		for _, step := range plan(t, d, q) {
			if strings.Contains(step, "SCAN calls") || strings.Contains(step, "SCAN waiting") && !strings.Contains(step, "INDEX") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// BenchmarkAdmit lets one call of 10,000 go.
func BenchmarkAdmit(b *testing.B) {
	d := openFile(b)
	env, blocked := limited(b, d, 1), limited(b, d, 1)
	for i := range 10_000 {
		enqueue(b, d, queued(env, fmt.Sprint("a", i)))
		c := queued(blocked, fmt.Sprint("b", i))
		c.NotBefore = time.Now().Add(time.Hour)
		enqueue(b, d, c)
	}
	for b.Loop() {
		a, err := d.Admit(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if a.Let > 0 {
			b.StopTimer()
			end(b, d, dials(b, d))
			b.StartTimer()
		}
	}
}
