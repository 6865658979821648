package denoise

import "math"

// Sizes of the transform: of windows of real samples, by one of complex numbers half as long.
const (
	size = 256
	half = size / 2
	bins = half + 1
)

// twiddle is e^(−2πi·k/half), unpack e^(−2πi·k/size), order the bit-reversed indices.
var twiddle, unpack, order = func() (t [half / 2]complex64, u [half]complex64, o [half]uint16) {
	for k := range t {
		s, c := math.Sincos(-2 * math.Pi * float64(k) / half)
		t[k] = complex(float32(c), float32(s))
	}
	for k := range u {
		s, c := math.Sincos(-2 * math.Pi * float64(k) / size)
		u[k] = complex(float32(c), float32(s))
		for b := 1; b < half; b <<= 1 {
			o[k] <<= 1
			if k&b != 0 {
				o[k] |= 1
			}
		}
	}
	return t, u, o
}()

// A spectrum is the half of a real signal's transform that says all, and the room it is made in.
type spectrum struct {
	at   [bins]complex64
	work [half]complex64
}

// forward transforms size real samples.
func (s *spectrum) forward(x *[size]float32) {
	z := &s.work
	for i, o := range order {
		z[o] = complex(x[2*i], x[2*i+1])
	}
	transform(z)
	s.at[0] = complex(real(z[0])+imag(z[0]), 0)
	s.at[half] = complex(real(z[0])-imag(z[0]), 0)
	for k := 1; k <= half/2; k++ {
		a, b := z[k], conj(z[half-k])
		even, odd := (a+b)*0.5, times(a-b, complex(0, -0.5))
		turned := times(unpack[k], odd)
		s.at[k] = even + turned
		s.at[half-k] = conj(even - turned)
	}
}

// back makes the samples of the spectrum, which it spoils.
func (s *spectrum) back(x *[size]float32) {
	z := &s.work
	put := func(k int, v complex64) { z[order[k]] = conj(v) } // the inverse is the transform of the conjugate
	first, last := real(s.at[0]), real(s.at[half])
	put(0, complex((first+last)/2, (first-last)/2))
	for k := 1; k <= half/2; k++ {
		a, b := s.at[k], conj(s.at[half-k])
		even, odd := (a+b)*0.5, times((a-b)*0.5, conj(unpack[k]))
		put(k, even+times(odd, complex(0, 1)))
		put(half-k, conj(even)+times(conj(odd), complex(0, 1)))
	}
	transform(z)
	for i, v := range z {
		x[2*i], x[2*i+1] = real(v)/half, -imag(v)/half
	}
}

// transform is the radix-2 transform of what stands in bit-reversed order.
func transform(z *[half]complex64) {
	for i := 0; i < half; i += 2 { // the first step turns nothing
		a, b := z[i], z[i+1]
		z[i], z[i+1] = a+b, a-b
	}
	for width := 2; width < half; width *= 2 {
		step := half / (2 * width)
		for from := 0; from < half; from += 2 * width {
			low, high := z[from:from+width], z[from+width:from+2*width]
			for i := range low {
				a, b := low[i], times(twiddle[i*step], high[i])
				low[i], high[i] = a+b, a-b
			}
		}
	}
}

func conj(c complex64) complex64 { return complex(real(c), -imag(c)) }

// times multiplies without the checks for infinities of the language's own.
func times(a, b complex64) complex64 {
	return complex(real(a)*real(b)-imag(a)*imag(b), real(a)*imag(b)+imag(a)*real(b))
}
