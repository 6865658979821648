package spoken

import (
	"strconv"
	"strings"
)

// day says a date written in figures: 2026-03-12, 12/03/2026, 12.3.2026.
func (p *piece) day() bool {
	l := p.language
	s := p.next()
	var parts [3]string
	at := 0
	var sep byte
	for i := range parts {
		n := digits(s[at:])
		if n == 0 || n > 4 {
			return false
		}
		parts[i] = s[at : at+n]
		at += n
		if i == 2 {
			break
		}
		if at >= len(s) || s[at] != '-' && s[at] != '/' && s[at] != '.' || i == 1 && s[at] != sep {
			return false
		}
		sep = s[at]
		at++
	}
	if startsWord(s[at:]) || at+1 < len(s) && (s[at] == sep && digit(s[at+1])) {
		return false
	}
	d, ok := l.dayOf(parts, sep)
	if !ok {
		return false
	}
	p.say(at, l.date(d, p.last))
	return true
}

// dayOf is the date of three figures: by the year where it comes first, else in the order of the language. One whose order a
// language does not know is none.
func (l *language) dayOf(parts [3]string, sep byte) (d day, ok bool) {
	var n [3]int
	for i, s := range parts {
		n[i], _ = strconv.Atoi(s)
	}
	switch {
	case len(parts[0]) == 4:
		d = day{n[0], n[1], n[2]}
	case len(parts[0]) > 2 || len(parts[1]) > 2 || len(parts[2]) != 4 && (len(parts[2]) != 2 || sep != '/'):
		return d, false
	case l.code == "en" && sep != '.' && n[0] <= 12:
		d = day{n[2], n[0], n[1]}
	case l.code == "ja" || l.code == "ko":
		return d, false
	default:
		d = day{n[2], n[1], n[0]}
	}
	if d.year < 100 {
		d.year += 2000
	}
	return d, d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31 && d.year >= 1000 && d.year < 2200
}

// dayOf says a figure that counts the day of a month which is named: 3 March, 3. März, 1er mars, March 3.
func (p *piece) dayOf(f *figure) bool {
	l := p.language
	if l.ordinal == nil || len(f.digits) > 2 || f.part != "" || f.digits == "0" || f.digits == "00" {
		return false
	}
	n := f.whole()
	if n < 1 || n > 31 {
		return false
	}
	s := p.text[p.at+f.n:]
	if l.code == "en" && l.months[p.last] > 0 && p.last != "may" || p.last == "may" && strings.HasPrefix(s, ",") {
		p.say(f.n, l.ordinal(n, alone))
		return true
	}
	dot := 0
	if l.code == "de" {
		if !strings.HasPrefix(s, ". ") {
			return false
		}
		dot = 1
	}
	sp := space(s[dot:])
	of := 0
	if sp > 0 && (l.code == "es" || l.code == "pt") && strings.HasPrefix(s[sp:], "de ") {
		of = 3
	}
	if sp == 0 {
		return false
	}
	m, _ := l.monthOf(s[sp+dot+of:])
	if m == 0 {
		return false
	}
	words := l.date(day{0, 0, int(n)}, p.last)
	if words == "" {
		return false
	}
	p.say(f.n+dot, words)
	return true
}

// clock says a time of day: 15:30, 3:30pm, 3 p.m., 15h30, 15.30 Uhr; and from one to another: 9am-5pm.
func (p *piece) clock() bool {
	l := p.language
	s := p.next()
	c, n := p.moment(s)
	if n == 0 {
		return false
	}
	if sp := space(s[n:]); dashAt(s[n+sp:]) > 0 {
		at := n + sp + dashAt(s[n+sp:])
		at += space(s[at:])
		if till, m := p.moment(s[at:]); m > 0 {
			p.say(at+m, p.hoursThrough(c, till))
			return true
		}
	}
	p.say(n, l.clock(c))
	return true
}

// moment reads a time of day; n is 0 when there is none.
func (p *piece) moment(s string) (c moment, at int) {
	l := p.language
	n := digits(s)
	if n == 0 || n > 2 {
		return c, 0
	}
	hour, _ := strconv.Atoi(s[:n])
	c = moment{hour: hour, last: p.last}
	at = n
	minutes := false
	if at < len(s) && hour <= 24 {
		switch sep := s[at]; {
		case (sep == ':' || sep == 'h' && l.hourly() || sep == '.') && digits(s[at+1:]) == 2 && s[at+1] <= '5':
			c.minute, _ = strconv.Atoi(s[at+1 : at+3])
			minutes = true
			if at += 3; sep == ':' && len(s) > at+2 && s[at] == ':' && digits(s[at+1:]) == 2 {
				at += 3 // seconds are not said
			}
			if sep == '.' && !p.dottedHour(s[at:]) {
				return c, 0
			}
		case sep == 'h' && l.hourly() && !startsWord(s[at+1:]) && p.hours():
			at, minutes = at+1, true
		}
	}
	if half, m := halfOf(s[at:]); m > 0 && hour <= 12 {
		c.half, at = half, at+m
	} else if m := l.oclock(s[at:]); m > 0 {
		c.named, at = true, at+m
	} else if !minutes {
		return c, 0
	}
	if hour > 24 || startsWord(s[at:]) || len(s) > at+1 && s[at] == ':' && digit(s[at+1]) {
		return c, 0
	}
	return c, at
}

// hours reports whether 15h is a time of day and no length of time, by the word before.
func (p *piece) hours() bool {
	switch p.last {
	case "durante", "pendant", "dans", "en", "por", "dura", "depuis", "sous", "em", "há":
		return false
	}
	return true
}

// hourly reports whether hours are written with an h: 15h30.
func (l *language) hourly() bool {
	return l.code == "fr" || l.code == "pt" || l.code == "es" || l.code == "nl"
}

// dottedHour reports whether 15.30 is a time of day.
func (p *piece) dottedHour(after string) bool {
	switch p.language.code {
	case "id":
		return p.last == "pukul" || p.last == "jam" || strings.HasPrefix(after, " WI")
	case "de", "nl":
		return p.language.oclock(after) > 0
	case "it":
		return p.last == "ore" || p.last == "alle" || p.last == "dalle"
	}
	_, n := halfOf(after)
	return n > 0 && p.language.code == "en"
}

// halfOf is the half of the day that s begins with, and its length with the space before.
func halfOf(s string) (half string, n int) {
	sp := space(s)
	s = s[sp:]
	for _, x := range [...]struct{ written, half string }{
		{"a.m.", "am"}, {"p.m.", "pm"}, {"a. m.", "am"}, {"p. m.", "pm"}, {"am", "am"}, {"pm", "pm"},
	} {
		if len(s) >= len(x.written) && strings.EqualFold(s[:len(x.written)], x.written) && !startsWord(s[len(x.written):]) {
			if x.written == "am" && sp > 0 && s[:2] == "am" { // I am
				return "", 0
			}
			if n := sp + len(x.written); strings.HasSuffix(x.written, ".") && strings.TrimSpace(s[len(x.written):]) == "" {
				return x.half, n - 1 // its last point ends the sentence, too
			}
			return x.half, sp + len(x.written)
		}
	}
	return "", 0
}

// oclock is the length of the hour's name where the clock says it, with the space before it.
func (l *language) oclock(s string) int {
	sp := space(s)
	if w := oclocks[l.code]; sp > 0 && w != "" && strings.HasPrefix(s[sp:], w) && !startsWord(s[sp+len(w):]) {
		return sp + len(w)
	}
	return 0
}

var oclocks = map[string]string{"de": "Uhr", "hi": "बजे", "nl": "uur"}
