package relay

import (
	"math/rand/v2"
	"time"
)

// A Link is what one direction of a network does to packets. The zero value passes all of them at once, in order.
type Link struct {
	Loss      float64       // share that never arrives, 0–1
	Burst     float64       // mean number of packets lost in a row; up to 1: each on its own
	Delay     time.Duration // of every packet
	Jitter    time.Duration // on top, uniformly 0 to Jitter; packets keep their order
	Reorder   float64       // share that is overtaken by those after it
	Held      time.Duration // how long such a packet is held on top; 0: 30 ms
	Duplicate float64       // share that arrives twice
	Drift     float64       // the sender's clock is so many parts per million fast, or slow when negative
}

// heldFor lets a packet be overtaken by the one or two after it, at one each 20 ms.
const heldFor = 30 * time.Millisecond

// Path is a Link at work: the times at which packets leave it. The fate of the nth packet depends on the seed and n alone, so a
// run can be had again. For one goroutine.
type Path struct {
	link Link
	rng  *rand.Rand
	lost bool          // the last packet was
	last time.Duration // when the last one that kept its place left
}

// Path begins at time 0 of whatever clock Next is told.
func (l Link) Path(seed uint64) *Path {
	return &Path{link: l, rng: rand.New(rand.NewPCG(seed, 0x5eed))}
}

// Next appends when the packet that comes in at a time leaves: not at all, once, or twice. A sender whose clock is fast has its
// packets leave earlier and earlier: Delay must be long enough for that, for nothing leaves before it came.
func (p *Path) Next(dst []time.Duration, at time.Duration) []time.Duration {
	l := &p.link
	// Always as many numbers for a packet, whatever becomes of it.
	lose, wait, hold, twice := p.rng.Float64(), p.rng.Float64(), p.rng.Float64(), p.rng.Float64()
	if p.lost = lose < p.losing(); p.lost {
		return dst
	}
	due := l.Delay + time.Duration(float64(at)/(1+l.Drift*1e-6)) + time.Duration(wait*float64(l.Jitter))
	due = max(due, at)
	if hold < l.Reorder {
		held := l.Held
		if held == 0 {
			held = heldFor
		}
		due += held
	} else {
		due = max(due, p.last)
		p.last = due
	}
	dst = append(dst, due)
	if twice < l.Duplicate {
		dst = append(dst, due)
	}
	return dst
}

// losing is the chance that the next packet is lost: a chain of two states whose share of lost ones is Loss, and whose runs of
// lost ones last Burst packets.
func (p *Path) losing() float64 {
	l := &p.link
	switch {
	case l.Burst <= 1 || l.Loss <= 0 || l.Loss >= 1:
		return l.Loss
	case p.lost:
		return 1 - 1/l.Burst
	}
	return min(1, l.Loss/(1-l.Loss)/l.Burst)
}
