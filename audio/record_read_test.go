package audio

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestRecordedGivesBackWhatWasRecorded(t *testing.T) {
	const n = 333
	w := &seekBuffer{}
	rec, err := NewRecorder(w)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		rec.AddLeft(time.Duration(i)*FrameDur, filled(int16(i+1)))
		if i%3 == 0 {
			rec.AddRight(time.Duration(i)*FrameDur, filled(int16(-i-1)))
		}
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenRecorded(bytes.NewReader(w.b), int64(len(w.b)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Slots() != n {
		t.Fatalf("%d slots", r.Slots())
	}
	var f Frame
	for _, i := range []int64{0, 1, 2, 200, 24, 25, n - 1, 3} { // not in order
		if ok, err := r.Caller(i, &f); !ok || err != nil || f != *filled(int16(i + 1)) {
			t.Errorf("slot %d of the caller: %v, %v, %d", i, ok, err, f[0])
		}
		want := *filled(int16(-i - 1))
		if i%3 != 0 {
			want = Frame{}
		}
		if ok, err := r.Agent(i, &f); !ok || err != nil || f != want {
			t.Errorf("slot %d of the agent: %v, %v, %d", i, ok, err, f[0])
		}
	}
	for _, i := range []int64{-1, n, 1 << 40} {
		if ok, err := r.Caller(i, &f); ok || err != nil || f != (Frame{}) {
			t.Errorf("slot %d: %v, %v", i, ok, err)
		}
	}
}

func TestRecordedRefusesOtherFiles(t *testing.T) {
	w := &seekBuffer{}
	wav, _ := NewWAV(w, 8000, 2)
	wav.Write(make([]int16, 1000))
	wav.Sync()
	for name, b := range map[string][]byte{"another rate": w.b, "nothing": {}, "no WAV": bytes.Repeat([]byte("x"), 100)} {
		if _, err := OpenRecorded(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrNotWAV) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
