package spoken

import (
	"strings"
	"sync"
)

// A form is how a number agrees with what it counts, where a language has it agree.
type form uint8

const (
	alone     form = iota // eins, uno
	masculine             // ein Euro, veintiún euros
	feminine              // una libra, duas horas
)

// A language is how figures and signs are said in it.
type language struct {
	code     string
	decimal  byte                            // , or .
	spaces   bool                            // 10 000 may have a space as wide as any
	pairs    bool                            // two decimals are one number: trois virgule quatorze
	digits   [10]string                      // said one by one
	cardinal func(n uint64, f form) string   // nil: figures are the voice's
	ordinal  func(n uint64, f form) string   // nil: none
	year     func(n uint64) string           // nil: a cardinal
	varies   func(n uint64) bool             // the form of n depends on a noun, which is not known: figures stay. nil: none does
	date     func(d day, last string) string // y or d may be 0
	clock    func(c moment) string
	ordinals func(after string) (n int, f form) // what makes an ordinal of the figure before it; nil: nothing
	words    words
	tables
}

// tables are what is looked up.
type tables struct {
	months        map[string]int // names, in lower case
	money         map[string]currency
	magnitudes    map[string]string // million, Mio.: what they are called
	units         map[string]unit
	abbreviations map[string]string // with their point, in lower case
	titles        map[string]string // those before a name only: dr. → Doctor
	streets       map[string]string // those after one: st. → Street
	codes         map[string]bool   // after these words a figure is no quantity: PIN 1234
	is            map[string]bool   // these may stand between the two
	chapters      map[string]bool   // after these a Roman numeral is a number
	kings         map[string]bool   // after these names it is an ordinal
	years         map[string]bool   // after these a figure is a year
	weekdays      map[string]string // names and abbreviations, in lower case: what they are called
	between       map[string]bool   // after these, two figures with a dash are one and the other
	dated         map[string]bool   // after these a day and a month may stand without a year
	per           map[string]string // what follows a stroke after an amount: al mes; "" is what all others have before them
	outOf         string            // 4.8/5
}

// words are what signs are called. An empty one leaves the sign as it is.
type words struct {
	point, minus, to, percent, and, number string
	at, dot, slash, dash, underscore, plus string // in addresses
	equals, question, colon, hash          string
	version                                string
	shares                                 [5]string // 1/2, 1/4, 3/4, 1/3, 2/3
	cents                                  string    // between an amount and its cents
	of                                     string    // between a magnitude and what it counts: millones de euros
}

// A unit is what is counted.
type unit struct {
	one, many string
	form      form
}

// A currency is counted in itself and in its cents.
type currency struct{ whole, part unit }

// A day is a date; parts that were not written are 0.
type day struct{ year, month, day int }

// A moment is a time of day as it was written.
type moment struct {
	hour, minute int
	half         string // am or pm; "" when none was said
	last         string // the word before
	named        bool   // the clock was: 3:30 बजे
}

// hours is of the 24 of a day.
func (c moment) hours() int {
	switch {
	case c.half == "pm" && c.hour < 12:
		return c.hour + 12
	case c.half == "am" && c.hour == 12:
		return 0
	}
	return c.hour
}

var all = sync.OnceValue(func() map[string]*language {
	m := map[string]*language{}
	for _, l := range []*language{english(), spanish(), german(), hindi(), portuguese(), french(), dutch(), indonesian(), italian(), japanese(), korean()} {
		m[l.code] = l
	}
	return m
})

// languageOf finds a language by its code, with or without a country; nil when it is unknown.
func languageOf(code string) *language { return all()[short(code)] }

func short(code string) string {
	code, _, _ = strings.Cut(strings.ReplaceAll(code, "_", "-"), "-")
	return strings.ToLower(code)
}

// set is a set of words, which are in lower case.
func set(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// pairs reads lines of key = what it is called.
func pairs(lines string) map[string]string {
	m := map[string]string{}
	for l := range strings.SplitSeq(lines, ";") {
		if k, v, ok := strings.Cut(l, "="); ok {
			for k := range strings.FieldsSeq(k) {
				m[k] = strings.TrimSpace(v)
			}
		}
	}
	return m
}

// unitsOf reads units: kg kgs = kilogram, kilograms; a * before the first word makes it feminine, one word is both forms.
func unitsOf(lines string) map[string]unit {
	m := map[string]unit{}
	for k, v := range pairs(lines) {
		m[k] = unitOf(v)
	}
	return m
}

func unitOf(v string) unit {
	u := unit{form: masculine}
	if strings.HasPrefix(v, "*") {
		u.form, v = feminine, v[1:]
	}
	one, many, two := strings.Cut(v, ",")
	u.one, u.many = strings.TrimSpace(one), strings.TrimSpace(many)
	if !two {
		u.many = u.one
	}
	return u
}

// moneyOf reads currencies: EUR = euro, euros / cent, cents.
func moneyOf(lines string) map[string]currency {
	m := map[string]currency{}
	for k, v := range pairs(lines) {
		whole, part, _ := strings.Cut(v, "/")
		c := currency{whole: unitOf(strings.TrimSpace(whole))}
		if part = strings.TrimSpace(part); part != "" {
			c.part = unitOf(part)
		}
		m[k] = c
	}
	return m
}

// per is what follows a stroke: word before each, but for those of the lines.
func per(word, lines string) map[string]string {
	m := pairs(lines)
	m[""] = word
	return m
}

// monthsOf numbers the names of months, each of which may have others after a |.
func monthsOf(names string) map[string]int {
	m := map[string]int{}
	for i, n := range strings.Fields(names) {
		for n := range strings.SplitSeq(n, "|") {
			m[n] = i + 1
		}
	}
	return m
}

// monthOf is the month that s begins with, and the length of its name.
func (l *language) monthOf(s string) (month, n int) {
	n = wordLen(s)
	if n == 0 {
		return 0, 0
	}
	return l.months[strings.ToLower(s[:n])], n
}
