package local

import (
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// The suite that every vendor faces. There is no wire that could fail; what can is the worker: see process_test.go.

func TestHearingSuite(t *testing.T) {
	l := speech(t)
	sound := telephone(say(t, l, "", "en", "what are your opening hours?"), 25)
	sound = append(sound, telephone(say(t, l, "", "en", "where can I park?"), 25)...)
	providertest.Hearing{
		Open: func(t testing.TB) stt.Transcriber {
			tr, err := l.Spec().Hearing.Open(provider.Access{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return tr
		},
		Sound: sound, Want: "opening hours where can park",
	}.Test(t)
}

func TestSpeakingSuite(t *testing.T) {
	l := speech(t)
	for _, lang := range []string{"en", "de"} {
		t.Run(lang, func(t *testing.T) {
			providertest.Speaking{
				Open: func(t testing.TB) tts.Synthesizer {
					v, err := l.Spec().Speaking.Open(provider.Access{}, nil)
					if err != nil {
						t.Fatal(err)
					}
					return v
				},
				Options: tts.Options{Language: lang},
			}.Test(t)
		})
	}
}

func open(t testing.TB, l *Local, model string) llm.Model {
	t.Helper()
	m, err := l.Spec().Thinking.Open(provider.Access{}, model, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
