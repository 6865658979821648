package spectrum

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTransform against the sum that defines it, there and back, for every size that is used and the smallest.
func TestTransform(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, size := range []int{8, 16, 256, 512, 1024} {
		x, was := make([]float32, size), make([]float32, size)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		copy(was, x)
		s := New(size)
		s.Forward(x)
		for k := range s.At {
			var want complex128
			for i, v := range x {
				sin, cos := math.Sincos(-2 * math.Pi * float64(i) * float64(k) / float64(size))
				want += complex(float64(v)*cos, float64(v)*sin)
			}
			if d := complex128(s.At[k]) - want; math.Hypot(real(d), imag(d)) > 1e-3 {
				t.Fatalf("%d samples: %d is %v, want %v", size, k, s.At[k], want)
			}
		}
		s.Back(x)
		for i := range x {
			if math.Abs(float64(x[i]-was[i])) > 1e-5 {
				t.Fatalf("%d samples: number %d comes back as %v, was %v", size, i, x[i], was[i])
			}
		}
	}
}

// TestParseval: power is where the samples have it.
func TestParseval(t *testing.T) {
	s, x := New(512), make([]float32, 512)
	sum := 0.0
	for i := range x {
		x[i] = float32(math.Sin(2 * math.Pi * 40 * float64(i) / 512))
		sum += float64(x[i] * x[i])
	}
	s.Forward(x)
	if p := float64(s.Power(40)) * 2 / 512; math.Abs(p-sum) > 0.01*sum {
		t.Errorf("power %v of %v", p, sum)
	}
}

func TestSizes(t *testing.T) {
	for _, size := range []int{0, 4, 100, 1 << 17} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a window of %d samples is taken", size)
				}
			}()
			New(size)
		}()
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s, x := New(256), make([]float32, 256)
	if n := testing.AllocsPerRun(100, func() { s.Forward(x); s.Back(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkForward(b *testing.B) {
	s, x := New(512), make([]float32, 512)
	for b.Loop() {
		s.Forward(x)
	}
}
