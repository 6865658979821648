package babble

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestVoiceIsLoudAndAlive(t *testing.T) {
	pcm := Speak(1, 10*time.Second)
	var sum, peak float64
	quiet := 0
	for i, s := range pcm {
		sum += float64(s) * float64(s)
		peak = max(peak, math.Abs(float64(s)))
		if i%160 == 0 && s == 0 {
			quiet++
		}
	}
	rms := math.Sqrt(sum / float64(len(pcm)))
	if rms < 1000 || rms > 8000 || peak < 8000 {
		t.Errorf("RMS %.0f, peak %.0f", rms, peak)
	}
	if quiet == 0 {
		t.Error("it never pauses")
	}
}

func TestVoiceIsItsSeeds(t *testing.T) {
	one := Speak(1, time.Second)
	if !slices.Equal(one, Speak(1, time.Second)) {
		t.Error("a seed speaks twice and differs")
	}
	if slices.Equal(one, Speak(2, time.Second)) {
		t.Error("two seeds say the same")
	}
}
