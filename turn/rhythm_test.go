package turn

import (
	"testing"
	"time"
)

// TestOwnPauses: a caller who once paused for long in a sentence is given that long again.
func TestOwnPauses(t *testing.T) {
	const half = "the red one we saw"
	sc := newScene(Options{})
	sc.follow = true
	sc.speaks(time.Second).quiet(100 * ms).final(half).quiet(800 * ms).speaks(time.Second).partial("last week").quiet(100 * ms).final("last week, please").quiet(3 * time.Second)
	sc.want(t, TurnEnd)
	sc.d.Agent(Idle)
	sc.d.rhythm.within = 1500 * ms
	sc.speaks(time.Second).quiet(100 * ms).final(half).quiet(4 * time.Second)
	if wait, _ := sc.ended(t); wait < 1600*ms {
		t.Errorf("waited %s", wait)
	}
}

func TestRhythm(t *testing.T) {
	var r rhythm
	r.resumes(1200*ms, 0.5, 10*time.Second)
	r.words(10*time.Second + 100*ms) // late ones
	if r.within != 0 {
		t.Errorf("words from before the pause made it one: %s", r.within)
	}
	r.words(10*time.Second + 500*ms)
	if r.within != 1200*ms || r.after != 0 {
		t.Errorf("%+v", r)
	}
	if w := r.least(0.5); w != 1380*ms {
		t.Errorf("mid-sentence: %s", w)
	}
	if r.least(0.8) != wholeRoom || r.least(1) != 0 {
		t.Error("who has paused in a turn pauses again in it, after what may be over")
	}
	r.turn()
	if r.least(0.8) != 0 {
		t.Error("a pause in a sentence says nothing of those of the next turn that are over")
	}
	r.resumes(900*ms, 0.1, 15*time.Second)
	r.words(16 * time.Second)
	if r.least(0.8) != 0 {
		t.Error("a pause where something was owed says nothing of those where nothing is")
	}
	r.turn()
	r.turn() // one without
	if r.within >= 1200*ms {
		t.Errorf("it does not fade: %s", r.within)
	}
	r.resumes(5*time.Second, 0.5, 20*time.Second) // that was no pause
	r.words(21 * time.Second)
	if r.within > 1200*ms {
		t.Errorf("%+v", r)
	}
	r.resumes(2*time.Second, 0.9, 30*time.Second) // the turn was ended too early
	r.words(31 * time.Second)
	if w := r.least(0.85); w != wholeRoom {
		t.Errorf("after a finished sentence: %s", w)
	}
	if r.least(1) != 0 {
		t.Error("what is surely over is over")
	}
}

// TestCutOffOnce: whoever was cut off is waited for next time.
func TestCutOffOnce(t *testing.T) {
	sc := newScene(Options{})
	sc.speaks(time.Second).quiet(100 * ms).final("It is the blue one.").quiet(700 * ms)
	sc.want(t, TurnEnd)
	sc.speaks(600 * ms).partial("from").speaks(600 * ms).quiet(100 * ms).final("from last week.").quiet(3 * time.Second)
	if sc.d.rhythm.after < 700*ms {
		t.Errorf("%+v", sc.d.rhythm)
	}
	sc.speaks(time.Second).quiet(100 * ms).final("It is the blue one.").quiet(3 * time.Second)
	if wait, _ := sc.ended(t); wait < 750*ms {
		t.Errorf("waited %s", wait)
	}
}

// TestSettled: last words are not kept waiting for the segment's final, which then says nothing new.
func TestSettled(t *testing.T) {
	sc := newScene(Options{}).speaks(2 * time.Second).quiet(200 * ms).partial("could you call me back please").quiet(300 * ms)
	sc.want(t, TurnEnd)
	if wait, s := sc.ended(t); wait > 380*ms || s.Why != ByFinished {
		t.Errorf("after %s, because %s", wait, s.Why)
	}
	sc.d.Agent(Busy)
	sc.final("Could you ring me back, please?").quiet(2 * time.Second) // a word is corrected
	sc.want(t, TurnEnd)
	sc = newScene(Options{}).speaks(2 * time.Second).quiet(60 * ms).partial("yes please").quiet(600 * ms) // too early to have all
	sc.want(t)
	sc = newScene(Options{}).speaks(2 * time.Second).quiet(200 * ms).partial("yes please").quiet(300 * ms)
	sc.d.Agent(Busy)
	sc.final("yes please tomorrow")
	sc.want(t, TurnEnd, BargeIn)
	if s := sc.signals[1]; s.Text != "tomorrow" {
		t.Errorf("what is new is %q", s.Text)
	}
}

// TestNoiseAfterWords: sound without words does not hold a turn open for long that a streaming transcriber has closed.
func TestNoiseAfterWords(t *testing.T) {
	sc := newScene(Options{}).speaks(time.Second).partial("that").speaks(500 * ms).partial("that is all").final("That is all.").speaks(2 * time.Second)
	sc.want(t, TurnEnd)
	sc = newScene(Options{}).speaks(time.Second).final("That is all.").speaks(2 * time.Second) // it never tells words before
	sc.want(t)
}
