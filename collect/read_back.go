package collect

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ReadBack is a value as it is read to the caller: letters one by one, digits in groups, days by their names.
func (f *Field) ReadBack(value, language string) string {
	return fmt.Sprintf(wordsOf(language).noted, strings.TrimRight(f.spoken(value, language), "."))
}

func (f *Field) spoken(value, language string) string {
	w := wordsOf(language)
	switch f.Kind {
	case Email:
		return w.spellEmail(value)
	case Phone, Digits:
		return w.spellDigits(value)
	case Name:
		return spellName(value)
	case Date:
		if t, err := time.Parse(isoDay, value); err == nil {
			return w.phrases.date(t.Year(), w.months[t.Month()-1], int(t.Month()), t.Day())
		}
	}
	return value
}

// Right is the question whether what was read back is right.
func Right(language string) string { return wordsOf(language).right }

// Ask is the sentence that asks for the field.
func (f *Field) Ask(language string) string {
	if f.Question != "" {
		return f.Question
	}
	w := wordsOf(language)
	if can, _ := f.Keyed(); can {
		return fmt.Sprintf(w.keys, w.label(f))
	}
	return fmt.Sprintf(w.please, w.label(f))
}

// known are labels of domains that everybody can write.
var known = set("com|net|org|info|edu|gov|gmail|googlemail|outlook|hotmail|yahoo|icloud|example|mail|live|web|orange|free")

// spellEmail says an address letter by letter, but for domains that need no spelling.
func (w *words) spellEmail(mail string) string {
	local, domain, _ := strings.Cut(mail, "@")
	parts := append(w.spell(local), w.sign['@'])
	for i, label := range strings.Split(domain, ".") {
		if i > 0 {
			parts = append(parts, w.sign['.'])
		}
		if known[label] {
			parts = append(parts, label)
		} else {
			parts = append(parts, w.spell(label)...)
		}
	}
	return strings.Join(parts, ", ")
}

// spell are the letters of a word, signs by their names.
func (w *words) spell(s string) (parts []string) {
	for _, r := range s {
		if name, ok := w.sign[r]; ok {
			parts = append(parts, name)
		} else {
			parts = append(parts, string(r))
		}
	}
	return parts
}

// group is how many digits are said in one breath.
const group = 3

// spellDigits says digits one by one, in groups of three or four.
func (w *words) spellDigits(value string) string {
	var b strings.Builder
	if rest, ok := strings.CutPrefix(value, "+"); ok {
		b.WriteString(w.sign['+'] + " ")
		value = rest
	}
	for i, left := 0, utf8.RuneCountInString(value); left > 0; {
		n := min(group, left)
		if left == group+1 { // no digit stands alone at the end
			n = left
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strings.Join(strings.Split(value[i:i+n], ""), " "))
		i, left = i+n, left-n
	}
	return b.String()
}

// spellName says a name, and then its letters.
func spellName(name string) string {
	parts := []string{name}
	for _, word := range strings.Fields(name) {
		if r, _ := utf8.DecodeRuneInString(word); r >= 0x0900 && !unicode.Is(unicode.Latin, r) { // is not spelled, but written otherwise
			continue
		}
		letters := strings.FieldsFunc(strings.ToUpper(word), func(r rune) bool { return !unicode.IsLetter(r) })
		parts = append(parts, strings.Join(strings.Split(strings.Join(letters, ""), ""), " "))
	}
	return strings.Join(parts, ", ")
}
