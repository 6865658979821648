package hold

import (
	"math"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// hear is the next d of a sound.
func hear(under func(*audio.Frame, bool), d time.Duration) []int16 {
	var pcm []int16
	for range int(d / audio.FrameDur) {
		var f audio.Frame
		under(&f, false)
		pcm = append(pcm, f[:]...)
	}
	return pcm
}

// Whoever waits always hears something, at the loudness of a voice in the next room, and nothing that cracks.
func TestMusicIsAlwaysThere(t *testing.T) {
	pcm := hear(New().Under, 2*frames*audio.FrameDur)
	if at := audio.DBFS(pcm); math.Abs(at-loud) > 1 {
		t.Errorf("the music is at %.1f dBFS, %.1f was meant", at, loud)
	}
	const window = audio.Rate / 2
	for i := 0; i+window <= len(pcm); i += window / 4 {
		if at := audio.DBFS(pcm[i : i+window]); at < loud-14 || at > loud+7 {
			t.Errorf("after %v it is at %.1f dBFS", time.Duration(i)*time.Second/audio.Rate, at)
		}
	}
	peak, jump := 0, 0
	for i := 1; i < len(pcm); i++ {
		peak = max(peak, int(pcm[i]), -int(pcm[i]))
		jump = max(jump, int(pcm[i])-int(pcm[i-1]), int(pcm[i-1])-int(pcm[i]))
	}
	if peak > 16000 || jump > 6000 {
		t.Errorf("peak %d, and %d from one sample to the next", peak, jump)
	}
}

// A telephone passes 300 to 3400 Hz: most of the music is there.
func TestMusicFitsATelephone(t *testing.T) {
	pcm := hear(New().Under, frames*audio.FrameDur)
	low, mid := 0.0, 0.0
	const window = audio.Rate / 4 // 4 Hz apart
	for at := 0; at+window <= len(pcm); at += 10 * window {
		for hz := 40.0; hz < 8000; hz += 4 {
			switch e := audio.Goertzel(pcm[at:at+window], hz, audio.Rate); {
			case hz >= 250 && hz <= 3400:
				mid += e
			default:
				low += e
			}
		}
	}
	if mid < 2*low {
		t.Errorf("a telephone passes %.0f %% of it", 100*mid/(mid+low))
	}
}

func TestMusicIsAlwaysTheSame(t *testing.T) {
	a, b := hear(New().Under, frames*audio.FrameDur), hear(New().Under, frames*audio.FrameDur)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("two who wait hear different music from sample %d", i)
		}
	}
	again := compose()
	m := Music{loop: again}
	for i, s := range hear(m.Under, frames*audio.FrameDur) {
		if s != a[i] {
			t.Fatalf("composed again it differs from sample %d", i)
		}
	}
}

func TestRinging(t *testing.T) {
	pcm := hear(NewRinging().Under, 19*time.Second)
	const tenth = audio.Rate / 10
	for i := range 190 {
		part, rings := pcm[i*tenth:(i+1)*tenth], i%38 < 20
		if share := audio.Goertzel(part, 440, audio.Rate) + audio.Goertzel(part, 480, audio.Rate); rings != (share > 0.9) {
			t.Errorf("after %d ms: %.2f of it is the ringing tone", i*100, share)
		}
	}
}

func TestMixedUnder(t *testing.T) {
	m, r := New(), NewRinging()
	var f audio.Frame
	f[0] = 1000
	m.Under(&f, true)
	if f[0]-m.loop[0][0] != 1000 {
		t.Error("what was there before is gone")
	}
	if n := testing.AllocsPerRun(100, func() {
		m.Under(&f, false)
		r.Under(&f, false)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkCompose(b *testing.B) {
	for b.Loop() {
		compose()
	}
}
