package audio

import "math"

// What a window must hold to be a key (ITU-T Q.24 table A-1 and the figures of Bellcore's receivers; powers, not amplitudes).
const (
	dtmfHalf     = Samples / 2     // samples: a window is two halves, and the next one half later
	dtmfLeast    = 0.5 * 407 * 407 // of a tone, a sample: −35 dBm0
	dtmfForward  = 3.99            // +6 dB: the column may be 4 dB above its row; 2 for noise
	dtmfReverse  = 0.1             // −10 dB: or 8 dB below it
	dtmfBeside   = 0.16            // −8 dB: the next tone of the same group
	dtmfShare    = 0.82            // of the window's energy, both tones together: speech spreads wider
	dtmfHarmonic = 0.1             // −10 dB: the second harmonic of a tone
	dtmfOff      = 0.021           // of its frequency: 1.5 % is a tone's, 3.5 % must not be
	dtmfSlack    = 1               // Hz, beside that
	dtmfShort    = 1.6             // energy of the halves around by the middle one: 23 ms of tone give 1.3, a steady one 2
	dtmfUnsteady = 2.6
	dtmfRelease  = 4 // windows without the key until the same key is pressed anew: 40 ms of pause, but not 10 of interruption
	dtmfNext     = 2 // until another is
)

// A dtmfBin is one of the eight tones as Goertzel's filter wants it: w its angle per sample.
type dtmfBin struct {
	hz           float64
	double       float32 // 2 cos w
	cos, sin     float32 // of w
	turn, turned float32 // cos and sin of w times dtmfHalf
}

var dtmfBins = func() (bins [8]dtmfBin) {
	for i := range bins {
		hz := dtmfRows[i%4]
		if i >= 4 {
			hz = dtmfColumns[i%4]
		}
		w := 2 * math.Pi * hz / Rate
		s, c := math.Sincos(w)
		ts, tc := math.Sincos(w * dtmfHalf)
		bins[i] = dtmfBin{hz, float32(2 * c), float32(c), float32(s), float32(tc), float32(ts)}
	}
	return bins
}()

// A DTMFFinder finds the keys pressed in a line's sound, for trunks that send no telephone-events: tones of 40 ms and more,
// from −3 to −32 dBm0 each (0 dBm0: a sine whose peak is −3.14 dBFS), with 4 dB of twist one way and 8 the other, 1.5 % off
// their frequency, in noise 15 dB below. The zero value is ready. Not safe for concurrent use.
//
// Every 10 ms it looks at the last 20. What two windows running agree on, at a steady level, is a key: 23 ms of tone are none.
// The tones' frequencies are measured by their phase from one half of the window to the other, finer than so short a window
// resolves.
type DTMFFinder struct {
	before [8]complex64 // the half before, by tone
	energy [2]float32   // of the two halves before, the older first
	last   byte         // the key the last window held, 0: none
	down   byte         // the key that is pressed or has just been
	missed int          // windows since the last that held it
}

// NewDTMFFinder starts a finder.
func NewDTMFFinder() *DTMFFinder { return &DTMFFinder{} }

// Find looks at the next frame, and names a key (0-9 * # A-D) once per press, 30 to 60 ms after it began.
func (f *DTMFFinder) Find(fr *Frame) (digit byte, found bool) {
	for at := 0; at < Samples; at += dtmfHalf {
		half := (*[dtmfHalf]int16)(fr[at:])
		key, steady := f.window(half)
		if key = f.press(key, steady); key != 0 {
			digit, found = key, true
		}
	}
	return digit, found
}

// press counts windows; it gives the key of a press that has become certain.
func (f *DTMFFinder) press(key byte, steady bool) (pressed byte) {
	agreed := key != 0 && key == f.last && steady
	f.last = key
	switch {
	case f.down != 0 && key == f.down && f.missed < dtmfRelease:
		f.missed = 0
	case agreed && (f.down == 0 || f.missed >= dtmfRelease || key != f.down && f.missed >= dtmfNext):
		f.down, f.missed = key, 0
		return key
	default:
		f.missed = min(f.missed+1, dtmfRelease)
	}
	return 0
}

// window gives the key of the window that half completes, and whether it and the two before it are alike loud.
func (f *DTMFFinder) window(half *[dtmfHalf]int16) (key byte, steady bool) {
	var sum int64
	for _, s := range half {
		sum += int64(s) * int64(s)
	}
	before, older, old, now := f.before, f.energy[0], f.energy[1], float32(sum)
	f.energy = [2]float32{old, now}
	if now < 2*dtmfLeast*dtmfHalf { // both tones at their least: nothing to filter
		f.before = [8]complex64{}
		return 0, false
	}
	filter4(half, dtmfBins[:4], f.before[:4])
	filter4(half, dtmfBins[4:], f.before[4:])
	total, around := old+now, older+now
	var row, column peak
	row.strongest(before[:4], f.before[:4], dtmfBins[:4])
	column.strongest(before[4:], f.before[4:], dtmfBins[4:])
	if row.power+column.power < dtmfShare/3*total || !row.alone() || !column.alone() || !row.tuned() || !column.tuned() {
		return 0, false
	}
	if min(row.power, column.power) < dtmfLeast*Samples ||
		column.power > dtmfForward*row.power || column.power < dtmfReverse*row.power || row.power+column.power < dtmfShare*total {
		return 0, false
	}
	for _, t := range [...]*peak{&row, &column} {
		// A harmonic of the row beside the column is the column's own skirt.
		if hz := 2 * t.bin.hz; math.Abs(hz-column.bin.hz) > 150 && harmonic(half, hz)*2 > dtmfHarmonic*t.power {
			return 0, false
		}
	}
	return dtmfKeys[row.at*4+column.at], around > dtmfShort*old && around < dtmfUnsteady*old
}

// filter4 carries four tones' filters over half: y of each, which is the spectrum there but for a turn that is the same in
// every half.
func filter4(half *[dtmfHalf]int16, bins []dtmfBin, y []complex64) {
	b := (*[4]dtmfBin)(bins)
	c0, c1, c2, c3 := b[0].double, b[1].double, b[2].double, b[3].double
	var p0, p1, p2, p3, q0, q1, q2, q3 float32
	for i := 0; i < dtmfHalf; i += 2 {
		v := float32(half[i])
		q0, q1, q2, q3 = c0*p0+(v-q0), c1*p1+(v-q1), c2*p2+(v-q2), c3*p3+(v-q3)
		v = float32(half[i+1])
		p0, p1, p2, p3 = c0*q0+(v-p0), c1*q1+(v-p1), c2*q2+(v-p2), c3*q3+(v-p3)
	}
	y = y[:4]
	y[0] = complex(p0-b[0].cos*q0, b[0].sin*q0)
	y[1] = complex(p1-b[1].cos*q1, b[1].sin*q1)
	y[2] = complex(p2-b[2].cos*q2, b[2].sin*q2)
	y[3] = complex(p3-b[3].cos*q3, b[3].sin*q3)
}

// A peak is the strongest of its group in a window.
type peak struct {
	at     int
	bin    *dtmfBin
	power  float32 // its energy in the window, on the scale of the window's whole
	second float32 // of the next strongest
	turn   complex64
}

// strongest joins two halves. With a the half before and b turned to a's time, a+b is the window's spectrum, and the angle from
// a to b how far the tone is off.
func (t *peak) strongest(before, now []complex64, bins []dtmfBin) {
	t.bin = &bins[0]
	for i, a := range before {
		bin := &bins[i]
		b := now[i] * complex(bin.turn, -bin.turned)
		sum := a + b
		p := (real(sum)*real(sum) + imag(sum)*imag(sum)) * (2.0 / Samples)
		switch {
		case p > t.power:
			t.second = t.power
			t.at, t.bin, t.power = i, bin, p
			t.turn = b * complex(real(a), -imag(a))
		case p > t.second:
			t.second = p
		}
	}
}

func (t *peak) alone() bool { return t.second < dtmfBeside*t.power }

// tuned says whether the tone is near enough its frequency, and gives it back the power that being off costs it in the filter.
func (t *peak) tuned() bool {
	angle := math.Atan2(float64(imag(t.turn)), float64(real(t.turn)))
	off := angle / (2 * math.Pi) * Rate / dtmfHalf // Hz
	if math.Abs(off) > dtmfOff*t.bin.hz+dtmfSlack {
		return false
	}
	if math.Abs(angle) > 0.01 {
		loss := math.Sin(angle) / angle // over the window's two halves
		t.power /= float32(loss * loss)
	}
	return true
}

// harmonic is the energy of half at hz.
func harmonic(half *[dtmfHalf]int16, hz float64) float32 {
	p, _ := goertzel(half[:], hz, Rate)
	return float32(p)
}
