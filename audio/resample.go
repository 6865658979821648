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
	r.Reset()
	return r
}

// Reset forgets the stream, as if silence had been before.
func (r *Resampler) Reset() {
	clear(r.buf)
	r.phase = 0
}

// Delay is by how many output samples the sound comes later than it went in.
func (r *Resampler) Delay() float64 {
	return float64(len(r.f.phases)*r.f.taps-1) / 2 / float64(r.f.down)
}

// Process appends src, resampled, to dst. It allocates only when dst's capacity is short.
func (r *Resampler) Process(dst, src []int16) []int16 {
	if r.f.up == r.f.down {
		return append(dst, src...)
	}
	for len(src) > 0 {
		n := min(len(src), resampleBlock)
		history := r.f.taps - 1
		in := r.buf[history : history+n]
		for i, s := range src[:n] {
			in[i] = float32(s)
		}
		dst = r.block(dst, n)
		copy(r.buf[:history], r.buf[n:n+history])
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
	return dst
}

// dot multiplies in four independent sums, which is what the processor can overlap. len(h) is a multiple of 4.
func dot(h, x []float32) float32 {
	var a, b, c, d float32
	x = x[:len(h)]
	for len(h) >= 4 && len(x) >= 4 {
		a += h[0] * x[0]
		b += h[1] * x[1]
		c += h[2] * x[2]
		d += h[3] * x[3]
		h, x = h[4:], x[4:]
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
	taps     int         // per phase, a multiple of 4
	phases   [][]float32 // oldest input first
}

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
	slower := float64(max(up, down)) // the prototype runs at up × the input rate; its cut-off is half the lower rate
	f.taps = (int(math.Ceil(2*zeroCrossings*slower/float64(up))) + 3) &^ 3
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
