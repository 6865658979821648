package google

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

var live = flag.Bool("live", false, "have Google itself think and speak, with GOOGLE_API_KEY, and GOOGLE_TTS_API_KEY where that key may not speak")

const key = "a-key-of-ours"

func access(g *providertest.Google) provider.Access {
	return provider.Access{Key: key, BaseURL: g.URL + "/"}
}

func model(t testing.TB, g *providertest.Google, name string) *Model {
	m, err := NewModel(access(g), name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func voice(t testing.TB, g *providertest.Google) *Voice {
	v, err := NewVoice(access(g), []byte(`{"type":"voice_google","voice_name":"en-GB-Chirp3-HD-Puck"}`))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func says(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.System, Text: "You are brief."}, {Role: llm.User, Text: text}}}
}

func TestThinking(t *testing.T) {
	for _, name := range []string{"", "gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.0-flash", "models/gemini-3-pro-preview"} {
		t.Run(name, func(t *testing.T) {
			var fake *providertest.Google
			open := func(t testing.TB) llm.Model {
				fake = providertest.NewGoogle(t)
				return model(t, fake, name)
			}
			act, endless := says("call both"), says("endless")
			suite := providertest.Thinking{
				Open: open, Talk: says("are you open?"), Say: providertest.Answer,
				Act: &act, Calls: []string{"transfer", "note"}, Usage: true,
				Endless: &endless, Cancelled: func() int { return fake.Cancelled() },
			}
			if name == "" {
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
	providertest.Speaking{
		Open: func(t testing.TB) tts.Synthesizer { return voice(t, providertest.NewGoogle(t)) },
		Failing: func(t testing.TB, f providertest.Fault) tts.Synthesizer {
			g := providertest.NewGoogle(t)
			g.Fail(f, -1)
			return voice(t, g)
		},
	}.Test(t)
}

// TestLive asks and speaks.
func TestLive(t *testing.T) {
	key := os.Getenv("GOOGLE_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and GOOGLE_API_KEY not given")
	}
	a := provider.Access{Key: key, BaseURL: os.Getenv("GOOGLE_BASE_URL")}
	m, err := Spec().Thinking.Open(a, os.Getenv("GOOGLE_MODEL"), nil)
	if err != nil {
		t.Fatal(err)
	}
	act := says("Please transfer me to sales.")
	act.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers the caller.", Schema: json.RawMessage(`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"],"additionalProperties":false}`)}}
	providertest.Thinking{Open: func(testing.TB) llm.Model { return m }, Talk: says("Say the word apple and nothing else."), Act: &act, Calls: []string{"transfer"}, Usage: true}.Test(t)
	var calls []llm.Call
	for d, err := range m.Chat(t.Context(), act) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Call != nil {
			calls = append(calls, *d.Call)
		}
	}
	act.Messages = append(act.Messages, llm.Message{Role: llm.Assistant, Calls: calls})
	for _, c := range calls {
		act.Messages = append(act.Messages, llm.Message{Role: llm.ToolRole, CallID: c.ID, Text: "The line is busy."})
	}
	for _, err := range m.Chat(t.Context(), act) {
		if err != nil {
			t.Errorf("after the result: %v", err)
		}
	}
	if speaks := os.Getenv("GOOGLE_TTS_API_KEY"); speaks != "" {
		a.Key = speaks
	}
	v, err := NewVoice(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sound := providertest.Say(t, v, "My name is Alice, and I live in London."); len(sound) < 150 {
		t.Errorf("%d frames", len(sound))
	}
}
