package openai

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "run the suite's happy path against OpenAI itself, with OPENAI_API_KEY")

func access(o *providertest.OpenAI) provider.Access {
	return provider.Access{Key: "k", BaseURL: o.URL + "/v1/"}
}

func model(t testing.TB, o *providertest.OpenAI, name string) *Model {
	m, err := NewModel("openai", access(o), name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func transcriber(t testing.TB, o *providertest.OpenAI) *Transcriber {
	tr, err := NewTranscriber(access(o), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func voice(t testing.TB, o *providertest.OpenAI) *Voice {
	v, err := NewVoice(access(o), []byte(`{"type":"voice_openai","voice":"nova","speed":1.1}`))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func says(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.System, Text: "You are brief."}, {Role: llm.User, Text: text}}}
}

func TestThinking(t *testing.T) {
	for name, dialect := range map[string]providertest.Dialect{
		"OpenAI":    {},
		"Ollama":    {WholeCalls: true, ReasonStop: true},
		"objects":   {WholeCalls: true, ObjectArgs: true},
		"vLLM":      {NoUsage: true, NoDone: true},
		"llama.cpp": {Thinks: true, ReasonStop: true},
		"a router":  {CommentFirst: true},
	} {
		t.Run(name, func(t *testing.T) {
			var fake *providertest.OpenAI
			open := func(t testing.TB) llm.Model {
				fake = providertest.NewOpenAI(t)
				fake.Dialect = dialect
				return model(t, fake, "gpt-4o-mini")
			}
			act, endless := says("call both"), says("endless")
			suite := providertest.Thinking{
				Open: open, Talk: says("are you open?"), Say: providertest.Answer,
				Act: &act, Calls: []string{"transfer", "note"}, Usage: !dialect.NoUsage,
				Endless: &endless, Cancelled: func() int { return fake.Cancelled() },
			}
			if name == "OpenAI" {
				suite.Failing = func(t testing.TB, f providertest.Fault) llm.Model {
					m := open(t)
					fake.Fail(f, 1)
					return m
				}
			}
			suite.Test(t)
		})
	}
}

func TestSpeaking(t *testing.T) {
	for _, wav := range []bool{false, true} {
		providertest.Speaking{
			Open: func(t testing.TB) tts.Synthesizer {
				o := providertest.NewOpenAI(t)
				o.Dialect.WAV = wav
				return voice(t, o)
			},
			Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
				o := providertest.NewOpenAI(t)
				o.Fail(f, -1)
				return voice(t, o)
			},
		}.Test(t)
	}
}

func TestHearing(t *testing.T) {
	providertest.Hearing{
		Open: func(t testing.TB) stt.Transcriber { return transcriber(t, providertest.NewOpenAI(t)) },
		Failing: func(t testing.TB, f providertest.Fault) stt.Transcriber {
			o := providertest.NewOpenAI(t)
			o.Fail(f, 1)
			return transcriber(t, o)
		},
	}.Test(t)
}

// TestLive asks, speaks and hears, at the pace of speech.
func TestLive(t *testing.T) {
	key := os.Getenv("OPENAI_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and OPENAI_API_KEY not given")
	}
	a := provider.Access{Key: key, BaseURL: os.Getenv("OPENAI_BASE_URL")}
	m, err := Spec().Thinking.Open(a, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	act := says("Please transfer me to sales.")
	act.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers the caller.", Schema: json.RawMessage(`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"]}`)}}
	providertest.Thinking{Open: func(testing.TB) llm.Model { return m }, Talk: says("Say the word apple and nothing else."), Act: &act, Calls: []string{"transfer"}, Usage: true}.Test(t)
	v, err := NewVoice(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	sound := providertest.Say(t, v, "My name is Alice, and I live in London.")
	tr, err := NewTranscriber(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := providertest.Hear(t, tr, sound, 20*time.Millisecond, stt.Options{Language: "en"}); !strings.Contains(got, "london") {
		t.Errorf("heard %q", got)
	}
}
