package providertest

import (
	"strings"

	"github.com/parley-voice/parley/audio"
)

// Spoken is sound in which the fakes hear words: the k-th word is 100 ms at the level of its name, with 60 ms of silence
// after it, and 300 ms after the last.
func Spoken(words string) []audio.Frame {
	var out []audio.Frame
	for _, w := range strings.Fields(words) {
		level := int16(0)
		for i, n := range names {
			if n == w {
				level = int16(1000 * (i + 1))
			}
		}
		var f audio.Frame
		for i := range f {
			f[i] = level
		}
		for range 5 {
			out = append(out, f)
		}
		out = append(out, audio.Frame{}, audio.Frame{}, audio.Frame{})
	}
	return append(out, Silence(15)...)
}

// Silence is n frames of it.
func Silence(n int) []audio.Frame { return make([]audio.Frame, n) }

var names = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
	"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"}

// An ear is the recogniser of the fakes.
type ear struct {
	rate  int
	at    int // samples heard
	block []int16
	last  int // word that sounds, 0 for none
	quiet int // blocks of silence in a row
	words []heardWord
}

type heardWord struct {
	text       string
	start, end float64
}

// A finding is what an ear tells: a word more, or the end of an utterance.
type finding struct {
	started, final bool
	words          []heardWord
}

// samples are sound as it came: µ-law, or linear.
func samples(encoding string, b []byte) []int16 {
	if strings.Contains(encoding, "mulaw") {
		return audio.DecodeUlaw(nil, b)
	}
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(uint16(b[2*i]) | uint16(b[2*i+1])<<8)
	}
	return pcm
}

// hear takes sound of any length and says what it makes of it, 20 ms at a time.
func (e *ear) hear(pcm []int16) []finding {
	var out []finding
	size := e.rate / 50
	for _, s := range pcm {
		e.block = append(e.block, s)
		if len(e.block) == size {
			if f := e.frame(e.block); f != nil {
				out = append(out, *f)
			}
			e.block = e.block[:0]
		}
	}
	return out
}

func (e *ear) frame(b []int16) *finding {
	at := float64(e.at) / float64(e.rate)
	e.at += len(b)
	level := (int(b[len(b)/2]) + 500) / 1000
	if level <= 0 || level > len(names) {
		e.last = 0
		if e.quiet++; e.quiet == 10 && len(e.words) > 0 {
			f := finding{final: true, words: e.words}
			e.words = nil
			return &f
		}
		return nil
	}
	e.quiet = 0
	if level == e.last {
		e.words[len(e.words)-1].end = at + 0.02
		return nil
	}
	e.last = level
	f := finding{started: len(e.words) == 0}
	e.words = append(e.words, heardWord{names[level-1], at, at + 0.02})
	f.words = append([]heardWord(nil), e.words...)
	return &f
}

// rest is what was heard and not yet final.
func (e *ear) rest() []heardWord {
	w := e.words
	e.words = nil
	return w
}

func textOf(ws []heardWord) string {
	var out []string
	for _, w := range ws {
		out = append(out, w.text)
	}
	return strings.Join(out, " ")
}

// tone is n samples that are no silence.
func tone(n int) []byte {
	b := make([]byte, 2*n)
	for i := range n {
		s := int16(8000)
		if i/20%2 == 1 {
			s = -8000
		}
		b[2*i], b[2*i+1] = byte(s), byte(uint16(s)>>8)
	}
	return b
}
