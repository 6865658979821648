package number

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/parley-voice/parley"
)

// Written is an E.164 number as a trunk wants it written: with its +, without (parley.NumbersPlain), or as it is dialled in home
// (parley.NumbersNational), a country in ISO 3166 alpha-2; what is abroad from there begins with its exit code. Whatever is no E.164
// number stays as it is, and so does one of no country where home is none.
func Written(text, form, home string) string {
	if !e164.MatchString(text) {
		return text
	}
	switch form {
	case parley.NumbersPlain:
		return text[1:]
	case parley.NumbersNational:
		n, err := phonenumbers.Parse(text, "")
		if err != nil || phonenumbers.GetCountryCodeForRegion(home) == 0 {
			return text
		}
		dialled := phonenumbers.FormatOutOfCountryCallingNumber(n, home)
		if rest, ok := strings.CutPrefix(dialled, "+"); ok { // a country with several exit codes
			dialled = "00" + rest
		}
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, dialled)
	}
	return text
}

// Read is the E.164 number of one that a trunk writes in its form: the other way round than Written. What may be no number, such as an
// extension, stays as it is.
func Read(text, form, home string) string {
	if strings.Trim(text, "0123456789") != "" {
		return text
	}
	region := home
	switch form {
	case parley.NumbersPlain:
		text, region = "+"+text, ""
	case parley.NumbersNational:
	default:
		return text
	}
	n, err := phonenumbers.Parse(text, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return strings.TrimPrefix(text, "+")
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}
