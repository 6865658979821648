package conversation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/leg"
)

// keypad notes what is pressed, and when.
type keypad struct {
	leg.Leg
	began time.Time
	seen  []string
}

func (k *keypad) SendDTMF(_ context.Context, digits string) error {
	if !leg.Digits(digits) {
		return leg.ErrDigit
	}
	k.seen = append(k.seen, fmt.Sprintf("%s@%d", digits, time.Since(k.began).Milliseconds()))
	return nil
}

func TestPress(t *testing.T) {
	for keys, want := range map[string]string{
		"":         "",
		"12#":      "12#@0",
		"a*D":      "A*D@0",
		"1w2":      "1@0 2@660",
		"12345W6":  "12345@0 6@1800",
		"1,w2ww":   "1@0 2@1660",
		"w1":       "1@500",
		"1w2w3":    "1@0 2@660 3@1320",
		"W":        "",
		"5wwwwww5": "5@0 5@3160",
	} {
		synctest.Test(t, func(t *testing.T) {
			k := &keypad{began: time.Now()}
			if err := press(t.Context(), k, keys); err != nil || strings.Join(k.seen, " ") != want {
				t.Errorf("%q: %v, %v; want %s", keys, k.seen, err, want)
			}
		})
	}
}

func TestPressIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		k := &keypad{began: time.Now()}
		if err := press(ctx, k, "1WWW2"); !errors.Is(err, context.DeadlineExceeded) || len(k.seen) != 1 || time.Since(k.began) != time.Second {
			t.Errorf("%v, %v after %v", k.seen, err, time.Since(k.began))
		}
		if err := press(t.Context(), k, "1w2x"); !errors.Is(err, leg.ErrDigit) {
			t.Errorf("what no keypad has: %v", err)
		}
	})
}
