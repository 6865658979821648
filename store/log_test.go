package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

var _ parley.Log = (*Log)(nil)

func flush(t testing.TB, d *DB) {
	t.Helper()
	if err := d.Log().Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func testLog(t *testing.T, d *DB) {
	ctx, l := t.Context(), d.Log()
	at := moment0(3)
	l.Append(parley.Event{CallID: "a", Type: parley.EventConnected, Time: at, Payload: json.RawMessage(`{"to_number": "+1<>"}`)})
	l.Append(parley.Event{ID: "given", CallID: "a", Type: parley.EventEnded})
	l.Append(parley.Event{CallID: "b", Type: parley.EventMessage, Payload: json.RawMessage("not \x00 JSON")})
	flush(t, d)
	got, err := l.Events(ctx, "a", 0, 0)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	if e := got[0]; e.Sequence != 1 || e.ID == "" || !e.Time.Equal(at) || e.Type != parley.EventConnected || e.CallID != "a" || string(e.Payload) != `{"to_number": "+1<>"}` {
		t.Errorf("%+v", e)
	}
	if e := got[1]; e.Sequence != 2 || e.ID != "given" || e.Time.IsZero() || string(e.Payload) != "{}" {
		t.Errorf("%+v", e)
	}
	if got, err := l.Events(ctx, "a", 1, 0); err != nil || len(got) != 1 || got[0].Sequence != 2 {
		t.Error(got, err)
	}
	if got, err := l.Events(ctx, "a", 0, 1); err != nil || len(got) != 1 || got[0].Sequence != 1 {
		t.Error(got, err)
	}
	if got, err := l.Events(ctx, "b", 0, 0); err != nil || len(got) != 1 || !json.Valid(got[0].Payload) {
		t.Error(got, err)
	}
	if e, err := l.Event(ctx, "given"); err != nil || e.Sequence != 2 || e.Position == 0 {
		t.Error(e, err)
	}
	if _, err := l.Event(ctx, "none"); status(err) != 404 {
		t.Error(err)
	}
	flush(t, d) // with nothing to do
}

// testLogOddEvents: an event that cannot be stored as it is does not hold up the others.
func testLogOddEvents(t *testing.T, d *DB) {
	l := d.Log()
	l.Append(parley.Event{ID: "x", CallID: "a", Type: "t\x00\xff"})
	flush(t, d)
	for range 2 {
		l.Append(parley.Event{ID: "x", CallID: "a", Type: "again"}) // there already
		l.Append(parley.Event{ID: "y", CallID: "a", Type: "twice"}) // and twice in one group
	}
	l.Append(parley.Event{CallID: "a\x00b", Type: "z"})
	l.Append(parley.Event{CallID: "a", Type: "\xff", Payload: json.RawMessage("\"\xff\"")})
	flush(t, d)
	got, err := l.Events(t.Context(), "a", 0, 0)
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	for i, e := range got {
		if e.Sequence != int64(i+1) {
			t.Errorf("%+v", e)
		}
	}
	if got[0].ID != "x" || got[1].ID != "y" || got[1].Type != "twice" {
		t.Errorf("%+v", got)
	}
	if got, err := l.Events(t.Context(), "ab", 0, 0); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
}

// testLogSequence: whoever appends, each call's sequence has no gap, and keeps each writer's order.
func testLogSequence(t *testing.T, d *DB) {
	const writers, each, calls = 8, 250, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				d.Log().Append(parley.NewEvent(fmt.Sprint("call", i%calls), parley.EventMessage, [2]int{w, i}))
				if i%3 == 0 {
					d.Log().Append(parley.NewEvent(fmt.Sprint("call", i%calls), parley.EventPartial, i))
				}
			}
		})
	}
	wg.Wait()
	flush(t, d)
	for c := range calls {
		got, err := d.Log().Events(t.Context(), fmt.Sprint("call", c), 0, 0)
		if err != nil || len(got) != writers*each/calls {
			t.Fatal(len(got), err)
		}
		last := map[int]int{}
		for i, e := range got {
			var p [2]int
			if err := json.Unmarshal(e.Payload, &p); err != nil {
				t.Fatal(err)
			}
			if e.Sequence != int64(i+1) || e.Type == parley.EventPartial {
				t.Fatalf("event %d: %+v", i, e)
			}
			if was, ok := last[p[0]]; ok && p[1] <= was {
				t.Fatalf("writer %d: %d after %d", p[0], p[1], was)
			}
			last[p[0]] = p[1]
		}
	}
}

func testLogReaders(t *testing.T, d *DB) {
	l := d.Log()
	one, cancelOne := l.Subscribe("a")
	all, cancelAll := l.Subscribe("")
	slow, cancelSlow := l.Subscribe("")
	defer cancelSlow()
	l.Append(parley.NewEvent("a", parley.EventConnected, nil))
	l.Append(parley.NewEvent("b", parley.EventConnected, nil))
	l.Append(parley.NewEvent("a", parley.EventPartial, map[string]string{"text": "hel"}))
	l.Append(parley.NewEvent("a", parley.EventMessage, nil))
	flush(t, d)
	want := []struct {
		typ parley.EventType
		seq int64
	}{{parley.EventConnected, 1}, {parley.EventPartial, 0}, {parley.EventMessage, 2}}
	for _, w := range want {
		if e := <-one; e.Type != w.typ || e.Sequence != w.seq || e.CallID != "a" || e.ID == "" {
			t.Errorf("%+v, want %+v", e, w)
		}
	}
	for range 4 {
		if e, ok := <-all; !ok || e.ID == "" {
			t.Error(e, ok)
		}
	}
	if got, err := l.Events(t.Context(), "a", 0, 0); err != nil || len(got) != 2 {
		t.Error("a partial event was stored:", got, err)
	}
	cancelOne()
	cancelOne()
	if _, ok := <-one; ok {
		t.Error("the channel is open after cancel")
	}
	for range readerDepth + 1 {
		l.Append(parley.NewEvent("b", parley.EventDigit, nil))
	}
	flush(t, d)
	n := 0
	for range slow {
		n++
	}
	if n != readerDepth {
		t.Errorf("a reader that lags got %d events before it was let go", n)
	}
	cancelAll()
}

func testTail(t *testing.T, d *DB) {
	ctx, l := t.Context(), d.Log()
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if got, err := l.Tail(short, 0, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(got, err)
	}
	type answer struct {
		events []Placed
		err    error
	}
	first := make(chan answer)
	go func() {
		e, err := l.Tail(ctx, 0, 10)
		first <- answer{e, err}
	}()
	l.Append(parley.NewEvent("a", parley.EventPartial, 0))
	l.Append(parley.NewEvent("a", parley.EventMessage, 0))
	a := <-first
	if a.err != nil || len(a.events) != 1 || a.events[0].Type != parley.EventMessage {
		t.Fatal(a)
	}
	for i := range 50 {
		l.Append(parley.NewEvent(fmt.Sprint(i%7), parley.EventMessage, i))
	}
	position, n := a.events[0].Position, 0
	for n < 50 {
		got, err := l.Tail(ctx, position, 8)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got {
			if e.Position <= position {
				t.Fatalf("position %d after %d", e.Position, position)
			}
			if string(e.Payload) != fmt.Sprint(n) {
				t.Fatalf("event %d is %s", n, e.Payload)
			}
			position = e.Position
			n++
		}
	}
}

// TestLogSurvivesADatabaseThatRefuses: events wait, none is lost, the order holds.
func TestLogSurvivesADatabaseThatRefuses(t *testing.T) {
	d := openFile(t)
	l := d.Log()
	if _, err := d.w.Exec("ALTER TABLE events RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	for i := range 600 {
		l.Append(parley.NewEvent("a", parley.EventMessage, i))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := l.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if n := l.Unkept(); n != 600 {
		t.Errorf("%d events are said to wait", n)
	}
	if _, err := d.w.Exec("ALTER TABLE away RENAME TO events"); err != nil {
		t.Fatal(err)
	}
	flush(t, d)
	if n := l.Unkept(); n != 0 {
		t.Errorf("%d events are said to wait once all are kept", n)
	}
	got, err := l.Events(t.Context(), "a", 0, 0)
	if err != nil || len(got) != 600 {
		t.Fatal(len(got), err)
	}
	for i, e := range got {
		if e.Sequence != int64(i+1) || string(e.Payload) != fmt.Sprint(i) {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
}

// TestAppendDoesNotWaitForTheDisk: while somebody holds the only writing connection, Append returns.
func TestAppendDoesNotWaitForTheDisk(t *testing.T) {
	d := openFile(t)
	c, err := d.w.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		d.Log().Append(parley.NewEvent("a", parley.EventMessage, i)) // would hang here
	}
	c.Close()
	flush(t, d)
	if got, err := d.Log().Events(t.Context(), "a", 9_999, 0); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
}

func TestCloseCommits(t *testing.T) {
	path := t.TempDir() + "/parley.db"
	d, err := Open(t.Context(), path, key(t))
	if err != nil {
		t.Fatal(err)
	}
	events, _ := d.Log().Subscribe("")
	d.Log().Append(parley.NewEvent("a", parley.EventMessage, nil))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-events; !ok {
		t.Error("the last event was not shown")
	}
	if _, ok := <-events; ok {
		t.Error("the channel is open after Close")
	}
	d.Log().Append(parley.NewEvent("a", parley.EventMessage, nil)) // dropped, and no panic
	if late, cancel := d.Log().Subscribe(""); true {
		if _, ok := <-late; ok {
			t.Error("an event after the end")
		}
		cancel()
	}
	if got, err := openAt(t, path).Log().Events(t.Context(), "a", 0, 0); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
}

// forced runs a benchmark as the store is, and once more on one that leaves it to the system when a write reaches the disk.
func forced(b *testing.B, run func(b *testing.B, d *DB)) {
	b.Run("forced", func(b *testing.B) { run(b, openFile(b)) })
	b.Run("not forced", func(b *testing.B) {
		d := openFile(b)
		d.lasting.force = func() error { return nil }
		run(b, d)
	})
}

// BenchmarkLog is what an event costs, from Append until it may be shown, from 8 goroutines.
func BenchmarkLog(b *testing.B) {
	forced(b, func(b *testing.B, d *DB) {
		payload := map[string]any{"text": "a sentence of the usual length, as agents say them", "sender": "bot", "turn_id": "t12", "interrupted": false}
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			call := newID()
			for pb.Next() {
				d.Log().Append(parley.NewEvent(call, parley.EventMessage, payload))
			}
		})
		flush(b, d)
	})
}

// BenchmarkCreateCall is what a call costs before it can be answered, by the API (settled) or on the telephone, one after the other
// and with 16 at once.
func BenchmarkCreateCall(b *testing.B) {
	for _, settles := range []bool{false, true} {
		for _, at := range []int{1, 16} {
			b.Run(fmt.Sprintf("settled=%v/at=%d", settles, at), func(b *testing.B) {
				forced(b, func(b *testing.B, d *DB) { createCalls(b, d, settles, at) })
			})
		}
	}
}

func createCalls(b *testing.B, d *DB, settles bool, at int) {
	e, err := d.CreateEnvironment(b.Context(), Environment{Name: "b"})
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	for range at {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				c := parley.Call{ID: newID(), UserID: e.ID, Status: parley.InProgress, Agent: json.RawMessage(`{"prompt":{"content":"You are a helpful assistant."}}`)}
				err := d.CreateCall(b.Context(), c)
				if err == nil && settles {
					err = d.Settle()
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}
