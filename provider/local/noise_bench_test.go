package local

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/ambience"
	"github.com/parley-voice/parley/audio/denoise"
	"github.com/parley-voice/parley/stt"
)

// backgrounds are what a caller may stand in, by name: each gives frames of about the same loudness for ever.
var backgrounds = map[string]func() func(*audio.Frame){
	"hiss": func() func(*audio.Frame) {
		r := rand.New(rand.NewPCG(1, 2))
		return func(f *audio.Frame) {
			for i := range f {
				f[i] = int16(1000 * r.NormFloat64())
			}
		}
	},
	"car": func() func(*audio.Frame) {
		r, last := rand.New(rand.NewPCG(3, 4)), 0.0
		return func(f *audio.Frame) {
			for i := range f {
				last = 0.9*last + 400*r.NormFloat64()
				f[i] = int16(last)
			}
		}
	},
	"office": func() func(*audio.Frame) {
		b, _ := ambience.Of("office", "bench")
		return func(f *audio.Frame) {
			*f = audio.Frame{}
			b.Under(f, false)
		}
	},
}

// among is chunks of speech with a background at an SNR in dB, over all of the sound.
func among(frames []audio.Frame, noise func(*audio.Frame), snr float64) []audio.Frame {
	var speech, back float64
	n := 0
	out := make([]audio.Frame, len(frames))
	for i, f := range frames {
		noise(&out[i])
		back += math.Pow(out[i].RMS(), 2)
		if r := f.RMS(); r > 100 {
			speech += r * r
			n++
		}
	}
	gain := float32(math.Sqrt(speech / float64(n) / (back / float64(len(frames))) / math.Pow(10, snr/10)))
	for i := range out {
		g := out[i]
		out[i] = frames[i]
		out[i].Mix(&g, gain)
	}
	return out
}

// BenchmarkNoise is how many of a hundred words local hearing gets wrong in a background, without and with noise suppression:
//
//	go test ./provider/local -bench Noise -benchtime 1x -run '^$'
func BenchmarkNoise(b *testing.B) {
	l := speech(b)
	var said []string
	for _, u := range talk {
		said = append(said, u.said)
	}
	said = append(said, practice[1:4]...)
	voices := []string{"rms", "slt"}
	type take struct {
		words  []string
		frames []audio.Frame
	}
	var takes []take
	for _, v := range voices {
		for _, s := range said {
			t := take{words: strings.Fields(strings.ToLower(strings.NewReplacer("?", "", ".", "", ",", "").Replace(s)))}
			chunks := say(b, l, fmt.Sprintf(`{"voice":%q}`, v), "en", s)
			for i := range chunks { // room for the noise to be learnt, as on a call
				t.frames = append(t.frames, chunks[i].Frame)
			}
			quiet := make([]audio.Frame, 60)
			t.frames = append(append(append([]audio.Frame{}, quiet...), t.frames...), quiet[:25]...)
			takes = append(takes, t)
		}
	}
	rate := func(b *testing.B, noise func() func(*audio.Frame), snr, level float64) {
		for b.Loop() {
			wrong, words := 0, 0
			next := backgrounds["hiss"]()
			if noise != nil {
				next = noise()
			}
			for _, t := range takes {
				narrow := overTelephone(among(t.frames, next, snr))
				if level > 0 {
					s := denoise.New(level)
					for i := range narrow {
						s.Frame(&narrow[i])
					}
				}
				heard := strings.Fields(finals(hear(b, l, narrow, stt.Options{Language: "en", Phrases: practice})))
				wrong += errorsIn(heard, t.words)
				words += len(t.words)
			}
			b.ReportMetric(100*float64(wrong)/float64(words), "wrong%")
			b.ReportMetric(0, "ns/op")
		}
	}
	for _, level := range []float64{0, 50, 100} {
		b.Run(fmt.Sprintf("clean/level=%.0f", level), func(b *testing.B) { rate(b, nil, 45, level) })
		for _, name := range []string{"hiss", "car", "office"} {
			b.Run(fmt.Sprintf("%s/snr=5/level=%.0f", name, level), func(b *testing.B) { rate(b, backgrounds[name], 5, level) })
		}
	}
}

// overTelephone is the sound as it comes off a G.711 line.
func overTelephone(frames []audio.Frame) []audio.Frame {
	down, up := audio.NewResampler(16000, 8000), audio.NewResampler(8000, 16000)
	out := make([]audio.Frame, len(frames))
	for i := range frames {
		copy(out[i][:], up.Process(nil, audio.DecodeUlaw(nil, audio.EncodeUlaw(nil, down.Process(nil, frames[i][:])))))
	}
	return out
}
