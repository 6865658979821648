package leg

import (
	"slices"
	"sync/atomic"
	"time"
)

// lateBounds are what Lateness tells apart: a packet that leaves 20 ms late has the next one on its heels.
var lateBounds = [...]time.Duration{500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	20 * time.Millisecond, 40 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond}

// Lateness is how late a clock's ticks began, counted since its start.
type Lateness struct {
	Ticks  uint64
	Sum    time.Duration
	Bounds []time.Duration
	Within []uint64 // ticks that were no later than the bound of the same index
}

// late is one core's. It is written by the core alone and read by anybody.
type late struct {
	in  [len(lateBounds) + 1]atomic.Uint64 // by the first bound that fits; the last is beyond all
	sum atomic.Int64                       // ns
}

// count takes n ticks that began so much after they were due.
func (l *late) count(after time.Duration, n int) {
	after = max(0, after)
	i, _ := slices.BinarySearch(lateBounds[:], after)
	l.in[i].Add(uint64(n))
	l.sum.Add(int64(after) * int64(n))
}

// Lateness is how late the ticks of all legs have begun so far.
func (c *Clock) Lateness() Lateness {
	out := Lateness{Bounds: slices.Clone(lateBounds[:]), Within: make([]uint64, len(lateBounds))}
	for _, k := range c.cores {
		for i := range k.late.in {
			n := k.late.in[i].Load()
			out.Ticks += n
			for j := i; j < len(out.Within); j++ {
				out.Within[j] += n
			}
		}
		out.Sum += time.Duration(k.late.sum.Load())
	}
	return out
}
