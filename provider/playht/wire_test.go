package playht

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

// say speaks pieces and gives how many frames came, and how many of them are no silence.
func say(t testing.TB, v *Voice, language string, pieces ...string) (frames, loud int, err error) {
	t.Helper()
	in := make(chan string, len(pieces))
	for _, p := range pieces {
		in <- p
	}
	close(in)
	for c, e := range v.Speak(t.Context(), in, tts.Options{Language: language}) {
		if e != nil {
			return frames, loud, e
		}
		frames++
		if slices.Max(c.Frame[:]) > 1000 {
			loud++
		}
	}
	return frames, loud, nil
}

// TestOptions: every option of voice_play_ht, and what it is on the wire.
func TestOptions(t *testing.T) {
	body := func(engine, rest string) string {
		return `{"text":"Hello.","voice":"v1","voice_engine":"` + engine + `","output_format":"wav","sample_rate":24000` + rest + `}`
	}
	for _, tc := range []struct{ name, options, language, want, key, user string }{
		{name: "nothing but a voice", options: `{"voice_id":"v1"}`, want: body("Play3.0-mini", "")},
		{name: "nothing at all", options: `{}`, want: strings.Replace(body("Play3.0-mini", ""), `"v1"`, `"`+defaultVoice+`"`, 1)},
		{name: "null", options: `{"voice_id":"v1","version":null,"temperature":null,"quality":null}`, want: body("Play3.0-mini", "")},
		{name: "voice_id", options: `{"voice_id":"s3://a/manifest.json"}`, want: strings.Replace(body("Play3.0-mini", ""), `"v1"`, `"s3://a/manifest.json"`, 1)},
		{name: "api_user_id", options: `{"voice_id":"v1","api_user_id":"another"}`, want: body("Play3.0-mini", ""), user: "another"},
		{name: "api_key", options: `{"voice_id":"v1","api_key":"its-own-key"}`, want: body("Play3.0-mini", ""), key: "its-own-key"},
		{name: "version 1", options: `{"voice_id":"v1","version":1}`, language: "en", want: `{"text":"Hello.","voice":"v1","voice_engine":"PlayHT1.0","output_format":"mulaw","sample_rate":8000}`},
		{name: "version 2", options: `{"voice_id":"v1","version":"2"}`, language: "en", want: body("PlayHT2.0-turbo", "")},
		{name: "version 3", options: `{"voice_id":"v1","version":"3"}`, want: body("Play3.0-mini", "")},
		{name: "an engine", options: `{"voice_id":"v1","version":"PlayDialog"}`, want: body("PlayDialog", "")},
		{name: "speed", options: `{"voice_id":"v1","speed":1.2}`, want: body("Play3.0-mini", `,"speed":1.2`)},
		{name: "quality", options: `{"voice_id":"v1","quality":"premium"}`, want: body("Play3.0-mini", `,"quality":"premium"`)},
		{name: "quality faster", options: `{"voice_id":"v1","quality":"faster"}`, want: body("Play3.0-mini", `,"quality":"draft"`)},
		{name: "temperature", options: `{"voice_id":"v1","temperature":0}`, want: body("Play3.0-mini", `,"temperature":0`)},
		{name: "top_p", options: `{"voice_id":"v1","top_p":0.5}`, want: body("Play3.0-mini", "")},
		{name: "text_guidance", options: `{"voice_id":"v1","text_guidance":1.5}`, want: body("Play3.0-mini", `,"text_guidance":1.5`)},
		{name: "voice_guidance", options: `{"voice_id":"v1","voice_guidance":3}`, want: body("Play3.0-mini", `,"voice_guidance":3`)},
		{name: "experimental_remove_silence", options: `{"voice_id":"v1","experimental_remove_silence":true}`, want: body("Play3.0-mini", "")},
		{name: "language", options: `{"voice_id":"v1"}`, language: "pt-BR", want: body("Play3.0-mini", `,"language":"portuguese"`)},
		{name: "a language that it has not", options: `{"voice_id":"v1"}`, language: "eo", want: body("Play3.0-mini", "")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := providertest.NewPlayHT(t)
			if _, _, err := say(t, voice(t, p, tc.options), tc.language, "Hello. "); err != nil {
				t.Fatal(err)
			}
			got := p.Posts()[0]
			if got.Body != tc.want {
				t.Errorf("asked %s,\nwant %s", got.Body, tc.want)
			}
			wantKey, wantUser := key, "u1"
			if tc.key != "" {
				wantKey = tc.key
			}
			if tc.user != "" {
				wantUser = tc.user
			}
			if h := got.Header; got.Path != "/api/v2/tts/stream" || h.Get("Authorization") != wantKey || h.Get("X-User-Id") != wantUser || h.Get("Accept") != "audio/basic" {
				t.Errorf("asked %s with %v", got.Path, h)
			}
		})
	}
}

// TestSoundIsWhole: 20 ms a character in the fake, whatever the format, and the silence around it is cut only when it is to be.
func TestSoundIsWhole(t *testing.T) {
	for options, least := range map[string]int{`{"voice_id":"v1"}`: 6 + 30, `{"voice_id":"v1","version":1}`: 6 + 30, `{"voice_id":"v1","experimental_remove_silence":true}`: 6,
		`{"voice_id":"v1","version":1,"experimental_remove_silence":true}`: 6} {
		p := providertest.NewPlayHT(t)
		p.Before, p.After = 200, 400
		frames, loud, err := say(t, voice(t, p, options), "", "Hello. ")
		if err != nil || loud < 6 || loud > 7 || frames < least || frames > least+2 {
			t.Errorf("%s: %d frames, %d of them loud, want %d, %v", options, frames, loud, least, err)
		}
	}
}

func TestTrim(t *testing.T) {
	loud, still := []byte{0, 4}, []byte{1, 0}
	cat := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	for name, c := range map[string]struct{ in, want []byte }{
		"silence alone": {cat(still, still), nil},
		"a pause":       {cat(still, loud, still, loud, still), cat(loud, still, loud)},
		"nothing":       {nil, nil},
	} {
		for step := 1; step <= 4; step++ { // cut anywhere
			x := trim{on: true}
			var got []byte
			for b := range slices.Chunk(c.in, step) {
				got = append(got, x.take(b)...)
			}
			if string(got) != string(c.want) {
				t.Errorf("%s by %d: %v, want %v", name, step, got, c.want)
			}
		}
	}
	x := trim{on: true}
	x.take(loud)
	for range 1000 {
		x.take(make([]byte, 4096))
	}
	if len(x.held) > maxHeld {
		t.Errorf("%d bytes are held", len(x.held))
	}
}

// TestWrongWAV: what is not the WAV that was asked for is told as such.
func TestWrongWAV(t *testing.T) {
	good := "RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0\x5d\x00\x00\x80\xbb\x00\x00\x02\x00\x10\x00data"
	for name, c := range map[string]struct {
		in, want string
		code     parley.VendorCode
	}{
		"no size":           {good + "\x00\x00\x00\x00abcd", "abcd", ""},
		"a size":            {good + "\x02\x00\x00\x00abLIST", "ab", ""},
		"nothing":           {"", "", ""},
		"MP3":               {"ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00", "", parley.VendorBadOutput},
		"another rate":      {strings.Replace(good, "\xc0\x5d\x00\x00", "\x44\xac\x00\x00", 1) + "\x00\x00\x00\x00", "", parley.VendorBadOutput},
		"stereo":            {strings.Replace(good, "\x01\x00\x01\x00", "\x01\x00\x02\x00", 1) + "\x00\x00\x00\x00", "", parley.VendorBadOutput},
		"sound first":       {"RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00", "", parley.VendorBadOutput},
		"a short format":    {"RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x00\x01\x00", "", parley.VendorBadOutput},
		"an endless chunk":  {"RIFF\x00\x00\x00\x00WAVELIST\xff\xff\xff\x7f", "", parley.VendorBadOutput},
		"cut in the header": {good[:30], "", parley.VendorUnavailable},
		"cut at its start":  {"RIFF", "", parley.VendorUnavailable},
	} {
		r, err := begin(strings.NewReader(c.in))
		var v *parley.VendorError
		if c.code != "" {
			if err = provider.Fault(t.Context(), vendor, err); !errors.As(err, &v) || v.Code != c.code {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if b, _ := io.ReadAll(r); string(b) != c.want {
			t.Errorf("%s: %q", name, b)
		}
	}
	p := providertest.NewPlayHT(t)
	p.Rate = 48000
	var v *parley.VendorError
	if _, _, err := say(t, voice(t, p, `{}`), "", "Hi. "); !errors.As(err, &v) || v.Code != parley.VendorBadOutput || !strings.Contains(v.Message, "48000") {
		t.Errorf("another rate: %v", err)
	}
}

func FuzzWAV(f *testing.F) {
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0\x5d\x00\x00\x80\xbb\x00\x00\x02\x00\x10\x00data\xff\xff\xff\xffabcd"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVELIST\x05\x00\x00\x00INFO!\x00fmt \x02\x00\x00\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := begin(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		if got, _ := io.ReadAll(r); len(got) > len(b) {
			t.Errorf("%d bytes of %d", len(got), len(b))
		}
	})
}

// TestRefusals: what PlayHT says, without the key.
func TestRefusals(t *testing.T) {
	p := providertest.NewPlayHT(t)
	var v *parley.VendorError
	if _, _, err := say(t, voice(t, p, `{"voice_id":"nobody"}`), "", "Hi. "); !errors.As(err, &v) || v.Code != parley.VendorRefused || !strings.Contains(v.Message, "no voice nobody") || strings.Contains(v.Message, key) {
		t.Errorf("no such voice: %v", err)
	}
	keyless, err := NewVoice(provider.Access{BaseURL: p.URL}, nil)
	if err != nil {
		t.Fatal(err) // another address may want none
	}
	if _, _, err := say(t, keyless, "", "Hi. "); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("no key: %v", err)
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	for _, a := range []provider.Access{{}, {Key: "k"}, {Extra: map[string]string{"user_id": "u"}}} {
		if _, err := s.Speaking.Open(a, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, "PLAYHT_USER_ID") {
			t.Errorf("%+v: %v", a, err)
		}
	}
	if s.VoiceType() != "voice_play_ht" {
		t.Errorf("its voices are %s", s.VoiceType())
	}
	var e *parley.Error
	for options, field := range map[string]string{`[]`: "voice", `{"voice_id":1}`: "voice", `{"version":9}`: "voice.version", `{"version":"x"}`: "voice.version", `{"version":[1]}`: "voice.version"} {
		if _, err := s.Speaking.Open(provider.Access{Key: "k", Extra: map[string]string{"user_id": "u"}}, json.RawMessage(options)); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", options, err)
		}
	}
}

func TestWarm(t *testing.T) {
	p := providertest.NewPlayHT(t)
	if err := voice(t, p, `{}`).Warm(t.Context()); err != nil || p.Count() != 1 {
		t.Errorf("%d requests, %v", p.Count(), err)
	}
}

// BenchmarkFirstFrame is from asking a fake in this process to the first frame: the whole of what is between a piece and its sound.
func BenchmarkFirstFrame(b *testing.B) {
	v := voice(b, providertest.NewPlayHT(b), `{}`)
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
