package azure

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "have Azure itself think, with AZURE_OPENAI_API_KEY, _ENDPOINT, _DEPLOYMENT and perhaps _API_VERSION, and speak and hear, with AZURE_SPEECH_API_KEY and _REGION")

const key = "a-key-of-ours"

func voice(t testing.TB, s *providertest.AzureSpeech, options string) *Voice {
	v, err := NewVoice(provider.Access{Key: key, BaseURL: s.URL + "/"}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const plain = `{"type":"voice_azure","voice_name":"en-US-JennyNeural"}`

func TestSpeaking(t *testing.T) {
	providertest.Speaking{
		Open: func(t testing.TB) tts.Synthesizer { return voice(t, providertest.NewAzureSpeech(t), plain) },
		Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
			s := providertest.NewAzureSpeech(t)
			s.Fail(f, -1)
			return voice(t, s, plain)
		},
	}.Test(t)
}

func transcriber(t testing.TB, s *providertest.AzureSpeech, options string) *Transcriber {
	tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: s.URL + "/"}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestHearing(t *testing.T) {
	providertest.Hearing{
		Open: func(t testing.TB) stt.Transcriber {
			return transcriber(t, providertest.NewAzureSpeech(t), `{"type":"transcriber_azure"}`)
		},
		Failing: func(t testing.TB, f providertest.Fault) stt.Transcriber {
			s := providertest.NewAzureSpeech(t)
			s.Fail(f, 1)
			return transcriber(t, s, "")
		},
	}.Test(t)
}

// TestHearingInTurns: the suite again, with turns that end in every long silence.
func TestHearingInTurns(t *testing.T) {
	var sound []audio.Frame
	for _, words := range []string{"one two three", "four", "five"} {
		sound = append(append(sound, providertest.Spoken(words)...), providertest.Silence(85)...)
	}
	providertest.Hearing{Open: func(t testing.TB) stt.Transcriber {
		fake := providertest.NewAzureSpeech(t)
		fake.TurnAfter = 1200 * time.Millisecond
		return transcriber(t, fake, "")
	}, Sound: sound, Pace: 4 * time.Millisecond}.Test(t)
}

func says(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.System, Text: "You are brief."}, {Role: llm.User, Text: text}}}
}

func TestThinking(t *testing.T) {
	for name, extra := range map[string]map[string]string{"v1": nil, "dated": {"api_version": "2024-10-21", "deployment": "chat"}} {
		t.Run(name, func(t *testing.T) {
			var fake *providertest.AzureOpenAI
			open := func(t testing.TB) llm.Model {
				fake = providertest.NewAzureOpenAI(t)
				m, err := NewModel(provider.Access{Key: key, BaseURL: fake.URL, Extra: extra}, "gpt-4o-mini")
				if err != nil {
					t.Fatal(err)
				}
				return m
			}
			act, endless := says("call both"), says("endless")
			providertest.Thinking{
				Open: open, Talk: says("are you open?"), Say: providertest.Answer,
				Act: &act, Calls: []string{"transfer", "note"}, Usage: true,
				Endless: &endless, Cancelled: func() int { return fake.Cancelled() },
				Failing: func(t testing.TB, f providertest.Fault) llm.Model {
					m := open(t)
					fake.Fail(f, 1)
					return m
				},
			}.Test(t)
		})
	}
}

// TestLive asks, and speaks a sentence.
func TestLive(t *testing.T) {
	if !*live {
		t.Skip("-live not given")
	}
	if key := os.Getenv("AZURE_OPENAI_API_KEY"); key != "" {
		m, err := NewModel(provider.Access{Key: key, BaseURL: os.Getenv("AZURE_OPENAI_ENDPOINT"),
			Extra: map[string]string{"deployment": os.Getenv("AZURE_OPENAI_DEPLOYMENT"), "api_version": os.Getenv("AZURE_OPENAI_API_VERSION")}}, "")
		if err != nil {
			t.Fatal(err)
		}
		act := says("Please transfer me to sales.")
		act.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers the caller.", Schema: json.RawMessage(`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"]}`)}}
		providertest.Thinking{Open: func(testing.TB) llm.Model { return m }, Talk: says("Say the word apple and nothing else."), Act: &act, Calls: []string{"transfer"}, Usage: true}.Test(t)
	}
	if key := os.Getenv("AZURE_SPEECH_API_KEY"); key != "" {
		v, err := NewVoice(provider.Access{Key: key, BaseURL: os.Getenv("AZURE_SPEECH_ENDPOINT"), Extra: map[string]string{"region": os.Getenv("AZURE_SPEECH_REGION")}}, []byte(`{"voice_name":"en-US-JennyNeural","rate":10,"pitch":-5}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Warm(t.Context()); err != nil {
			t.Error(err)
		}
		sound := providertest.Say(t, v, "My name is Alice & Bob, and I live in London.")
		if n := len(sound); n < 150 {
			t.Errorf("%d frames, silence around it included", n)
		}
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: os.Getenv("AZURE_SPEECH_ENDPOINT"), Extra: map[string]string{"region": os.Getenv("AZURE_SPEECH_REGION")}}, []byte(`{"profanity":"raw","true_text":true}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := providertest.Hear(t, tr, sound, 20*time.Millisecond, stt.Options{Language: "en", Keywords: map[string]float64{"Alice": 1}}); !providertest.Alike(got, "my name is alice and bob and i live in london") {
			t.Errorf("heard %q", got)
		}
	}
}
