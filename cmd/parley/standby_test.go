package main

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// badDay is a vendor that refuses everything, and local speech that works.
func badDay(t *testing.T) *vendors {
	t.Helper()
	refusal := &parley.VendorError{Vendor: "backup-test", Code: parley.VendorUnauthorized, Message: "no such key"}
	away := provider.Spec{Name: "away-" + t.Name(), Title: "Away", Env: "AWAY",
		Hearing: &provider.Hearing{Open: func(provider.Access, json.RawMessage) (stt.Transcriber, error) {
			return stt.Func(func(context.Context, <-chan audio.Frame, stt.Options) iter.Seq2[stt.Event, error] {
				return func(yield func(stt.Event, error) bool) { yield(stt.Event{}, refusal) }
			}), nil
		}},
		Speaking: &provider.Speaking{Open: func(provider.Access, json.RawMessage) (tts.Synthesizer, error) {
			return tts.Func(func(context.Context, <-chan string, tts.Options) iter.Seq2[tts.Chunk, error] {
				return func(yield func(tts.Chunk, error) bool) { yield(tts.Chunk{}, refusal) }
			}), nil
		}}}
	here := provider.Spec{Name: "local", Title: "Local",
		Hearing: &provider.Hearing{Open: func(provider.Access, json.RawMessage) (stt.Transcriber, error) {
			return stt.Func(func(_ context.Context, in <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
				return func(yield func(stt.Event, error) bool) {
					for range in { // to the end of the sound
					}
					yield(stt.Event{Text: "heard here", Final: true}, nil)
				}
			}), nil
		}},
		Speaking: &provider.Speaking{Open: func(provider.Access, json.RawMessage) (tts.Synthesizer, error) {
			return tts.Func(func(_ context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
				return func(yield func(tts.Chunk, error) bool) {
					for s := range text {
						var f audio.Frame
						audio.Sine(440, audio.Rate, -10).Fill(f[:])
						if !yield(tts.Chunk{Frame: f, Text: s}, nil) {
							return
						}
					}
				}
			}), nil
		}}}
	v := newVendors([]provider.Spec{away, here}, openStore(t))
	v.getenv = func(k string) string { return map[string]string{"AWAY_API_KEY": "k"}[k] }
	return v
}

func TestThisMachineStandsBehindAVendor(t *testing.T) {
	v := badDay(t)
	var r call.Ready
	a := &parley.Agent{Voice: parley.Voice{"type": "voice_away-" + t.Name()}, Hearing: parley.Hearing{
		Transcriber: json.RawMessage(`{"type":"transcriber_away-` + t.Name() + `"}`)}}
	ear, err := v.hearing(t.Context(), "env", a, &r)
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan audio.Frame)
	close(in)
	heard, notice := "", ""
	for e, err := range ear.Transcribe(t.Context(), in, stt.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		heard, notice = heard+e.Text, notice+e.Notice
	}
	if heard != "heard here" || notice == "" {
		t.Errorf("heard %q, told %q", heard, notice)
	}
	voice, err := v.speaking(t.Context(), "env", a, &r)
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string, 1)
	text <- "hello"
	close(text)
	said := ""
	for c, err := range voice.Speak(t.Context(), text, tts.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		said += c.Text
	}
	if said != "hello" {
		t.Errorf("said %q", said)
	}
}

func TestThisMachineHearsEnglishOnly(t *testing.T) {
	v := badDay(t)
	var r call.Ready
	a := &parley.Agent{Language: "es", Hearing: parley.Hearing{Transcriber: json.RawMessage(`{"type":"transcriber_away-` + t.Name() + `"}`)}}
	ear, err := v.hearing(t.Context(), "env", a, &r)
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan audio.Frame)
	close(in)
	var failed error
	for _, err := range ear.Transcribe(t.Context(), in, stt.Options{}) {
		failed = err
	}
	var e *parley.VendorError
	if !errors.As(failed, &e) || e.Code != parley.VendorUnauthorized {
		t.Errorf("a Spanish caller was heard in English: %v", failed)
	}
}
