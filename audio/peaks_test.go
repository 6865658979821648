package audio

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// looked is a recording of n slots on which both sides get louder, the caller twice as fast, and its peaks as they were noted.
func looked(t *testing.T, n int) (*seekBuffer, Peaks) {
	t.Helper()
	w := &seekBuffer{}
	r, err := NewRecorder(w)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		var f Frame
		f[i%Samples] = int16(i * 128) // one loud sample in 20 ms
		r.AddLeft(time.Duration(i)*FrameDur, &f)
		r.AddRight(time.Duration(i)*FrameDur, filled(int16(-i*64)))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return w, r.Peaks()
}

func TestPeaksAreNotedAndFound(t *testing.T) {
	const n = 250
	w, noted := looked(t, n)
	if noted.Slots() != n {
		t.Fatalf("%d slots", noted.Slots())
	}
	for i := range n {
		if int(noted[2*i]) != i || int(noted[2*i+1]) != (i+1)/2 {
			t.Fatalf("slot %d: %d, %d", i, noted[2*i], noted[2*i+1])
		}
	}
	r, err := OpenRecorded(bytes.NewReader(w.b), int64(len(w.b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct{ from, to, first, last int64 }{{0, n, 0, n}, {-5, 1 << 40, 0, n}, {17, 19, 17, 19}, {249, 250, 249, 250}, {250, 300, 0, 0}, {9, 9, 0, 0}, {9, 3, 0, 0}} {
		found, err := r.Peaks(k.from, k.to)
		if err != nil || !bytes.Equal(found, noted[2*k.first:2*k.last]) {
			t.Errorf("%d to %d: %v, %v", k.from, k.to, found, err)
		}
	}
	if _, err := (&Recorded{r: bytes.NewReader(w.b[:9000]), slots: n}).Peaks(0, n); err == nil {
		t.Error("of a file that became shorter there are peaks")
	}
}

func TestPeaksOfTheLoudest(t *testing.T) {
	for want, s := range map[byte]int16{0: 0, 1: 1, 2: 129, 255: -32768} {
		if p := (Peaks{}).add([]int16{0, 0, s, 0}); p[0] != want || p[1] != 0 {
			t.Errorf("%d: %v", s, p)
		}
	}
	if p := (Peaks{}).add([]int16{32767, -1}); p[0] != 255 || p[1] != 1 {
		t.Error(p)
	}
}

func TestPeaksInParts(t *testing.T) {
	p := Peaks{1, 10, 5, 20, 3, 30, 4, 0, 2, 0}
	for _, k := range []struct {
		n             int
		caller, agent []int
	}{
		{1, []int{5}, []int{30}}, {2, []int{5, 4}, []int{20, 30}}, {5, []int{1, 5, 3, 4, 2}, []int{10, 20, 30, 0, 0}},
		{9, []int{1, 5, 3, 4, 2}, []int{10, 20, 30, 0, 0}}, {0, []int{}, []int{}}, {-1, []int{}, []int{}},
	} {
		if caller, agent := p.In(k.n); !slices.Equal(caller, k.caller) || !slices.Equal(agent, k.agent) {
			t.Errorf("in %d: %v, %v", k.n, caller, agent)
		}
	}
	if caller, agent := (Peaks{}).In(3); len(caller)+len(agent) != 0 {
		t.Error(caller, agent)
	}
}

// BenchmarkPeaks: those of an hour, from its recording.
func BenchmarkPeaks(b *testing.B) {
	const hour = 50 * 3600
	w := &seekBuffer{}
	wav, err := NewWAV(w, Rate, 2)
	if err != nil {
		b.Fatal(err)
	}
	slot := make([]int16, recordStereo)
	for i := range slot {
		slot[i] = int16(i * 50)
	}
	for range hour {
		_ = wav.Write(slot)
	}
	if err := wav.Sync(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, err := OpenRecorded(bytes.NewReader(w.b), int64(len(w.b)))
		if err != nil {
			b.Fatal(err)
		}
		if p, err := r.Peaks(0, hour); err != nil || p.Slots() != hour {
			b.Fatal(p.Slots(), err)
		}
	}
}
