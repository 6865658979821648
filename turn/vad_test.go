package turn

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// sound is what a line carries: noise of an RMS, and in it, when asked, a voice with five syllables a second.
type sound struct {
	noise float64 // RMS
	n     int
}

func newSound(noise float64) *sound { return &sound{noise: noise} }

// seconds of sound, made once each.
var seconds = map[[2]float64]*[50]audio.Frame{}

// frame gives 20 ms, with a voice of that loudness.
func (s *sound) frame(voice float64) *audio.Frame {
	key := [2]float64{s.noise, voice}
	if seconds[key] == nil {
		seconds[key] = second(s.noise, voice)
	}
	s.n++
	return &seconds[key][s.n%50]
}

func second(noise, voice float64) *[50]audio.Frame {
	r := rand.New(rand.NewPCG(1, 2))
	var fs [50]audio.Frame
	for i := range 50 * audio.Samples {
		t := float64(i) / audio.Rate
		v := noise * r.NormFloat64()
		syllable := 0.6 + 0.4*math.Sin(2*math.Pi*5*t)
		for k := 1; k <= 5 && voice > 0; k++ {
			v += voice * syllable * 0.8 * math.Sin(2*math.Pi*150*float64(k)*t) / math.Sqrt(float64(k))
		}
		fs[i/audio.Samples][i%audio.Samples] = int16(max(-32768, min(32767, v)))
	}
	return &fs
}

// hear runs d of sound through the VAD and gives the share of frames in speech.
func hear(v *VAD, s *sound, d time.Duration, voice float64) float64 {
	n, speech := int(d/audio.FrameDur), 0
	for range n {
		v.Frame(s.frame(voice))
		if v.Speaking() {
			speech++
		}
	}
	return float64(speech) / float64(n)
}

func TestVADFindsSpeech(t *testing.T) {
	for _, tc := range []struct {
		name         string
		noise, voice float64
	}{
		{"a clean line", 0, 2000},
		{"a quiet line", 8, 1000},
		{"a quiet talker", 8, 250},
		{"an office", 100, 2000},
		{"a street", 500, 4000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var v VAD
			s := newSound(tc.noise)
			if got := hear(&v, s, 2*time.Second, 0); got > 0 {
				t.Errorf("%.2f of mere noise is speech", got)
			}
			for range 3 {
				if got := hear(&v, s, 2*time.Second, tc.voice); got < 0.9 {
					t.Errorf("%.2f of speech is speech", got)
				}
				hear(&v, s, 300*time.Millisecond, 0) // the hang-over
				if got := hear(&v, s, time.Second, 0); got > 0.02 {
					t.Errorf("%.2f of the pause is speech", got)
				}
			}
		})
	}
}

func TestVADOnset(t *testing.T) {
	var v VAD
	s := newSound(20)
	hear(&v, s, time.Second, 0)
	began, sustain := 0, 0
	for i := 1; i <= 20 && sustain == 0; i++ {
		v.Frame(s.frame(3000))
		if v.Speaking() && began == 0 {
			began = i
		}
		if v.Sustained() {
			sustain = i
		}
	}
	if began == 0 || began > 4 {
		t.Errorf("speech began at frame %d, 4 is the latest", began)
	}
	if sustain == 0 || sustain > 7 {
		t.Errorf("sound went on from frame %d, 7 is the latest", sustain)
	}
}

func TestVADIgnoresClicks(t *testing.T) {
	var v VAD
	s := newSound(20)
	hear(&v, s, time.Second, 0)
	for i := range 100 {
		voice := 0.0
		if i%10 == 0 { // a key every 200 ms
			voice = 5000
		}
		v.Frame(s.frame(voice))
		if v.Speaking() || v.Sustained() {
			t.Fatalf("a click at frame %d is speech", i)
		}
	}
}

func TestVADLoudFromTheStart(t *testing.T) {
	var v VAD
	if got := hear(&v, newSound(20), 300*time.Millisecond, 3000); got < 0.7 {
		t.Errorf("%.2f of the first 300 ms of loud speech was heard", got)
	}
	if got := hear(&v, newSound(20), 2*time.Second, 3000); got < 0.9 {
		t.Errorf("%.2f of what followed was heard", got)
	}
	var quiet VAD
	if got := hear(&quiet, newSound(100), 300*time.Millisecond, 0); got > 0 {
		t.Errorf("noise in the first 300 ms is %.2f speech", got)
	}
}

func TestVADGetsUsedToNoise(t *testing.T) {
	var v VAD
	s := newSound(5)
	hear(&v, s, 2*time.Second, 0)
	s.noise = 600 // a fan goes on
	hear(&v, s, 8*time.Second, 0)
	if got := hear(&v, s, 2*time.Second, 0); got > 0.02 {
		t.Errorf("%.2f of the fan is still speech", got)
	}
	s.noise = 5
	hear(&v, s, time.Second, 0)
	if got := hear(&v, s, time.Second, 400); got < 0.8 {
		t.Errorf("after the fan only %.2f of quiet speech is heard", got)
	}
}

func TestMinVolume(t *testing.T) {
	v := VAD{MinRMS: 0.05} // 1638
	s := newSound(5)
	hear(&v, s, time.Second, 0)
	if got := hear(&v, s, time.Second, 600); got > 0 {
		t.Errorf("%.2f of what is below min_volume is speech", got)
	}
	if got := hear(&v, s, time.Second, 5000); got < 0.9 {
		t.Errorf("%.2f of what is above it is speech", got)
	}
}

func TestVADForgetsHum(t *testing.T) {
	var v VAD
	for i := range 200 { // 50 Hz mains hum, far louder than a whisper
		var f audio.Frame
		for j := range f {
			f[j] = int16(1000 * math.Sin(2*math.Pi*50*float64(i*audio.Samples+j)/audio.Rate))
		}
		v.Frame(&f)
		if i > 15 && v.Speaking() {
			t.Fatalf("hum is speech at frame %d", i)
		}
	}
}

func TestVADAllocatesNothing(t *testing.T) {
	var v VAD
	f := newSound(20).frame(3000)
	if n := testing.AllocsPerRun(500, func() { v.Frame(f) }); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

func FuzzVAD(f *testing.F) {
	f.Add([]byte{0, 0, 0xff, 0x7f, 0, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v VAD
		for range 40 {
			var fr audio.Frame
			for i := range fr {
				if len(b) >= 2 {
					fr[i] = int16(binary.LittleEndian.Uint16(b[i*2%(len(b)-1):]))
				}
			}
			v.Frame(&fr)
			if math.IsNaN(v.floor) || math.IsInf(v.floor, 0) || math.IsNaN(v.level) {
				t.Fatalf("floor %v, level %v", v.floor, v.level)
			}
		}
	})
}

func BenchmarkVAD(b *testing.B) {
	for _, voice := range []float64{0, 3000} {
		name := "speech"
		noise := 20.0
		if voice == 0 {
			name, noise = "silence", 0
		}
		b.Run(name, func(b *testing.B) {
			var v VAD
			f := newSound(noise).frame(voice)
			b.ReportAllocs()
			for b.Loop() {
				v.Frame(f)
			}
		})
	}
}
