package audiotest

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

func TestSNRFindsDelayAndGain(t *testing.T) {
	in := Speak(3, time.Second)
	out := make([]int16, 0, len(in)+7)
	out = append(out, make([]int16, 7)...)
	for _, s := range in {
		out = append(out, s/2)
	}
	snr, delay := SNR(in, out, 20)
	if delay != 7 || snr < 50 {
		t.Errorf("%.1f dB at %d", snr, delay)
	}
}
