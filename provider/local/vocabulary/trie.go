package vocabulary

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// trieMagic opens a binary model as sphinxbase writes it. Behind it: the order, the counts, one float table of 2^16 entries
// for each of bigram probability, bigram back-off and trigram probability, the unigrams, two bit-packed arrays, the words.
const trieMagic = "Trie Language Model"

const (
	quantBits  = 16
	quantTable = 4 << quantBits // bytes
	maxWords   = 1 << 20        // far above any model for this recogniser
	maxGrams   = 1 << 26
	lnStep     = 1.0001 // base of the logarithms stored
)

var log10Step = math.Log10(lnStep)

// trie is a model as it lies in the file. A path goes from a word to the words before it.
type trie struct {
	words    []string
	counts   [3]int
	prob     [2][]byte // of bigrams, of trigrams
	backoff  []byte    // of bigrams
	unigrams []byte
	middle   packed
	longest  packed
}

// packed is an array of bit fields: the word, then its values, then where its own successors begin.
type packed struct {
	data     []byte
	wordBits int
	size     int // bits of an entry
}

func (p packed) bits(at, n int) uint32 {
	var eight [8]byte
	copy(eight[:], p.data[min(at>>3, len(p.data)):])
	return uint32(binary.LittleEndian.Uint64(eight[:])>>(at&7)) & uint32(1<<n-1)
}

// readTrie reads a trigram model. Every size in it is checked against the file before it is believed.
func readTrie(b []byte) (*trie, error) {
	rest, ok := bytes.CutPrefix(b, []byte(trieMagic))
	if !ok || len(rest) < 17 {
		return nil, errors.New("not a binary language model")
	}
	if rest[0] != 3 {
		return nil, fmt.Errorf("language model of order %d, 3 is expected", rest[0])
	}
	t := &trie{}
	for i := range t.counts {
		n := binary.LittleEndian.Uint32(rest[1+4*i:])
		if n == 0 || n > maxGrams || i == 0 && n > maxWords {
			return nil, fmt.Errorf("language model with %d %d-grams", n, i+1)
		}
		t.counts[i] = int(n)
	}
	rest = rest[17:] // and the kind of the tables, of which there is one
	cut := func(n int) []byte {
		if n > len(rest) {
			ok = false
			return nil
		}
		var head []byte
		head, rest = rest[:n], rest[n:]
		return head
	}
	t.prob[0], t.backoff, t.prob[1] = cut(quantTable), cut(quantTable), cut(quantTable)
	t.unigrams = cut((t.counts[0] + 1) * 12)
	t.middle.wordBits = bits.Len(uint(t.counts[0]))
	t.middle.size = t.middle.wordBits + 2*quantBits + bits.Len(uint(t.counts[2]))
	t.middle.data = cut(((t.counts[1]+1)*t.middle.size+7)/8 + 8)
	t.longest.wordBits = t.middle.wordBits
	t.longest.size = t.longest.wordBits + quantBits
	t.longest.data = cut(((t.counts[2]+1)*t.longest.size+7)/8 + 8)
	if !ok || len(rest) < 4 {
		return nil, errors.New("language model cut short")
	}
	for w := range bytes.SplitSeq(bytes.TrimSuffix(rest[4:], []byte{0}), []byte{0}) {
		t.words = append(t.words, string(w))
	}
	if len(t.words) != t.counts[0] {
		return nil, fmt.Errorf("language model with %d words names %d", t.counts[0], len(t.words))
	}
	return t, nil
}

func (t *trie) float(table []byte, code uint32) float32 {
	return log10(math.Float32frombits(binary.LittleEndian.Uint32(table[4*code:])))
}

func log10(v float32) float32 { return float32(float64(v) * log10Step) }

// unigram is the probability and the back-off of a word, and the range of bigrams that end in it.
func (t *trie) unigram(w int) (prob, backoff float32, from, to int) {
	u := t.unigrams[12*w:]
	f := func(at int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(u[at:])) }
	from, to = int(binary.LittleEndian.Uint32(u[8:])), int(binary.LittleEndian.Uint32(u[20:]))
	return log10(f(0)), log10(f(4)), min(from, t.counts[1]), min(to, t.counts[1])
}

// bigram is the entry at i: the word before, the values, and the range of trigrams.
func (t *trie) bigram(i int) (before int, prob, backoff float32, from, to int) {
	at, m := i*t.middle.size, t.middle
	next := m.wordBits + 2*quantBits
	before = int(m.bits(at, m.wordBits))
	backoff = t.float(t.backoff, m.bits(at+m.wordBits, quantBits))
	prob = t.float(t.prob[0], m.bits(at+m.wordBits+quantBits, quantBits))
	from = int(m.bits(at+next, m.size-next))
	to = int(m.bits(at+m.size+next, m.size-next))
	return before, prob, backoff, min(from, t.counts[2]), min(to, t.counts[2])
}

// trigram is the entry at i: the word before the bigram's, and its probability.
func (t *trie) trigram(i int) (before int, prob float32) {
	at := i * t.longest.size
	return int(t.longest.bits(at, t.longest.wordBits)), t.float(t.prob[1], t.longest.bits(at+t.longest.wordBits, quantBits))
}
