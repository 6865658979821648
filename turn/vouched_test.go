package turn

import (
	"testing"
	"time"
)

// TestVouched: where the transcriber has noticed speech, less of a voice pauses the agent; its word alone does not.
func TestVouched(t *testing.T) {
	for _, tc := range []struct {
		name  string
		voice time.Duration
		told  bool
		want  []Kind
	}{
		{"two blips", 20 * ms, false, nil},
		{"two blips that are vouched for", 20 * ms, true, []Kind{Pause, Resume}},
		{"its word alone", 0, true, nil},
	} {
		sc := newScene(Options{})
		sc.d.Agent(Busy)
		sc.quiet(time.Second).speaks(tc.voice).quiet(20 * ms)
		if tc.told {
			sc.heard(Words{Started: true})
		}
		sc.speaks(tc.voice).quiet(2 * time.Second)
		t.Run(tc.name, func(t *testing.T) { sc.want(t, tc.want...) })
	}
}
