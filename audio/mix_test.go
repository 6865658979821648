package audio

import (
	"math/rand/v2"
	"testing"
)

func loudFrame(r *rand.Rand, peak int) (f Frame) {
	for i := range f {
		f[i] = int16(r.IntN(2*peak+1) - peak)
	}
	return f
}

func TestSumOfOneIsIt(t *testing.T) {
	f := loudFrame(rand.New(rand.NewPCG(1, 1)), 32767)
	f[0], f[1] = 32767, -32768
	var s Sum
	var out Frame
	s.Add(&Frame{})
	s.Add(&f)
	if s.Whole(&out); out != f {
		t.Error("a frame alone is changed")
	}
	if s.Without(&f, &out); out != (Frame{}) {
		t.Error("who speaks alone hears something")
	}
	if s.Without(&Frame{}, &out); out != f {
		t.Error("who is silent does not hear the other as they were")
	}
	if s.Reset(); s != (Sum{}) {
		t.Error("Reset leaves something over")
	}
	if s.Whole(&out); out != (Frame{}) {
		t.Error("nobody is heard")
	}
}

func TestSumWithoutEach(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for n := 2; n <= 16; n++ {
		fs := make([]Frame, n)
		var all Sum
		for i := range fs {
			fs[i] = loudFrame(r, 12000)
			all.Add(&fs[i])
		}
		for i := range fs {
			var rest Sum
			for j := range fs {
				if j != i {
					rest.Add(&fs[j])
				}
			}
			var want, got Frame
			rest.Whole(&want)
			if all.Without(&fs[i], &got); got != want {
				t.Fatalf("of %d, number %d does not hear the others", n, i)
			}
		}
	}
}

// The limiter is exact below its knee, never turns around, and never wraps.
func TestBend(t *testing.T) {
	last := bend(-17 * 32768)
	for v := int32(-17 * 32768); v <= 17*32768; v += 7 {
		got := bend(v)
		switch {
		case got < last:
			t.Fatalf("%d becomes %d, what is quieter became %d", v, got, last)
		case v >= -knee && v <= knee && int32(got) != v:
			t.Fatalf("%d becomes %d", v, got)
		case v > 0 != (got > 0) && v != 0:
			t.Fatalf("%d becomes %d", v, got)
		case bend(-v) != -got:
			t.Fatalf("%d and its negative are bent differently", v)
		}
		last = got
	}
	if top := bend(16 * 32767); top < 32000 {
		t.Errorf("the loudest is %d", top)
	}
}

func TestSumAllocs(t *testing.T) {
	f := loudFrame(rand.New(rand.NewPCG(3, 3)), 30000)
	var s Sum
	var out Frame
	if n := testing.AllocsPerRun(100, func() {
		s.Reset()
		s.Add(&f)
		s.Add(&f)
		s.Without(&f, &out)
		s.Whole(&out)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSum16 is 16 people who all talk at once: each hears the 15 others.
func BenchmarkSum16(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 4))
	var fs [16]Frame
	for i := range fs {
		fs[i] = loudFrame(r, 8000)
	}
	var s Sum
	var out Frame
	for b.Loop() {
		s.Reset()
		for i := range fs {
			s.Add(&fs[i])
		}
		for i := range fs {
			s.Without(&fs[i], &out)
		}
	}
}
