package conversation

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// forbidden are words and phrases that are never said. It does not change.
type forbidden struct {
	spaced   []banned
	unspaced []banned // of scripts that do not part words: wherever their letters stand
}

// A banned phrase. Case, accents and what stands between the words count for nothing.
type banned struct {
	text  string // as it was given
	words []string
	open  bool // the last word may go on
}

// forbid reads phrases; nil: there are none.
func forbid(list []string) *forbidden {
	var f forbidden
	for _, text := range list {
		b := banned{text: text, open: strings.HasSuffix(strings.TrimSpace(text), "*")}
		for _, w := range wordsIn(text) {
			b.words = append(b.words, w.word)
		}
		joined := strings.Join(b.words, "")
		switch {
		case joined == "":
		case strings.ContainsFunc(joined, unparted):
			b.words = []string{joined}
			f.unspaced = append(f.unspaced, b)
		default:
			f.spaced = append(f.spaced, b)
		}
	}
	if len(f.spaced)+len(f.unspaced) == 0 {
		return nil
	}
	return &f
}

// Says is the first of the phrases that are never to be said that is in a text; "" none is.
func Says(never []string, text string) string {
	s := sieve{all: forbid(never)}
	if s.all == nil {
		return ""
	}
	s.pass(text, true)
	if len(s.out) > 0 {
		return s.out[0]
	}
	return ""
}

// unparted are letters of scripts whose words are not parted by spaces, and of one whose words carry their endings.
func unparted(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// A placed word is where a word stands in a text: bytes.
type placed struct {
	word     string
	from, to int
}

// wordsIn are the words of a text as they are compared.
func wordsIn(text string) (all []placed) {
	var b strings.Builder
	from := -1
	flush := func(to int) {
		if b.Len() > 0 {
			all = append(all, placed{b.String(), from, to})
		}
		b.Reset()
		from = -1
	}
	for i, r := range text {
		switch {
		case r == '\'' || r == '’' || r == '\u00ad' || unicode.Is(unicode.Cf, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if from < 0 {
				from = i
			}
			for _, x := range norm.NFKD.String(string(unicode.ToLower(r))) {
				if !accent(x) {
					b.WriteRune(unicode.ToLower(x))
				}
			}
		default:
			flush(i)
		}
	}
	flush(len(text))
	return all
}

// accent reports whether a mark is one of those that Latin, Greek and Cyrillic letters carry.
func accent(r rune) bool { return r >= 0x300 && r <= 0x36f }

// A sieve takes what is never said out of the pieces of a reply. It holds back as much of a piece as a phrase may begin with. A nil one
// lets everything through. next and rest belong to the reply's goroutine.
type sieve struct {
	all  *forbidden
	held string

	mu  sync.Mutex // guards out
	out []string   // what was taken out, as it is in the list
}

func (f *forbidden) sieve() *sieve {
	if f == nil {
		return nil
	}
	return &sieve{all: f}
}

// next is what of a piece, and of what was held back before it, can be said.
func (s *sieve) next(piece string) string {
	if s == nil {
		return piece
	}
	return s.pass(s.held+piece, false)
}

// rest is what was held back, when nothing follows.
func (s *sieve) rest() string {
	if s == nil || s.held == "" {
		return ""
	}
	return s.pass(s.held, true)
}

// took reports whether anything was taken out.
func (s *sieve) took() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out) > 0
}

func (s *sieve) unsaid() []string {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.out
	s.out = nil
	return out
}

// A cutout is a stretch of a text that is not said.
type cutout struct{ from, to int }

func (s *sieve) pass(text string, last bool) string {
	words := wordsIn(text)
	var cuts []cutout
	hold := len(text)
	for i := range words {
		for _, b := range s.all.spaced {
			n, whole := b.begins(words[i:])
			switch {
			case whole:
				cuts = append(cuts, cutout{words[i].from, words[i+n-1].to})
				s.take(b.text)
			case n > 0 && !last:
				hold = min(hold, words[i].from)
			}
		}
	}
	if len(s.all.unspaced) > 0 {
		more, from := s.letters(text, last)
		cuts, hold = append(cuts, more...), min(hold, from)
	}
	s.held = text[hold:]
	return without(text[:hold], cuts)
}

// begins reports whether words begin with the phrase; n > 0 without whole: all of them do, and more must come.
func (b *banned) begins(words []placed) (n int, whole bool) {
	for i, w := range b.words {
		if i == len(words) {
			return i, false
		}
		if w != words[i].word && !(b.open && i == len(b.words)-1 && strings.HasPrefix(words[i].word, w)) {
			return 0, false
		}
	}
	return len(b.words), true
}

// letters looks for phrases of unparted scripts, whatever stands among their letters.
func (s *sieve) letters(text string, last bool) (cuts []cutout, hold int) {
	var row strings.Builder
	var at []int // of every byte of row, in text
	for i, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		for _, x := range norm.NFKC.String(string(unicode.ToLower(r))) {
			n, _ := row.WriteRune(x)
			at = append(at, slices.Repeat([]int{i}, n)...)
		}
	}
	all := row.String()
	hold = len(text)
	for _, b := range s.all.unspaced {
		phrase := norm.NFKC.String(b.words[0])
		for from := 0; ; {
			i := strings.Index(all[from:], phrase)
			if i < 0 {
				break
			}
			end := from + i + len(phrase)
			to := len(text)
			if end < len(at) {
				to = at[end]
			}
			cuts = append(cuts, cutout{at[from+i], to})
			s.take(b.text)
			from = end
		}
		for n := min(len(phrase)-1, len(all)); n > 0 && !last; n-- {
			if utf8.RuneStart(phrase[n]) && strings.HasSuffix(all, phrase[:n]) {
				hold = min(hold, at[len(all)-n])
				break
			}
		}
	}
	return cuts, hold
}

func (s *sieve) take(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.out, text) {
		s.out = append(s.out, text)
	}
}

// without is a text without the stretches, and one space where a word was.
func without(text string, cuts []cutout) string {
	if len(cuts) == 0 {
		return text
	}
	slices.SortFunc(cuts, func(a, b cutout) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, c := range cuts {
		if c.from > at {
			b.WriteString(text[at:min(c.from, len(text))])
		}
		if at = max(at, c.to); at < len(text) && text[at] == ' ' && (b.Len() == 0 || strings.HasSuffix(b.String(), " ")) {
			at++
		}
	}
	if at < len(text) {
		b.WriteString(text[at:])
	}
	return b.String()
}
