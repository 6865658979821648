package ambience

import (
	"math"
	"testing"

	"github.com/parley-voice/parley/audio"
)

// play is so many frames of a sound under frames of f.
func play(t *testing.T, name string, n int, f audio.Frame, voice bool) []audio.Frame {
	t.Helper()
	b, err := Of(name, "a call")
	if err != nil {
		t.Fatal(err)
	}
	out := make([]audio.Frame, n)
	for i := range out {
		out[i] = f
		b.Under(&out[i], voice)
	}
	return out
}

func flat(fs []audio.Frame) (pcm []int16) {
	for i := range fs {
		pcm = append(pcm, fs[i][:]...)
	}
	return pcm
}

// TestEachSound is there, as loud as a room behind a voice and no louder, and never cracks.
func TestEachSound(t *testing.T) {
	for _, name := range Names() {
		pcm := flat(play(t, name, frames, audio.Frame{}, false))
		peak := 0.0
		for _, s := range pcm {
			peak = max(peak, math.Abs(float64(s)))
		}
		if db := audio.DBFS(pcm); db < -41 || db > -32 || peak > 20000 {
			t.Errorf("%s: %.1f dBFS, peak %.0f", name, db, peak)
		}
	}
}

// TestLoops: the seam is no louder a step than any other, and the second round is the first.
func TestLoops(t *testing.T) {
	for _, name := range Names() {
		pcm := flat(play(t, name, 2*frames, audio.Frame{}, false))
		for i := range length {
			if pcm[i] != pcm[length+i] {
				t.Fatalf("%s: sample %d is %d, and %d a round later", name, i, pcm[i], pcm[length+i])
			}
		}
		b, _ := Of(name, "")
		end, begin := b.loop[frames-1][audio.Samples-1], b.loop[0][0]
		if d := math.Abs(float64(end) - float64(begin)); d > 1500 {
			t.Errorf("%s: a step of %.0f at the seam", name, d)
		}
	}
}

// TestNames: others are refused, naming those there are; calls begin at places of their own.
func TestNames(t *testing.T) {
	if _, err := Of("surf", ""); err == nil || err.Error() != `background_sound "surf": there are keyboard, office, office-2` {
		t.Errorf("%v", err)
	}
	a, _ := Of("office", "one call")
	b, _ := Of("office", "another")
	again, _ := Of("office", "one call")
	if a.at == b.at || a.at != again.at {
		t.Errorf("they begin at %d, %d and %d", a.at, b.at, again.at)
	}
}

// TestDucks: under a voice the sound goes down by 8 dB within 100 ms, without a step, and comes back within half a second.
func TestDucks(t *testing.T) {
	loop := new([frames]audio.Frame)
	for i := range loop {
		for j := range loop[i] {
			loop[i][j] = 10000
		}
	}
	b := &Background{loop: loop, gain: 1}
	var last int16 = 10000
	run := func(n int, voice bool) (end int16) {
		for range n {
			var f audio.Frame
			b.Under(&f, voice)
			for _, s := range f {
				if d := s - last; d > 8 || d < -8 {
					t.Fatalf("a step of %d", d)
				}
				last = s
			}
		}
		return last
	}
	if got := run(5, true); math.Abs(float64(got)-4000) > 20 {
		t.Errorf("after 100 ms of voice it is at %d", got)
	}
	if got := run(25, false); math.Abs(float64(got)-10000) > 20 {
		t.Errorf("500 ms after it, at %d", got)
	}
}

// TestClips: the loudest voice with the loudest background does not turn over.
func TestClips(t *testing.T) {
	var loud audio.Frame
	for i := range loud {
		loud[i] = 32700
	}
	for _, f := range play(t, "office", 200, loud, true) {
		for _, s := range f {
			if s < 20000 {
				t.Fatalf("sample of %d", s)
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	b, _ := Of("office", "")
	var f audio.Frame
	if n := testing.AllocsPerRun(100, func() { b.Under(&f, true) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkUnder(b *testing.B) {
	s, _ := Of("office", "")
	var f audio.Frame
	for b.Loop() {
		s.Under(&f, false)
	}
}

func BenchmarkMake(b *testing.B) {
	for b.Loop() {
		loop(level{-34}, room(2, 0.35), echoed(crowd(3, 6)), quieter(keyboard(4, 0.4), 0.35))
	}
}
