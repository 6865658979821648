package leg

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
)

func numbered(n int) *audio.Frame { return &audio.Frame{0: int16(n)} }

// fillTo plays frames 1…n.
func fillTo(t *testing.T, p *Playout, n int) {
	t.Helper()
	for i := range n {
		if err := p.Play(t.Context(), numbered(i+1)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPlayoutOrder(t *testing.T) {
	p := NewPlayout()
	var tick Tick
	for _, step := range []struct {
		play  int    // frame to queue first, 0: none
		mark  uint64 // mark to place after it, 0: none
		want  int    // frame on the wire, 0: silence
		marks []uint64
	}{
		{want: 0},
		{play: 1, want: 1}, // the first frame after silence goes out on the next tick
		{play: 2, mark: 20, want: 2},
		{mark: 21, want: 0, marks: []uint64{20, 21}}, // heard once their frame has had its 20 ms
		{mark: 22, want: 0, marks: []uint64{22}},     // nothing to wait for
		{play: 3, want: 3},
		{want: 0},
	} {
		if step.play > 0 {
			_ = p.Play(t.Context(), numbered(step.play))
		}
		if step.mark > 0 {
			_ = p.Mark(step.mark)
		}
		p.Next(&tick)
		if int(tick.Frame[0]) != step.want || tick.Queued != (step.want > 0) || !slices.Equal(tick.Marks, step.marks) {
			t.Fatalf("%+v: frame %d queued %v marks %v", step, tick.Frame[0], tick.Queued, tick.Marks)
		}
	}
}

func TestPlayoutClear(t *testing.T) {
	p := NewPlayout()
	fillTo(t, p, 3)
	_, _ = p.Mark(1), p.Digits("5")
	fillTo(t, p, 2)
	_ = p.Mark(2)
	if p.Queued() != 100*time.Millisecond {
		t.Errorf("%v queued", p.Queued())
	}
	var tick Tick
	p.Next(&tick)
	if got := p.Clear(); !slices.Equal(got, []uint64{1, 2}) {
		t.Errorf("dropped %v", got)
	}
	_ = p.Play(t.Context(), numbered(9))
	p.Next(&tick)
	if tick.Digits != "5" || tick.Queued {
		t.Errorf("digits %q queued %v: a key pressed survives Clear", tick.Digits, tick.Queued)
	}
	p.Next(&tick)
	if tick.Frame[0] != 9 {
		t.Errorf("frame %d after Clear", tick.Frame[0])
	}
	if p.Clear() != nil {
		t.Error("an empty queue has marks")
	}
}

func TestPlayoutDigitsHoldTheQueue(t *testing.T) {
	p := NewPlayout()
	fillTo(t, p, 1)
	_, _, _ = p.Mark(1), p.Digits("1"), p.Digits("2")
	_ = p.Mark(2)
	fillTo(t, p, 1)
	var tick Tick
	var got []string
	for range 5 {
		p.Next(&tick)
		s := tick.Digits
		for _, m := range tick.Marks {
			s += "m" + string('0'+rune(m))
		}
		if tick.Queued {
			s += "f"
		}
		got = append(got, s)
	}
	if want := []string{"f", "1m1", "2", "m2f", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPlayoutHysteresis: a writer that ran full is woken for ten frames at once, not for each.
func TestPlayoutHysteresis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPlayout()
		fillTo(t, p, playoutFrames)
		wrote := 0
		go func() {
			for p.Play(t.Context(), numbered(1)) == nil {
				wrote++
			}
		}()
		synctest.Wait()
		var tick Tick
		for range playoutFrames - playoutLow - 1 {
			p.Next(&tick)
			synctest.Wait()
		}
		if wrote != 0 {
			t.Errorf("woken for %d frames of room", wrote)
		}
		p.Next(&tick)
		synctest.Wait()
		if wrote != playoutFrames-playoutLow {
			t.Errorf("wrote %d", wrote)
		}
		p.Close()
		synctest.Wait()
	})
}

// TestPlayoutWriters: several blocked writers all get on, and each is woken by whatever ends its wait.
func TestPlayoutWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPlayout()
		fillTo(t, p, playoutFrames)
		errs := make(chan error, 8)
		for range 3 {
			go func() { errs <- p.Play(context.Background(), numbered(1)) }()
		}
		synctest.Wait()
		p.Clear()
		for range 3 {
			if err := <-errs; err != nil {
				t.Errorf("after Clear: %v", err)
			}
		}
		fillTo(t, p, playoutFrames-3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Play(ctx, numbered(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after its time: %v", err)
		}
		if err := p.Play(ctx, numbered(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with its time over: %v", err)
		}
		go func() { errs <- p.Play(context.Background(), numbered(1)) }()
		synctest.Wait()
		_ = p.Mark(5)
		if got := p.Close(); !slices.Equal(got, []uint64{5}) {
			t.Errorf("Close returned marks %v", got)
		}
		if err := <-errs; !errors.Is(err, io.EOF) {
			t.Errorf("after Close: %v", err)
		}
		if p.Close() != nil || !errors.Is(p.Mark(1), io.EOF) || !errors.Is(p.Digits("1"), io.EOF) {
			t.Error("a closed queue goes on")
		}
		var tick Tick
		if p.Next(&tick); tick.Queued || tick.Marks != nil {
			t.Error("a closed queue plays")
		}
	})
}

func TestPlayoutBounds(t *testing.T) {
	p := NewPlayout()
	for i := range uint64(playoutCues) {
		if err := p.Mark(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Mark(0); !errors.Is(err, ErrFull) {
		t.Errorf("one mark too many: %v", err)
	}
	if p.Digits("") != nil {
		t.Error("no digits are no error")
	}
}

// TestPlayoutAnyOrder drives the queue from three sides at once: what went in comes out once, in order, or was cleared.
func TestPlayoutAnyOrder(t *testing.T) {
	p := NewPlayout()
	const n = 5000
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			_ = p.Play(context.Background(), numbered(i))
			if i%10 == 9 {
				for p.Mark(uint64(i)) != nil {
					time.Sleep(time.Microsecond)
				}
			}
		}
		p.Close()
	})
	var dropped []uint64
	var mu sync.Mutex // guards dropped
	stop := make(chan struct{})
	var clearer sync.WaitGroup
	clearer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Microsecond):
				mu.Lock()
				dropped = append(dropped, p.Clear()...)
				mu.Unlock()
			}
		}
	})
	var tick Tick
	last, lastMark, heard := -1, uint64(0), 0
	for done := false; !done; {
		select {
		case <-p.done:
			done = true
		default:
		}
		p.Next(&tick)
		if tick.Queued {
			if int(tick.Frame[0]) <= last {
				t.Fatalf("frame %d after %d", tick.Frame[0], last)
			}
			last = int(tick.Frame[0])
		}
		for _, m := range tick.Marks {
			if m <= lastMark {
				t.Fatalf("mark %d after %d", m, lastMark)
			}
			lastMark = m
			heard++
		}
	}
	wg.Wait()
	close(stop)
	clearer.Wait()
	if heard+len(dropped) > n/10 {
		t.Errorf("%d heard and %d dropped of %d", heard, len(dropped), n/10)
	}
}

func TestPlayoutAllocs(t *testing.T) {
	p := NewPlayout()
	var tick Tick
	f := numbered(1)
	ctx := context.Background()
	if n := testing.AllocsPerRun(1000, func() {
		_ = p.Play(ctx, f)
		_ = p.Mark(1)
		p.Next(&tick)
	}); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

func BenchmarkPlayout(b *testing.B) {
	p := NewPlayout()
	var tick Tick
	f := numbered(1)
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Play(context.Background(), f)
		p.Next(&tick)
	}
}
