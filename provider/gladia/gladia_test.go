package gladia

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/deepgram"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

var live = flag.Bool("live", false, "have Gladia itself hear, with GLADIA_API_KEY, what Deepgram speaks, with DEEPGRAM_API_KEY")

const key = "a-key-of-ours"

func transcriber(t testing.TB, g *providertest.Gladia, options string) *Transcriber {
	tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: g.URL + "/"}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestHearing(t *testing.T) {
	providertest.Hearing{
		Open: func(t testing.TB) stt.Transcriber {
			return transcriber(t, providertest.NewGladia(t), `{"type":"transcriber_gladia"}`)
		},
		Failing: func(t testing.TB, f providertest.Fault) stt.Transcriber {
			g := providertest.NewGladia(t)
			g.Fail(f, 1)
			return transcriber(t, g, "")
		},
	}.Test(t)
}

// TestLive has a sentence spoken and hears it, at the pace of speech.
func TestLive(t *testing.T) {
	key, speaks := os.Getenv("GLADIA_API_KEY"), os.Getenv("DEEPGRAM_API_KEY")
	if !*live || key == "" || speaks == "" {
		t.Skip("-live, GLADIA_API_KEY and DEEPGRAM_API_KEY not given")
	}
	v, err := deepgram.NewVoice(provider.Access{Key: speaks}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	sound := providertest.Say(t, v, "My name is Alice, and I live in London.")
	for _, options := range []string{"", `{"endpointing":0.05,"region":"us-west"}`, `{"language":"multi","code_switching":true,"audio_enhancer":true,"speech_threshold":0.7}`} {
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: os.Getenv("GLADIA_BASE_URL")}, []byte(options))
		if err != nil {
			t.Fatal(err)
		}
		if got := providertest.Hear(t, tr, sound, 20*time.Millisecond, stt.Options{Language: "en", Keywords: map[string]float64{"Alice": 1}}); !providertest.Alike(got, "my name is alice and i live in london") {
			t.Errorf("%s: heard %q", options, got)
		}
	}
}
