package call

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/hold"
	"github.com/parley-voice/parley/leg"
)

// holdSound is what somebody hears who waits.
func holdSound(name string) leg.Background {
	if name == parley.HoldRinging {
		return hold.NewRinging()
	}
	return hold.New()
}

// playHold plays a hold sound on a leg until ctx is done; then what still waits there is forgotten. Somebody else reads the leg.
func playHold(ctx context.Context, l leg.Leg, sound string) {
	b := holdSound(sound)
	for {
		var f audio.Frame
		b.Under(&f, false)
		if l.Play(ctx, f) != nil {
			break
		}
	}
	_ = l.Clear() // a leg that is gone is found by its reader
}
