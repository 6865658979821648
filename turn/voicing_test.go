package turn

import (
	"math/rand/v2"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
)

func TestVoicing(t *testing.T) {
	count := func(fill func([]int16)) (n int) {
		var v Voicing
		var f audio.Frame
		for range 250 {
			if fill(f[:]); v.Frame(&f) {
				n++
			}
		}
		return n
	}
	rng := rand.New(rand.NewPCG(1, 2))
	noise := func(pcm []int16) {
		for i := range pcm {
			pcm[i] = int16(rng.NormFloat64() * 2000)
		}
	}
	talk, hiss := count(babble.New(3).Fill), count(noise)
	if talk < 80 || hiss > 10 {
		t.Errorf("of 250 frames a voice is heard in %d of talk, %d of noise", talk, hiss)
	}
}
