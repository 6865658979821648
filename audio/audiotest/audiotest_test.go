package audiotest

import (
	"testing"
	"time"

	"github.com/parley-voice/parley/audio/babble"
)

func TestSNRFindsDelayAndGain(t *testing.T) {
	in := babble.Speak(3, time.Second)
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
