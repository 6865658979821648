package deepgram

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "run the suite's happy path against Deepgram itself, with DEEPGRAM_API_KEY")

func access(url string) provider.Access { return provider.Access{Key: "k", BaseURL: url} }

func transcriber(t testing.TB, d *providertest.Deepgram, options string) *Transcriber {
	tr, err := NewTranscriber(access(d.URL), []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func voice(t testing.TB, d *providertest.Deepgram) *Voice {
	v, err := NewVoice(access(d.URL), []byte(`{"type":"voice_deepgram","model":"aura-2-luna-en"}`))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestHearingULaw: a quarter of the bytes is heard as well.
func TestHearingULaw(t *testing.T) {
	providertest.Hearing{Open: func(t testing.TB) stt.Transcriber {
		return transcriber(t, providertest.NewDeepgram(t), `{"encoding":"mulaw"}`)
	}}.Test(t)
	d := providertest.NewDeepgram(t)
	providertest.Hear(t, transcriber(t, d, `{"encoding":"mulaw"}`), providertest.Spoken("one"), 0, stt.Options{})
	if q := d.Queries[0]; !strings.Contains(q, "encoding=mulaw") || !strings.Contains(q, "sample_rate=8000") {
		t.Error(q)
	}
}

func TestHearing(t *testing.T) {
	providertest.Hearing{
		Open: func(t testing.TB) stt.Transcriber {
			return transcriber(t, providertest.NewDeepgram(t), `{"type":"transcriber_deepgram"}`)
		},
		Failing: func(t testing.TB, f providertest.Fault) stt.Transcriber {
			d := providertest.NewDeepgram(t)
			d.Fail(f, 1)
			return transcriber(t, d, "")
		},
	}.Test(t)
}

func TestSpeaking(t *testing.T) {
	providertest.Speaking{
		Open: func(t testing.TB) tts.Synthesizer { return voice(t, providertest.NewDeepgram(t)) },
		Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
			d := providertest.NewDeepgram(t)
			d.Fail(f, 1)
			return voice(t, d)
		},
	}.Test(t)
}

// TestLive speaks a sentence and hears it again, at the pace of speech.
func TestLive(t *testing.T) {
	key := os.Getenv("DEEPGRAM_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and DEEPGRAM_API_KEY not given")
	}
	a := provider.Access{Key: key, BaseURL: os.Getenv("DEEPGRAM_BASE_URL")}
	v, err := NewVoice(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	sound := providertest.Say(t, v, "My name is Alice, and I live in London.")
	tr, err := NewTranscriber(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := providertest.Hear(t, tr, sound, 20*time.Millisecond, stt.Options{Language: "en"}); !providertest.Alike(got, "my name is alice and i live in london") {
		t.Errorf("heard %q", got)
	}
}
