package rtp

import "math"

// Packet loss concealment at 8 kHz: the last pitch period goes on, fading, until there is sound again or 60 ms have passed.
const (
	clock      = 8000 // Hz, of every codec here
	perMs      = clock / 1000
	slot       = 20 * perMs // samples of a frame
	pitchLeast = 40         // samples: 200 Hz; a higher voice shows at a multiple of its period
	pitchMost  = 120        // 66 Hz
	pitchMatch = 160        // samples compared
	holdLoss   = 10 * perMs // full level
	fadeLoss   = 60 * perMs // then down to nothing at
	rejoin     = 5 * perMs  // cross-fade back to what is received
	startEdge  = 2 * perMs  // in which the step at the start of a loss is smoothed
)

// A concealer makes up what was lost. The zero value conceals by silence until it has heard something.
type concealer struct {
	history [2*pitchMost + slot/2]int16 // what was played last
	period  [pitchMost]float32
	pitch   int     // length of period
	at      int     // next sample of it
	lost    int     // samples made up in this loss; fadeLoss: fallen silent
	step    float32 // from the last sample played to what the period would have had there
}

// heard takes received samples, joins their beginning to a loss before them, and remembers them.
func (c *concealer) heard(pcm []int16) {
	if c.lost > 0 && len(pcm) > 0 {
		n := min(rejoin, len(pcm))
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
	c.lost = max(c.lost, fadeLoss-rejoin)
}

func (c *concealer) remember(pcm []int16) {
	h := c.history[:]
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
	n := len(c.history)
	last := c.history[n-p:]
	before := c.history[n-2*p : n-p]
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
	if c.lost >= fadeLoss || c.pitch == 0 {
		c.lost = fadeLoss
		return 0
	}
	v := c.period[c.at]
	if c.at++; c.at == c.pitch {
		c.at = 0
	}
	if c.lost < startEdge {
		v += c.step * (1 - float32(c.lost+1)/startEdge)
	}
	if c.lost > holdLoss {
		v *= float32(fadeLoss-c.lost) / (fadeLoss - holdLoss)
	}
	c.lost++
	return max(-32768, min(32767, v))
}

// findPitch is the lag at which the end of the history looks most like what was before it (normalised cross-correlation).
func (c *concealer) findPitch() int {
	n := len(c.history)
	recent := c.history[n-pitchMatch:]
	best, at := -1.0, pitchMost
	for lag := pitchLeast; lag <= pitchMost; lag++ {
		past := c.history[n-pitchMatch-lag:][:pitchMatch]
		var cross, energy int64
		for i, v := range past {
			cross += int64(v) * int64(recent[i])
			energy += int64(v) * int64(v)
		}
		if energy == 0 || cross <= 0 {
			continue
		}
		if likeness := float64(cross) / math.Sqrt(float64(energy)); likeness > best {
			best, at = likeness, lag
		}
	}
	return at
}
