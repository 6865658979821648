package guard

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

func TestMayAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := blocks("203.0.113.7")
		a := at("192.0.2.1")
		if g.MayAnswer(a, 0, 1) || g.MayAnswer(a, 300, 301) || !g.MayAnswer(a, 300, 300) {
			t.Error("one that is not known")
		}
		g.Admit(a.Addr(), 300)
		if g.MayAnswer(a, 0, 400) {
			t.Error("more goes than came")
		}
		g.Admit(a.Addr(), 300) // it asks again
		if !g.MayAnswer(a, 0, 400) || g.MayAnswer(a, 0, 201) || !g.MayAnswer(a, 0, 200) || g.MayAnswer(a, 0, 1) {
			t.Error("what was owed is not paid, or paid twice")
		}
		if !g.MayAnswer(a, 100, 60) || !g.MayAnswer(a, 0, 40) || g.MayAnswer(a, 0, 1) {
			t.Error("bytes Admit was not told of")
		}
		g.Proven(a.Addr())
		if !g.MayAnswer(a, 0, 1400) || !g.MayAnswer(at("127.0.0.1"), 0, 1400) || !g.MayAnswer(at("203.0.113.7"), 0, 1400) {
			t.Error("one that has proven itself")
		}
		time.Sleep(provenFor)
		if g.MayAnswer(a, 0, 1400) {
			t.Error("a proof is good for ever")
		}
		for range failuresMost {
			g.Failed(a.Addr())
		}
		if g.MayAnswer(a, 1000, 10) || g.MayAnswer(at("0.0.0.0"), 10, 10) {
			t.Error("one that is blocked, or nobody")
		}
	})
}

// TestNeverMoreThanCame: over any sequence of messages, those refused included.
func TestNeverMoreThanCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := blocks()
		r := rand.New(rand.NewPCG(1, 2))
		came, went := map[int]int{}, map[int]int{}
		for range 50_000 {
			i := r.IntN(40)
			a := forged(i)
			switch n := r.IntN(1500); r.IntN(4) {
			case 0, 1:
				g.Admit(a, n)
				came[i] += n
			case 2:
				if g.MayAnswer(at(a.String()), 0, n) {
					went[i] += n
				}
			case 3:
				g.Failed(forged(r.IntN(1 << 20)))
				time.Sleep(time.Duration(r.IntN(50)) * time.Millisecond)
			}
		}
		for i := range came {
			if went[i] > came[i] {
				t.Errorf("%d bytes came, %d went", came[i], went[i])
			}
			if went[i] < came[i]/4 {
				t.Errorf("%d bytes came, only %d went", came[i], went[i])
			}
		}
	})
}

// TestCreditIsBounded: who sends for a day cannot have it all back at once.
func TestCreditIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := blocks()
		a := at("192.0.2.1")
		for range 1000 {
			g.Admit(a.Addr(), 1000)
			time.Sleep(time.Second)
		}
		if g.MayAnswer(a, 0, creditMost+1) || !g.MayAnswer(a, 0, creditMost) {
			t.Error("credit is not what it should be")
		}
	})
}

func BenchmarkMayAnswer(b *testing.B) {
	g, a := New(Config{}), at("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		g.MayAnswer(a, 400, 400)
	}
}

func BenchmarkFailed(b *testing.B) {
	g, i := New(Config{}), 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		g.Failed(forged(i))
	}
}
