package bench

import (
	"slices"
	"time"
)

const (
	binWidth = 10 * time.Microsecond
	binCount = 20000 // 200 ms; what is beyond counts in the last
)

// A histogram counts durations in bins of 10 µs. Not safe for concurrent use.
type histogram struct {
	bins  [binCount]uint32
	count int64
	max   time.Duration
}

func (h *histogram) add(d time.Duration) {
	h.bins[min(max(0, int(d/binWidth)), binCount-1)]++
	h.count++
	h.max = max(h.max, d)
}

// merge takes what o counted.
func (h *histogram) merge(o *histogram) {
	for i, n := range o.bins {
		h.bins[i] += n
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}

// quantile is the upper edge of the bin that the q-th of all falls into, the largest of all at most.
func (h *histogram) quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank, seen := int64(q*float64(h.count-1)), int64(0)
	for i, n := range h.bins {
		if seen += int64(n); seen > rank {
			return min(h.max, time.Duration(i+1)*binWidth)
		}
	}
	return h.max
}

// Stats are quantiles in milliseconds.
type Stats struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// statsOf sorts ms.
func statsOf(ms []float64) Stats {
	if len(ms) == 0 {
		return Stats{}
	}
	slices.Sort(ms)
	at := func(q float64) float64 { return ms[int(q*float64(len(ms)-1)+0.5)] }
	sum := 0.0
	for _, x := range ms {
		sum += x
	}
	return Stats{N: len(ms), Mean: sum / float64(len(ms)), P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: ms[len(ms)-1]}
}

func (h *histogram) stats() Stats {
	sum := 0.0
	for i, n := range h.bins {
		sum += (float64(i) + 0.5) * float64(n)
	}
	s := Stats{N: int(h.count), P50: milliseconds(h.quantile(0.5)), P95: milliseconds(h.quantile(0.95)), P99: milliseconds(h.quantile(0.99)), Max: milliseconds(h.max)}
	if h.count > 0 {
		s.Mean = sum / float64(h.count) * milliseconds(binWidth)
	}
	return s
}
