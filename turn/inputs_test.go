package turn

import (
	"math"
	"testing"
	"time"
)

// TestInputs: a decision carries what it was made from.
func TestInputs(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Asked("What is your account number?")
	sc.speaks(time.Second).partial("it is").quiet(100 * ms).final("It is four.").quiet(6 * time.Second)
	_, s := sc.ended(t)
	in := s.Inputs
	if in.Asked != "number" || !in.Marks || in.Ended || in.Open || in.Wait <= 0 || in.Silence < in.Wait || in.Waiting < in.Silence-200*ms {
		t.Errorf("the end of an answer that is not whole: %+v", in)
	}
	if in.Finished <= 0 || in.Finished >= enough || in.Pace != 1 {
		t.Errorf("how finished %.2f, pace %.2f", in.Finished, in.Pace)
	}

	sc = newScene(Options{})
	sc.d.Agent(Busy)
	sc.speaks(400 * ms)
	sc.want(t, Pause)
	if in := sc.signals[0].Inputs; in.Voiced < isVoice || in.Loudness <= in.Place || in.Silence != 0 {
		t.Errorf("a pause: %+v", in)
	}
	sc.quiet(time.Second)
	sc.want(t, Pause, Resume)
	if in := sc.signals[1].Inputs; in.Silence < 300*ms || in.Alarms != 1 {
		t.Errorf("a resumption: %+v", in)
	}
	sc.speaks(200 * ms).partial("yes I").quiet(2 * time.Second)
	last := sc.signals[len(sc.signals)-1]
	if last.Kind != TurnEnd && last.Kind != BargeIn {
		t.Fatalf("decided %+v", sc.signals)
	}
	for i, s := range sc.signals {
		if s.Kind == BargeIn && (s.Inputs.Doubt == 0 || s.Inputs.Waiting == 0) {
			t.Errorf("%v: words in doubt: %+v", sc.at[i], s.Inputs)
		}
	}

	sc = newScene(Options{})
	sc.d.Agent(Busy)
	sc.speaks(300 * ms).final("okay").quiet(3 * time.Second)
	if s := sc.signals[len(sc.signals)-1]; s.Kind != Backchannel || !s.Inputs.Listening || s.Inputs.Aside {
		t.Errorf("a sign of listening: %+v", s)
	}
}

// TestInputsOfNothing: of a call that has not begun there is nothing that could not be written down.
func TestInputsOfNothing(t *testing.T) {
	d := New(Options{})
	d.Agent(Busy)
	s := d.Heard(Words{Text: "stop that now"}, 0)
	for _, v := range []float64{s.Inputs.Loudness, s.Inputs.Least, s.Inputs.Place, s.Inputs.Finished, s.Inputs.Pace} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%+v", s.Inputs)
		}
	}
	if s.Kind != BargeIn {
		t.Errorf("decided %+v", s)
	}
	for w := aYes; w <= aSpelling; w++ {
		if wanted[w] == "" {
			t.Errorf("no word for want %d", w)
		}
	}
}
