package knowledge

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/parley-voice/parley"
)

// BM25's constants: how fast a word that comes again counts less, and how much long chunks are held back.
const (
	bm25K = 1.2
	bm25B = 0.6
)

// What is told of a lookup. The scores are BM25's with the weight of a word between 0 (it stands everywhere) and 1 (in one chunk), so
// that they mean the same in small and large libraries: a word that is rare and found once counts about 1.
const (
	mostFound  = 3    // chunks
	leastScore = 0.3  // of a chunk
	leastShare = 0.45 // of the best one's score
	askedCount = 0.4  // of what the words of the agent's question count, unless the caller's say nothing: yes, please
	mostTerms  = 64   // of a question: the first
)

// A Query is what is looked up.
type Query struct {
	Said      string           // by the caller
	Asked     string           // by the agent before, ""
	Knowledge parley.Knowledge // where
	Most      int              // passages; 0: three
}

// An Index finds chunks by their words. It is safe for any goroutine.
type Index struct {
	mu        sync.RWMutex // guards all below
	documents map[string]*entry
	lexicons  map[string]*lexicon // by language
	chunks    []chunk             // dead ones between them, whose places are taken again
	lengths   []float32           // of the chunks, in words: apart, because scoring reads nothing else of them
	free      []uint32
	scratch   sync.Pool // of *scores
}

// An entry is a document in the index.
type entry struct {
	name, language string
	chunks         []uint32
}

type chunk struct {
	Chunk
	document string // its id; "" nobody's
	terms    []string
}

// A lexicon is all chunks in one language.
type lexicon struct {
	postings map[string][]posting
	chunks   int
	length   float64 // of all
}

// A posting says how often a word is in a chunk.
type posting struct {
	chunk uint32
	times float32
}

// NewIndex makes an empty one.
func NewIndex() *Index {
	return &Index{documents: map[string]*entry{}, lexicons: map[string]*lexicon{}, scratch: sync.Pool{New: func() any { return new(scores) }}}
}

// Len is how many chunks there are.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.chunks) - len(x.free)
}

// Put takes a document in, in the place of what it was.
func (x *Index) Put(d *parley.Document) {
	cut := Chunks(d)
	read := make([]map[string]float32, len(cut))
	lengths := make([]float32, len(cut))
	for i, c := range cut {
		read[i] = map[string]float32{}
		count := func(term string) { read[i][term]++; lengths[i]++ }
		terms(c.Text, d.Language, count)
		terms(d.Name+"\n"+c.Heading, d.Language, count)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(d.ID)
	e := &entry{name: d.Name, language: d.Language}
	x.documents[d.ID] = e
	l := x.lexicons[d.Language]
	if l == nil {
		l = &lexicon{postings: map[string][]posting{}}
		x.lexicons[d.Language] = l
	}
	for i, c := range cut {
		at := x.place()
		e.chunks = append(e.chunks, at)
		l.chunks++
		l.length += float64(lengths[i])
		own := make([]string, 0, len(read[i]))
		for term, n := range read[i] {
			own = append(own, term)
			l.postings[term] = append(l.postings[term], posting{at, n})
		}
		x.chunks[at] = chunk{Chunk: c, document: d.ID, terms: own}
		x.lengths[at] = lengths[i]
	}
}

// place is where a chunk can be put.
func (x *Index) place() uint32 {
	if n := len(x.free); n > 0 {
		at := x.free[n-1]
		x.free = x.free[:n-1]
		return at
	}
	x.chunks, x.lengths = append(x.chunks, chunk{}), append(x.lengths, 0)
	return uint32(len(x.chunks) - 1) //nolint:gosec // of at most LibraryContent characters
}

// Remove takes a document out; it need not be there.
func (x *Index) Remove(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(id)
}

func (x *Index) remove(id string) {
	e := x.documents[id]
	if e == nil {
		return
	}
	delete(x.documents, id)
	l := x.lexicons[e.language]
	gone := make(map[uint32]bool, len(e.chunks))
	touched := map[string]bool{}
	for _, at := range e.chunks {
		gone[at] = true
		for _, term := range x.chunks[at].terms {
			touched[term] = true
		}
		l.chunks--
		l.length -= float64(x.lengths[at])
		x.chunks[at] = chunk{}
	}
	x.free = append(x.free, e.chunks...)
	for term := range touched {
		left := slices.DeleteFunc(l.postings[term], func(p posting) bool { return gone[p.chunk] })
		if len(left) == 0 {
			delete(l.postings, term)
			continue
		}
		l.postings[term] = left
	}
}

// scores are what chunks have so far, and which of them have any.
type scores struct {
	of    []float32
	found []uint32
}

// Find gives the passages that may answer a question, the best first.
func (x *Index) Find(q Query) []parley.Passage {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := x.scratch.Get().(*scores)
	defer x.scratch.Put(s)
	if len(s.of) < len(x.chunks) {
		s.of = make([]float32, len(x.chunks))
	}
	for code, l := range x.lexicons {
		if l.chunks > 0 {
			x.score(s, l, code, q)
		}
	}
	most := cmp.Or(q.Most, mostFound)
	best := make([]uint32, 0, most+1)
	for _, at := range s.found {
		if s.of[at] < leastScore || !q.Knowledge.Has(x.chunks[at].document) {
			continue
		}
		i, _ := slices.BinarySearchFunc(best, at, func(a, b uint32) int { return cmp.Or(cmp.Compare(s.of[b], s.of[a]), cmp.Compare(a, b)) })
		if i < most {
			best = slices.Insert(best, i, at)
			best = best[:min(len(best), most)]
		}
	}
	var found []parley.Passage
	for _, at := range best {
		if s.of[at] < leastShare*s.of[best[0]] {
			break
		}
		c := &x.chunks[at]
		found = append(found, parley.Passage{DocumentID: c.document, Document: x.documents[c.document].name, Heading: c.Heading, Text: c.Text,
			Score: math.Round(float64(s.of[at])*100) / 100})
	}
	for _, at := range s.found {
		s.of[at] = 0
	}
	s.found = s.found[:0]
	return found
}

// score adds what the words of a question count in the chunks of a language.
func (x *Index) score(s *scores, l *lexicon, code string, q Query) {
	short, per := float32(bm25K*(1-bm25B)), float32(bm25K*bm25B*float64(l.chunks)/max(l.length, 1))
	most := math.Log(1 + float64(l.chunks))
	seen := make(map[string]bool, mostTerms)
	one := func(term string, counts float32) {
		if seen[term] || len(seen) == mostTerms {
			return
		}
		seen[term] = true
		list := l.postings[term]
		if len(list) == 0 {
			return
		}
		in := float64(len(list))
		weight := counts * float32(math.Log(1+(float64(l.chunks)-in+0.5)/(in+0.5))/most)
		of, lengths := s.of, x.lengths
		for _, p := range list {
			so := of[p.chunk]
			if so == 0 {
				s.found = append(s.found, p.chunk)
			}
			of[p.chunk] = so + weight*p.times*(bm25K+1)/(p.times+short+per*lengths[p.chunk])
		}
	}
	terms(q.Said, code, func(t string) { one(t, 1) })
	counts := float32(askedCount)
	if len(seen) == 0 {
		counts = 1
	}
	terms(q.Asked, code, func(t string) { one(t, counts) })
}
