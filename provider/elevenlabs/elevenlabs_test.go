package elevenlabs

import (
	"flag"
	"os"
	"testing"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "have ElevenLabs itself speak, with ELEVENLABS_API_KEY and the voice ELEVENLABS_VOICE_ID")

const key = "a-key-of-ours"

func voice(t testing.TB, e *providertest.ElevenLabs, options string) *Voice {
	v, err := NewVoice(provider.Access{Key: key, BaseURL: e.URL}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ways are both ways of speaking.
var ways = map[string]string{
	"websocket": `{"type":"voice_eleven_labs","voice_id":"v1"}`,
	"http":      `{"type":"voice_eleven_labs","voice_id":"v1","experimental_input_streaming":false}`,
}

func TestSpeaking(t *testing.T) {
	for way, options := range ways {
		t.Run(way, func(t *testing.T) {
			providertest.Speaking{
				Open: func(t testing.TB) tts.Synthesizer { return voice(t, providertest.NewElevenLabs(t), options) },
				Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
					e := providertest.NewElevenLabs(t)
					e.Fail(f, 1)
					return voice(t, e, options)
				},
			}.Test(t)
		})
	}
}

// BenchmarkDelay is what is added between ElevenLabs's first sound and the first frame.
func BenchmarkDelay(b *testing.B) {
	for way, options := range ways {
		b.Run(way, func(b *testing.B) {
			e := providertest.NewElevenLabs(b)
			v := voice(b, e, options)
			defer v.Close()
			providertest.Delays(b, v, e)
		})
	}
}

// TestLive speaks a sentence both ways.
func TestLive(t *testing.T) {
	key, id := os.Getenv("ELEVENLABS_API_KEY"), os.Getenv("ELEVENLABS_VOICE_ID")
	if !*live || key == "" || id == "" {
		t.Skip("-live, ELEVENLABS_API_KEY and ELEVENLABS_VOICE_ID not given")
	}
	for _, rest := range []string{"}", `,"experimental_input_streaming":false}`} {
		v, err := NewVoice(provider.Access{Key: key, BaseURL: os.Getenv("ELEVENLABS_BASE_URL")}, []byte(`{"voice_id":"`+id+`"`+rest))
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		words := 0
		in := make(chan string, 2)
		in <- "My name is Alice, "
		in <- "and I live in London."
		close(in)
		for c, err := range v.Speak(t.Context(), in, tts.Options{Language: "en"}) {
			if err != nil {
				t.Fatal(err)
			}
			if c.Text != "" {
				words++
			}
		}
		if words < 8 {
			t.Errorf("%s: told in %d parts, want a word at a time", rest, words)
		}
	}
}
