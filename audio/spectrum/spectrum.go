// Package spectrum is the discrete Fourier transform of real sound and its inverse, for windows of a power of two. It starts no
// goroutine and allocates nothing after New.
package spectrum

import (
	"fmt"
	"math"
	"math/bits"
)

// A Spectrum transforms windows of one size. It belongs to one goroutine.
type Spectrum struct {
	// At is the half of the transform that says all of a real signal: size/2+1 values, At[k] of frequency k × rate ÷ size.
	At []complex64

	work    []complex64 // the transform of size/2 complex numbers that two real ones a piece make
	twiddle []complex64 // e^(−2πi·k/len(work))
	unpack  []complex64 // e^(−2πi·k/size)
	order   []uint16    // bit-reversed indices
}

// New makes room for windows of size samples, a power of two from 8 to 65536; another is a mistake of the caller's and panics.
func New(size int) *Spectrum {
	if size < 8 || size > 1<<16 || size&(size-1) != 0 {
		panic(fmt.Sprintf("spectrum: a window of %d samples", size))
	}
	half := size / 2
	s := &Spectrum{At: make([]complex64, half+1), work: make([]complex64, half), twiddle: make([]complex64, half/2),
		unpack: make([]complex64, half), order: make([]uint16, half)}
	for k := range s.twiddle {
		s.twiddle[k] = turned(k, half)
	}
	shift := 16 - (bits.Len(uint(half)) - 1)
	for k := range s.unpack {
		s.unpack[k] = turned(k, size)
		s.order[k] = bits.Reverse16(uint16(k)) >> shift
	}
	return s
}

// turned is e^(−2πi·k/n).
func turned(k, n int) complex64 {
	sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
	return complex(float32(cos), float32(sin))
}

// Forward transforms a window of samples into At.
func (s *Spectrum) Forward(x []float32) {
	z, half := s.work, len(s.work)
	x = x[:2*half]
	for i, o := range s.order {
		z[o] = complex(x[2*i], x[2*i+1])
	}
	s.transform()
	s.At[0] = complex(real(z[0])+imag(z[0]), 0)
	s.At[half] = complex(real(z[0])-imag(z[0]), 0)
	for k := 1; k <= half/2; k++ {
		a, b := z[k], conj(z[half-k])
		even, odd := (a+b)*0.5, times(a-b, complex(0, -0.5))
		odd = times(s.unpack[k], odd)
		s.At[k] = even + odd
		s.At[half-k] = conj(even - odd)
	}
}

// Back makes the samples of At.
func (s *Spectrum) Back(x []float32) {
	z, half := s.work, len(s.work)
	x = x[:2*half]
	put := func(k int, v complex64) { z[s.order[k]] = conj(v) } // the inverse is the transform of the conjugate
	first, last := real(s.At[0]), real(s.At[half])
	put(0, complex((first+last)/2, (first-last)/2))
	for k := 1; k <= half/2; k++ {
		a, b := s.At[k], conj(s.At[half-k])
		even, odd := (a+b)*0.5, times((a-b)*0.5, conj(s.unpack[k]))
		put(k, even+times(odd, complex(0, 1)))
		put(half-k, conj(even)+times(conj(odd), complex(0, 1)))
	}
	s.transform()
	scale := 1 / float32(half)
	for i, v := range z {
		x[2*i], x[2*i+1] = real(v)*scale, -imag(v)*scale
	}
}

// transform is the radix-2 transform of what stands in bit-reversed order.
func (s *Spectrum) transform() {
	z := s.work
	for i := 0; i+1 < len(z); i += 2 { // the first step turns nothing
		a, b := z[i], z[i+1]
		z[i], z[i+1] = a+b, a-b
	}
	for width := 2; width < len(z); width *= 2 {
		step := len(z) / (2 * width)
		for from := 0; from < len(z); from += 2 * width {
			low, high := z[from:from+width], z[from+width:from+2*width]
			for i := range low {
				a, b := low[i], times(s.twiddle[i*step], high[i])
				low[i], high[i] = a+b, a-b
			}
		}
	}
}

// Power is |At[k]|².
func (s *Spectrum) Power(k int) float32 {
	c := s.At[k]
	return real(c)*real(c) + imag(c)*imag(c)
}

func conj(c complex64) complex64 { return complex(real(c), -imag(c)) }

// times multiplies without the checks for infinities of the language's own.
func times(a, b complex64) complex64 {
	return complex(real(a)*real(b)-imag(a)*imag(b), real(a)*imag(b)+imag(a)*real(b))
}
