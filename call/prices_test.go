package call

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

func priceFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prices.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const somePrices = `
hearing: {deepgram: 0.6}
thinking:
  openai: {in: 1, out: 2}
  openai/gpt-5-mini: {in: 10, out: 20}
speaking: {elevenlabs: 0.5}
telephony: {sip: 0.06}
`

func readPrices(t *testing.T, text string) *Prices {
	t.Helper()
	p, err := ReadPrices(priceFile(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCost(t *testing.T) {
	all := parley.Usage{STTSeconds: 30, LLMTokensIn: 100_000, LLMTokensOut: 50_000, TTSCharacters: 400, TelephonySeconds: 90}
	paid := Vendors{Hearing: "deepgram", Thinking: "openai", Model: "gpt-4o", Speaking: "elevenlabs"}
	for _, c := range []struct {
		what    string
		used    parley.Usage
		by      Vendors
		carrier string
		want    float64
		missing string
	}{
		{"everything", all, paid, "sip", 0.3 + 0.2 + 0.2 + 0.09, ""},
		{"a model of its own", all, Vendors{"deepgram", "openai", "gpt-5-mini", "elevenlabs"}, "sip", 0.3 + 2 + 0.2 + 0.09, ""},
		{"nothing", parley.Usage{}, Vendors{}, "", 0, ""},
		{"local", all, Vendors{Hearing: "local", Thinking: "local", Speaking: "local"}, "sip", 0.09, ""},
		{"unknown vendors", all, Vendors{Hearing: "gladia", Thinking: "anthropic", Model: "claude", Speaking: "rime"}, "twilio", 0,
			"hearing by gladia, speaking by rime, telephony by twilio, thinking by anthropic/claude"},
		{"unknown, and not used", parley.Usage{TelephonySeconds: 60}, Vendors{Hearing: "gladia", Thinking: "x", Speaking: "y"}, "sip", 0.06, ""},
		{"no model named", parley.Usage{LLMTokensIn: 1_000_000}, Vendors{Thinking: "groq"}, "sip", 0, "thinking by groq"},
		{"nobody named", parley.Usage{STTSeconds: 1}, Vendors{}, "sip", 0, "hearing by an unnamed vendor"},
		{"to the millionth", parley.Usage{LLMTokensIn: 1}, paid, "sip", 0.000001, ""},
	} {
		got, missing := readPrices(t, somePrices).cost(c.used, c.by, c.carrier)
		if strings.Join(missing, ", ") != c.missing || c.missing == "" && (got-c.want > 1e-9 || c.want-got > 1e-9) {
			t.Errorf("%s: %v %q, want %v %q", c.what, got, missing, c.want, c.missing)
		}
	}
}

func TestLocalMayHaveAPrice(t *testing.T) {
	p := readPrices(t, "hearing: {local: 6}\nthinking: {local: {in: 1000000, out: 0}}\n")
	if got, missing := p.cost(parley.Usage{STTSeconds: 10, LLMTokensIn: 3}, Vendors{Hearing: "local", Thinking: "local", Model: "gpt-4o"}, ""); got != 4 || missing != nil {
		t.Errorf("%v %q", got, missing)
	}
}

func TestPriceFilesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"hearing: {deepgram: -1}":                        "hearing.deepgram is no price",
		"speaking: {a: .nan}":                            "speaking.a is no price",
		"telephony: {sip: .inf}":                         "telephony.sip is no price",
		"thinking: {openai: {in: 1}}":                    "thinking.openai needs in and out",
		"thinking: {openai: {in: 1, out: -2}}":           "thinking.openai.out is no price",
		"thinking: {openai: 3}":                          "line 1",
		"hearing: {deepgram: cheap}":                     "line 1",
		"listening: {deepgram: 1}":                       "listening",
		"hearing:\n\tdeepgram: 1":                        "line 2",
		"hearing: {a: -1, b: -2}\nspeaking: {c: -1}":     "hearing.a is no price; write a number from 0 up; hearing.b",
		"thinking: {openai: {in: 1, out: 2, cached: 3}}": "cached",
		"[]": "line 1",
		"hearing: {deepgram: 1}\nhearing: {deepgram: 2}\n": "hearing",
		"thinking: {openai: {in: one million, out: 2}}":    "line 1",
		"hearing: {deepgram: 0.1}\nspeaking: [0.1, 0.2]\n": "line 2",
	} {
		path := priceFile(t, text)
		p, err := ReadPrices(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, %v; want it to say %q", text, p, err, want)
		}
	}
	if _, err := ReadPrices(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there")
	}
	for _, text := range []string{"", "# nothing yet\n", "hearing:\n"} {
		if p := readPrices(t, text); p == nil {
			t.Errorf("%q: nothing", text)
		}
	}
}

func TestCallSaysWhatItUsedAndCost(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Switchboard.Prices = readPrices(t, somePrices)
		b.ready.Vendors = Vendors{Hearing: "deepgram", Thinking: "openai", Model: "gpt-4o", Speaking: "elevenlabs"}
		b.model = llmLine("We open at nine.", 1000, 500)
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
		time.Sleep(8 * time.Second)
		p.Hangup()
		<-done
		c := b.rows.only(t)
		u := c.Usage
		if u.TelephonySeconds != 10 || u.STTSeconds < 9.9 || u.STTSeconds > 10 || u.LLMTokensIn != 1000 || u.LLMTokensOut != 500 ||
			u.TTSCharacters != int64(len("Hello there")+len("We open at nine.")) {
			t.Errorf("used %+v", u)
		}
		want := u.STTSeconds/60*0.6 + 0.001 + 0.001 + float64(u.TTSCharacters)/1000*0.5 + 0.01
		if u.Cost == nil || *u.Cost-want > 1e-6 || want-*u.Cost > 1e-6 {
			t.Errorf("cost %v, want %v", u.Cost, want)
		}
		if len(c.Warnings) != 0 {
			t.Errorf("warnings %q", c.Warnings)
		}
	})
}

// TestThrownAwayIsPaidFor: a reply that was begun before the caller had finished, and not used, is in what the call costs.
func TestThrownAwayIsPaidFor(t *testing.T) {
	for _, early := range []bool{true, false} {
		run(t, func(ctx context.Context, b *bench) {
			b.Switchboard.Prices, b.Switchboard.Early = readPrices(t, somePrices), early
			b.ready.Vendors = Vendors{Hearing: "deepgram", Thinking: "openai", Model: "gpt-4o", Speaking: "elevenlabs"}
			line := llm.Delta{Text: "We open at nine.", Usage: &llm.Usage{In: 1000, Out: 500}}
			b.model = lines(line, line)
			p, _, done := b.ring(ctx, "desk")
			time.Sleep(2 * time.Second)
			b.ear <- stt.Event{Text: "when do you", Eager: true}
			time.Sleep(500 * time.Millisecond)
			b.ear <- stt.Event{Text: "when do you open", Eager: true}
			time.Sleep(100 * time.Millisecond)
			b.ear <- stt.Event{Text: "When do you open?", Final: true, End: true, Semantic: true}
			time.Sleep(8 * time.Second)
			p.Hangup()
			<-done
			c := b.rows.only(t)
			got, want := c.Usage.Early, parley.Early{}
			if early {
				want = parley.Early{Used: 1, Discarded: 1, LLMTokensIn: 1000, LLMTokensOut: 500, TTSCharacters: int64(len("We open at nine."))}
			}
			replies := 1 + want.Discarded
			if got != want || c.Usage.LLMTokensIn != 1000*replies || c.Usage.TTSCharacters != int64(len("Hello there"))+replies*int64(len("We open at nine.")) {
				t.Errorf("early %v: used %+v", early, c.Usage)
			}
			if len(c.Turns) != 3 || c.Turns[2].Text != "We open at nine." {
				t.Errorf("early %v: turns %+v", early, c.Turns)
			}
			said, _ := json.Marshal(c.Usage)
			if cost := c.Usage.Cost; cost == nil || *cost < 0.002*float64(replies) {
				t.Errorf("early %v: %s", early, said)
			}
		})
	}
}

func TestUnknownPriceIsAWarning(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Switchboard.Prices = readPrices(t, "telephony: {sip: 0}")
		b.ready.Vendors = Vendors{Hearing: "local", Thinking: "local", Speaking: "rime"}
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		p.Hangup()
		<-done
		c := b.rows.only(t)
		if c.Usage.Cost != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "speaking by rime") {
			t.Errorf("cost %v, warnings %q", c.Usage.Cost, c.Warnings)
		}
	})
}

func llmLine(text string, in, out int) llm.Model {
	return lines(llm.Delta{Text: text, Usage: &llm.Usage{In: in, Out: out}})
}
