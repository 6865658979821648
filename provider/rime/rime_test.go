package rime

import (
	"flag"
	"os"
	"testing"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "have Rime itself speak, with RIME_API_KEY")

const key = "a-key-of-ours"

func voice(t testing.TB, r *providertest.Rime, options string) *Voice {
	v, err := NewVoice(provider.Access{Key: key, BaseURL: r.URL + "/"}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const plain = `{"type":"voice_rime","speaker":"astra"}`

func TestSpeaking(t *testing.T) {
	providertest.Speaking{
		Open: func(t testing.TB) tts.Synthesizer { return voice(t, providertest.NewRime(t), plain) },
		Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
			r := providertest.NewRime(t)
			r.Fail(f, -1)
			return voice(t, r, plain)
		},
	}.Test(t)
}

// TestLive speaks a sentence by each model.
func TestLive(t *testing.T) {
	key := os.Getenv("RIME_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and RIME_API_KEY not given")
	}
	for _, options := range []string{`{"speaker":"astra"}`, `{"speaker":"cove","model_id":"mistv2","speed_alpha":0.9}`} {
		v, err := NewVoice(provider.Access{Key: key, BaseURL: os.Getenv("RIME_BASE_URL")}, []byte(options))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Warm(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(providertest.Say(t, v, "My name is Alice, and I live in London.")); n < 150 {
			t.Errorf("%s: %d frames, silence around it included", options, n)
		}
	}
}
