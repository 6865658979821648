package main

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

func TestFallbackIsRead(t *testing.T) {
	l := local.New(local.Config{})
	t.Cleanup(l.Close)
	specs := all.Specs(l)
	got, err := fallbackConfig{Transcriber: []string{"assemblyai", " deepgram/nova-3 "}, Provider: []string{"anthropic/claude-haiku-5-5"},
		Voice: []string{"cartesia/some-voice", "openai/alloy", "local"}}.read(specs)
	if err != nil {
		t.Fatal(err)
	}
	if w := got["transcriber"]; len(w) != 2 || w[0] != (standby{"assemblyai", ""}) || w[1] != (standby{"deepgram", "nova-3"}) {
		t.Errorf("%+v", w)
	}
	if w := got["provider"]; len(w) != 1 || w[0].model != "claude-haiku-5-5" {
		t.Errorf("%+v", w)
	}
	for vendor, want := range map[string]string{"cartesia": "voice_id", "elevenlabs": "voice_id", "openai": "voice", "google": "voice_name", "deepgram": "model"} {
		if got := choice(named(all.Speakers(specs), vendor), "voice"); got != want {
			t.Errorf("a voice of %s is chosen by %q, want %s", vendor, got, want)
		}
	}
	for _, c := range []struct {
		c    fallbackConfig
		says []string
	}{
		{fallbackConfig{Transcriber: []string{"cartesia"}}, []string{"PARLEY_FALLBACK_TRANSCRIBER", `"cartesia"`, "deepgram"}},
		{fallbackConfig{Provider: []string{"openia/gpt-4o"}}, []string{"PARLEY_FALLBACK_PROVIDER", `"openia"`, "anthropic"}},
		{fallbackConfig{Voice: []string{"rime/"}}, []string{"PARLEY_FALLBACK_VOICE", "slash"}},
		{fallbackConfig{Voice: []string{"rime", "rime/x"}}, []string{"PARLEY_FALLBACK_VOICE", "twice"}},
		{fallbackConfig{Hedge: time.Millisecond}, []string{"PARLEY_HEDGE", "1ms", "700ms"}},
		{fallbackConfig{Hedge: time.Minute}, []string{"PARLEY_HEDGE"}},
		{fallbackConfig{Provider: []string{""}, Voice: []string{"-"}}, []string{"PARLEY_FALLBACK_PROVIDER", "PARLEY_FALLBACK_VOICE"}},
	} {
		_, err := c.c.read(specs)
		if err == nil {
			t.Errorf("%+v was taken", c.c)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%v does not say %q", err, s)
			}
		}
	}
}

// spent opens every skill of an agent and runs each once.
type spent struct {
	heard, thought, said      string
	hearing, thinking, speaks string
	failed                    parley.Failures
	hearErr, thinkErr, sayErr error
}

func spend(t *testing.T, r call.Ready) (s spent) {
	t.Helper()
	in := make(chan audio.Frame)
	close(in)
	for e, err := range r.Hear.Transcribe(t.Context(), in, stt.Options{}) {
		s.heard, s.hearing, s.hearErr, s.failed = s.heard+e.Text, e.Vendor, err, append(s.failed, e.Failed...)
	}
	for d, err := range r.Think.Chat(t.Context(), llm.Request{}) {
		s.thought, s.thinkErr, s.failed = s.thought+d.Text, err, append(s.failed, d.Failed...)
		if d.Vendor != "" {
			s.thinking = d.Vendor
		}
	}
	text := make(chan string, 1)
	text <- "hello"
	close(text)
	for c, err := range r.Speak.Speak(t.Context(), text, tts.Options{}) {
		s.said, s.sayErr, s.failed = s.said+c.Text, err, append(s.failed, c.Failed...)
		if c.Vendor != "" {
			s.speaks = c.Vendor
		}
	}
	return s
}

// working is a vendor that does what it is asked, and says as whom: its options or its model.
func working(name, env string) provider.Spec { return badSpec(name, env, nil) }

// badSpec is a vendor whose every request ends in err; nil: it works.
func badSpec(name, env string, err error) provider.Spec {
	hear := func(a provider.Access, o json.RawMessage) (stt.Transcriber, error) {
		return stt.Func(func(_ context.Context, in <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
			return func(yield func(stt.Event, error) bool) {
				if err != nil {
					yield(stt.Event{}, err)
					return
				}
				for range in { // to the end of the sound
				}
				yield(stt.Event{Text: "by " + name + string(o), Final: true}, nil)
			}
		}), nil
	}
	type options struct {
		Model string `json:"model"`
	}
	return provider.Spec{Name: name, Title: name, Env: env, ConnectionType: "account_connection_" + name,
		Hearing: &provider.Hearing{Options: &options{}, Open: hear},
		Thinking: &provider.Thinking{Open: func(_ provider.Access, model string, _ json.RawMessage) (llm.Model, error) {
			return llm.Func(func(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
				return func(yield func(llm.Delta, error) bool) {
					if err != nil {
						yield(llm.Delta{}, err)
						return
					}
					yield(llm.Delta{Text: "by " + name + model}, nil)
				}
			}), nil
		}},
		Speaking: &provider.Speaking{Options: &options{}, Open: func(_ provider.Access, o json.RawMessage) (tts.Synthesizer, error) {
			return tts.Func(func(_ context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
				return func(yield func(tts.Chunk, error) bool) {
					for s := range text {
						if err != nil {
							yield(tts.Chunk{}, err)
							return
						}
						var f audio.Frame
						f[0] = 5000
						if !yield(tts.Chunk{Frame: f, Text: s}, nil) {
							return
						}
					}
				}
			}), nil
		}}}
}

const everyField = `{"provider":"%","transcriber":{"type":"transcriber_%"},"voice":{"type":"voice_%"}}`

// TestTheOperatorsVendorsStandBehind: whose first vendor fails, or has no key at all, is served by those that the operator named and
// that have a key, in their order; every skill says who failed.
func TestTheOperatorsVendorsStandBehind(t *testing.T) {
	broken := &parley.VendorError{Vendor: "first", Code: parley.VendorUnavailable, Message: "no"}
	for _, c := range []struct{ name, key, behind, agent, want, reason string }{
		{"fails", "FIRST", "second/m", everyField, "second", "first: unavailable"},
		{"has no key", "", "second/m", everyField, "second", "first: unauthorized"},
		{"nobody has a key but this machine", "NONE", "third", everyField, "local", "first: unauthorized"},
		{"those without a key are left out", "FIRST", "third,second/m", everyField, "second", "first: unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := badSpec("first", "FIRST", broken)
			v := newVendors([]provider.Spec{first, working("second", "SECOND"), working("third", "THIRD"), working("local", "")}, openStore(t))
			env := map[string]string{c.key + "_API_KEY": t.Name(), "SECOND_API_KEY": "k"}
			if c.key == "NONE" {
				env = nil
			}
			v.getenv = func(k string) string { return env[k] }
			list := strings.Split(c.behind, ",")
			var err error
			if v.behind, err = (fallbackConfig{Transcriber: list, Provider: list, Voice: list}).read(v.specs); err != nil {
				t.Fatal(err)
			}
			r, err := open(t, v, "env", strings.ReplaceAll(c.agent, "%", "first"))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			s := spend(t, r)
			if s.hearErr != nil || s.thinkErr != nil || s.sayErr != nil || s.hearing != c.want || s.thinking != c.want || s.speaks != c.want {
				t.Errorf("%+v", s)
			}
			for i, f := range s.failed {
				if got := f.Vendor + ": " + string(f.Reason); got != c.reason {
					t.Errorf("failure %d: %s, want %s", i, got, c.reason)
				}
			}
			if len(s.failed) != 3 || s.said != "hello" {
				t.Errorf("%+v", s)
			}
			if c.want == "second" && (!strings.HasSuffix(s.thought, "secondm") || !strings.HasSuffix(s.heard, `second{"model":"m"}`)) {
				t.Errorf("the model named was not taken: %q, %q", s.thought, s.heard)
			}
		})
	}
}

func TestTheAgentsFallbackBeatsTheOperators(t *testing.T) {
	broken := &parley.VendorError{Vendor: "x", Code: parley.VendorUnavailable, Message: "no"}
	for third, want := range map[string]string{"works": "third", "fails": "second"} {
		mind := working("third", "THIRD")
		if third == "fails" {
			mind = badSpec("third", "THIRD", broken)
		}
		v := newVendors([]provider.Spec{badSpec("first", "FIRST", broken), working("second", "SECOND"), mind}, openStore(t))
		v.getenv = func(string) string { return t.Name() + third }
		v.behind = standbys{"provider": {{"second", ""}}}
		v.hedge = 300 * time.Millisecond // of which those that fail at once see nothing
		r, err := open(t, v, "env", `{"provider":"first","llm_fallback":{"provider":"third"}}`)
		if err != nil {
			t.Fatal(err)
		}
		if s := spend(t, r); s.thinking != want {
			t.Errorf("the third %s: %+v", third, s)
		}
		r.Close()
	}
}

func TestWhoIsSentUtterancesMayTakeLonger(t *testing.T) {
	for _, c := range []struct {
		vendor, options string
		longer          bool
	}{
		{"deepgram", "", false}, {"openai", `{"model":"x"}`, false}, {"openai", `{"api":"transcriptions"}`, true}, {"openai_compatible", "", true},
		{"openai_compatible", `{"api":"realtime"}`, false}, {"local", "", true}, {"gladia", `{"api":7}`, true},
	} {
		if got := wordsWait(c.vendor, json.RawMessage(c.options)) > 0; got != c.longer {
			t.Errorf("%s %s: longer %v", c.vendor, c.options, got)
		}
	}
}

func TestALateVoiceIsOpenedOnceAndClosed(t *testing.T) {
	opened := 0
	l := &lateVoice{open: func() (tts.Synthesizer, error) {
		opened++
		return tts.Func(func(context.Context, <-chan string, tts.Options) iter.Seq2[tts.Chunk, error] {
			return func(func(tts.Chunk, error) bool) {}
		}), nil
	}}
	for range 2 {
		for range l.Speak(t.Context(), nil, tts.Options{}) {
			t.Error("it said something")
		}
	}
	if err := l.Close(); err != nil || opened != 1 {
		t.Errorf("opened %d times, closed with %v", opened, err)
	}
	late := &lateVoice{open: l.open}
	_ = late.Close()
	failed := false
	for _, err := range late.Speak(t.Context(), nil, tts.Options{}) {
		failed = err != nil
	}
	if !failed || opened != 1 {
		t.Error("a voice of a call that is over was opened")
	}
}
