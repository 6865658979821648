package providertest

import (
	"context"
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
