package collect

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"
)

// address is what mail servers take without quotes: RFC 5321 dot-string, and a domain of two labels or more.
var address = regexp.MustCompile(`^[a-z0-9!#$%&'*+/=?^_{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,24}|xn--[a-z0-9-]{2,59})$`)

// Lengths of RFC 5321 section 4.5.3.1.
const (
	mostLocal = 64
	mostEmail = 254
)

// email reads an e-mail address as it is written, said or spelled.
func (w *words) email(said string) (string, error) {
	for _, word := range strings.Fields(strings.ToLower(said)) { // written, among other words
		word = strings.Trim(word, ".,;:!?()<>[]\"'")
		if mail, err := checked(word); err == nil && !w.spelledBefore(said, word) {
			return mail, nil
		}
	}
	return checked(w.written(said))
}

// spelledBefore reports whether single letters or signs stand before a word that could be an address by itself: they belong to it.
func (w *words) spelledBefore(said, word string) bool {
	before, _, _ := strings.Cut(strings.ToLower(said), word)
	fields := strings.Fields(before)
	if len(fields) == 0 {
		return false
	}
	last := fields[len(fields)-1]
	_, sign := w.signs[last]
	return sign || utf8.RuneCountInString(strings.Trim(last, "-.")) == 1
}

// checked is an address in lower case, if it is one.
func checked(mail string) (string, error) {
	local, domain, at := strings.Cut(mail, "@")
	switch {
	case !at:
		return "", errors.New("it is no e-mail address: there is no at sign in it")
	case local == "":
		return "", errors.New("it is no e-mail address: there is nothing before the at sign")
	case !strings.Contains(domain, "."):
		return "", errors.New("it is no e-mail address: what follows the at sign needs a dot, as in example.com")
	case len(local) > mostLocal || len(mail) > mostEmail:
		return "", errors.New("it is no e-mail address: it is too long")
	case !address.MatchString(mail):
		return "", errors.New("it is no e-mail address: it has signs that none has, or a part is missing")
	}
	return mail, nil
}

// written puts signs in the place of their words, and joins what was spelled.
func (w *words) written(said string) string {
	var b strings.Builder
	list := w.bare(w.letters(signed(said)))
	for i := 0; i < len(list); {
		if s, took := w.signAt(list[i:]); took > 0 {
			b.WriteString(s)
			i += took
			continue
		}
		if d, took := w.numerals.number(list[i:]); took > 0 && (utf8.RuneCountInString(list[i]) > 1 || isDigits(list[i])) { // o is a letter here
			b.WriteString(d)
			i += took
			continue
		}
		b.WriteString(list[i])
		i++
	}
	return b.String()
}

// signed are the words of a text, and every sign that an address may have, each by itself.
func signed(s string) (list []string) {
	s = strings.TrimRight(strings.ToLower(s), ".,;:!? ")
	for _, field := range strings.Fields(s) {
		field = strings.TrimRight(field, ",;:!?")
		for field != "" {
			i := strings.IndexAny(field, "@.-_+")
			switch {
			case i < 0:
				list, field = append(list, plainWord(field)), ""
			case i == 0:
				list, field = append(list, field[:1]), field[1:]
			default:
				list, field = append(list, plainWord(field[:i])), field[i:]
			}
		}
	}
	return list
}

func plainWord(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("'’\",;:!?()<>", r) {
			return -1
		}
		return plainDigit(r)
	}, s)
}

// signAt reads the word or words of a sign.
func (w *words) signAt(list []string) (sign string, took int) {
	if strings.Contains("@.-_+", list[0]) {
		return list[0], 1
	}
	for n := min(3, len(list)); n > 0; n-- {
		if s, ok := w.signs[strings.Join(list[:n], " ")]; ok {
			return s, n
		}
	}
	return "", 0
}

// letters makes letters of the ways in which they are said: "b as in boy", "double l", "capital b".
func (w *words) letters(list []string) (out []string) {
	for i := 0; i < len(list); i++ {
		word := list[i]
		single := utf8.RuneCountInString(word) == 1
		if times := w.numerals.times[word]; times > 0 && i+1 < len(list) && utf8.RuneCountInString(list[i+1]) == 1 {
			out = append(out, strings.Repeat(list[i+1], times))
			i++
			continue
		}
		out = append(out, word)
		if !single {
			continue
		}
		for n := 2; n > 0; n-- { // "as in boy", "wie Berta"; whose word begins with that letter, or it is another sentence
			if i+n+1 < len(list) && w.asIn[strings.Join(list[i+1:i+1+n], " ")] && strings.HasPrefix(list[i+1+n], word) {
				i += n + 1
				break
			}
		}
	}
	return out
}
