package anthropic

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
)

var live = flag.Bool("live", false, "run the suite's happy path against Anthropic itself, with ANTHROPIC_API_KEY")

func model(t testing.TB, f *providertest.Anthropic, name string) *Model {
	m, err := NewModel(provider.Access{Key: "sk-ant-secret", BaseURL: f.URL}, name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func says(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.System, Text: "You are brief."}, {Role: llm.User, Text: text}}}
}

func TestThinking(t *testing.T) {
	for name, effort := range map[string]string{"plain": "", "with thoughts": "high"} {
		t.Run(name, func(t *testing.T) {
			var fake *providertest.Anthropic
			open := func(t testing.TB) llm.Model {
				fake = providertest.NewAnthropic(t)
				return model(t, fake, "")
			}
			request := func(text string) llm.Request {
				r := says(text)
				r.ReasoningEffort = effort
				return r
			}
			act, endless := request("call both"), request("endless")
			providertest.Thinking{
				Open: open,
				Failing: func(t testing.TB, f providertest.Fault) llm.Model {
					m := open(t)
					fake.Fail(f, 1)
					return m
				},
				Talk: request("are you open?"), Say: providertest.Answer, Act: &act, Calls: []string{"transfer", "note"}, Usage: true,
				Endless: &endless, Cancelled: func() int { return fake.Cancelled() },
			}.Test(t)
		})
	}
}

// TestLive asks, and has a tool called.
func TestLive(t *testing.T) {
	key := os.Getenv("ANTHROPIC_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and ANTHROPIC_API_KEY not given")
	}
	m, err := NewModel(provider.Access{Key: key, BaseURL: os.Getenv("ANTHROPIC_BASE_URL")}, os.Getenv("ANTHROPIC_MODEL"))
	if err != nil {
		t.Fatal(err)
	}
	act := says("Please transfer me to sales.")
	act.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers the caller.", Schema: json.RawMessage(`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"]}`)}}
	providertest.Thinking{Open: func(testing.TB) llm.Model { return m }, Talk: says("Say the word apple and nothing else."), Act: &act, Calls: []string{"transfer"}, Usage: true}.Test(t)
}
