package vocabulary

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ASCII is a text in the letters that flite knows, with the way back.
type ASCII struct {
	Text   string
	origin []int // of each byte of Text, and of its end: offset in the original
}

// Origin is where in the original text the byte at i of Text came from.
func (a ASCII) Origin(i int) int { return a.origin[i] }

// spelled are the letters and marks with a plain spelling; what is in none of the tables becomes a space.
var spelled = func() map[rune]string {
	m := map[rune]string{'ß': "ss", 'æ': "ae", 'Æ': "Ae", 'œ': "oe", 'ø': "o", 'Ø': "O", 'ł': "l", 'Ł': "L", 'đ': "d", 'ð': "d", 'þ': "th",
		'‘': "'", '’': "'", '´': "'", '`': "'", '“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`, '–': "-", '—': ", ", '…': "...", '€': " euros ",
		'£': " pounds ", '°': " degrees ", '½': " and a half", '×': " times ", '&': " and ", '@': " at ", '+': " plus ", '=': " equals "}
	for plain, letters := range map[string]string{"a": "áàâäãåāą", "A": "ÁÀÂÄÃÅ", "c": "çćč", "C": "ÇĆČ", "e": "éèêëēęě", "E": "ÉÈÊË",
		"i": "íìîïī", "I": "ÍÌÎÏ", "n": "ñńň", "N": "Ñ", "o": "óòôöõōő", "O": "ÓÒÔÖÕ", "r": "ř", "s": "śšş", "S": "ŚŠ", "t": "ťţ",
		"u": "úùûüūů", "U": "ÚÙÛÜ", "y": "ýÿ", "z": "žźż", "Z": "ŽŹŻ", "g": "ğ"} {
		for _, r := range letters {
			m[r] = plain
		}
	}
	return m
}()

// ToASCII spells a text plainly. Control characters become spaces.
func ToASCII(text string) ASCII {
	var b strings.Builder
	var origin []int
	for i, r := range text {
		s, ok := spelled[r]
		switch {
		case ok:
		case r < utf8.RuneSelf && !unicode.IsControl(r):
			s = string(r)
		default:
			s = " "
		}
		b.WriteString(s)
		for range len(s) {
			origin = append(origin, i)
		}
	}
	return ASCII{Text: b.String(), origin: append(origin, len(text))}
}
