package leg

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

func TestCauseOf(t *testing.T) {
	for status, want := range map[int]parley.Cause{
		0: parley.Unreachable, 404: parley.Unreachable, 503: parley.Unreachable, 486: parley.Busy, 600: parley.Busy, 403: parley.Declined, 433: parley.Declined,
		603: parley.Declined, 607: parley.Declined, 608: parley.Declined, 401: parley.Configuration, 402: parley.Configuration, 407: parley.Configuration,
		408: parley.NoAnswer, 480: parley.NoAnswer, 487: parley.NoAnswer,
	} {
		if got := CauseOf(status); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

func TestEnded(t *testing.T) {
	if err := Ended(""); err != io.EOF {
		t.Error(err)
	}
	var gone *GoneError
	if err := Ended(parley.MediaTimeout); !errors.As(err, &gone) || gone.Cause != parley.MediaTimeout {
		t.Error(err)
	}
}

func TestCheckDigits(t *testing.T) {
	for s, want := range map[string]error{"": nil, "0123456789*#ABCD": nil, strings.Repeat("1", 64): nil, strings.Repeat("1", 65): ErrDigit, "12w": ErrDigit, "a": ErrDigit} {
		if err := CheckDigits(s); err != want {
			t.Errorf("%q: %v, want %v", s, err, want)
		}
	}
}
