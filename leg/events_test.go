package leg

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

func TestEventsOrder(t *testing.T) {
	e := NewEvents()
	in := []Event{
		{Kind: Audio, At: 1}, {Kind: Marked, Mark: 5, At: 2}, {Kind: Played, At: 3}, {Kind: Played, At: 4},
		{Kind: DTMF, Digit: '#', At: 5}, {Kind: Held, At: 6}, {Kind: Detected, Who: MachineAnswered, At: 6}, {Kind: Audio, At: 7}, {Kind: Dropped, Mark: 6, At: 8},
	}
	in[0].Frame[3], in[7].Frame[0] = 9, 8
	for i := range in {
		e.Push(&in[i])
	}
	e.End(nil)
	e.End(&GoneError{parley.DurationLimit})
	e.Push(&in[0])
	for i, want := range in {
		if got, err := e.Read(t.Context()); err != nil || got != want {
			t.Errorf("%d: %v %v %v", i, got.Kind, got.At, err)
		}
	}
	for range 2 {
		if _, err := e.Read(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v", err)
		}
	}
}

// TestEventsLateReader: sound is bounded, the latest stays; marks and digits are all there.
func TestEventsLateReader(t *testing.T) {
	e := NewEvents()
	const n = 1000
	for i := range n {
		e.Push(&Event{Kind: Audio, At: time.Duration(i)})
		e.Marks(Marked, []uint64{uint64(i)}, time.Duration(i))
	}
	e.End(&GoneError{parley.MediaTimeout})
	sounds, marks, last := 0, uint64(0), time.Duration(-1)
	for {
		ev, err := e.Read(t.Context())
		if err != nil {
			var g *GoneError
			if !errors.As(err, &g) || g.Cause != parley.MediaTimeout {
				t.Errorf("ended with %v", err)
			}
			break
		}
		if ev.At < last {
			t.Fatalf("%v after %v", ev.At, last)
		}
		last = ev.At
		switch ev.Kind {
		case Audio:
			sounds++
		case Marked:
			if ev.Mark != marks {
				t.Fatalf("mark %d, not %d", ev.Mark, marks)
			}
			marks++
		}
	}
	if sounds != eventSound || marks != n || last != n-1 {
		t.Errorf("%d frames, %d marks, last %v", sounds, marks, last)
	}
}

func TestEventsDeadReader(t *testing.T) {
	e := NewEvents()
	for range 2 * eventControl {
		e.Push(&Event{Kind: DTMF, Digit: '1'})
	}
	if len(e.control) != eventControl {
		t.Errorf("%d unread", len(e.control))
	}
}

func TestEventsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEvents()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := e.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		go func() {
			time.Sleep(time.Second)
			e.Push(&Event{Kind: Resumed})
			time.Sleep(time.Second)
			e.End(io.EOF)
		}()
		if ev, err := e.Read(t.Context()); err != nil || ev.Kind != Resumed {
			t.Errorf("%v %v", ev.Kind, err)
		}
		if _, err := e.Read(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
	})
}

func TestEventsAllocs(t *testing.T) {
	e := NewEvents()
	ctx := context.Background()
	ev := Event{Kind: Audio}
	mark := Event{Kind: Marked}
	if n := testing.AllocsPerRun(1000, func() {
		e.Push(&ev)
		e.Push(&mark)
		_, _ = e.Read(ctx)
		_, _ = e.Read(ctx)
	}); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

func BenchmarkEvents(b *testing.B) {
	e := NewEvents()
	ev := Event{Kind: Audio}
	b.ReportAllocs()
	for b.Loop() {
		e.Push(&ev)
		_, _ = e.Read(context.Background())
	}
}

func TestLimitsDefault(t *testing.T) {
	if l := (Limits{}).OrDefault(); l.MaxDuration != 30*time.Minute || l.MediaTimeout != 30*time.Second {
		t.Errorf("%+v", l)
	}
	if l := (Limits{1, 2}).OrDefault(); l != (Limits{1, 2}) {
		t.Errorf("%+v", l)
	}
}

func TestDigits(t *testing.T) {
	for s, want := range map[string]bool{"": true, "0123456789*#ABCD": true, "1x2": false, "1 2": false, "a": false, "12\r\n": false} {
		if Digits(s) != want {
			t.Errorf("Digits(%q) = %v", s, !want)
		}
	}
}
