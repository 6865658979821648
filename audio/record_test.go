package audio

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

func filled(v int16) *Frame {
	var f Frame
	for i := range f {
		f[i] = v
	}
	return &f
}

func recorded(t *testing.T, w *seekBuffer) (left, right []int16) {
	t.Helper()
	s, err := ReadWAV(bytes.NewReader(w.b))
	if err != nil {
		t.Fatal(err)
	}
	if s.Rate != Rate || s.Channels != 2 {
		t.Fatalf("%d Hz, %d channels", s.Rate, s.Channels)
	}
	return s.Channel(0), s.Channel(1)
}

func TestRecorderPutsFramesAtTheirSlots(t *testing.T) {
	const n = 300
	w := &seekBuffer{}
	r, err := NewRecorder(w)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		if i%7 != 0 { // the caller misses some
			at := time.Duration(i)*FrameDur + time.Duration(rng.IntN(8)-4)*time.Millisecond // a clock that trembles
			r.AddLeft(max(0, at), filled(int16(i+1)))
		}
		if i >= 40 { // the agent is late, but within the window
			r.AddRight(time.Duration(i-40)*FrameDur, filled(int16(-i+39)))
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	left, right := recorded(t, w)
	if len(left) != n*Samples || r.Len() != n*FrameDur || r.Dropped() != 0 {
		t.Fatalf("%d samples, %v, %d dropped", len(left), r.Len(), r.Dropped())
	}
	for i := range n {
		wantLeft, wantRight := int16(i+1), int16(-i-1)
		if i%7 == 0 {
			wantLeft = 0
		}
		if i >= n-40 {
			wantRight = 0
		}
		for _, k := range []int{0, Samples / 2, Samples - 1} {
			if l, r := left[i*Samples+k], right[i*Samples+k]; l != wantLeft || r != wantRight {
				t.Fatalf("slot %d: left %d, right %d; want %d, %d", i, l, r, wantLeft, wantRight)
			}
		}
	}
}

func TestRecorderDropsWhatIsTooLate(t *testing.T) {
	w := &seekBuffer{}
	r, _ := NewRecorder(w)
	for i := range 200 {
		r.AddLeft(time.Duration(i)*FrameDur, filled(1))
	}
	r.AddRight(199*FrameDur-time.Second, filled(2)) // just in time
	if r.Dropped() != 0 {
		t.Error("a second late was already too late")
	}
	r.AddRight(0, filled(3))
	r.AddRight(-FrameDur, filled(3))
	r.AddRight(24*time.Hour, filled(3))
	if r.Dropped() != 3 {
		t.Errorf("%d dropped, want 3", r.Dropped())
	}
	r.Close()
	_, right := recorded(t, w)
	if len(right) != 200*Samples || right[149*Samples] != 2 || right[0] != 0 {
		t.Errorf("%d samples, %d at 149, %d at 0", len(right), right[149*Samples], right[0])
	}
}

func TestRecorderSurvivesAKill(t *testing.T) {
	w := &seekBuffer{}
	r, _ := NewRecorder(w)
	for i := range 500 { // 10 s, never closed
		r.AddLeft(time.Duration(i)*FrameDur, filled(int16(i+1)))
	}
	left, _ := recorded(t, w)
	if n := len(left) / Samples; n < 500-52 {
		t.Fatalf("only %d of 500 slots would play", n)
	}
	for i := 0; i < len(left); i += Samples {
		if left[i] != int16(i/Samples+1) {
			t.Fatalf("slot %d holds %d", i/Samples, left[i])
		}
	}
}

func TestRecorderGoesOverASilence(t *testing.T) {
	w := &seekBuffer{}
	r, _ := NewRecorder(w)
	r.AddLeft(0, filled(1))
	r.AddRight(30*time.Second, filled(2)) // further than the ring is long
	r.Close()
	left, right := recorded(t, w)
	if len(left) != 1501*Samples || left[0] != 1 || right[1500*Samples] != 2 {
		t.Fatalf("%d samples, first %d, last %d", len(left), left[0], right[len(right)-1])
	}
	for i := Samples; i < 1500*Samples; i++ {
		if left[i] != 0 || right[i] != 0 {
			t.Fatalf("sound at %d", i)
		}
	}
}

func TestRecorderKeepsTheFirstError(t *testing.T) {
	w := &seekBuffer{}
	r, _ := NewRecorder(w)
	w.broken = errors.New("disk full")
	var err error
	for i := range 200 {
		err = r.AddLeft(time.Duration(i)*FrameDur, filled(1))
	}
	if !errors.Is(err, w.broken) || !errors.Is(r.Close(), w.broken) {
		t.Errorf("got %v and %v", err, r.Close())
	}
}

func TestRecorderAllocatesNothing(t *testing.T) {
	r, _ := NewRecorder(tempFile(t))
	var f Frame
	at := time.Duration(0)
	if n := testing.AllocsPerRun(500, func() {
		r.AddLeft(at, &f)
		r.AddRight(at, &f)
		at += FrameDur
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRecorder(b *testing.B) {
	w := &seekBuffer{}
	r, _ := NewRecorder(w)
	var f Frame
	at := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		r.AddLeft(at, &f)
		r.AddRight(at, &f)
		if at += FrameDur; w.at > 1<<20 { // the disk is not what is measured
			w.at = wavHeader
		}
	}
}
