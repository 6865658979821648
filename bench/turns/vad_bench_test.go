package turns

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/thesyncim/gopus"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/testdata/speech"
	"github.com/parley-voice/parley/turn"
)

// A judged counts frames of a kind, and those of them that were taken for speech.
type judged struct{ of, speech int }

// BenchmarkVAD compares voice activity detectors on the frames of the tuning part, whose sound must have been made (parley bench turns
// --tuning): how much of the caller's speech they notice, quiet and in noise, how much of the noise and of what is no speech they take for it.
//
//	go test ./bench/turns -run - -bench VAD -benchtime 1x
func BenchmarkVAD(b *testing.B) {
	c, err := parse(speech.Labels)
	if err != nil {
		b.Fatal(err)
	}
	st, err := openStore("")
	if err != nil {
		b.Fatal(err)
	}
	silk := func(least int) func() func(*audio.Frame) bool {
		return func() func(*audio.Frame) bool {
			v, err := gopus.NewVAD(audio.Rate)
			if err != nil {
				b.Fatal(err)
			}
			return func(f *audio.Frame) bool {
				activity, err := v.AnalyzeInt16(f[:])
				if err != nil {
					b.Fatal(err)
				}
				return activity >= least
			}
		}
	}
	engine := func() func(*audio.Frame) bool {
		v := &turn.VAD{}
		return func(f *audio.Frame) bool { return v.Frame(f) && v.Active() }
	}
	var items []Item
	for _, it := range c.items() {
		if it.Split == Tuning && (it.Class == Unfinished || it.Class == Interruption || it.Class == Sounds) {
			items = append(items, it)
		}
	}
	dump := os.Getenv("PARLEY_VAD_FRAMES") // a folder for the frames, for detectors that are not Go's
	for _, v := range []struct {
		name string
		make func() func(*audio.Frame) bool
	}{{"engine", engine}, {"silk/128", silk(128)}, {"silk/160", silk(160)}, {"silk/192", silk(192)}} {
		b.Run(v.name, func(b *testing.B) {
			for b.Loop() {
				counts := map[string]judged{}
				var took time.Duration
				frames := 0
				for i := range items {
					it := &items[i]
					sc, err := stage(st, it)
					if err != nil {
						continue
					}
					if dump != "" && v.name == "engine" {
						dumped(b, dump, it, sc)
					}
					is := v.make()
					each(it, sc, func(f *audio.Frame, kind string) {
						began := time.Now()
						speech := is(f)
						took += time.Since(began)
						frames++
						n := counts[kind]
						if n.of++; speech {
							n.speech++
						}
						counts[kind] = n
					})
				}
				for kind, n := range counts {
					if kind != "" {
						b.ReportMetric(share(n.speech, n.of), kind+"%")
					}
				}
				b.ReportMetric(float64(took.Microseconds())/float64(frames), "µs/frame")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// each gives the frames of a scene as they come over the line, and what they are: speech or sound, or the place's noise; "" close to an edge.
func each(it *Item, sc *scene, do func(f *audio.Frame, kind string)) {
	w := newWire(it.Seed, 0)
	const edge = 200 * time.Millisecond
	all := sc.spans
	if sc.opening.End > 0 {
		all = append([]Span{sc.opening}, all...)
	}
	for n := 0; (n+1)*audio.Samples <= len(sc.near); n++ {
		var f audio.Frame
		copy(f[:], sc.near[n*audio.Samples:])
		w.carry(&f)
		at, end := time.Duration(n)*audio.FrameDur, time.Duration(n+1)*audio.FrameDur
		what := "noise"
		for i, s := range all {
			switch {
			case at >= s.Start && end <= s.End:
				what = "speech"
				if it.Class == Sounds && !(i == 0 && sc.opening.End > 0) {
					what = "sound"
				}
			case end > s.Start-edge && at < s.End+edge && what == "noise":
				what = ""
			}
		}
		if what == "noise" && at < time.Second { // the detectors learn
			what = ""
		}
		if what != "" && what != "sound" {
			what += "/" + strings.ReplaceAll(noiseOf(it), " ", "")
		}
		do(&f, what)
	}
}

// dumped writes an item's frames as raw 16-bit sound, and a line with the kind of each.
func dumped(b *testing.B, dir string, it *Item, sc *scene) {
	raw, err := os.Create(dir + "/" + it.ID + ".raw")
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	kinds, err := os.Create(dir + "/" + it.ID + ".txt")
	if err != nil {
		b.Fatal(err)
	}
	defer kinds.Close()
	each(it, sc, func(f *audio.Frame, kind string) {
		buf := make([]byte, 0, 2*len(f))
		for _, s := range f {
			buf = append(buf, byte(s), byte(s>>8))
		}
		if _, err := raw.Write(buf); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintln(kinds, kind)
	})
}
