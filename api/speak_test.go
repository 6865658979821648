package api

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/store"
)

// TestSpeakVoice: a text is spoken by the voice that was asked for, stored or not, and what cannot be is told at its field.
func TestSpeakVoice(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	f := &fakeVendors{voice: func(v store.Doc) error {
		if v["voice"] == "nobody" {
			return parley.Invalid("voice.voice", "voice.voice: there is no such voice")
		}
		return nil
	}}
	h.api.Vendors, h.api.speaks = f, limited(1, 100, "too often")
	answer := h.do(h.a, "POST", "/v1/voices/speak", `{"text":"ab c","voice":{"type":"voice_openai","voice":"alloy"},"language":"de"}`)
	if answer.status != 200 || answer.header.Get("Content-Type") != "audio/wav" || answer.header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("%d %v %.200s", answer.status, answer.header, answer.body)
	}
	sound, err := audio.ReadWAV(bytes.NewReader([]byte(answer.body)))
	if err != nil {
		t.Fatal(err)
	}
	frames, err := sound.Frames()
	if err != nil || len(frames) != 3 || frames[0][0] != 'a' || frames[2][0] != 'c' || sound.Rate != audio.Rate {
		t.Errorf("%d frames: %v", len(frames), err)
	}
	h.play(t, []scenario{
		{"a stored one", "POST", "/v1/voices/speak", `{"text":"Hi","voice":"{voices}"}`, 200, `RIFF`},
		{"a stored one, changed", "POST", "/v1/voices/speak", `{"text":"Hi","voice":{"id":"{voices}","type":"voice_openai","voice":"coral"}}`, 200, `RIFF`},
		{"the server's own", "POST", "/v1/voices/speak", `{"text":"Hi"}`, 200, `RIFF`},
		{"another's", "POST", "/v1/voices/speak", `{"text":"Hi","voice":"{other.voices}"}`, 404, `"field":"voice"`},
		{"another's, changed", "POST", "/v1/voices/speak", `{"text":"Hi","voice":{"id":"{other.voices}"}}`, 404, `"field":"voice.id"`},
		{"by another's account", "POST", "/v1/voices/speak", `{"text":"Hi","voice":{"type":"voice_openai","voice":"alloy","account_connection":"{other.account_connections}"}}`, 404, `"field":"voice.account_connection"`},
		{"nothing", "POST", "/v1/voices/speak", `{}`, 400, `text is required`},
		{"empty", "POST", "/v1/voices/speak", `{"text":""}`, 400, `"field":"text"`},
		{"no words", "POST", "/v1/voices/speak", `{"text":" \n "}`, 400, `"field":"text"`},
		{"too long", "POST", "/v1/voices/speak", `{"text":"` + strings.Repeat("x", 201) + `"}`, 400, `"field":"text"`},
		{"no language", "POST", "/v1/voices/speak", `{"text":"Hi","language":"tlh"}`, 400, `"field":"language"`},
		{"what the vendor has not", "POST", "/v1/voices/speak", `{"text":"Hi","voice":{"type":"voice_openai","voice":"nobody"}}`, 400, `"field":"voice.voice"¦there is no such voice`},
		{"of no vendor", "POST", "/v1/voices/speak", `{"text":"Hi","voice":{"type":"voice_hal"}}`, 400, `"field":"voice.type"`},
	})
	if !slices.Contains(f.said, "voice_openai alloy de: ab c") || !slices.Contains(f.said, "voice_openai coral en: Hi") || !slices.Contains(f.said, "voice_local <nil> en: Hi") {
		t.Errorf("%q", f.said)
	}
	f.err = &parley.VendorError{Vendor: "openai", Code: parley.VendorUnauthorized, Status: 401, Message: "who are you?"}
	h.play(t, []scenario{{"without a key", "POST", "/v1/voices/speak", `{"text":"Hi"}`, 400, `vendor_unauthorized¦who are you?`}})
	f.err = parley.Invalid("voice.rate", "voice.rate: too fast")
	h.play(t, []scenario{{"what opening it tells", "POST", "/v1/voices/speak", `{"text":"Hi"}`, 400, `"field":"voice.rate"¦too fast`}})
	f.err, h.api.speaks = nil, newSpeakLimits()
	for range speaksFirst {
		h.play(t, []scenario{{"often", "POST", "/v1/voices/speak", `{"text":"Hi"}`, 200, `RIFF`}})
	}
	h.play(t, []scenario{{"too often", "POST", "/v1/voices/speak", `{"text":"Hi"}`, 429, `too_many_requests`}})
	if got := h.do(h.b, "POST", "/v1/voices/speak", `{"text":"Hi"}`); got.status != 200 {
		t.Errorf("another key waits, too: %d", got.status)
	}
}

// TestLongSpeech: what a vendor does not end is cut.
func TestLongSpeech(t *testing.T) {
	h := newHouse(t)
	h.api.Vendors = &endlessVendors{}
	answer := h.do(h.a, "POST", "/v1/voices/speak", `{"text":"Hi"}`)
	if want := 44 + 2*audio.Rate*60; answer.status != 200 || len(answer.body) != want {
		t.Errorf("%d: %d bytes, want %d", answer.status, len(answer.body), want)
	}
}
