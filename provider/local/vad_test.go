package local

import "testing"

// detect runs a vad over stretches of level and steps, and gives the steps that are speech.
func detect(noise float64, stretches ...[2]int) (speech []bool) {
	var v vad
	s := newSounds(noise)
	for _, st := range stretches {
		for range st[1] {
			speech = append(speech, v.frame(s.step(float64(st[0]))))
		}
	}
	return speech
}

func count(b []bool) (n int) {
	for _, x := range b {
		if x {
			n++
		}
	}
	return n
}

func TestVAD(t *testing.T) {
	for _, noise := range []float64{0, 5, 50, 200} {
		got := detect(noise, [2]int{0, 100}, [2]int{3000, 50}, [2]int{0, 100})
		before, during, after := got[:100], got[100:150], got[160:]
		if count(before) > 0 || count(during) < 44 || count(after) > 0 {
			t.Errorf("noise %g: %d steps before, %d of 50 during and %d after the speech", noise, count(before), count(during), count(after))
		}
	}
}

func TestVADOfWhoSpeaksAtOnce(t *testing.T) {
	if got := detect(5, [2]int{3000, 40}); count(got) < 34 {
		t.Errorf("%d of 40 steps", count(got))
	}
}

func TestVADOfClicks(t *testing.T) {
	for _, length := range []int{1, 2} {
		if got := detect(20, [2]int{0, 50}, [2]int{20000, length}, [2]int{0, 50}); count(got) > 0 {
			t.Errorf("a click of %d steps is speech", length)
		}
	}
}

// TestVADSettles: noise that begins in the call is speech for no longer than the floor takes to rise.
func TestVADSettles(t *testing.T) {
	var v vad
	quiet, loud := newSounds(5), newSounds(250)
	for range 100 {
		v.frame(quiet.step(0))
	}
	n := 0
	for range 500 {
		if v.frame(loud.step(0)) {
			n++
		}
	}
	if n > 120 {
		t.Errorf("a fan was speech for %d steps", n)
	}
}

func TestVADOfDips(t *testing.T) {
	got := detect(5, [2]int{0, 50}, [2]int{3000, 20}, [2]int{0, 3}, [2]int{3000, 20})
	for i, x := range got[55:] {
		if !x {
			t.Errorf("the stop of a consonant is silence at step %d", i)
		}
	}
}
