// Package collect is what an agent asks its callers for: fields with a kind, how what a caller says or keys in becomes a value that can
// be used, and how a value is read back. It does no I/O and starts no goroutine.
package collect

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Kind is what a value is.
type Kind string

const (
	Email   Kind = "email"
	Phone   Kind = "phone"
	Name    Kind = "name"
	Date    Kind = "date"
	Address Kind = "address"
	Digits  Kind = "digits" // a row of them: an account, a code
	Text    Kind = "text"
)

// Kinds are all of them.
var Kinds = []Kind{Email, Phone, Name, Date, Address, Digits, Text}

// A Field is one thing to be asked for.
type Field struct {
	Name        string // by which everything else knows it
	Kind        Kind
	Label       string // what it is called in a sentence, in the agent's language; "" by its kind
	Description string // for the model
	Question    string // how it is asked for where no language model puts it in words; "" is made of Label
	Required    bool
	Confirm     *bool // read back, and confirmed by the caller before it counts; nil: by its kind
	Least, Most int   // digits of Digits, characters of Text; 0: as the kind has it
}

// A Place is where and when something was said.
type Place struct {
	Language string    // of the contract; en when it is not one of them
	Near     string    // an E.164 number: those without a country are taken to be of its; "": they stay as they are
	Now      time.Time // in the time zone that days are meant in
}

// Confirms reports whether a value counts only once the caller has confirmed it. What was keyed in needs that only where it is asked for.
func (f *Field) Confirms(keyed bool) bool {
	if f.Confirm != nil {
		return *f.Confirm
	}
	switch f.Kind {
	case Email, Phone, Digits, Date:
		return !keyed
	}
	return false
}

// Keyed reports whether the field can be keyed in on a telephone, and the number of keys after which it is whole; 0: that is not known.
func (f *Field) Keyed() (can bool, most int) {
	switch f.Kind {
	case Digits:
		return true, f.Most
	case Phone:
		return true, 0
	}
	return false, 0
}

// Longest values, in characters.
const (
	mostGiven   = 4000 // of what is to be read
	mostText    = 2000
	mostAddress = 300
	mostName    = 100
	mostDigits  = 40
)

// Read makes a value of what was said, or of what a model made of that. The error says what is wrong with it, for the model.
func (f *Field) Read(said string, p Place) (string, error) {
	said = clean(said)
	switch {
	case said == "":
		return "", errors.New("it is empty")
	case utf8.RuneCountInString(said) > mostGiven:
		return "", fmt.Errorf("it is longer than %d characters", mostGiven)
	}
	w := wordsOf(p.Language)
	switch f.Kind {
	case Email:
		return w.email(said)
	case Phone:
		return w.phone(said, p.Near)
	case Name:
		return w.name(said)
	case Date:
		return w.date(said, p.Now)
	case Address:
		return bounded(said, 3, mostAddress, true)
	case Digits:
		return f.digits(w, said)
	}
	least, most := max(f.Least, 1), mostText
	if f.Most > 0 {
		most = min(f.Most, mostText)
	}
	return bounded(said, least, most, false)
}

func bounded(s string, least, most int, worded bool) (string, error) {
	switch n := utf8.RuneCountInString(s); {
	case n < least:
		return "", fmt.Errorf("it is shorter than %d characters", least)
	case n > most:
		return "", fmt.Errorf("it is longer than %d characters", most)
	case worded && !strings.ContainsFunc(s, unicode.IsLetter):
		return "", errors.New("there are no words in it")
	}
	return s, nil
}

// clean is text on one line, without what cannot be seen.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// tokens are the words of a text in lower case. + and @ are words of their own, and so is every other sign that an address may have.
func tokens(s string) (all []string) {
	word := ""
	flush := func() {
		if word != "" {
			all, word = append(all, word), ""
		}
	}
	for _, r := range strings.ToLower(s) {
		switch {
		case r == '\'' || r == '’' || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r):
			if r != '\'' && r != '’' {
				word += string(r)
			}
		case unicode.IsDigit(r):
			word += string(plainDigit(r))
		case unicode.IsLetter(r):
			word += string(r)
		case strings.ContainsRune("+@", r):
			flush()
			all = append(all, string(r))
		default:
			flush()
		}
	}
	flush()
	return all
}

// plainDigit is a digit of any script as ours.
func plainDigit(r rune) rune {
	if r >= '0' && r <= '9' || !unicode.IsDigit(r) {
		return r
	}
	zero := r - r%16 // blocks of ten begin at a sixteenth sign, or six behind it
	if !unicode.IsDigit(zero) {
		zero += 6
	}
	if n := r - zero; n >= 0 && n <= 9 {
		return '0' + n
	}
	return r
}
