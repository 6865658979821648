package store

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Bins count how often each latency occurred. Below 128 ms a bin is a millisecond; above, it is as wide as a 64th to a 128th of what is in
// it, so that what is read back of a latency is off by 0.8 % at most.
type Bins []int64

// maxLatency is the longest one that is told apart.
const maxLatency = time.Hour

// binOf is the bin of a latency, and binValue the latency, in milliseconds, that stands for a bin: its middle.
func binOf(d time.Duration) int {
	ms := uint64(min(max(d, 0), maxLatency).Round(time.Millisecond).Milliseconds())
	e := max(bits.Len64(ms)-7, 0)
	return 64*e + int(ms>>e)
}

func binValue(bin int) float64 {
	if bin < 128 {
		return float64(bin)
	}
	e := bin/64 - 1
	return float64((uint64(bin%64)+64)<<e) + float64(uint64(1)<<e-1)/2
}

var maxBin = binOf(maxLatency)

// add counts n more (or less) in a bin.
func (b *Bins) add(bin int, n int64) {
	if bin >= len(*b) {
		*b = append(*b, make(Bins, bin+1-len(*b))...)
	}
	(*b)[bin] += n
}

// N is how many were counted.
func (b Bins) N() (n int64) {
	for _, x := range b {
		n += x
	}
	return n
}

// Percentile is the latency in milliseconds that p of all (0–1) do not exceed; 0 where there is none.
func (b Bins) Percentile(p float64) float64 {
	rank := max(int64(math.Ceil(p*float64(b.N())-1e-9)), 1) // the nearest rank
	var seen int64
	for bin, n := range b {
		if seen += n; seen >= rank {
			return binValue(bin)
		}
	}
	return 0
}

// A Series is what latencies are of: Stage alone is all of them; with a Skill and a Vendor those of turns that it served.
type Series struct {
	Skill  string // hearing, thinking, speaking; "" is all
	Vendor string
	Stage  string // total: what was heard; stt, llm, tts: that vendor's part of it
}

// allHeard is the series of all latencies.
var allHeard = Series{Stage: "total"}

// latencies are the bins of each series.
type latencies map[Series]*Bins

func (l latencies) of(s Series) *Bins {
	b := l[s]
	if b == nil {
		b = &Bins{}
		l[s] = b
	}
	return b
}

// add adds those of another, sign times.
func (l latencies) add(other latencies, sign int64) {
	for s, from := range other {
		into := l.of(s)
		for bin, n := range *from {
			if n != 0 {
				into.add(bin, sign*n)
			}
		}
	}
}

// encode writes latencies as a text: for each series its three names, how many bins have something, and these: how far from the last one,
// and how often. All numbers are varints.
func (l latencies) encode() string {
	var b []byte
	names := make([]Series, 0, len(l))
	for s := range l {
		names = append(names, s)
	}
	slices.SortFunc(names, Series.compare)
	for _, s := range names {
		bins, some, last := *l[s], 0, 0
		for _, n := range bins {
			if n != 0 {
				some++
			}
		}
		if some == 0 {
			continue
		}
		for _, name := range []string{s.Skill, s.Vendor, s.Stage} {
			b = append(binary.AppendUvarint(b, uint64(len(name))), name...)
		}
		b = binary.AppendUvarint(b, uint64(some))
		for bin, n := range bins {
			if n != 0 {
				b = binary.AppendVarint(binary.AppendUvarint(b, uint64(bin-last)), n)
				last = bin
			}
		}
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

func (s Series) compare(other Series) int {
	return slices.Compare([]string{s.Skill, s.Vendor, s.Stage}, []string{other.Skill, other.Vendor, other.Stage})
}

var errLatency = errors.New("stored latencies cannot be read")

// decode calls f with what encode wrote, bin by bin. begin says into which bins those of a series go; nil: they are passed over.
func decodeLatencies(text string, begin func(Series) *Bins) error {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return errLatency
	}
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			err, b = errLatency, nil
			return 0
		}
		b = b[size:]
		return n
	}
	for len(b) > 0 {
		var names [3]string
		for i := range names {
			n := number()
			if n > uint64(len(b)) {
				return errLatency
			}
			names[i], b = string(b[:n]), b[n:]
		}
		into, bin := begin(Series{names[0], names[1], names[2]}), 0
		for range number() {
			step := number()
			n, size := binary.Varint(b)
			if err != nil || size <= 0 || step > uint64(maxBin-bin) {
				return errLatency
			}
			b = b[size:]
			if bin += int(step); into != nil {
				into.add(bin, n)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
