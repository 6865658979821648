package store

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestBins: every latency is in a bin whose value is at most 0.8 % off, bins follow each other, and a longer one is never in an earlier bin.
func TestBins(t *testing.T) {
	last := 0
	for ms := range 200_000 {
		d := time.Duration(ms) * time.Millisecond
		bin := binOf(d)
		if bin != last && bin != last+1 {
			t.Fatalf("%v: bin %d comes after %d", d, bin, last)
		}
		last = bin
		if off := math.Abs(binValue(bin) - float64(ms)); off > 0.008*float64(ms) {
			t.Fatalf("%v is read back as %v ms", d, binValue(bin))
		}
	}
	for _, d := range []time.Duration{-time.Second, 0, 499 * time.Microsecond} {
		if b := binOf(d); b != 0 {
			t.Errorf("%v is in bin %d", d, b)
		}
	}
	if binOf(1000*time.Hour) != maxBin || binOf(500*time.Microsecond) != 1 {
		t.Error(binOf(1000*time.Hour), binOf(500*time.Microsecond))
	}
}

// TestPercentile holds percentiles against those of the sorted latencies themselves.
func TestPercentile(t *testing.T) {
	if p := (Bins{}).Percentile(0.5); p != 0 {
		t.Error(p)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 19, 20, 21, 100, 5000} {
		var b Bins
		all := make([]float64, n)
		for i := range all {
			all[i] = math.Floor(math.Exp(r.NormFloat64()*0.7 + 6.5))
			b.add(binOf(time.Duration(all[i])*time.Millisecond), 1)
		}
		slices.Sort(all)
		if b.N() != int64(n) {
			t.Errorf("%d of %d", b.N(), n)
		}
		for _, p := range []float64{0.01, 0.5, 0.95, 0.99, 1} {
			want := all[max(int(math.Ceil(p*float64(n)-1e-9)), 1)-1]
			if got := b.Percentile(p); math.Abs(got-want) > 0.008*want {
				t.Errorf("%v of %d: %v, want %v", p, n, got, want)
			}
		}
	}
}

func someLatencies(r *rand.Rand) latencies {
	l := latencies{}
	for range r.IntN(6) {
		b := l.of(Series{[]string{"", "hearing", "speaking"}[r.IntN(3)], []string{"", "openai", "föö/bar"}[r.IntN(3)], []string{"total", "stt"}[r.IntN(2)]})
		for range r.IntN(50) {
			b.add(binOf(time.Duration(r.IntN(1<<uint(r.IntN(36))+1))), int64(r.IntN(2000)-1))
		}
	}
	return l
}

// trimmed is latencies without what is nothing.
func trimmed(l latencies) map[Series]map[int]int64 {
	out := map[Series]map[int]int64{}
	for s, b := range l {
		for bin, n := range *b {
			if n != 0 {
				if out[s] == nil {
					out[s] = map[int]int64{}
				}
				out[s][bin] = n
			}
		}
	}
	return out
}

// TestLatenciesAreKept: what is read is what was written; taken away again nothing is left, and nothing is written.
func TestLatenciesAreKept(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		l, back := someLatencies(r), latencies{}
		text := l.encode()
		if err := decodeLatencies(text, back.of); err != nil || !reflect.DeepEqual(trimmed(l), trimmed(back)) {
			t.Fatalf("%v is read as %v: %v", trimmed(l), trimmed(back), err)
		}
		if again := back.encode(); again != text {
			t.Errorf("%q is written as %q", text, again)
		}
		if err := decodeLatencies(text, func(Series) *Bins { return nil }); err != nil {
			t.Error(err)
		}
		back.add(l, -1)
		if text := back.encode(); text != "" {
			t.Errorf("nothing is written as %q", text)
		}
	}
}

// FuzzLatencies: whatever the database holds, reading it ends, without a panic and without much memory.
func FuzzLatencies(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		f.Add(someLatencies(r).encode())
	}
	f.Add("//////////8B")
	f.Fuzz(func(t *testing.T, text string) {
		l := latencies{}
		if decodeLatencies(text, l.of) != nil {
			return
		}
		back := latencies{}
		if err := decodeLatencies(l.encode(), back.of); err != nil || !reflect.DeepEqual(trimmed(l), trimmed(back)) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
