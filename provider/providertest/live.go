package providertest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// Say has s speak one piece, and gives its sound with silence around it.
func Say(t testing.TB, s tts.Synthesizer, text string) []audio.Frame {
	t.Helper()
	out := Silence(25)
	told := ""
	for c, err := range s.Speak(context.Background(), send1([]string{text}), tts.Options{Language: "en"}) {
		if err != nil {
			t.Fatal(err)
		}
		told += c.Text
		out = append(out, c.Frame)
	}
	if told != text {
		t.Errorf("told %q of %q", told, text)
	}
	return append(out, Silence(75)...)
}

// Delays measures, against a fake, from the first sound that a vendor sends to the first frame: what our own plumbing adds. The
// kernel's part and the fake's own are in it.
func Delays(b *testing.B, s tts.Synthesizer, fake interface{ Sounded() time.Time }) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		first := true
		for _, err := range s.Speak(context.Background(), send1([]string{"Hello there, caller. "}), tts.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			if first {
				took = append(took, time.Since(fake.Sounded()))
			}
			first = false
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// Hear has tr hear frames at a pace, and gives its finals.
func Hear(t testing.TB, tr stt.Transcriber, frames []audio.Frame, pace time.Duration, o stt.Options) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var events []stt.Event
	for e, err := range tr.Transcribe(ctx, Hearing{Pace: pace}.feed(ctx, frames, true), o) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return finals(events)
}

// Alike reports whether two texts have the same letters.
func Alike(a, b string) bool {
	letters := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsNumber(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	return letters(a) == letters(b)
}
