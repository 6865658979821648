package playht

import (
	"flag"
	"os"
	"testing"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "have PlayHT itself speak, with PLAYHT_API_KEY and PLAYHT_USER_ID")

const key = "a-key-of-ours"

func voice(t testing.TB, p *providertest.PlayHT, options string) *Voice {
	v, err := NewVoice(provider.Access{Key: key, BaseURL: p.URL + "/", Extra: map[string]string{"user_id": "u1"}}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSpeaking(t *testing.T) {
	for name, options := range map[string]string{
		"wav": `{"type":"voice_play_ht","voice_id":"v1"}`, "mulaw": `{"voice_id":"larry","version":"1"}`, "cut": `{"voice_id":"v1","experimental_remove_silence":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Speaking{
				Open: func(t testing.TB) tts.Synthesizer { return voice(t, providertest.NewPlayHT(t), options) },
				Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
					p := providertest.NewPlayHT(t)
					p.Fail(f, -1)
					return voice(t, p, options)
				},
			}.Test(t)
		})
	}
}

// TestLive speaks a sentence by three engines.
func TestLive(t *testing.T) {
	key, user := os.Getenv("PLAYHT_API_KEY"), os.Getenv("PLAYHT_USER_ID")
	if !*live || key == "" || user == "" {
		t.Skip("-live, PLAYHT_API_KEY and PLAYHT_USER_ID not given")
	}
	for _, options := range []string{`{}`, `{"version":2}`, `{"version":1,"voice_id":"larry"}`} {
		v, err := NewVoice(provider.Access{Key: key, BaseURL: os.Getenv("PLAYHT_BASE_URL"), Extra: map[string]string{"user_id": user}}, []byte(options))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(providertest.Say(t, v, "My name is Alice, and I live in London.")); n < 150 {
			t.Errorf("%s: %d frames, silence around it included", options, n)
		}
	}
}
