package number

import (
	"regexp"
	"strings"

	"github.com/parley-voice/parley"
)

var (
	// keys are what may be pressed behind an answer: those of a keypad, and pauses (w half a second, W and , a whole one).
	keys = regexp.MustCompile(`^[,wW]{0,20}[0-9*#A-D][0-9*#A-D,wW]{0,31}$`)
	// behind is where a number that is written with its extension ends.
	behind = regexp.MustCompile(`^(\+?[0-9]+)(?:;(?i:ext)=([0-9]{1,15})|([,wW].*))$`)
)

const wantedKeys = " must be 1 to 32 of 0-9 * # A-D, with w, W and , as pauses"

// Keys checks an extension that is pressed once somebody has answered.
func Keys(field, text string) (string, error) {
	if text = strings.TrimSpace(text); !keys.MatchString(text) {
		return "", parley.Invalid(field, field+wantedKeys)
	}
	return text, nil
}

// Extended is Target for a number that may have its extension behind it: +15551234567,,204 or +15551234567;ext=204. A SIP address has none:
// what stands behind its ; is its own.
func Extended(field, text string) (a Address, extension string, err error) {
	number, extension := split(text)
	if extension != "" {
		if extension, err = Keys(field, extension); err != nil {
			return Address{}, "", parley.Invalid(field, field+": what follows the number"+wantedKeys)
		}
	}
	a, err = Target(field, number)
	if err != nil {
		return Address{}, "", err
	}
	return a, extension, nil
}

func split(text string) (number, extension string) {
	m := behind.FindStringSubmatch(repair(text))
	if m == nil {
		return text, ""
	}
	return m[1], m[2] + m[3]
}
