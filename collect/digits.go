package collect

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parley-voice/parley/number"
)

// digits reads a row of digits.
func (f *Field) digits(w *words, said string) (string, error) {
	row, others := w.numerals.digitsIn(w.bare(tokens(said)))
	for _, o := range others {
		if strings.ContainsAny(o, "0123456789") {
			return "", fmt.Errorf("there is more than digits in %q", o)
		}
	}
	least, most := max(f.Least, 1), mostDigits
	if f.Most > 0 {
		most = min(f.Most, mostDigits)
	}
	switch n := len(row); {
	case n == 0:
		return "", errors.New("there are no digits in it")
	case n < least || n > most:
		if least == most {
			return "", fmt.Errorf("it has %d digits, and must have %d", n, most)
		}
		return "", fmt.Errorf("it has %d digits, and must have %d to %d", n, least, most)
	}
	return row, nil
}

// Digits that a telephone number has, without a country's code.
const (
	leastPhone = 5
	mostPhone  = 15
)

// phone reads a telephone number: E.164 where its country is said or known.
func (w *words) phone(said, near string) (string, error) {
	words := w.bare(tokens(said))
	row, others := w.numerals.digitsIn(words)
	for _, o := range others {
		if strings.ContainsAny(o, "0123456789") {
			return "", fmt.Errorf("there is more than digits in %q", o)
		}
		if o == "+" || w.plus[o] {
			if row != "" && row[0] != '+' {
				row = "+" + row
			}
		}
	}
	if rest, ok := strings.CutPrefix(row, "00"); ok {
		row = "+" + rest
	}
	bare := strings.TrimPrefix(row, "+")
	switch n := len(bare); {
	case n == 0:
		return "", errors.New("there are no digits in it")
	case n < leastPhone:
		return "", fmt.Errorf("it has only %d digits: digits are missing", n)
	case n > mostPhone:
		return "", fmt.Errorf("it has %d digits, and a telephone number has no more than %d", n, mostPhone)
	case row[0] == '+':
		e164, err := number.Number("phone", row)
		if err != nil {
			return "", errors.New("it is no telephone number with a country code")
		}
		return e164, nil
	}
	e164, known, err := number.National(row, near)
	if err != nil {
		return "", err
	}
	if !known {
		return row, nil
	}
	return e164, nil
}
