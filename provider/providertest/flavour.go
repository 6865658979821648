package providertest

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// A Flavour is a vendor that thinks by OpenAI's chat completions in a way of its own, and the fake of it.
type Flavour struct {
	Spec provider.Spec
	Fake func(testing.TB) *OpenAI
}

// Model opens a model at a fake.
func (f Flavour) Model(t testing.TB, o *OpenAI, name string) llm.Model {
	t.Helper()
	m, err := f.Spec.Thinking.Open(provider.Access{Key: "sk-secret-key", BaseURL: o.URL}, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Think puts the vendor through the suite, without and with thoughts.
func (f Flavour) Think(t *testing.T) {
	for name, effort := range map[string]string{"plain": "", "with thoughts": "high"} {
		t.Run(name, func(t *testing.T) {
			var fake *OpenAI
			open := func(t testing.TB) llm.Model {
				fake = f.Fake(t)
				return f.Model(t, fake, "")
			}
			request := func(text string) llm.Request {
				r := Says(text)
				r.ReasoningEffort = effort
				return r
			}
			act, endless := request("call both"), request("endless")
			Thinking{
				Open: open,
				Failing: func(t testing.TB, wrong Fault) llm.Model {
					m := open(t)
					fake.Fail(wrong, 1)
					return m
				},
				Talk: request("are you open?"), Say: Answer, Act: &act, Calls: []string{"transfer", "note"}, Usage: true,
				Endless: &endless, Cancelled: func() int { return fake.Cancelled() },
			}.Test(t)
		})
	}
}

// Keys: without one the vendor's own address, base, is refused, naming the variable; with one the address may be written any way.
func (f Flavour) Keys(t *testing.T, variable, base string) {
	var v *parley.VendorError
	if _, err := f.Spec.Thinking.Open(provider.Access{}, "", nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, variable) {
		t.Errorf("without a key: %v", err)
	}
	for _, base := range []string{base, base + "/", ""} {
		if _, err := f.Spec.Thinking.Open(provider.Access{Key: "k", BaseURL: base}, "", nil); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// Live asks the vendor itself, and has a tool called; only with -live and its key in the environment.
func (f Flavour) Live(t *testing.T, live bool) {
	name := f.Spec.Env + "_API_KEY"
	key := os.Getenv(name)
	if !live || key == "" {
		t.Skip("-live and " + name + " not given")
	}
	m, err := f.Spec.Thinking.Open(provider.Access{Key: key, BaseURL: os.Getenv(f.Spec.Env + "_BASE_URL")}, os.Getenv(f.Spec.Env+"_MODEL"), nil)
	if err != nil {
		t.Fatal(err)
	}
	act := Says("Please transfer me to sales.")
	act.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers the caller.", Schema: json.RawMessage(`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"]}`)}}
	Thinking{Open: func(testing.TB) llm.Model { return m }, Talk: Says("Say the word apple and nothing else."), Act: &act, Calls: []string{"transfer"}, Usage: true}.Test(t)
}

// Says is a request of one turn.
func Says(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.System, Text: "You are brief."}, {Role: llm.User, Text: text}}}
}

// A Said is what a model answered, whole.
type Said struct {
	Text, Notice string
	Calls        []llm.Call
}

// Chat has a model answer; an error fails the test.
func Chat(t *testing.T, m llm.Model, r llm.Request) (s Said) {
	t.Helper()
	for d, err := range m.Chat(t.Context(), r) {
		if err != nil {
			t.Error(err)
			continue
		}
		s.Text += d.Text
		s.Notice += d.Notice
		if d.Call != nil {
			s.Calls = append(s.Calls, *d.Call)
		}
	}
	return s
}
