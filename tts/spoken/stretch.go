package spoken

import (
	"strconv"
	"strings"
)

// through says from one figure to another, as the word before wants it: between 5 and 10.
func (p *piece) through(a, b string) string {
	l := p.language
	switch {
	case l.cardinal == nil: // 5から10, 5에서 10
		return a + l.words.to + b
	case l.between[p.last]:
		return a + " " + l.words.and + " " + b
	case l.code != "it", itFrom[p.last]:
		return a + " " + l.words.to + " " + b
	case itBefore[p.last]: // in cinque-dieci giorni
		return a + "-" + b
	}
	return "da " + a + " a " + b
}

var (
	itFrom   = set("da dal dai dalle dalla dall")
	itBefore = set("in entro per di circa con a ai alle al nel nei nelle dopo ogni gli i le il lo la su sui o e ultimi prossimi solo")
	fromHour = set("de desde las la das da dalle dall do")
)

// hoursThrough says from one time of day to another.
func (p *piece) hoursThrough(from, till moment) string {
	l := p.language
	a, b := l.clock(from), l.clock(till)
	if l.between[p.last] {
		return p.through(a, b)
	}
	switch l.code {
	case "es":
		if a = strings.TrimSuffix(a, " horas"); !fromHour[p.last] {
			a = "de " + a
		}
		return a + " a " + b
	case "pt":
		if a = strings.TrimSuffix(strings.TrimSuffix(a, " horas"), " hora"); !fromHour[p.last] {
			a = article("da ", "das ", from.hour) + a
		}
		return a + " " + article("à ", "às ", till.hour) + b
	case "it":
		if !fromHour[p.last] && p.last != "ore" {
			a = article("dall’", "dalle ", from.hours()) + a
		}
		return a + " " + article("all’", "alle ", till.hours()) + b
	}
	return p.through(a, b)
}

func article(one, many string, hour int) string {
	if hour == 1 {
		return one
	}
	return many
}

// weekdays says from one day of the week to another: Mo.-Fr., Mon-Fri.
func (p *piece) weekdays() bool {
	l := p.language
	s := p.next()
	a, n := l.weekdayAt(s)
	if n == 0 {
		return false
	}
	at := n
	if u := space(s[at:]); u > 0 && dashAt(s[at+u:]) > 0 {
		at += u
	}
	d := dashAt(s[at:])
	if d == 0 {
		return false
	}
	at += d
	at += space(s[at:])
	b, n := l.weekdayAt(s[at:])
	if n == 0 || a == b {
		return false
	}
	if at += n; s[at-1] == '.' && strings.Trim(s[at:], " \n\"'”’)»") == "" {
		at-- // the point ends the sentence, too
	}
	p.say(at, p.through(a, b))
	return true
}

// weekdayAt is the day that s begins with, and the length of its name with the point of an abbreviation.
func (l *language) weekdayAt(s string) (name string, n int) {
	n = wordLen(s)
	if n < 2 || s[0] >= 'a' && l.code != "nl" && l.code != "es" && l.code != "fr" && l.code != "it" && l.code != "pt" {
		return "", 0
	}
	if name = l.weekdays[strings.ToLower(s[:n])]; name == "" {
		return "", 0
	}
	if strings.HasPrefix(s[n:], ".") {
		n++
	}
	return name, n
}

// dayAndMonth says a date without its year after a word that has one follow: on 5/14, el 15/05, am 12.03.
func (p *piece) dayAndMonth() bool {
	l := p.language
	s := p.next()
	n := digits(s)
	if n == 0 || n > 2 || n >= len(s) {
		return false
	}
	sep := s[n]
	m := digits(s[n+1:])
	end := n + 1 + m
	if m == 0 || m > 2 || startsWord(s[end:]) || end+1 < len(s) && s[end] == sep && digit(s[end+1]) {
		return false
	}
	after := s[end:]
	switch {
	case sep == '/' && l.cardinal == nil:
		if !strings.HasPrefix(after, "(") && !strings.HasPrefix(after, "（") {
			return false
		}
	case !l.dated[p.last], strings.HasPrefix(after, " of "), l.code != "en" && l.share(s[:end], "") != "": // le 3/4 du temps
		return false
	case sep == '/', sep == '-' && l.code == "nl":
	case sep == '.' && l.code == "de" && strings.HasPrefix(after, "."):
		if strings.Trim(after[1:], " \n\"'”") != "" {
			end++
		}
	default:
		return false
	}
	a, _ := strconv.Atoi(s[:n])
	b, _ := strconv.Atoi(s[n+1 : n+1+m])
	d := day{0, b, a}
	if l.code == "en" && a <= 12 || l.cardinal == nil {
		d = day{0, a, b}
	}
	if d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31 {
		return false
	}
	p.say(end, l.date(d, p.last))
	return true
}
