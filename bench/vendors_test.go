package bench

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/deepgram"
	"github.com/parley-voice/parley/provider/openai"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// quick are delays that a test can wait for.
var quick = Delays{STT: 60 * time.Millisecond, LLM: 40 * time.Millisecond, Token: time.Millisecond, TTS: 30 * time.Millisecond}

func vendors(t *testing.T) *Vendors {
	t.Helper()
	v, err := NewVendors(quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// within is a context for what must not take long.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestVendorHears: our own client gets the fixed words, no sooner than the delay after the last speech.
func TestVendorHears(t *testing.T) {
	v := vendors(t)
	ear, err := deepgram.NewTranscriber(provider.Access{BaseURL: v.Origin(), Key: "k"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan audio.Frame)
	spoke := make(chan time.Time, 1)
	go func() {
		var last time.Time
		for _, f := range legtest.Tone(400, time.Second, 8000) {
			last = time.Now()
			in <- f
			time.Sleep(10 * time.Millisecond)
		}
		spoke <- last
		for range 100 {
			in <- audio.Frame{}
			time.Sleep(2 * time.Millisecond)
		}
		close(in)
	}()
	finals, partials := 0, 0
	for ev, err := range ear.Transcribe(within(t), in, stt.Options{Language: "en"}) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case ev.Final && ev.Text != "":
			finals++
			if ev.Text != strings.Join(fixedWords, " ") {
				t.Errorf("heard %q", ev.Text)
			}
			if since := time.Since(<-spoke); since < quick.STT {
				t.Errorf("heard %v after the last speech", since)
			}
		case ev.Text != "":
			partials++
		}
	}
	if finals != 1 || partials == 0 {
		t.Errorf("%d finals, %d partials", finals, partials)
	}
}

func TestVendorThinks(t *testing.T) {
	v := vendors(t)
	m, err := openai.NewModel("openai", provider.Access{BaseURL: v.Origin() + "/v1", Key: "k"}, "any")
	if err != nil {
		t.Fatal(err)
	}
	start, text := time.Now(), ""
	for d, err := range m.Chat(within(t), llm.Request{}) {
		if err != nil {
			t.Fatal(err)
		}
		if text == "" && d.Text != "" && time.Since(start) < quick.LLM {
			t.Errorf("the first word came after %v", time.Since(start))
		}
		text += d.Text
	}
	if text != fixedReply {
		t.Errorf("it says %q", text)
	}
}

func TestVendorSpeaks(t *testing.T) {
	v := vendors(t)
	voice, err := deepgram.NewVoice(provider.Access{BaseURL: v.Origin(), Key: "k"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer voice.Close()
	for range 2 { // the second reply comes over the same connection
		text := make(chan string, 2)
		text <- "Yes, "
		text <- "of course."
		close(text)
		start, frames, told := time.Now(), 0, ""
		for c, err := range voice.Speak(within(t), text, tts.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			if frames++; frames == 1 && time.Since(start) < quick.TTS {
				t.Errorf("the first sound came after %v", time.Since(start))
			}
			if frames == 10 && !legtest.Carries(c.Frame, toneHz) {
				t.Error("it is not the tone")
			}
			told += c.Text
		}
		if told != "Yes, of course." || frames < 35 { // 4 + 10 letters of 60 ms
			t.Errorf("%d frames, %q", frames, told)
		}
	}
}

// TestVendorsClose: whoever is connected is hung up on.
func TestVendorsClose(t *testing.T) {
	v := vendors(t)
	ear, err := deepgram.NewTranscriber(provider.Access{BaseURL: v.Origin(), Key: "k"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan audio.Frame, 1)
	in <- audio.Frame{}
	go func() {
		time.Sleep(100 * time.Millisecond)
		v.Close()
	}()
	for _, err := range ear.Transcribe(within(t), in, stt.Options{}) {
		if err != nil {
			return
		}
	}
	t.Error("the stream ends as if all were well")
}
