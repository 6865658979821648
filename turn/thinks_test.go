package turn

import (
	"testing"
	"time"
)

// streaming is a scene whose transcriber tells words as they come, and whose agent has the caller's turn to answer.
func streaming(t *testing.T, a Agent) *scene {
	t.Helper()
	sc := newScene(Options{})
	sc.speaks(300 * ms).partial("book").speaks(500 * ms).partial("book a table").quiet(300 * ms).final("Book a table.").quiet(3 * time.Second)
	sc.ended(t)
	sc.signals = nil
	sc.d.Agent(a)
	return sc
}

// TestGoesOnWhileThinking: to silence nobody says that they listen, so what is left of such a sign is more of the turn.
func TestGoesOnWhileThinking(t *testing.T) {
	for _, tc := range []struct {
		agent Agent
		text  string
		stops bool
	}{
		{Thinks, "course", true}, {Busy, "course", false}, {Thinks, "uh-huh", false}, {Thinks, "okay", false}, {Thinks, "for Friday", true}, {Busy, "for Friday", true},
	} {
		sc := streaming(t, tc.agent)
		sc.speaks(300 * ms).quiet(200 * ms).final(tc.text)
		last := sc.signals[len(sc.signals)-1]
		if stopped := last.Kind == BargeIn; stopped != tc.stops {
			t.Errorf("agent %d, %q: %+v, want it stopped: %v", tc.agent, tc.text, sc.signals, tc.stops)
		}
		if last.Thinking != (tc.agent == Thinks) {
			t.Errorf("agent %d, %q: thinking %v", tc.agent, tc.text, last.Thinking)
		}
	}
}

// TestHeldBackNoLonger: sound without words keeps back what nobody has heard yet for mostHeld in all; once it is heard, it is paused as ever.
func TestHeldBackNoLonger(t *testing.T) {
	sc := streaming(t, Thinks)
	sc.speaks(5*time.Second).want(t, Pause, Resume)
	if held := sc.d.held; held < mostHeld-20*ms || held > mostHeld+20*ms {
		t.Errorf("held back for %s, want %s", held, mostHeld)
	}
	sc.quiet(time.Second).speaks(300*ms).quiet(time.Second).want(t, Pause, Resume)
	sc.quiet(4 * time.Second) // the noise is the place's no more
	sc.d.Agent(Busy)
	if sc.d.alarms != 0 {
		t.Errorf("%d false alarms, of which nobody heard anything", sc.d.alarms)
	}
	sc.speaks(300*ms).quiet(time.Second).want(t, Pause, Resume, Pause, Resume)
	sc.quiet(4 * time.Second).d.Agent(Idle)
	sc.d.Agent(Thinks) // and the next is held back anew
	sc.speaks(300*ms).quiet(time.Second).want(t, Pause, Resume, Pause, Resume, Pause, Resume)
	if t.Failed() {
		return
	}
	for i, thinking := range []bool{true, true, false, false, true, true} {
		if sc.signals[i].Thinking != thinking {
			t.Errorf("signal %d: %+v", i, sc.signals[i])
		}
	}
}

// TestHeldBackForSlowWords: a transcriber that tells words only at their end is waited for as long as the caller talks.
func TestHeldBackForSlowWords(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Agent(Thinks)
	sc.speaks(4*time.Second).want(t, Pause)
}
