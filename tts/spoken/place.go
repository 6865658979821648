package spoken

import "strings"

// rooms are numbered digit by digit in English, and so is what is on the wall of a house.
var (
	rooms = set("room suite")
	roads = set("street st avenue ave road rd boulevard blvd drive dr lane ln way court ct place pl highway hwy parkway pkwy square sq terrace")
)

// house says the number of a room or a house in English: room two zero four, sixteen hundred Pennsylvania Avenue.
func (p *piece) house(f *figure) bool {
	if p.language.code != "en" || f.grouped || f.part != "" || len(f.digits) < 3 || len(f.digits) > 4 || f.digits[0] == '0' {
		return false
	}
	round := strings.HasSuffix(f.digits, "00")
	switch {
	case rooms[p.last] && !round:
		p.say(f.n, p.language.one(f.digits))
	case rooms[p.last], p.road(p.text[p.at+f.n:]):
		p.say(f.n, enHouse(f.whole()))
	default:
		return false
	}
	return true
}

// road reports whether the name of one follows.
func (p *piece) road(s string) bool {
	for range 4 {
		sp := space(s)
		n := wordLen(s[sp:])
		if sp == 0 || n == 0 || s[sp] >= 'a' && s[sp] <= 'z' {
			return false
		}
		w := strings.ToLower(s[sp : sp+n])
		if s = s[sp+n:]; roads[w] {
			return true
		}
	}
	return false
}

func enHouse(n uint64) string {
	if n >= 1000 {
		return enYear(n)
	}
	switch hundreds, rest := enOnes[n/100], n%100; {
	case rest == 0:
		return hundreds + " hundred"
	case rest < 10:
		return hundreds + " oh " + enOnes[rest]
	default:
		return hundreds + " " + enCardinal(rest)
	}
}

// height says feet and inches: 5'10".
func (p *piece) height(f *figure) bool {
	s := p.text[p.at+f.n:]
	n := 0
	for _, mark := range [...]string{"'", "’", "′"} {
		if strings.HasPrefix(s, mark) {
			n = len(mark)
		}
	}
	d := digits(s[n:])
	if p.language.code != "en" || n == 0 || d == 0 || d > 2 || len(f.digits) > 1 || f.part != "" {
		return false
	}
	inches := s[n : n+d]
	for _, mark := range [...]string{"\"", "”", "″"} {
		if strings.HasPrefix(s[n+d:], mark) {
			p.say(f.n+n+d+len(mark), enOnes[f.digits[0]-'0']+" foot "+p.language.few(inches))
			return true
		}
	}
	return false
}

// shortYear says '90 without its apostrophe.
func (p *piece) shortYear() bool {
	s := p.next()
	n := len("’")
	if s[0] == '\'' {
		n = 1
	}
	if p.language.cardinal == nil || digits(s[n:]) != 2 {
		return false
	}
	w := wordLen(s[n:])
	words := p.language.decade(s[n : n+w])
	switch {
	case words != "":
	case w == 2:
		words = p.language.small(s[n : n+2])
	default:
		return false
	}
	p.say(n+w, words)
	return true
}
