package vocabulary

import (
	"math"
	"slices"
)

// Domain builds a trigram model by Witten–Bell from sentences of spoken words. Words in extra are possible anywhere. The
// same sentences give the same model.
func Domain(sentences [][]string, extra []string) *Model {
	ids := map[string]uint32{}
	words := []string{Begin, End}
	for _, s := range sentences {
		words = append(words, s...)
	}
	words = append(words, extra...)
	slices.Sort(words)
	words = slices.Compact(words)
	for i, w := range words {
		ids[w] = uint32(i)
	}
	var counts [3]map[[3]uint32]int
	for n := range counts {
		counts[n] = map[[3]uint32]int{}
	}
	for _, w := range words {
		counts[0][[3]uint32{ids[w]}] = 0
	}
	for _, s := range sentences {
		line := make([]uint32, 0, len(s)+2)
		line = append(line, ids[Begin])
		for _, w := range s {
			line = append(line, ids[w])
		}
		line = append(line, ids[End])
		for i := range line {
			if i > 0 {
				counts[0][[3]uint32{line[i]}]++
				counts[1][[3]uint32{line[i-1], line[i]}]++
			}
			if i > 1 {
				counts[2][[3]uint32{line[i-2], line[i-1], line[i]}]++
			}
		}
	}
	m := &Model{Words: words}
	m.estimate(counts, ids[Begin])
	m.finish()
	return m
}

// estimate turns counts into probabilities. With n tokens and t distinct words after a history:
// p(w|h) = (c(hw) + t·p(w|shorter h)) / (n + t), and of single words (c + 1) / (N + V).
func (m *Model) estimate(counts [3]map[[3]uint32]int, begin uint32) {
	total := 0
	for _, c := range counts[0] {
		total += c
	}
	type history struct{ n, t int }
	after := map[[3]uint32]history{}
	for n := 1; n < 3; n++ {
		for g, c := range counts[n] {
			h := [3]uint32{g[0] + 1} // shifted: a history of one word must not equal one of two
			if n == 2 {
				h[1] = g[1] + 1
			}
			v := after[h]
			after[h] = history{v.n + c, v.t + 1}
		}
	}
	p1 := func(w uint32) float64 {
		return float64(counts[0][[3]uint32{w}]+1) / float64(total+len(m.Words)-1)
	}
	p2 := func(a, b uint32) float64 {
		h := after[[3]uint32{a + 1}]
		if h.n == 0 {
			return p1(b)
		}
		return (float64(counts[1][[3]uint32{a, b}]) + float64(h.t)*p1(b)) / float64(h.n+h.t)
	}
	for g := range counts[0] {
		prob := float32(never)
		if g[0] != begin {
			prob = float32(math.Log10(p1(g[0])))
		}
		m.Grams[0] = append(m.Grams[0], Ngram{Words: g, Prob: prob})
	}
	for g := range counts[1] {
		m.Grams[1] = append(m.Grams[1], Ngram{Words: g, Prob: float32(math.Log10(p2(g[0], g[1])))})
	}
	for g, c := range counts[2] {
		h := after[[3]uint32{g[0] + 1, g[1] + 1}]
		p := (float64(c) + float64(h.t)*p2(g[1], g[2])) / float64(h.n+h.t)
		m.Grams[2] = append(m.Grams[2], Ngram{Words: g, Prob: float32(math.Log10(p))})
	}
}
