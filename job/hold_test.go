package job

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/store"
)

// TestRoom: while there is no room for a kind none of its jobs is begun, what runs goes on, and other kinds do; then it is, within a second or two.
func TestRoom(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		var held atomic.Bool
		began, others := make(chan string, 9), make(chan string, 9)
		end := make(chan struct{})
		stop := start(d, Kind{Name: "held", Room: func() int {
			if held.Load() {
				return 0
			}
			return 1
		}, Run: func(_ context.Context, j Job) Result {
			began <- j.Subject
			<-end
			return Done
		}}, Kind{Name: "other", Run: func(_ context.Context, j Job) Result { others <- j.Subject; return Done }})
		defer func() { close(end); stop() }()
		add := func(kind, subject string) {
			if err := d.Enqueue(t.Context(), store.Job{Kind: kind, Subject: subject, Once: kind == "held"}); err != nil {
				t.Fatal(err)
			}
		}
		add("held", "first")
		<-began
		synctest.Wait() // what the line looks for once more is looked for while there is room, and would be begun
		held.Store(true)
		add("held", "second")
		add("other", "x")
		<-others
		time.Sleep(time.Minute)
		if len(began) != 0 {
			t.Errorf("begun while held: %s", <-began)
		}
		at := time.Now()
		held.Store(false)
		select {
		case s := <-began:
			if s != "second" || time.Since(at) > 2*holdWait {
				t.Errorf("%s after %v", s, time.Since(at))
			}
		case <-time.After(time.Minute):
			t.Error("not begun though there is room")
		}
	})
}
