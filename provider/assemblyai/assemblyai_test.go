package assemblyai

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

var live = flag.Bool("live", false, "have AssemblyAI itself hear, with ASSEMBLYAI_API_KEY, what Deepgram speaks, with DEEPGRAM_API_KEY")

const key = "a-key-of-ours"

func transcriber(t testing.TB, a *providertest.AssemblyAI, options string) *Transcriber {
	tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: a.URL + "/"}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestHearing(t *testing.T) {
	providertest.Hearing{
		Open: func(t testing.TB) stt.Transcriber {
			return transcriber(t, providertest.NewAssemblyAI(t), `{"type":"transcriber_assemblyai"}`)
		},
		Failing: func(t testing.TB, f providertest.Fault) stt.Transcriber {
			a := providertest.NewAssemblyAI(t)
			a.Fail(f, 1)
			return transcriber(t, a, "")
		},
	}.Test(t)
}

// TestFormatted: the suite again, with turns that end twice.
func TestFormatted(t *testing.T) {
	providertest.Hearing{Open: func(t testing.TB) stt.Transcriber {
		return transcriber(t, providertest.NewAssemblyAI(t), `{"format_turns":true}`)
	}}.Test(t)
}

// TestHearingULaw: a quarter of the bytes is heard as well; what fills the last message is µ-law's silence.
func TestHearingULaw(t *testing.T) {
	providertest.Hearing{Open: func(t testing.TB) stt.Transcriber {
		return transcriber(t, providertest.NewAssemblyAI(t), `{"encoding":"pcm_mulaw"}`)
	}}.Test(t)
	if _, err := NewTranscriber(provider.Access{Key: "k"}, []byte(`{"encoding":"opus"}`)); err == nil {
		t.Error("an encoding that AssemblyAI does not have")
	}
}

// TestLive has a sentence spoken and hears it, at the pace of speech.
func TestLive(t *testing.T) {
	key, speaks := os.Getenv("ASSEMBLYAI_API_KEY"), os.Getenv("DEEPGRAM_API_KEY")
	if !*live || key == "" || speaks == "" {
		t.Skip("-live, ASSEMBLYAI_API_KEY and DEEPGRAM_API_KEY not given")
	}
	v, err := deepgram.NewVoice(provider.Access{Key: speaks}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	sound := providertest.Say(t, v, "My name is Alice, and I live in London.")
	for _, options := range []string{"", `{"format_turns":true}`, `{"model":"universal-streaming-multilingual"}`} {
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: os.Getenv("ASSEMBLYAI_BASE_URL")}, []byte(options))
		if err != nil {
			t.Fatal(err)
		}
		if got := providertest.Hear(t, tr, sound, 20*time.Millisecond, stt.Options{Language: "en", Keywords: map[string]float64{"Alice": 1}}); !providertest.Alike(got, "my name is alice and i live in london") {
			t.Errorf("%s: heard %q", options, got)
		}
	}
}
