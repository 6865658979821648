package audio

import (
	"fmt"
	"math"
	"sync"
)

// A Resampler changes the sample rate of one stream of sound by a polyphase FIR filter (Kaiser window, −80 dB beside the
// pass band, −6 dB at half the lower rate). It keeps the phase from call to call, so a stream may come in pieces of any
// length; its delay is Delay. Not safe for concurrent use. The filter tables are shared by all of one ratio.
type Resampler struct {
	f     *filter
	phase int       // of the next output, in 1/up input samples
	buf   []float32 // the last taps−1 inputs, then room for resampleBlock more
	odd   []float32 // halve's
}

const (
	resampleBlock = Samples // inputs taken at once
	zeroCrossings = 12      // of the sinc, each side
	kaiserBeta    = 8
	maxPhases     = 1024
)

// ValidRates reports whether NewResampler can go between two rates: 4 to 192 kHz, with at most 1024 filter phases.
func ValidRates(from, to int) bool {
	if from < 4000 || from > 192000 || to < 4000 || to > 192000 {
		return false
	}
	return to/gcd(from, to) <= maxPhases
}

// NewResampler goes from one rate to the other, in Hz. It panics on a pair that is not ValidRates.
func NewResampler(from, to int) *Resampler {
	if !ValidRates(from, to) {
		panic(fmt.Sprintf("audio: cannot resample %d Hz to %d Hz", from, to))
	}
	g := gcd(from, to)
	f := filterFor(to/g, from/g)
	r := &Resampler{f: f, buf: make([]float32, f.taps-1+resampleBlock)}
	if f.halves() {
		r.odd = make([]float32, oddDelay+resampleBlock/2)
	}
	r.Reset()
	return r
}

// Reset forgets the stream, as if silence had been before.
func (r *Resampler) Reset() {
	clear(r.buf)
	clear(r.odd)
	r.phase = 0
}

// Delay is by how many output samples the sound comes later than it went in.
func (r *Resampler) Delay() float64 {
	switch {
	case r.f.doubles():
		return halfTaps
	case r.f.halves():
		return float64(halfTaps-1) / 2
	}
	return float64(len(r.f.phases)*r.f.taps-1) / 2 / float64(r.f.down)
}

// Process appends src, resampled, to dst. It allocates only when dst's capacity is short.
func (r *Resampler) Process(dst, src []int16) []int16 {
	if r.f.up == r.f.down {
		return append(dst, src...)
	}
	for len(src) > 0 {
		n := min(len(src), resampleBlock)
		if r.f.halves() {
			dst, src = r.halve(dst, src[:n]), src[n:]
			continue
		}
		history := r.f.taps - 1
		in := r.buf[history : history+n]
		for i, s := range src[:n] {
			in[i] = float32(s)
		}
		if r.f.doubles() {
			dst = r.double(dst, n)
		} else {
			dst = r.block(dst, n)
		}
		src = src[n:]
	}
	return dst
}

// block makes all outputs whose newest input is among the n after the history.
func (r *Resampler) block(dst []int16, n int) []int16 {
	f, taps := r.f, r.f.taps
	at := r.phase
	for ; at < n*f.up; at += f.down {
		first := at / f.up
		h := f.phases[at-first*f.up]
		dst = append(dst, round16(dot(h, r.buf[first:first+taps])))
	}
	r.phase = at - n*f.up
	copy(r.buf[:taps-1], r.buf[n:n+taps-1])
	return dst
}

// dot multiplies in four independent sums, which is what the processor can overlap. len(h) is a multiple of 8.
func dot(h, x []float32) float32 {
	var a, b, c, d float32
	for len(h) >= 8 && len(x) >= 8 {
		p, q := (*[8]float32)(h), (*[8]float32)(x)
		a += p[0]*q[0] + p[4]*q[4]
		b += p[1]*q[1] + p[5]*q[5]
		c += p[2]*q[2] + p[6]*q[6]
		d += p[3]*q[3] + p[7]*q[7]
		h, x = h[8:], x[8:]
	}
	return (a + b) + (c + d)
}

func round16(f float32) int16 {
	if f >= 0 {
		return int16(min(f+0.5, math.MaxInt16))
	}
	return int16(max(f-0.5, math.MinInt16))
}

// A filter is the table of one ratio up/down in lowest terms.
type filter struct {
	up, down int
	taps     int         // per phase, a multiple of 8
	phases   [][]float32 // oldest input first
}

// The half-band pair has a way of its own.
func (f *filter) doubles() bool { return f.up == 2 && f.down == 1 }
func (f *filter) halves() bool  { return f.up == 1 && f.down == 2 }

var filters struct {
	sync.Mutex // guards known
	known      map[[2]int]*filter
}

func filterFor(up, down int) *filter {
	filters.Lock()
	defer filters.Unlock()
	f := filters.known[[2]int{up, down}]
	if f == nil {
		f = newFilter(up, down)
		if filters.known == nil {
			filters.known = make(map[[2]int]*filter)
		}
		filters.known[[2]int{up, down}] = f
	}
	return f
}

func newFilter(up, down int) *filter {
	f := &filter{up: up, down: down}
	if f.doubles() || f.halves() {
		f.taps = halfTaps
		return f
	}
	slower := float64(max(up, down)) // the prototype runs at up × the input rate; its cut-off is half the lower rate
	f.taps = (int(math.Ceil(2*zeroCrossings*slower/float64(up))) + 7) &^ 7
	n := f.taps * up
	centre := float64(n-1) / 2
	prototype := make([]float64, n)
	for i := range prototype {
		t := (float64(i) - centre) / slower
		w := 2 * (float64(i) - centre) / float64(n)
		prototype[i] = sinc(t) * bessel0(kaiserBeta*math.Sqrt(max(0, 1-w*w)))
	}
	f.phases = make([][]float32, up)
	for p := range f.phases {
		h := make([]float32, f.taps)
		sum := 0.0
		for k := range h {
			sum += prototype[p+k*up]
		}
		for k := range h {
			h[f.taps-1-k] = float32(prototype[p+k*up] / sum) // unity at DC in every phase: no ripple at the input's rate
		}
		f.phases[p] = h
	}
	return f
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel0 is the modified Bessel function of the first kind, order 0.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= x / 2 / k * x / 2 / k
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
