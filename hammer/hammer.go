// Package hammer alters bytes at random, for tests that hand a parser a great many hostile inputs. Unlike a fuzzer it does not look at
// what the code does with them, which makes it some hundred times as quick. It starts no goroutine.
package hammer

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// ordinary is how many blows there are in an ordinary test.
const ordinary = 20_000

// most is how long an input grows, in bytes.
const most = 8 << 10

// Blows is how often Strike strikes: PARLEY_HAMMER, else 20,000.
func Blows() int {
	if n, err := strconv.Atoi(os.Getenv("PARLEY_HAMMER")); err == nil && n > 0 {
		return n
	}
	return ordinary
}

// Strike calls f with the seeds as they are, and then with altered ones, always the same in the same order. f must not keep its input.
func Strike(t testing.TB, seeds [][]byte, f func([]byte)) {
	t.Helper()
	for _, s := range seeds {
		f(slices.Clone(s))
	}
	a := anvil{rng: rand.New(rand.NewPCG(1, uint64(len(seeds)))), seeds: seeds}
	for n := Blows(); n > 0 && !t.Failed(); n-- {
		f(a.next())
		if t.Failed() {
			t.Errorf("the input was %q", a.b)
		}
	}
}

type anvil struct {
	rng   *rand.Rand
	seeds [][]byte
	b     []byte
}

// next is a seed with one to eight changes.
func (a *anvil) next() []byte {
	a.b = append(a.b[:0], a.seeds[a.rng.IntN(len(a.seeds))]...)
	for range 1 + a.rng.IntN(8) {
		a.change()
	}
	if len(a.b) > most {
		a.b = a.b[:most]
	}
	return a.b
}

// telling are bytes that parsers care about.
const telling = "\r\n\t \x00\x7f\xff:;,<>\"\\@=[]()/?&%.-+0123456789sipSIPv=mca"

func (a *anvil) change() {
	if len(a.b) == 0 {
		a.b = append(a.b, a.any())
		return
	}
	at := a.rng.IntN(len(a.b))
	end := min(len(a.b), at+1+a.rng.IntN(16))
	switch a.rng.IntN(8) {
	case 0:
		a.b[at] ^= 1 << a.rng.IntN(8)
	case 1:
		a.b[at] = a.any()
	case 2:
		a.b = slices.Insert(a.b, at, a.any())
	case 3:
		a.b = slices.Delete(a.b, at, end)
	case 4: // said twice
		a.b = slices.Insert(a.b, at, slices.Clone(a.b[at:end])...)
	case 5: // cut off
		a.b = a.b[:at]
	case 6: // a piece of another seed
		s := a.seeds[a.rng.IntN(len(a.seeds))]
		if len(s) > 0 {
			from := a.rng.IntN(len(s))
			a.b = slices.Insert(a.b, at, s[from:min(len(s), from+1+a.rng.IntN(64))]...)
		}
	case 7: // a long run
		c := a.any()
		for range a.rng.IntN(64) {
			a.b = slices.Insert(a.b, at, c)
		}
	}
}

func (a *anvil) any() byte {
	if a.rng.IntN(3) == 0 {
		return byte(a.rng.IntN(256))
	}
	return telling[a.rng.IntN(len(telling))]
}
