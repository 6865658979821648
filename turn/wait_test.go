package turn

import (
	"testing"
	"time"
)

// TestSemanticEnd: a vendor that judges by what was said is believed at once, but where words are missing for certain, and where the
// agent is to be slow.
func TestSemanticEnd(t *testing.T) {
	for _, tc := range []struct {
		name, text  string
		o           Options
		why         Why
		least, most time.Duration
	}{
		{"finished", "I would like to book a table.", Options{}, ByVendor, 80 * ms, 120 * ms},
		{"it may go on", "I would like to see the red", Options{}, ByVendor, 80 * ms, 120 * ms},
		{"something is owed", "I would like to", Options{}, BySilence, 1000 * ms, 3000 * ms},
		{"relaxed", "I would like to book a table.", Options{EndpointingSensitivity: "relaxed"}, ByFinished, 600 * ms, 1100 * ms},
		{"dynamic", "I would like to see the red", Options{Dynamic: true, DynamicMinWait: 0.2, DynamicMaxSilence: 3}, BySilence, 180 * ms, 260 * ms},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sc := newScene(tc.o)
			sc.speaks(time.Second).quiet(100 * ms).heard(Words{Text: tc.text, Final: true, End: true, Semantic: true}).quiet(3 * time.Second)
			if wait, s := sc.ended(t); s.Why != tc.why || wait < tc.least || wait > tc.most {
				t.Errorf("%v after the sound because %s", wait, s.Why)
			}
		})
	}
	sc := newScene(Options{})
	sc.speaks(time.Second).quiet(100 * ms).partial("it was red").heard(Words{Text: "it was red", End: true, Semantic: true}).speaks(300 * ms).quiet(100 * ms)
	sc.want(t, TurnEnd)
}

// TestNoiseHoldsNothing: in sound that goes on, what the transcriber has closed is over, the sooner, the more finished it is.
func TestNoiseHoldsNothing(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		end        bool
		most       time.Duration
	}{
		{"sure, and over", "that is all", true, 450 * ms},
		{"finished, and over", "we had to send it to the old address", true, 700 * ms},
		{"anything, and over", "the red one we saw", true, 1850 * ms},
		{"finished, and closed", "we had to send it to the old address", false, 1450 * ms},
		{"anything, and closed", "the red one we saw", false, 2150 * ms},
	} {
		sc := newScene(Options{}).speaks(time.Second).partial("we had").speaks(500 * ms).partial("we had to")
		sc.d.Flush()
		sc.partial("we").speaks(100 * ms).heard(Words{Text: tc.text, Final: true, End: tc.end})
		at := sc.now
		sc.speaks(4 * time.Second)
		if len(sc.at) != 1 || sc.at[0]-at > tc.most {
			t.Errorf("%s: %v, %v after the words", tc.name, sc.signals, sc.at)
		}
	}
	// One that tells all of its words at once may be late: sound is speech for longer.
	sc := newScene(Options{}).speaks(time.Second).partial("that is").partial("that is all").end("That is all.").speaks(2 * time.Second)
	sc.want(t)
}
