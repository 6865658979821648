package cartesia

import (
	"flag"
	"os"
	"testing"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "have Cartesia itself speak, with CARTESIA_API_KEY")

const key = "a-key-of-ours"

func voice(t testing.TB, c *providertest.Cartesia, options string) *Voice {
	v, err := NewVoice(provider.Access{Key: key, BaseURL: c.URL}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSpeaking(t *testing.T) {
	providertest.Speaking{
		Open: func(t testing.TB) tts.Synthesizer { return voice(t, providertest.NewCartesia(t), `{"voice_id":"v1"}`) },
		Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
			c := providertest.NewCartesia(t)
			c.Fail(f, 1)
			return voice(t, c, `{"voice_id":"v1"}`)
		},
	}.Test(t)
}

// BenchmarkDelay is what is added between Cartesia's first sound and the first frame.
func BenchmarkDelay(b *testing.B) {
	c := providertest.NewCartesia(b)
	v := voice(b, c, `{"voice_id":"v1"}`)
	defer v.Close()
	providertest.Delays(b, v, c)
}

// TestLive speaks a sentence.
func TestLive(t *testing.T) {
	key := os.Getenv("CARTESIA_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and CARTESIA_API_KEY not given")
	}
	v, err := NewVoice(provider.Access{Key: key, BaseURL: os.Getenv("CARTESIA_BASE_URL")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, told := speakAll(t, v, tts.Options{Language: "en"}, "My name is Alice, ", "and I live in London."); len(told) < 8 {
		t.Errorf("told %v, want a word at a time", told)
	}
}
