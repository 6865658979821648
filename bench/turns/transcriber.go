package turns

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/parley-voice/parley/turn"
)

// What a streaming vendor does, as their documents and our calls with them show it.
const (
	partialEvery = 120 * time.Millisecond
	partialLeast = 150 * time.Millisecond // from the end of a word until a partial has it
	partialMost  = 300 * time.Millisecond
	segmentGap   = 300 * time.Millisecond // silence that closes a segment
	finalMost    = 500 * time.Millisecond // the final comes within, counted from the speech's end
	startedAfter = 200 * time.Millisecond
)

// A told is something that a transcriber says, and when.
type told struct {
	at time.Duration
	turn.Words
}

// A scribe is one transcriber's ways: the seed of the item chooses.
type scribe struct {
	rng     *rand.Rand
	ends    bool // it tells ends of speech
	starts  bool // and beginnings
	marks   bool // it writes punctuation
	errors  float64
	missing float64 // a backchannel that it does not notice
}

func newScribe(it *Item) *scribe {
	rng := rand.New(rand.NewPCG(it.Seed, 13))
	s := &scribe{rng: rng, ends: rng.IntN(4) > 0, starts: rng.IntN(2) > 0, marks: rng.IntN(3) > 0, missing: 0.15}
	switch {
	case it.SNR == 0:
	case it.SNR < 10:
		s.errors = 0.10
	default:
		s.errors = 0.03
	}
	return s
}

// hear gives all that the transcriber will say of a scene.
func (s *scribe) hear(it *Item, sc *scene) []told {
	words := sc.words
	switch it.Class {
	case Sounds:
		return s.startled(sc)
	case Television:
		if s.rng.Float64() > 0.3 { // too far away for words
			return s.startled(sc)
		}
	case Bystander:
		if s.rng.Float64() > 0.5 {
			return s.startled(sc)
		}
	case Backchannel:
		if s.rng.Float64() < s.missing {
			return s.startled(sc)
		}
	}
	var out []told
	segment := 0
	for i := 0; i < len(words); i = segment {
		segment = i + 1
		for segment < len(words) && start(words[segment])-end(words[segment-1]) < segmentGap {
			segment++
		}
		over := segment == len(words)
		out = append(out, s.segment(it, words[i:segment], sc.texts[i:segment], over)...)
	}
	slices.SortStableFunc(out, func(a, b told) int { return int(a.at - b.at) })
	return out
}

// startled is what a transcriber tells of a sound of which it makes no words: one that tells beginnings takes every third for speech.
func (s *scribe) startled(sc *scene) []told {
	if !s.starts || s.rng.IntN(3) > 0 {
		return nil
	}
	return []told{{sc.begin() + startedAfter, turn.Words{Started: true}}}
}

func start(ws []Word) time.Duration { return ws[0].Start }

func end(ws []Word) time.Duration { return ws[len(ws)-1].End }

// segment is from speech to silence: partials that grow, and a final.
func (s *scribe) segment(it *Item, parts [][]Word, texts []string, over bool) []told {
	var words []Word
	for _, p := range parts {
		words = append(words, p...)
	}
	words = s.garble(words)
	if len(words) == 0 {
		return nil
	}
	last := end(parts[len(parts)-1])
	spaced := it.Lang != "ja"
	var out []told
	if s.starts {
		out = append(out, told{start(parts[0]) + startedAfter, turn.Words{Started: true}})
	}
	final := last + segmentGap + s.between(0, finalMost-segmentGap)
	known := 0
	due := make([]time.Duration, len(words))
	for i, w := range words {
		due[i] = w.End + s.between(partialLeast, partialMost)
	}
	for t := start(parts[0]) + s.between(0, partialEvery); t < final; t += partialEvery {
		n := known
		for n < len(words) && due[n] <= t {
			n++
		}
		if n > known {
			known = n
			out = append(out, told{t, turn.Words{Text: bare(join(words[:n], spaced))}})
		}
	}
	text := join(words, spaced)
	if !s.marks {
		text = bare(text)
	} else {
		text = s.mark(text, texts[len(texts)-1], it, over)
	}
	return append(out, told{final, turn.Words{Text: text, Final: true, End: s.ends}})
}

// mark is the punctuation at a segment's end: right at the end of a turn, and often a stop where none is.
func (s *scribe) mark(text, written string, it *Item, over bool) string {
	text = strings.TrimRight(text, ",;:… ")
	stop := "."
	if it.Lang == "ja" {
		stop = "。"
	}
	if over {
		if !strings.ContainsAny(text[len(text)-1:], ".?!") && !strings.HasSuffix(text, "。") && !strings.HasSuffix(text, "？") {
			text += stop
		}
		return text
	}
	switch k := s.rng.IntN(10); {
	case k < 3:
		return strings.TrimRight(text, ".") + stop
	case k < 5:
		return strings.TrimRight(text, ".") + ","
	}
	if strings.HasSuffix(written, ".") || strings.HasSuffix(written, "?") {
		return text
	}
	return strings.TrimRight(text, ".")
}

func (s *scribe) between(a, b time.Duration) time.Duration {
	return a + time.Duration(s.rng.Int64N(int64(b-a)+1))
}

// garble loses words and hears others.
func (s *scribe) garble(words []Word) []Word {
	var out []Word
	for _, w := range words {
		if s.rng.Float64() >= s.errors {
			out = append(out, w)
			continue
		}
		switch s.rng.IntN(3) {
		case 0: // not heard
		case 1:
			w.Text = words[s.rng.IntN(len(words))].Text
			out = append(out, w)
		case 2:
			r := []rune(w.Text)
			w.Text = string(r[:max(1, len(r)*2/3)]) + "n"
			out = append(out, w)
		}
	}
	return out
}

func join(words []Word, spaced bool) string {
	var all []string
	for _, w := range words {
		all = append(all, w.Text)
	}
	if !spaced {
		return strings.Join(all, "")
	}
	return strings.Join(all, " ")
}

// bare is a text as a transcriber without punctuation writes it.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(".,;:!?…。、？！¿¡", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}
