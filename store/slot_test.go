package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/parley-voice/parley"
)

func limited(t testing.TB, d *DB, most int) string {
	t.Helper()
	e, err := d.CreateEnvironment(t.Context(), Environment{Name: t.Name(), MaxCalls: most})
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

func outbound(env, id string) parley.Call {
	return parley.Call{ID: id, UserID: env, Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true, To: "+15550000001"}
}

func inbound(env, id string) parley.Call {
	return parley.Call{ID: id, UserID: env, Status: parley.InProgress, Stage: parley.StageCreated}
}

// isFull is the limit that an error tells of.
func isFull(err error) (current, most int, ok bool) {
	var e *parley.Error
	ok = errors.As(err, &e) && e.Status == 429 && e.Code == "too_many_calls" && e.RetryAfter > 0
	if ok {
		current, most = e.Current, e.Max
	}
	return current, most, ok
}

func end(t testing.TB, d *DB, id string) {
	t.Helper()
	if err := d.UpdateCall(t.Context(), id, func(c *parley.Call) error { c.Status, c.Cause = parley.Ended, parley.AgentEnded; return nil }); err != nil {
		t.Fatal(err)
	}
}

// freed says whether a reader of SlotsFreed was told something, and takes it.
func freed(d *DB) bool {
	select {
	case <-d.SlotsFreed():
		return true
	default:
		return false
	}
}

func testSlots(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), limited(t, d, 2), limited(t, d, 1)
	if err := d.PlaceCall(ctx, outbound(env, "a"), nil, Job{Kind: "dial", Subject: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := d.CreateCall(ctx, inbound(env, "b")); err != nil {
		t.Fatal(err)
	}
	for id, c := range map[string]parley.Call{"c": outbound(env, "c"), "d": inbound(env, "d")} {
		err := d.PlaceCall(ctx, c, []parley.Event{parley.NewEvent(id, parley.EventCreated, nil)}, Job{Kind: "dial", Subject: id})
		if n, most, ok := isFull(err); !ok || n != 2 || most != 2 || err.Error() != "2 calls are running, and this environment's maximum is 2" {
			t.Errorf("%s: %v", id, err)
		}
		if _, err := d.Call(ctx, env, id); status(err) != 404 {
			t.Error("a call without a slot was written:", err)
		}
		if l, err := d.Log().Events(ctx, id, 0, 0); err != nil || len(l) != 0 {
			t.Error("its events were written:", l, err)
		}
	}
	if err := d.CreateCall(ctx, inbound(other, "e")); err != nil {
		t.Error("another environment's calls count:", err)
	}
	over := inbound(env, "f")
	over.Status = parley.Ended
	if err := d.CreateCall(ctx, over); err != nil {
		t.Error("a call that is over wants a slot:", err)
	}
	freed(d)
	end(t, d, "a")
	if !freed(d) {
		t.Error("nobody is told that a slot is free")
	}
	if err := d.PlaceCall(ctx, outbound(env, "g"), nil); err != nil {
		t.Error("a slot was not given back:", err)
	}
	if _, err := d.DeleteCall(ctx, env, "g"); err != nil || !freed(d) {
		t.Error("a call that is erased keeps its slot:", err)
	}
	if err := d.UpdateCall(ctx, "b", func(c *parley.Call) error { c.Warnings = []string{"x"}; return nil }); err != nil || freed(d) {
		t.Error("a change that frees nothing is told:", err)
	}
	if _, err := d.UpdateEnvironment(ctx, env, func(e *Environment) error { e.MaxCalls = 1; return nil }); err != nil {
		t.Fatal(err)
	}
	if n, most, ok := isFull(d.CreateCall(ctx, inbound(env, "h"))); !ok || n != 1 || most != 1 {
		t.Error("a lowered maximum:", n, most, ok)
	}
	if err := d.CreateCall(ctx, inbound("none", "i")); status(err) != 404 {
		t.Error("a call of nobody:", err)
	}
}

func testSlotsOfTransfers(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 1)
	if err := d.CreateCall(ctx, inbound(env, "a")); err != nil {
		t.Fatal(err)
	}
	freed(d)
	if err := d.UpdateCall(ctx, "a", func(c *parley.Call) error { c.Stage = parley.StageTransferStarted; return nil }); err != nil || !freed(d) {
		t.Error("a call that was handed on keeps its slot:", err)
	}
	if err := d.CreateCall(ctx, inbound(env, "b")); err != nil {
		t.Error(err)
	}
	if err := d.UpdateCall(ctx, "a", func(c *parley.Call) error { c.Stage = parley.StagePickedUp; return nil }); err != nil {
		t.Error("a call that comes back is refused:", err)
	}
	if n, _, ok := isFull(d.CreateCall(ctx, inbound(env, "c"))); !ok || n != 2 {
		t.Error(n, ok)
	}
}

func testReservedSlots(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 4)
	for number, active := range map[string]bool{"100": true, "200": true, "300": false} {
		if _, err := d.LinkNumber(ctx, env, Doc{"number": number, "active": active, "config": Doc{"inbound_reserve": 1.0, "fallback_number": "+15559"}}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.LookupNumber(ctx, env, "100"); err != nil || n.Reserve != 1 || n.Fallback != "+15559" {
		t.Errorf("%+v %v", n, err)
	}
	for i := range 2 {
		if err := d.PlaceCall(ctx, outbound(env, fmt.Sprint("out", i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	err := d.PlaceCall(ctx, outbound(env, "out2"), nil)
	if n, most, ok := isFull(err); !ok || n != 2 || most != 4 || err.Error() != "2 calls are running, and this environment's maximum is 4, of which 2 are kept for calls that come in" {
		t.Error(err)
	}
	for i := range 2 {
		if err := d.CreateCall(ctx, inbound(env, fmt.Sprint("in", i))); err != nil {
			t.Error("a call that comes in finds no reserved slot:", err)
		}
	}
	if _, _, ok := isFull(d.CreateCall(ctx, inbound(env, "in2"))); !ok {
		t.Error("calls that come in go beyond the maximum")
	}
	if _, err := d.UpdateNumber(ctx, env, "100", Doc{"config": Doc{"inbound_reserve": 0.0}}); err != nil {
		t.Fatal(err)
	}
	end(t, d, "in0")
	if err := d.PlaceCall(ctx, outbound(env, "out3"), nil); err != nil {
		t.Error("a slot is reserved no longer:", err)
	}
}

func testSlotsAreExact(t *testing.T, d *DB) { slotsAreExact(t, d) }

// slotsAreExact places, admits and ends calls from 200 goroutines, over several handles of one database, and looks on all the while.
func slotsAreExact(t *testing.T, dbs ...*DB) {
	const most, goroutines = 7, 200
	ctx, env := t.Context(), limited(t, dbs[0], most)
	var took, refused, worst atomic.Int64
	take := func(d *DB, c parley.Call) {
		err := d.PlaceCall(ctx, c, nil, Job{Kind: "other", Subject: c.ID})
		if n, _, ok := isFull(err); ok {
			refused.Add(1)
			if n > most {
				t.Errorf("%d calls run", n)
			}
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		took.Add(1)
		n, err := d.r.NewSelect().Model((*callRow)(nil)).Where("environment_id = ? AND slot", env).Count(ctx)
		if err != nil || int64(n) > worst.Load() {
			worst.Store(int64(n))
		}
		end(t, d, c.ID)
	}
	var wg sync.WaitGroup
	for i := range goroutines {
		d := dbs[i%len(dbs)]
		wg.Go(func() {
			for j := range 3 {
				c := outbound(env, fmt.Sprint("c", i, "-", j))
				if i%2 == 0 {
					c = inbound(env, c.ID)
				}
				take(d, c)
			}
		})
	}
	wg.Wait()
	if worst.Load() > most || took.Load() == 0 {
		t.Errorf("%d calls at once, the maximum is %d; %d were taken, %d refused", worst.Load(), most, took.Load(), refused.Load())
	}
	took.Store(0)
	for i := range goroutines {
		d := dbs[i%len(dbs)]
		wg.Go(func() {
			if err := d.PlaceCall(ctx, outbound(env, fmt.Sprint("kept", i)), nil); err == nil {
				took.Add(1)
			} else if _, _, ok := isFull(err); !ok {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if took.Load() != most {
		t.Errorf("of %d calls at once %d found one of %d slots", goroutines, took.Load(), most)
	}
}

func TestSlotsAreExactAcrossProcesses(t *testing.T) {
	a := postgres(t)
	b, err := Open(t.Context(), postgresURL, key(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	slotsAreExact(t, a, b)
	testQueueRaces(t, a, b)
}
