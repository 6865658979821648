package vocabulary

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

const never = -99 // log10 of what cannot come, as ARPA writes it

// finish sorts the n-grams and computes the back-off weight of every history:
// (1 − what its continuations have) / (1 − what the shorter history gives to the same).
func (m *Model) finish() {
	for n := range m.Grams {
		slices.SortFunc(m.Grams[n], func(a, b Ngram) int {
			return cmp.Or(cmp.Compare(a.Words[0], b.Words[0]), cmp.Compare(a.Words[1], b.Words[1]), cmp.Compare(a.Words[2], b.Words[2]))
		})
	}
	uni := func(w uint32) float32 { return m.Grams[0][w].Prob }
	bigrams := make(map[uint64]int, len(m.Grams[1]))
	for i, g := range m.Grams[1] {
		bigrams[pair(g.Words[0], g.Words[1])] = i
	}
	runs(m.Grams[1], 1, func(run []Ngram) {
		m.Grams[0][run[0].Words[0]].Backoff = weight(run, func(g Ngram) float32 { return uni(g.Words[1]) })
	})
	runs(m.Grams[2], 2, func(run []Ngram) {
		at, ok := bigrams[pair(run[0].Words[0], run[0].Words[1])]
		if !ok {
			return
		}
		m.Grams[1][at].Backoff = weight(run, func(g Ngram) float32 {
			if i, ok := bigrams[pair(g.Words[1], g.Words[2])]; ok {
				return m.Grams[1][i].Prob
			}
			return m.Grams[0][g.Words[1]].Backoff + uni(g.Words[2])
		})
	})
}

// runs calls f with each stretch of n-grams that share their first n words.
func runs(grams []Ngram, n int, f func([]Ngram)) {
	for from := 0; from < len(grams); {
		to := from + 1
		for to < len(grams) && slices.Equal(grams[to].Words[:n], grams[from].Words[:n]) {
			to++
		}
		f(grams[from:to])
		from = to
	}
}

func weight(run []Ngram, lower func(Ngram) float32) float32 {
	seen, below := 0.0, 0.0
	for _, g := range run {
		seen += math.Pow(10, float64(g.Prob))
		below += math.Pow(10, float64(lower(g)))
	}
	// Rounded tables may sum to more than one; a sliver is always left for what was not seen.
	return float32(math.Log10(max(1-seen, 1e-4) / max(1-below, 1e-4)))
}

// WriteARPA writes the model in the text form every recogniser reads.
func (m *Model) WriteARPA(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(b, "\\data\\\n")
	for n, g := range m.Grams {
		fmt.Fprintf(b, "ngram %d=%d\n", n+1, len(g))
	}
	var line []byte
	for n, grams := range m.Grams {
		fmt.Fprintf(b, "\n\\%d-grams:\n", n+1)
		for _, g := range grams {
			line = strconv.AppendFloat(line[:0], float64(g.Prob), 'f', 4, 32)
			for i, id := range g.Words[:n+1] {
				line = append(line, "\t "[min(i, 1)])
				line = append(line, m.Words[id]...)
			}
			if n < 2 {
				line = append(line, '\t')
				line = strconv.AppendFloat(line, float64(g.Backoff), 'f', 4, 32)
			}
			b.Write(append(line, '\n'))
		}
	}
	fmt.Fprintf(b, "\n\\end\\\n")
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing a language model: %w", err)
	}
	return nil
}
