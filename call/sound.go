package call

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio/ambience"
	"github.com/parley-voice/parley/audio/denoise"
	"github.com/parley-voice/parley/leg"
)

// defaultLevel of noise_suppression (SPEC §4).
const defaultLevel = 50

// acoustics are what an agent's call sounds like: what stands behind its voice, and what is taken out of the caller's.
type acoustics struct {
	background string  // "": none
	suppress   float64 // level of the noise suppression, 0–100; 0: none
}

func acousticsOf(a *parley.Agent) acoustics {
	r := acoustics{background: text(a.BackgroundSound)}
	if a.NoiseSuppression != nil && *a.NoiseSuppression {
		r.suppress = orFloat(a.NoiseSuppressionLevel, defaultLevel)
	}
	return r
}

// prepare makes the background while the phone rings: the first call of a process that has one waits a little for it.
func (r acoustics) prepare() error {
	if r.background == "" {
		return nil
	}
	_, err := ambience.Of(r.background, "")
	return err
}

// sound puts the agent's background under what is played on l, and gives l as the agent hears it. silent ends the background: whoever talks on
// l next is somewhere else.
func (s *Switchboard) sound(l leg.Leg, tap *tap, line *line) (heard leg.Leg, silent func()) {
	heard, silent = tap.leg(l), func() {}
	r := line.script.room
	if b, ok := l.(leg.Backgrounded); ok && r.background != "" {
		under, err := ambience.Of(r.background, line.id)
		if err != nil {
			line.facts.warn("background_sound", err.Error())
		} else {
			b.Background(under)
			silent = func() { b.Background(nil) }
		}
	}
	if r.suppress > 0 {
		heard = &suppressed{Leg: heard, noise: denoise.New(r.suppress)}
	}
	return heard, silent
}

// suppressed is a leg whose noise nobody hears. The recording has it, for it is made before.
type suppressed struct {
	leg.Leg
	noise *denoise.Suppressor
}

func (s *suppressed) Read(ctx context.Context) (leg.Event, error) {
	e, err := s.Leg.Read(ctx)
	if e.Kind == leg.Audio {
		s.noise.Frame(&e.Frame)
		if !e.Edge.IsZero() {
			e.Edge = e.Edge.Add(-denoise.Delay) // what is in the frame came so much sooner
		}
	}
	return e, err
}
