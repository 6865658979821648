package stt

import (
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

func (t *tape) kept() int { return t.next - t.first }

func push(t *tape, n int, f audio.Frame) {
	for range n {
		t.push(&f)
	}
}

// take empties what the tape would give.
func take(t *tape, n int) (out []int) {
	for range n {
		f, ch := t.head()
		if ch == nil {
			return out
		}
		out = append(out, number(&f))
		t.given(ch)
	}
	return out
}

func TestTapeForgetsSilence(t *testing.T) {
	tp := newTape()
	tp.attach()
	push(tp, 500, audio.Frame{})
	take(tp, 500)
	push(tp, 1, audio.Frame{})
	if tp.kept() != tapeLead+1 && tp.kept() != tapeLead {
		t.Errorf("%d frames of silence are kept", tp.kept())
	}
	if len(tp.reels) > 4 {
		t.Errorf("%d reels", len(tp.reels))
	}
}

// TestTapeKeepsWhatWasNotSent: silence a slow vendor has not had yet stays, so that its clock runs true.
func TestTapeKeepsWhatWasNotSent(t *testing.T) {
	tp := newTape()
	tp.attach()
	push(tp, 200, audio.Frame{})
	if tp.kept() != 200 {
		t.Errorf("%d frames of 200 are kept", tp.kept())
	}
}

func TestTapeIsBounded(t *testing.T) {
	tp := newTape()
	push(tp, 10*tapeFrames, word(3))
	if tp.kept() != tapeFrames {
		t.Errorf("%d frames are kept", tp.kept())
	}
	if len(tp.reels) > tapeFrames/reelFrames+1 {
		t.Errorf("%d reels", len(tp.reels))
	}
	tp.attach()
	if want := time.Duration(9*tapeFrames) * audio.FrameDur; tp.base() != want {
		t.Errorf("counts from %s, want %s", tp.base(), want)
	}
}

func TestTapeOrder(t *testing.T) {
	tp := newTape()
	for i := range 60 {
		push(tp, 1, word(i%30+1))
	}
	tp.attach()
	for i, n := range take(tp, 60) {
		if n != i%30+1 {
			t.Fatalf("frame %d is %d", i, n)
		}
	}
	tp.detach()
	tp.attach()
	if got := take(tp, 60); len(got) != 60 || got[0] != 1 {
		t.Errorf("the second vendor got %v", got)
	}
}

// TestTapeTold: after a final, only what it did not cover is kept.
func TestTapeTold(t *testing.T) {
	fill := func() *tape {
		tp := newTape()
		tp.attach()
		push(tp, 10, word(1))
		push(tp, 20, audio.Frame{})
		push(tp, 5, word(2))
		take(tp, 35)
		return tp
	}
	tp := fill()
	if tp.told(0); tp.first != 30 {
		t.Errorf("untimed: kept from %d, want from the end of the last pause, 30", tp.first)
	}
	tp = fill()
	if tp.told(10 * audio.FrameDur); tp.first != 10 {
		t.Errorf("timed: kept from %d, want from the last word's end, 10", tp.first)
	}
	tp = fill()
	if tp.told(time.Hour); tp.first != 35 {
		t.Errorf("timed beyond all: kept from %d", tp.first)
	}
	tp = newTape()
	tp.attach()
	push(tp, 10, word(1))
	take(tp, 8)
	if tp.told(0); tp.first != 8 {
		t.Errorf("no pause: kept from %d, want what was not given, 8", tp.first)
	}
}

func TestTapeAllocatesNothing(t *testing.T) {
	tp := newTape()
	tp.attach()
	f := word(5)
	once := func() {
		tp.push(&f)
		_, ch := tp.head()
		tp.given(ch)
		tp.told(0)
	}
	for range 100 {
		once()
	}
	if n := testing.AllocsPerRun(1000, once); n > 0.1 { // the pool may be emptied under us
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkTapeFrame(b *testing.B) {
	tp := newTape()
	tp.attach()
	f := word(5)
	b.ReportAllocs()
	for b.Loop() {
		tp.push(&f)
		_, ch := tp.head()
		tp.given(ch)
	}
}
