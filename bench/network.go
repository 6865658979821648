package bench

import (
	"math/rand/v2"
	"time"
)

// A network is what becomes of the callers' packets on their way.
type network struct {
	loss   float64       // share that does not come
	jitter time.Duration // so much later, at the most, they come
}

// A way is one caller's, and knows each packet's fate by its number. Not safe for concurrent use.
type way struct {
	network
	dice *rand.Rand
}

func newWay(n network, seed uint64) way { return way{n, rand.New(rand.NewPCG(seed, 2))} }

// next is how much later the next packet comes, if it does.
func (w *way) next() (late time.Duration, lost bool) {
	if w.loss > 0 {
		lost = w.dice.Float64() < w.loss
	}
	if w.jitter > 0 {
		late = time.Duration(w.dice.Int64N(int64(w.jitter) + 1))
	}
	return late, lost
}
