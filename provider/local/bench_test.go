package local

import (
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local/flite"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const clause = "We are open from nine in the morning until six in the evening,"

// BenchmarkFirstSound is from the text to the first frame, by a warm worker; espeak-ng starts anew each time.
func BenchmarkFirstSound(b *testing.B) {
	l := speech(b)
	for _, voice := range append(flite.Voices(), "espeak-ng") {
		b.Run(voice, func(b *testing.B) {
			language, options := "en", `{"voice":"`+voice+`"}`
			if voice == "espeak-ng" {
				language, options = "de", ""
			}
			v, err := l.Spec().Speaking.Open(provider.Access{}, []byte(options))
			if err != nil {
				b.Fatal(err)
			}
			say(b, l, options, language, clause)
			var worst time.Duration
			for b.Loop() {
				text := make(chan string, 1)
				text <- clause
				close(text)
				began, first := time.Now(), true
				for _, err := range v.Speak(b.Context(), text, tts.Options{Language: language}) {
					if err != nil {
						b.Fatal(err)
					}
					if first {
						worst = max(worst, time.Since(began))
						b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "last-first-ms")
						first = false
					}
				}
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-first-ms")
		})
	}
}

// BenchmarkHearing is the CPU of the worker for each second of speech.
func BenchmarkHearing(b *testing.B) {
	l := speech(b)
	var frames []audio.Frame
	for _, u := range talk {
		frames = append(frames, telephone(say(b, l, "", "en", u.said), 15)...)
	}
	for name, phrases := range map[string][]string{"agent": practice, "nothing known": nil} {
		b.Run(name, func(b *testing.B) {
			before := childCPU()
			for b.Loop() {
				hear(b, l, frames, stt.Options{Phrases: phrases})
			}
			runtime.GC()
			cpu := childCPU() - before
			b.ReportMetric(cpu.Seconds()/float64(b.N)/(float64(len(frames))*0.02), "cpu/audio")
		})
	}
}

func childCPU() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkStart is how long a worker takes to be ready: started at the ring (cold), or taken when warm; and until the search
// of the agent stands.
func BenchmarkStart(b *testing.B) {
	l := speech(b)
	<-l.modelReady
	b.Run("hear/cold", func(b *testing.B) {
		for b.Loop() {
			p, err := l.openHearer(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(residentKB(b, p.cmd.Process.Pid)), "rss-kB")
			p.stop()
		}
	})
	b.Run("hear/search", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			p, err := l.openHearer(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if err := writeJSON(p.stdin, expect, expectation{Phrases: practice}); err != nil {
				b.Fatal(err)
			}
			if _, err := p.ready(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64(residentKB(b, p.cmd.Process.Pid)), "rss-kB")
			p.stop()
			b.StartTimer()
		}
	})
	b.Run("speak/cold", func(b *testing.B) {
		for b.Loop() {
			p, err := l.openSpeaker(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(residentKB(b, p.cmd.Process.Pid)), "rss-kB")
			p.stop()
		}
	})
}

// BenchmarkFinal is from the last sound of the caller to the final, in real time: 300 ms of it are the silence that ends an
// utterance.
func BenchmarkFinal(b *testing.B) {
	l := speech(b)
	frames := telephone(say(b, l, "", "en", "What are your opening hours?"), 40)
	end := len(frames) - 40
	for frames[end-1].RMS() < 100 {
		end-- // the voice ends in a pause
	}
	var all []float64
	tr := &transcriber{l}
	for b.Loop() {
		if err := tr.Warm(b.Context()); err != nil {
			b.Fatal(err)
		}
		in := make(chan audio.Frame, 8)
		var last time.Time
		go func() {
			defer close(in)
			tick := time.NewTicker(audio.FrameDur)
			defer tick.Stop()
			for i, f := range frames {
				<-tick.C
				if i == end {
					last = time.Now()
				}
				in <- f
			}
		}()
		for e, err := range tr.Transcribe(b.Context(), in, stt.Options{Phrases: practice}) {
			if err != nil {
				b.Fatal(err)
			}
			if e.Final {
				all = append(all, float64(time.Since(last).Microseconds())/1000)
				if !strings.Contains(e.Text, "hours") {
					b.Errorf("heard %q", e.Text)
				}
			}
		}
	}
	sort.Float64s(all)
	b.ReportMetric(all[len(all)/2], "median-ms")
	b.ReportMetric(all[len(all)-1], "worst-ms")
}
