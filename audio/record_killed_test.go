package audio

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRecordingOfWhoeverIsKilled: whenever the writer of a recording is killed, its file plays, and is a second short at most; what was written before
// its time is the sound that belongs there, and a late frame still takes its place.
func TestRecordingOfWhoeverIsKilled(t *testing.T) {
	const frames, late = 1000, 30
	f, err := os.Create(filepath.Join(t.TempDir(), "x.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := NewRecorder(f)
	if err != nil {
		t.Fatal(err)
	}
	play := func() *Sound {
		t.Helper()
		g, err := os.Open(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		s, err := ReadWAV(g)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for i := range frames {
		if err := r.AddLeft(time.Duration(i)*FrameDur, filled(int16(i+1))); err != nil {
			t.Fatal(err)
		}
		if i >= late {
			if err := r.AddRight(time.Duration(i-late)*FrameDur, filled(int16(-i+late-1))); err != nil {
				t.Fatal(err)
			}
		}
		if i < 2*int(recordHeader) || i%7 != 0 {
			continue
		}
		side := play().Channel(0)
		is := len(side) / Samples
		if short := i + 1 - is; short > int(recordHeader)+1 {
			t.Fatalf("killed after %d frames, %d of them play", i+1, is)
		}
		for at := range is {
			if v := side[at*Samples]; v != int16(at+1) {
				t.Fatalf("killed after %d frames, frame %d is %d", i+1, at, v)
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	s := play()
	if n := len(s.Channel(0)); n != frames*Samples {
		t.Fatalf("%d samples", n)
	}
	agent := s.Channel(1)
	for at := range frames - late {
		if v := agent[at*Samples]; v != int16(-at-1) {
			t.Fatalf("frame %d of the agent is %d", at, v)
		}
	}
	if info, err := f.Stat(); err != nil || info.Size() != wavHeader+frames*recordStereo*2 {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}
