package turn

import (
	"testing"
	"time"
)

// TestTardy: a voice that nobody has made words of is waited for as long as this call's transcriber takes, and not at all longer
// once its words have come.
func TestTardy(t *testing.T) {
	resumed := func(lag time.Duration, words string, started bool) time.Duration {
		sc := newScene(Options{})
		if lag > 0 {
			sc.speaks(time.Second).quiet(lag).final("I would like a table.").quiet(3 * time.Second)
		}
		sc.signals, sc.at = nil, nil
		sc.d.Agent(Busy)
		sc.speaks(300 * ms)
		if started {
			sc.got(sc.d.Heard(Words{Started: true}, sc.now))
		}
		end := sc.now
		if words != "" {
			sc.partial(words)
		}
		sc.quiet(2 * time.Second)
		for i, s := range sc.signals {
			if s.Kind == Resume {
				return sc.at[i] - end
			}
		}
		return 0
	}
	for _, tc := range []struct {
		name        string
		lag         time.Duration
		words       string
		started     bool
		least, most time.Duration
	}{
		{"nothing is known", 0, "", false, 300 * ms, toResume},
		{"it is fast", 100 * ms, "", false, 300 * ms, toResume},
		{"it takes 400 ms", 400 * ms, "", false, 550 * ms, mostResume},
		{"it takes for ever", 1400 * ms, "", false, 600 * ms, mostResume},
		{"it has heard something", 0, "", true, 600 * ms, startedRoom},
		{"they only listen", 400 * ms, "uh huh", false, 300 * ms, toResume},
	} {
		if got := resumed(tc.lag, tc.words, tc.started); got < tc.least || got > tc.most+60*ms {
			t.Errorf("%s: the agent goes on after %v, want %v to %v", tc.name, got, tc.least, tc.most)
		}
	}
	var d tardy
	d.words(time.Second, time.Second+mostTardy+1)
	if d.most != 0 {
		t.Errorf("words of another sound make it %v late", d.most)
	}
	d.words(time.Second, 1500*ms)
	d.turn()
	if d.most >= 500*ms || d.most < 400*ms {
		t.Errorf("after a turn it is known to be %v late", d.most)
	}
}
