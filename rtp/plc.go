package rtp

import "math"

// Packet loss concealment at 8 kHz, for wideband at 16: the last pitch period goes on, fading, until there is sound again or 60 ms have passed.
const (
	clock      = 8000 // Hz: the measure of time here, whatever the codec's own clock
	perMs      = clock / 1000
	slot       = 20 * perMs // samples of a frame; so are those below, twice as many at 16 kHz
	pitchLeast = 40         // 200 Hz; a higher voice shows at a multiple of its period
	pitchMost  = 120        // 66 Hz
	pitchMatch = 160        // samples compared
	holdLoss   = 10 * perMs // full level
	fadeLoss   = 60 * perMs // then down to nothing at
	rejoin     = 5 * perMs  // cross-fade back to what is received
	startEdge  = 2 * perMs  // in which the step at the start of a loss is smoothed
)

// A concealer makes up what was lost. The zero value is for 8 kHz, and conceals by silence until it has heard something.
type concealer struct {
	wide    int                                // 1 at 16 kHz: all lengths are shifted by it
	history [(2*pitchMost + slot/2) << 1]int16 // what was played last
	period  [pitchMost << 1]float32
	pitch   int     // length of period
	at      int     // next sample of it
	lost    int     // samples made up in this loss; fadeLoss: fallen silent
	step    float32 // from the last sample played to what the period would have had there
}

// past is the history at the concealer's rate.
func (c *concealer) past() []int16 { return c.history[:(2*pitchMost+slot/2)<<c.wide] }

// heard takes received samples, joins their beginning to a loss before them, and remembers them.
func (c *concealer) heard(pcm []int16) {
	if c.lost > 0 && len(pcm) > 0 {
		n := min(rejoin<<c.wide, len(pcm))
		for i := range n {
			w := float32(i+1) / float32(n+1)
			pcm[i] = int16(float32(pcm[i])*w + c.next()*(1-w))
		}
		c.lost = 0
	}
	c.remember(pcm)
}

// conceal fills pcm with what might have been there.
func (c *concealer) conceal(pcm []int16) {
	if c.lost == 0 {
		c.begin()
	}
	for i := range pcm {
		pcm[i] = int16(c.next())
	}
	c.remember(pcm)
}

// mute ends a sound on purpose: the far end said that it is silent.
func (c *concealer) mute() {
	if c.lost == 0 {
		c.begin()
	}
	c.lost = max(c.lost, (fadeLoss-rejoin)<<c.wide)
}

func (c *concealer) remember(pcm []int16) {
	h := c.past()
	if len(pcm) >= len(h) {
		copy(h, pcm[len(pcm)-len(h):])
		return
	}
	copy(h, h[len(pcm):])
	copy(h[len(h)-len(pcm):], pcm)
}

// begin takes the last period out of the history and makes its end flow into its beginning.
func (c *concealer) begin() {
	p := c.findPitch()
	h := c.past()
	n := len(h)
	last := h[n-p:]
	before := h[n-2*p : n-p]
	blend := p / 4
	for i := range p {
		v := float32(last[i])
		if k := i - (p - blend); k >= 0 {
			w := float32(k+1) / float32(blend)
			v = v*(1-w) + float32(before[i])*w
		}
		c.period[i] = v
	}
	c.pitch, c.at = p, 0
	c.step = float32(last[p-1]) - float32(before[p-1])
}

// next is the sound going on by one sample.
func (c *concealer) next() float32 {
	if c.lost >= fadeLoss<<c.wide || c.pitch == 0 {
		c.lost = fadeLoss << c.wide
		return 0
	}
	v := c.period[c.at]
	if c.at++; c.at == c.pitch {
		c.at = 0
	}
	if edge := startEdge << c.wide; c.lost < edge {
		v += c.step * (1 - float32(c.lost+1)/float32(edge))
	}
	v *= fade(c.lost, c.wide)
	c.lost++
	return max(-32768, min(32767, v))
}

// fade is how loud a loss still is after so many samples of it.
func fade(lost, wide int) float32 {
	lost >>= wide
	switch {
	case lost <= holdLoss:
		return 1
	case lost >= fadeLoss:
		return 0
	}
	return float32(fadeLoss-lost) / (fadeLoss - holdLoss)
}

// findPitch is the lag at which the end of the history looks most like what was before it (normalised cross-correlation).
func (c *concealer) findPitch() int {
	best, at := -1.0, pitchMost<<c.wide
	for lag := pitchLeast << c.wide; lag <= pitchMost<<c.wide; lag += 1 << c.wide {
		if likeness := c.likeness(lag); likeness > best {
			best, at = likeness, lag
		}
	}
	if c.wide == 0 {
		return at
	}
	for _, lag := range [...]int{at - 1, at + 1} { // the odd ones that were stepped over
		if lag < pitchMost<<1 && c.likeness(lag) > best {
			return lag
		}
	}
	return at
}

func (c *concealer) likeness(lag int) float64 {
	h := c.past()
	n, match := len(h), pitchMatch<<c.wide
	recent, past := h[n-match:], h[n-match-lag:][:match]
	var cross, energy int64
	for i, v := range past {
		cross += int64(v) * int64(recent[i])
		energy += int64(v) * int64(v)
	}
	if energy == 0 || cross <= 0 {
		return -1
	}
	return float64(cross) / math.Sqrt(float64(energy))
}
