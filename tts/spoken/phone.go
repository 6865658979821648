package spoken

import "strings"

// phone says what is dialled, and other numbers in groups, digit by digit: +1 (415) 555-0123, 030 1234567, 4242 4242 4242 4242. A
// group is a span of its own.
func (p *piece) phone() bool {
	s := p.next()
	plus := strings.HasPrefix(s, "+")
	at, total, signs := 0, 0, 0
	if plus {
		at = 1
	}
	var groups []string
	var starts []int
	open := false
	for at < len(s) && len(groups) < 12 {
		from := at
		sp := at
		for sp < len(s) && (s[sp] == ' ' || s[sp] == '-' || s[sp] == '.' || s[sp] == '(' || s[sp] == ')' || s[sp] == '/') && sp-at < 3 {
			switch s[sp] {
			case '(':
				if open {
					return false
				}
				open = true
			case ')':
				if !open {
					sp = len(s) + 1
				}
				open = false
			}
			sp++
		}
		if sp > len(s) {
			break
		}
		if u := space(s[at:]); sp == at && u > 1 {
			sp += u
		}
		n := digits(s[sp:])
		if n == 0 || sp == from && len(groups) > 0 {
			break
		}
		if sp > from && len(groups) > 0 {
			signs |= sign(s[from:sp])
		}
		start := sp // what stands before a group goes with the one before, but for its bracket
		if sp > 0 && s[sp-1] == '(' {
			start--
		}
		groups, starts = append(groups, s[sp:sp+n]), append(starts, start)
		total += n
		at = sp + n
	}
	if startsWord(s[at:]) || !p.dialled(groups, total, plus, signs, s[0] == '(') {
		return false
	}
	p.dial(groups, starts, at, plus)
	return true
}

const (
	bySpace = 1 << iota
	byDash
	byPoint
	byBracket
)

func sign(s string) int {
	switch {
	case strings.ContainsAny(s, "()"):
		return byBracket
	case strings.Contains(s, "-"):
		return byDash
	case strings.ContainsAny(s, "./"):
		return byPoint
	}
	return bySpace
}

// dialled tells such numbers from amounts, dates, and two figures that follow each other.
func (p *piece) dialled(groups []string, total int, plus bool, signs int, bracket bool) bool {
	if plus {
		return total >= 7 && total <= 15
	}
	if len(groups) < 2 || total < 7 || total > 19 {
		return false
	}
	last := groups[len(groups)-1]
	switch {
	case bracket || signs&byBracket != 0:
		return true
	case signs == byPoint:
		return len(groups) >= 3 && len(last) == 4 || groups[0][0] == '0'
	case signs&byDash != 0 && len(groups) == 2:
		a, b := figure{digits: groups[0]}, figure{digits: last}
		return !ranges(&a, &b)
	case signs&byDash != 0:
		return true
	case groups[0][0] == '0', strings.HasPrefix(groups[0], "1800"):
		return len(groups[0]) <= 5
	}
	if len(groups) < 3 {
		return false
	}
	for _, g := range groups[1:] { // 1 234 567 is an amount
		if len(g) != 3 {
			return len(last) >= 3 || len(groups) >= 4
		}
	}
	return len(groups) == 3 && len(groups[0]) == 3 && (!p.language.spaces || p.language.code == "es" && groups[0][0] >= '6') // Spain's numbers
}

func (p *piece) dial(groups []string, starts []int, end int, plus bool) {
	l := p.language
	for i, g := range groups {
		words := l.dialling(g)
		if i == 0 && plus {
			words = l.words.plus + " " + words
		}
		from, to := starts[i], end
		if i == 0 {
			from = 0
		}
		if i+1 < len(starts) {
			words += l.rest()
			to = starts[i+1]
		}
		p.say(to-from, words)
	}
}

// dialling says one group: in French two digits are a number.
func (l *language) dialling(g string) string {
	if l.code == "fr" && len(g) == 2 {
		if g[0] == '0' {
			return l.one(g)
		}
		return l.small(g)
	}
	return l.spell(g)
}
