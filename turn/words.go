package turn

import (
	"strings"
	"unicode"
)

// split gives the words of a text: lower case, without punctuation, with drawn-out letters cut short.
func split(text string) []string {
	var b strings.Builder
	var last rune
	run := 0
	for _, r := range strings.ToLower(text) {
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
		case r == '\'' || r == '’':
			continue
		default:
			r = ' '
		}
		if r == last && unicode.IsLetter(r) {
			if run++; run > 2 {
				continue
			}
		} else {
			run = 1
		}
		last = r
		b.WriteRune(r)
	}
	return strings.Fields(b.String())
}

// backchannel reports whether the words are nothing but signs of listening.
func (l *language) backchannel(text string) bool {
	words := split(text)
	if len(words) == 0 {
		return true
	}
	if l.unspaced {
		return l.madeOf(strings.Join(words, ""))
	}
	for len(words) > 0 {
		n := l.listening(words)
		if n == 0 {
			return false
		}
		words = words[n:]
	}
	return true
}

// listening is how many of the first words are one backchannel.
func (l *language) listening(words []string) int {
	for n := min(3, len(words)); n > 0; n-- {
		if l.backchannels[strings.Join(words[:n], " ")] {
			return n
		}
	}
	if l.backchannels[undrawn(words[0])] {
		return 1
	}
	return 0
}

// objections are first words that stop an agent at once, even where they begin a backchannel: no, of no way.
var objections = set("enough|basta|genug|assez|suffit|suficiente|genoeg|chega|cukup|बस|no|nope|nein|nee|não|non|tidak|नहीं|nahi|いいえ|아니|아니요|stop|stopp|wait")

// mayListen reports whether the words, as yet a beginning, may become nothing but signs of listening: yes I, of I understand.
func (l *language) mayListen(text string) bool {
	words := split(text)
	if len(words) == 0 || objections[words[len(words)-1]] {
		return false
	}
	if l.unspaced {
		s := strings.Join(words, "")
		for at := range s {
			if at > 0 && !l.madeOf(s[:at]) {
				continue
			}
			if l.begins(s[at:]) {
				return true
			}
		}
		return false
	}
	for from := range words {
		if from > 0 && !l.backchannel(strings.Join(words[:from], " ")) {
			continue
		}
		if l.begins(strings.Join(words[from:], " ")) {
			return true
		}
	}
	return false
}

// begins reports whether a backchannel begins like this.
func (l *language) begins(s string) bool {
	for p := range l.backchannels {
		if strings.HasPrefix(p, s) {
			return true
		}
	}
	return false
}

// undrawn is a word without the letter that drags at its end: yeahh.
func undrawn(w string) string {
	r := []rune(w)
	if n := len(r); n > 2 && r[n-1] == r[n-2] {
		return string(r[:n-1])
	}
	return w
}

func (l *language) madeOf(s string) bool {
	for s != "" {
		n := 0
		for p := range l.backchannels {
			if len(p) > n && strings.HasPrefix(s, p) {
				n = len(p)
			}
		}
		if n == 0 {
			return false
		}
		s = s[n:]
	}
	return true
}

// count is how many words a text has; a language without spaces has one for every two and a half signs.
func (l *language) count(text string) float64 {
	if !l.unspaced {
		return float64(len(strings.Fields(text)))
	}
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return float64(n) / 2.5
}

// beyond is what text says after the words of said, when it begins with them; otherwise all of it.
func beyond(text, said string) string {
	had := split(said)
	if len(had) == 0 {
		return text
	}
	fields := strings.Fields(text)
	n := 0
	for n < len(fields) && len(had) > 0 {
		w := split(fields[n])
		if len(w) > len(had) {
			return text
		}
		for i := range w {
			if w[i] != had[i] {
				return text
			}
		}
		had = had[len(w):]
		n++
	}
	if len(had) > 0 {
		return text
	}
	return strings.Join(fields[n:], " ")
}

// amended is what the final of a segment says beyond the partial that was taken for it: it may correct a word, which is no new one.
func amended(text, said string) string {
	if rest := beyond(text, said); rest != text {
		return rest
	}
	fields, had := strings.Fields(text), strings.Fields(said)
	if len(fields) <= len(had) {
		return ""
	}
	return strings.Join(fields[len(had):], " ")
}

// Plain is text in lower case between single spaces, without punctuation and apostrophes: " youve reached bob ". A phrase between spaces is
// found in it by strings.Contains.
func Plain(text string) string {
	f := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '\'' && r != '’' && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	})
	return " " + apostrophes.Replace(strings.Join(f, " ")) + " "
}

var apostrophes = strings.NewReplacer("'", "", "’", "")
