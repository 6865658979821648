package conversation

import (
	"context"
	"strings"
	"time"

	"github.com/parley-voice/parley/leg"
)

const (
	shortPause = 500 * time.Millisecond // w
	longPause  = time.Second            // W and ,
	keyLasts   = 160 * time.Millisecond // a key on the wire and the gap after it; SendDTMF does not wait for them
)

// PressKeys sends keys on a leg, with the pauses among them, and returns once the last is on the wire. Somebody reads the leg meanwhile.
func PressKeys(ctx context.Context, l leg.Leg, keys string) error {
	if err := press(ctx, l, keys); err != nil {
		return err
	}
	last := len(keys) - 1 - strings.LastIndexAny(keys, "wW,")
	select {
	case <-time.After(time.Duration(last) * keyLasts):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// press sends keys (0-9 * # A-D a-d) on a leg, with the pauses among them.
func press(ctx context.Context, l leg.Leg, keys string) error {
	for keys != "" {
		n := strings.IndexAny(keys, "wW,")
		if n < 0 {
			n = len(keys)
		}
		if n > 0 {
			if err := l.SendDTMF(ctx, strings.ToUpper(keys[:n])); err != nil {
				return err
			}
		}
		pause := time.Duration(n) * keyLasts
		for ; n < len(keys) && strings.IndexByte("wW,", keys[n]) >= 0; n++ {
			if keys[n] == 'w' {
				pause += shortPause
			} else {
				pause += longPause
			}
		}
		if keys = keys[n:]; keys == "" {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
