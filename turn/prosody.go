package turn

import (
	"math"
	"slices"

	"github.com/parley-voice/parley/audio"
)

// Prosody is looked at in the last half second before a pause only: pitch by autocorrelation at 4 kHz, which the telephone's band
// allows without the fundamental.
const (
	pitchRate    = 4000
	decimate     = audio.Rate / pitchRate
	pitchHop     = audio.Samples / decimate // 20 ms
	pitchWindow  = 2 * pitchHop
	leastLag     = pitchRate / 400 // Hz
	mostLag      = pitchRate / 70
	pitchWindows = 24
	pitchKept    = 1 << 12 // a second: windows, lag, and the silence until they are looked at

	looksAfter = 3 // silent frames, then
	looksEach  = 3 // windows a frame

	voiced       = 0.5  // of the autocorrelation
	softest      = 0.03 // of the loudest window's power: −15 dB
	leastVoiced  = 6    // windows, to say anything
	finalWindows = 4    // the end of the melody
	falls        = -2.5 // semitones against what went before
	staysLevel   = 1.0
	drawnLeast   = 10 // windows of the last voiced run that is lengthened
)

// A contour is how the voice went before a pause.
type contour uint8

const (
	unclear contour = iota
	falling         // as at the end of a statement
	lifted          // a question, or an item of a list: which, only words can tell
	drawn           // held level and lengthened, as by somebody who has not finished
)

// A prosody follows the melody of a voice. The zero value is ready. It allocates nothing.
type prosody struct {
	ring    [pitchKept]float32
	at      int // in ring
	silent  int // frames since the last active one
	looked  int
	seen    bool // sound came since the last contour
	pitch   [pitchWindows]float64
	power   [pitchWindows]float64
	contour contour
}

// frame hears 20 ms, and reports whether the contour before a pause has just become known.
func (p *prosody) frame(f *audio.Frame, active bool) bool {
	for i := range pitchHop {
		var sum float32
		for _, s := range f[i*decimate : (i+1)*decimate] {
			sum += float32(s)
		}
		p.ring[p.at] = sum
		p.at = (p.at + 1) & (pitchKept - 1)
	}
	if active {
		p.silent, p.looked, p.seen, p.contour = 0, 0, true, unclear
		return false
	}
	if !p.seen {
		return false
	}
	if p.silent++; p.silent <= looksAfter {
		return false
	}
	for n := 0; n < looksEach && p.looked < pitchWindows; n++ {
		p.look(p.looked, p.at-(p.silent+pitchWindows-p.looked)*pitchHop)
		p.looked++
	}
	if p.looked < pitchWindows {
		return false
	}
	p.seen = false
	p.contour = p.shape()
	return p.contour != unclear
}

// look finds the pitch of the window that begins at from.
func (p *prosody) look(n, from int) {
	var x [pitchWindow + mostLag]float32
	var mean float32
	for i := range x {
		x[i] = p.ring[(from-mostLag+i)&(pitchKept-1)]
		mean += x[i]
	}
	mean /= float32(len(x))
	for i := range x {
		x[i] -= mean
	}
	now := x[mostLag:]
	var own float32
	for _, v := range now {
		own += v * v
	}
	p.power[n], p.pitch[n] = float64(own), 0
	if own < pitchWindow*16 {
		return
	}
	var sums [mostLag + 1]float32
	best, at := float32(0), 0
	for lag := leastLag; lag <= mostLag; lag++ {
		then := x[mostLag-lag : mostLag-lag+pitchWindow]
		var sum, other float32
		for i, v := range now {
			sum += v * then[i]
			other += then[i] * then[i]
		}
		sums[lag] = sum / float32(math.Sqrt(float64(own)*float64(other)+1))
		if sums[lag] > best+0.02 { // of equals the shortest: twice the period is one, too
			best, at = sums[lag], lag
		}
	}
	if best < voiced || at == 0 {
		return
	}
	lag := float64(at)
	if at > leastLag && at < mostLag { // the peak lies between the samples
		a, b, c := float64(sums[at-1]), float64(sums[at]), float64(sums[at+1])
		if d := a - 2*b + c; d < 0 {
			lag += min(max((a-c)/(2*d), -0.5), 0.5)
		}
	}
	p.pitch[n] = 12*math.Log2(pitchRate/lag/70) + 1 // semitones, above 0
}

// shape judges the windows.
func (p *prosody) shape() contour {
	loudest := slices.Max(p.power[:])
	var heard [pitchWindows]float64
	n, last, run := 0, -1, 0
	begins := false // the last run began within what was looked at
	for i := range p.pitch {
		if p.pitch[i] == 0 || p.power[i] < softest*loudest {
			continue
		}
		if i != last+1 {
			run, begins = 0, true
		}
		heard[n], last = p.pitch[i], i
		n++
		run++
	}
	if n < leastVoiced || last < pitchWindows-4 {
		return unclear
	}
	end := middle(heard[n-finalWindows : n])
	before := middle(heard[:n-finalWindows])
	switch change := end - before; {
	case math.Abs(change) > 10: // an octave is an error
		return unclear
	case change <= falls:
		return falling
	case change >= -falls:
		return lifted
	case math.Abs(change) <= staysLevel && run >= drawnLeast && begins:
		return drawn
	}
	return unclear
}

// middle is the median of some of the windows.
func middle(v []float64) float64 {
	var s [pitchWindows]float64
	n := copy(s[:], v)
	slices.Sort(s[:n])
	return s[n/2]
}

// factor is what the melody does to a wait after words that are finished to score. It is worth less than the words: a fall hastens
// what they hold to be over, a drawl puts off what may go on.
func (p *prosody) factor(score float64) float64 {
	switch {
	case p.contour == falling && score >= enough:
		return 0.9
	case p.contour == drawn && score < sure:
		return 1.2
	}
	return 1
}

// weigh does the same to a score.
func (p *prosody) weigh(score float64) float64 {
	switch {
	case p.contour == falling && score >= enough:
		return min(1, score+0.05)
	case p.contour == drawn && score >= open && score < sure:
		return score - 0.1
	}
	return score
}
