package vocabulary

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Cut says how much of a general model is kept.
type Cut struct {
	Words    int     // the commonest ones
	Bigrams  float64 // least worth of a bigram: its probability times what it tells beyond the unigram, in nats
	Trigrams float64 // and of a trigram
}

// DefaultCut keeps a tenth of Debian's model: what is spoken on a telephone, without the names in the news.
var DefaultCut = Cut{Words: 12000, Bigrams: 2e-7, Trigrams: 2e-7}

// Prune reads a general trigram model as sphinxbase stores it and keeps its commonest words out of those that keep allows,
// and the n-grams that say most. Back-off weights are computed anew, so that what was dropped is still possible.
func Prune(bin []byte, cut Cut, keep func(word string) bool) (*Model, error) {
	t, err := readTrie(bin)
	if err != nil {
		return nil, fmt.Errorf("general language model: %w", err)
	}
	p := pruning{trie: t, cut: cut, uni: make([]float32, len(t.words))}
	m := p.keepWords(keep)
	p.keepBigrams(m)
	p.keepTrigrams(m)
	m.finish()
	return m, nil
}

type pruning struct {
	*trie
	cut     Cut
	id      []int32   // trie word → model word, -1: dropped
	uni     []float32 // log10 of each word of the trie
	bigrams map[uint64]bigramEntry
}

type bigramEntry struct{ prob, backoff float32 }

func pair(older, newer uint32) uint64 { return uint64(older)<<32 | uint64(newer) }

func (p *pruning) keepWords(keep func(string) bool) *Model {
	var order []int
	for i, w := range p.words {
		p.uni[i], _, _, _ = p.unigram(i)
		if w == Begin || w == End || keep(w) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		mark := func(i int) int {
			if p.words[i] == Begin || p.words[i] == End {
				return 0
			}
			return 1
		}
		return cmp.Or(mark(a)-mark(b), cmp.Compare(p.uni[b], p.uni[a]))
	})
	order = order[:min(len(order), p.cut.Words+2)]
	slices.Sort(order) // the words of a model are sorted, and the trie's are
	m := &Model{}
	p.id = make([]int32, len(p.words))
	for i := range p.id {
		p.id[i] = -1
	}
	mass := 0.0
	for _, i := range order {
		p.id[i] = int32(len(m.Words))
		m.Words = append(m.Words, p.words[i])
		if p.words[i] != Begin {
			mass += math.Pow(10, float64(p.uni[i]))
		}
	}
	for n, i := range order {
		prob := p.uni[i] - float32(math.Log10(mass))
		if p.words[i] == Begin {
			prob = never
		}
		m.Grams[0] = append(m.Grams[0], Ngram{Words: [3]uint32{uint32(n)}, Prob: prob})
	}
	return m
}

// worth is what an n-gram adds: how often it comes, times the difference it makes.
func worth(history, prob, lower float32) float64 {
	return math.Pow(10, float64(history+prob)) * math.Abs(float64(prob-lower)) * math.Ln10
}

func (p *pruning) keepBigrams(m *Model) {
	p.bigrams = map[uint64]bigramEntry{}
	backoffs := make([]float32, len(p.words))
	for w := range p.words {
		_, backoffs[w], _, _ = p.unigram(w)
	}
	for w := range p.words {
		if p.id[w] < 0 {
			continue
		}
		_, _, from, to := p.unigram(w)
		for i := from; i < to; i++ {
			h, prob, backoff, _, _ := p.bigram(i)
			if h >= len(p.id) || p.id[h] < 0 {
				continue
			}
			history := p.uni[h]
			if p.words[h] == Begin {
				history = -1.1 // its own unigram is nothing; a sentence in every dozen words
			}
			if worth(history, prob, backoffs[h]+p.uni[w]) < p.cut.Bigrams {
				continue
			}
			a, b := uint32(p.id[h]), uint32(p.id[w])
			p.bigrams[pair(a, b)] = bigramEntry{prob, backoff}
			m.Grams[1] = append(m.Grams[1], Ngram{Words: [3]uint32{a, b}, Prob: prob})
		}
	}
}

func (p *pruning) keepTrigrams(m *Model) {
	for w := range p.words {
		if p.id[w] < 0 {
			continue
		}
		_, _, from, to := p.unigram(w)
		for i := from; i < to; i++ {
			h1, lower, _, first, last := p.bigram(i)
			if h1 >= len(p.id) || p.id[h1] < 0 {
				continue
			}
			a1, b := uint32(p.id[h1]), uint32(p.id[w])
			if _, ok := p.bigrams[pair(a1, b)]; !ok {
				continue
			}
			for j := first; j < last; j++ {
				h2, prob := p.trigram(j)
				if h2 >= len(p.id) || p.id[h2] < 0 {
					continue
				}
				a2 := uint32(p.id[h2])
				before, ok := p.bigrams[pair(a2, a1)]
				if !ok {
					continue
				}
				history := p.uni[h2] + before.prob
				if p.words[h2] == Begin {
					history = -1.1 + before.prob
				}
				if worth(history, prob, before.backoff+lower) >= p.cut.Trigrams {
					m.Grams[2] = append(m.Grams[2], Ngram{Words: [3]uint32{a2, a1, b}, Prob: prob})
				}
			}
		}
	}
}
