package turns

import (
	"testing"
	"time"

	"github.com/parley-voice/parley/turn"
)

// TestStages: why a last packet went late.
func TestStages(t *testing.T) {
	const ms = time.Millisecond
	words := &told{at: 1600 * ms, Words: turn.Words{Text: "stop"}}
	for _, tc := range []struct {
		name string
		run  func(s *stages)
		stop time.Duration
		want int // of reasons; -1: it was in time
	}{
		{"in time", func(s *stages) { s.heard(true, 1050*ms); s.decided(turn.Pause, 1100*ms) }, 120 * ms, -1},
		{"went on", func(s *stages) {
			s.decided(turn.Pause, 1100*ms)
			s.decided(turn.Resume, 1500*ms)
			s.told(words)
			s.decided(turn.BargeIn, 1600*ms)
		}, 620 * ms, 0},
		{"the voice late", func(s *stages) { s.heard(true, 1050*ms); s.decided(turn.Pause, 1400*ms) }, 420 * ms, 1},
		{"the sound late", func(s *stages) { s.heard(true, 1390*ms); s.decided(turn.Pause, 1400*ms) }, 420 * ms, 2},
		{"words alone", func(s *stages) { s.told(words); s.decided(turn.BargeIn, 1600*ms) }, 620 * ms, 3},
	} {
		x := Result{stages: stages{from: time.Second}, Stop: tc.stop}
		tc.run(&x.stages)
		var all Stages
		all.add(&x)
		for i, n := range all.why {
			if (n == 1) != (i == tc.want) {
				t.Errorf("%s: %d of %q", tc.name, n, reasons[i])
			}
		}
	}
}
