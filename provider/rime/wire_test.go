package rime

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

// say speaks pieces and gives the frames that are no silence.
func say(t testing.TB, v *Voice, language string, pieces ...string) (loud int, err error) {
	t.Helper()
	in := make(chan string, len(pieces))
	for _, p := range pieces {
		in <- p
	}
	close(in)
	for c, e := range v.Speak(t.Context(), in, tts.Options{Language: language}) {
		if e != nil {
			return loud, e
		}
		if c.Frame != (audio.Frame{}) {
			loud++
		}
	}
	return loud, nil
}

// TestOptions: every option of voice_rime, and what it is on the wire.
func TestOptions(t *testing.T) {
	for _, tc := range []struct{ name, options, language, want string }{
		{"nothing but a voice", `{"speaker":"luna"}`, "", `{"text":"Hello.","speaker":"luna","modelId":"coda","samplingRate":16000}`},
		{"nothing at all", `{}`, "", `{"text":"Hello.","speaker":"astra","modelId":"coda","samplingRate":16000}`},
		{"null", `{"speaker":"luna","speed_alpha":null,"model_id":null}`, "", `{"text":"Hello.","speaker":"luna","modelId":"coda","samplingRate":16000}`},
		{"speaker", `{"speaker":"cove"}`, "", `{"text":"Hello.","speaker":"cove","modelId":"coda","samplingRate":16000}`},
		{"model_id", `{"speaker":"luna","model_id":"arcana"}`, "", `{"text":"Hello.","speaker":"luna","modelId":"arcana","samplingRate":16000}`},
		{"speed_alpha", `{"speaker":"luna","speed_alpha":0.9}`, "", `{"text":"Hello.","speaker":"luna","modelId":"coda","samplingRate":16000,"timeScaleFactor":0.9}`},
		{"speed_alpha, mistv3", `{"speaker":"luna","speed_alpha":1.1,"model_id":"mistv3"}`, "", `{"text":"Hello.","speaker":"luna","modelId":"mistv3","samplingRate":16000,"timeScaleFactor":1.1}`},
		{"speed_alpha, mistv2", `{"speaker":"luna","speed_alpha":0.9,"model_id":"mistv2"}`, "", `{"text":"Hello.","speaker":"luna","modelId":"mistv2","samplingRate":16000,"speedAlpha":0.9}`},
		{"speed_alpha, mist", `{"speaker":"luna","speed_alpha":1.2,"model_id":"mist"}`, "", `{"text":"Hello.","speaker":"luna","modelId":"mist","samplingRate":16000,"speedAlpha":1.2}`},
		{"language", `{"speaker":"luna"}`, "es", `{"text":"Hello.","speaker":"luna","modelId":"coda","lang":"es","samplingRate":16000}`},
		{"language and country", `{"speaker":"luna"}`, "pt-BR", `{"text":"Hello.","speaker":"luna","modelId":"coda","lang":"pt","samplingRate":16000}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := providertest.NewRime(t)
			if _, err := say(t, voice(t, r, tc.options), tc.language, "Hello. "); err != nil {
				t.Fatal(err)
			}
			p := r.Posts()[0]
			if p.Body != tc.want {
				t.Errorf("asked %s, want %s", p.Body, tc.want)
			}
			if p.Path != "/v1/rime-tts" || p.Header.Get("Authorization") != "Bearer "+key || p.Header.Get("Accept") != "audio/pcm" || p.Header.Get("Content-Type") != "application/json" {
				t.Errorf("asked %s with %v", p.Path, p.Header)
			}
		})
	}
}

// TestSoundIsWhole: 20 ms a character in the fake, at the rate asked for, whatever the bits it comes in.
func TestSoundIsWhole(t *testing.T) {
	frames, err := say(t, voice(t, providertest.NewRime(t), plain), "", "One two. ", "Three. ")
	if want := len("One two.") + len("Three."); err != nil || frames != want {
		t.Errorf("%d frames, want %d, %v", frames, want, err)
	}
}

// TestRefusals: what Rime says, in sentences, without the key.
func TestRefusals(t *testing.T) {
	r := providertest.NewRime(t)
	var v *parley.VendorError
	if _, err := say(t, voice(t, r, `{"speaker":"nobody"}`), "", "Hello. "); !errors.As(err, &v) || v.Code != parley.VendorRefused || !strings.Contains(v.Message, "not known") || strings.Contains(v.Message, key) {
		t.Errorf("no such speaker: %v", err)
	}
	keyless, err := NewVoice(provider.Access{BaseURL: r.URL}, []byte(plain))
	if err != nil {
		t.Fatal(err) // a server of one's own may want none
	}
	if _, err := say(t, keyless, "", "Hello. "); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("no key: %v", err)
	}
	wrong := voice(t, r, plain)
	wrong.header.Set("Accept", "audio/unheard")
	if _, err := say(t, wrong, "", "Hello. "); !errors.As(err, &v) || v.Code != parley.VendorBadOutput {
		t.Errorf("JSON with a status of 200: %v", err)
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	if _, err := s.Speaking.Open(provider.Access{}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
	if s.VoiceType() != "voice_rime" {
		t.Errorf("its voices are %s", s.VoiceType())
	}
	var e *parley.Error
	for options, field := range map[string]string{`[]`: "voice", `{"speaker":1}`: "voice", `{"speaker":"a","speed_alpha":-1}`: "voice.speed_alpha"} {
		if _, err := s.Speaking.Open(provider.Access{Key: "k"}, json.RawMessage(options)); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", options, err)
		}
	}
}

func TestWarm(t *testing.T) {
	r := providertest.NewRime(t)
	if err := voice(t, r, plain).Warm(t.Context()); err != nil || r.Count() != 1 {
		t.Errorf("%d requests, %v", r.Count(), err)
	}
}

// BenchmarkFirstFrame is from asking a fake in this process to the first frame: the whole of what is between a piece and its sound.
func BenchmarkFirstFrame(b *testing.B) {
	v := voice(b, providertest.NewRime(b), plain)
	b.ReportAllocs()
	for b.Loop() {
		in := make(chan string, 1)
		in <- "Hi. "
		close(in)
		var first audio.Frame
		for c, err := range v.Speak(b.Context(), in, tts.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			first = c.Frame
			break
		}
		if first == (audio.Frame{}) {
			b.Fatal("no sound")
		}
	}
}
