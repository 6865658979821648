package number

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

func TestWritten(t *testing.T) {
	for row, want := range map[[3]string]string{
		{"+493012345678", "", ""}:                        "+493012345678",
		{"+493012345678", parley.NumbersPlain, ""}:       "493012345678",
		{"+493012345678", parley.NumbersNational, "DE"}:  "03012345678",
		{"+442071838750", parley.NumbersNational, "DE"}:  "00442071838750",
		{"+442071838750", parley.NumbersNational, "GB"}:  "02071838750",
		{"+14155550100", parley.NumbersNational, "US"}:   "14155550100",
		{"+16045550100", parley.NumbersNational, "US"}:   "16045550100",
		{"+493012345678", parley.NumbersNational, "US"}:  "011493012345678",
		{"+61255501234", parley.NumbersNational, "AU"}:   "0255501234",
		{"+493012345678", parley.NumbersNational, "AU"}:  "0011493012345678",
		{"+390612345678", parley.NumbersNational, "IT"}:  "0612345678",
		{"+493012345678", parley.NumbersNational, ""}:    "+493012345678",
		{"+493012345678", parley.NumbersNational, "XX"}:  "+493012345678",
		{"201", parley.NumbersNational, "DE"}:            "201",
		{"*98", parley.NumbersPlain, ""}:                 "*98",
		{"sip:+493012345678@h", parley.NumbersPlain, ""}: "sip:+493012345678@h",
		{"", parley.NumbersPlain, ""}:                    "",
		{"+881612345678", parley.NumbersNational, "DE"}:  "00881612345678",
		{"+493012345678", "anything else", "DE"}:         "+493012345678",
	} {
		if got := Written(row[0], row[1], row[2]); got != want {
			t.Errorf("%q: %q, want %q", row, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	for row, want := range map[[3]string]string{
		{"493012345678", parley.NumbersPlain, ""}:         "+493012345678",
		{"14155550100", parley.NumbersPlain, ""}:          "+14155550100",
		{"201", parley.NumbersPlain, ""}:                  "201",
		{"03012345678", parley.NumbersPlain, ""}:          "03012345678",
		{"+493012345678", parley.NumbersPlain, ""}:        "+493012345678",
		{"03012345678", parley.NumbersNational, "DE"}:     "+493012345678",
		{"00442071838750", parley.NumbersNational, "DE"}:  "+442071838750",
		{"4155550100", parley.NumbersNational, "US"}:      "+14155550100",
		{"14155550100", parley.NumbersNational, "US"}:     "+14155550100",
		{"011493012345678", parley.NumbersNational, "US"}: "+493012345678",
		{"201", parley.NumbersNational, "DE"}:             "201",
		{"110", parley.NumbersNational, "DE"}:             "110",
		{"03012345678", parley.NumbersNational, ""}:       "03012345678",
		{"03012345678", "", ""}:                           "03012345678",
		{"anonymous", parley.NumbersNational, "DE"}:       "anonymous",
		{"", parley.NumbersPlain, ""}:                     "",
	} {
		if got := Read(row[0], row[1], row[2]); got != want {
			t.Errorf("%q: %q, want %q", row, got, want)
		}
	}
	for _, n := range []string{"+493012345678", "+442071838750", "+14155550100", "+33142685300", "+61255501234", "+390612345678", "+551155501234"} {
		for _, home := range []string{"DE", "US", "GB", "FR", "IT"} {
			for _, form := range []string{parley.NumbersPlain, parley.NumbersNational} {
				if got := Read(Written(n, form, home), form, home); got != n {
					t.Errorf("%s, %s in %s: %s", n, form, home, got)
				}
			}
		}
	}
}

// FuzzWritten: what comes out can be dialled, and says the same number.
func FuzzWritten(f *testing.F) {
	f.Add("+493012345678", "DE")
	f.Add("+14155550100", "BR")
	f.Fuzz(func(t *testing.T, text, home string) {
		for _, form := range []string{"", parley.NumbersPlain, parley.NumbersNational} {
			got := Written(text, form, home)
			if !e164.MatchString(text) {
				if got != text {
					t.Errorf("%q became %q", text, got)
				}
				continue
			}
			if got == "" || strings.Trim(strings.TrimPrefix(got, "+"), "0123456789") != "" {
				t.Errorf("%q by %q in %q: %q", text, form, home, got)
			}
		}
	})
}
