package menu

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/turn"
)

// A Place is an announcement that was heard on the call, and what became of it.
type Place struct {
	N       int     // 1 is the first of the call; 0: not all of it was heard yet
	Text    string  // as it was first heard
	Times   int     // it was heard
	Choices []*Made // what was done there, oldest first

	marks map[string]bool
	plain string
}

// Made is a choice that was made, and where it led.
type Made struct {
	Choice
	Led *Place // nil: it is not known, or nothing was read out since
}

const (
	alike     = 0.5 // of the longer one's marks, and two announcements are the same
	contained = 0.8 // of the shorter one's: it is part of the other
	leastSame = 3   // marks that a part must have
	leastMore = 6   // and the beginning of what is read out, read out again: choices begin alike
	misheard  = 3   // words in a row, at most
	row       = 3   // words, or characters where words have no spaces between, to a mark
)

// marksOf are the rows of words in a text: what is misheard spoils few of them.
func marksOf(plain string, unspaced bool) map[string]bool {
	words := wordsOf(plain, unspaced)
	m := map[string]bool{}
	for i := 0; i+row <= len(words); i++ {
		m[strings.Join(words[i:i+row], " ")] = true
	}
	return m
}

// wordsOf are those of a plain text.
func wordsOf(plain string, unspaced bool) []string {
	words := strings.Fields(plain)
	if unspaced {
		words = strings.Split(strings.Join(words, ""), "")
	}
	return words
}

// shared counts the marks that are in both.
func shared(a, b map[string]bool) (n int) {
	for k := range a {
		if b[k] {
			n++
		}
	}
	return n
}

// within reports whether a text is part of what has these marks.
func within(part, whole map[string]bool, least int) bool {
	return len(part) >= least && float64(shared(part, whole)) >= contained*float64(len(part))
}

// same reports whether what was heard now, q, is this place's, or a part of it.
func (p *Place) same(q *Place) bool {
	if len(p.marks) < leastSame || len(q.marks) < leastSame {
		return p.plain == q.plain
	}
	n := float64(shared(p.marks, q.marks))
	return n >= alike*float64(max(len(p.marks), len(q.marks))) || within(q.marks, p.marks, leastSame)
}

func (g *Guide) place(text string) *Place {
	p := &Place{Text: text, plain: turn.Plain(text)}
	p.marks = marksOf(p.plain, g.unspaced())
	return p
}

// recall gives the place where a text was heard before, or a new one.
func (g *Guide) recall(text string) (p *Place, known bool) {
	now := g.place(text)
	best := 0
	for _, q := range g.known {
		if q.same(now) {
			if n := shared(q.marks, now.marks); p == nil || n > best {
				p, best = q, n
			}
		}
	}
	if p != nil {
		return p, true
	}
	return now, false
}

// beyond is what a text has after a beginning that is known from p.
func (g *Guide) beyond(p *Place, text string) string {
	words := wordsOf(turn.Plain(text), g.unspaced())
	last := 0
	for i := row; i <= min(len(words), last+row+misheard); i++ {
		if p.marks[strings.Join(words[i-row:i], " ")] {
			last = i
		}
	}
	switch {
	case last > 0:
		return strings.Join(words[last:], g.space())
	case len(words) < row && contains(wordsOf(p.plain, g.unspaced()), words):
		return ""
	}
	return text
}

func contains(known, words []string) bool {
	for i := 0; i+len(words) <= len(known); i++ {
		if slices.Equal(known[i:i+len(words)], words) {
			return true
		}
	}
	return false
}

func (g *Guide) unspaced() bool { return g.o.Language == "ja" }

func (g *Guide) space() string {
	if g.unspaced() {
		return ""
	}
	return " "
}

// arrive finds out which announcement it is that was read out, and reports whether it was heard before.
func (g *Guide) arrive() (known bool) {
	r := &g.now
	if r.here != nil {
		return r.here.Times > 1
	}
	r.here, known = g.recall(r.text())
	if !known {
		g.known = append(g.known, r.here)
		r.here.N = len(g.known)
	}
	r.here.Times++
	if g.last != nil && g.last.Led == nil {
		g.last.Led = r.here
	}
	return known
}

// depart takes back that an announcement has been arrived at: it goes on.
func (g *Guide) depart() {
	p := g.now.here
	if p == nil {
		return
	}
	if g.last != nil && g.last.Led == p {
		g.last.Led = nil
	}
	if p.Times--; p.Times == 0 {
		g.known = g.known[:len(g.known)-1] // nothing has come since
		p.N = 0
	}
}

// made takes note of a choice.
func (g *Guide) made(p *Place, c Choice, by By, now time.Duration) Step {
	g.last = &Made{Choice: c}
	p.Choices = append(p.Choices, g.last)
	g.at, g.madeAt, g.since = p, now, now
	g.now = reading{wordsAt: g.now.wordsAt}
	return Step{Choice: c, By: by, Place: p}
}

// waited is how often in a row the place was let go by.
func (p *Place) waited() (n int) {
	for i := len(p.Choices) - 1; i >= 0 && p.Choices[i].Kind == Wait; i-- {
		n++
	}
	return n
}
