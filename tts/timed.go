package tts

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-voice/parley/audio"
)

const (
	maxSkip = 4         // words that a vendor may leave out, or call otherwise, before its next is found again
	maxSaid = time.Hour // of one piece; a time beyond it is no time
)

// A place is how far the text of a piece is told once so many of its samples are out.
type place struct{ bytes, at int }

// Word tells what the vendor itself says of the piece being spoken: its next word is over at end, counted from the piece's
// first sample. Words are known by their letters and digits, whatever marks and spaces the vendor puts around them; one that is
// not among the next few of the text is passed over. A piece of which one word is known is told by what is known alone, and by
// no estimate. Call it before the sound of the word is written; one that comes later is told with the next frame.
func (a *Align) Word(word string, end time.Duration) {
	text := a.piece()
	at := a.known
	for i := range maxSkip + 1 {
		n := match(text[at:], word)
		if n > 0 && (i == 0 || !letterAt(text[at+n:])) {
			a.known = at + n + marks(text[at+n:])
			samples := int(min(max(end, 0), maxSaid) * audio.Rate / time.Second)
			if n := len(a.places); n > 0 {
				samples = max(samples, a.places[n-1].at)
			}
			a.places = append(a.places, place{a.known, samples})
			return
		}
		skip := wordLen(text[at:])
		if at += skip; skip == 0 || at >= len(text) {
			return
		}
	}
}

// Sounded is how much sound of the piece being spoken has been written.
func (a *Align) Sounded() time.Duration {
	return time.Duration(a.heard+a.fill) * time.Second / audio.Rate
}

// over is the text up to the last word that the vendor says is over by now.
func (a *Align) over(text string) string {
	from, n := a.told, 0
	for n < len(a.places) && a.places[n].at <= a.heard {
		a.told = max(a.told, a.places[n].bytes)
		n++
	}
	a.places = append(a.places[:0], a.places[n:]...)
	return text[from:a.told]
}

// match is the length in bytes of what at the beginning of text has the letters of word, 0 when it has others.
func match(text, word string) int {
	i, found := 0, 0
	for _, w := range word {
		if !letter(w) {
			continue
		}
		for {
			r, n := utf8.DecodeRuneInString(text[i:])
			if n == 0 {
				return 0
			}
			i += n
			if !letter(r) {
				continue
			}
			if r != w && unicode.ToLower(r) != unicode.ToLower(w) {
				return 0
			}
			found = i
			break
		}
	}
	return found
}

// marks is the length of what belongs to a word that ends where text begins: the marks behind it, and the space when nothing
// else follows.
func marks(text string) int {
	i := 0
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if letter(r) {
			return i
		}
		if unicode.IsSpace(r) {
			for _, rest := range text[i:] {
				if !unicode.IsSpace(rest) {
					return i
				}
			}
			return len(text)
		}
		i += n
	}
	return i
}

func letter(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

func letterAt(text string) bool {
	r, n := utf8.DecodeRuneInString(text)
	return n > 0 && letter(r)
}
