package vocabulary

import (
	"strconv"
	"strings"
	"unicode"
)

// Spoken is a written sentence as it is said, in the words of the dictionary: small letters, numbers, times, prices and
// dates in words, no marks.
func Spoken(text string) []string {
	var out []string
	for _, f := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("/–—()[]{}<>\"“”*_#|=,;!?", r)
	}) {
		if f == "am" && (len(out) == 0 || !timely[out[len(out)-1]]) {
			out = append(out, f) // I am, and not 8 am
			continue
		}
		out = append(out, spokenWord(strings.ReplaceAll(f, "’", "'"))...)
	}
	return out
}

// timely are the words that may come before a.m.
var timely = func() map[string]bool {
	m := map[string]bool{"oh": true, "o'clock": true}
	for n := range 60 {
		for _, w := range Cardinal(n) {
			m[w] = true
		}
	}
	return m
}()

// abbreviations are the ones a business's own text is full of.
var abbreviations = map[string][]string{
	"am": {"a.m."}, "a.m": {"a.m."}, "a.m.": {"a.m."}, "pm": {"p.m."}, "p.m": {"p.m."}, "p.m.": {"p.m."}, "&": {"and"}, "+": {"plus"},
	"dr": {"doctor"}, "dr.": {"doctor"}, "mr.": {"mister"}, "mrs.": {"missus"}, "st.": {"street"}, "ave.": {"avenue"},
	"rd.": {"road"}, "e.g.": {}, "i.e.": {}, "etc.": {}, "approx.": {"about"}, "min.": {"minutes"}, "mon": {"monday"}, "tue": {"tuesday"},
	"tues": {"tuesday"}, "wed": {"wednesday"}, "thu": {"thursday"}, "thurs": {"thursday"}, "fri": {"friday"}, "sat": {"saturday"}, "sun": {"sunday"},
	"mon.": {"monday"}, "tue.": {"tuesday"}, "wed.": {"wednesday"}, "thu.": {"thursday"}, "fri.": {"friday"}, "sat.": {"saturday"}, "sun.": {"sunday"},
}

func spokenWord(w string) []string {
	if a, ok := abbreviations[w]; ok {
		return a
	}
	w = strings.Trim(w, ".:'`-&@")
	if a, ok := abbreviations[w]; ok {
		return a
	}
	if w == "" {
		return nil
	}
	if strings.ContainsFunc(w, isDigit) {
		return spokenNumber(w)
	}
	var out []string
	for _, part := range strings.FieldsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '.' }) {
		if part = strings.Trim(part, ".'"); part != "" {
			out = append(out, strings.FieldsFunc(part, func(r rune) bool { return r == '.' })...)
		}
	}
	return out
}

// isDigit knows the digits that have English names here.
func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// spokenNumber reads 8, 8:30, 8am, $95, 20%, 2nd, 1998 and 555-0100.
func spokenNumber(w string) (out []string) {
	dollars := strings.HasPrefix(w, "$")
	w = strings.TrimPrefix(w, "$")
	digits := strings.FieldsFunc(w, func(r rune) bool { return !isDigit(r) })
	telephone := len(digits) > 1 && !strings.Contains(w, ":") && len(digits[len(digits)-1]) == 4
	letters := strings.FieldsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && r != '%' })
	ordinal := len(letters) == 1 && strings.Contains(" st nd rd th ", " "+letters[0]+" ")
	for i, d := range digits {
		n, err := strconv.Atoi(d)
		switch {
		case telephone || len(d) > 4 || err != nil || len(digits) > 2 || d[0] == '0' && len(d) > 2:
			for _, c := range d {
				out = append(out, ones[c-'0'])
			}
		case i == 1 && strings.Contains(w, ":") && n == 0: // on the hour
		case i == 1 && strings.Contains(w, ":") && n < 10:
			out = append(out, "oh", ones[n])
		case i == 1 && strings.Contains(w, "-"):
			out = append(append(out, "to"), Cardinal(n)...)
		case ordinal:
			out = append(out, Ordinal(n)...)
		case n >= 1900 && n < 2100 && n%100 >= 10:
			out = append(append(out, Cardinal(n/100)...), Cardinal(n%100)...)
		default:
			out = append(out, Cardinal(n)...)
		}
	}
	if dollars {
		out = append(out, "dollars")
	}
	if ordinal {
		return out
	}
	for _, l := range letters {
		switch {
		case l == "%":
			out = append(out, "percent")
		case abbreviations[l] != nil:
			out = append(out, abbreviations[l]...)
		default:
			out = append(out, l)
		}
	}
	return out
}

var (
	ones = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tens = strings.Fields("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
	nth  = map[string]string{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
)

// Cardinal is a number from 0 to 9999 in words; any other is read digit by digit.
func Cardinal(n int) (out []string) {
	if n < 0 || n > 9999 {
		for _, c := range strings.TrimPrefix(strconv.Itoa(n), "-") {
			out = append(out, ones[c-'0'])
		}
		return out
	}
	if n >= 1000 {
		out = append(out, ones[n/1000], "thousand")
		n %= 1000
		if n == 0 {
			return out
		}
	}
	if n >= 100 {
		out = append(out, ones[n/100], "hundred")
		n %= 100
		if n == 0 {
			return out
		}
	}
	if n < 20 {
		return append(out, ones[n])
	}
	out = append(out, tens[n/10])
	if n%10 > 0 {
		out = append(out, ones[n%10])
	}
	return out
}

// Ordinal is 1st, 2nd, … in words.
func Ordinal(n int) []string {
	out := Cardinal(n)
	last := out[len(out)-1]
	switch {
	case nth[last] != "":
		last = nth[last]
	case strings.HasSuffix(last, "y"):
		last = last[:len(last)-1] + "ieth"
	default:
		last += "th"
	}
	out[len(out)-1] = last
	return out
}
