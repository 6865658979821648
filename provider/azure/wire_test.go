package azure

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

// say speaks pieces and gives the error that it ended with.
func say(t testing.TB, v *Voice, language string, pieces ...string) error {
	t.Helper()
	in := make(chan string, len(pieces))
	for _, p := range pieces {
		in <- p
	}
	close(in)
	for _, err := range v.Speak(t.Context(), in, tts.Options{Language: language}) {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestOptions: every option of voice_azure, and what it is on the wire.
func TestOptions(t *testing.T) {
	doc := func(lang, voice, rest string) string {
		return `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="` + lang + `"><voice name="` + voice + `">` + rest + `</voice></speak>`
	}
	for _, tc := range []struct{ name, options, language, want string }{
		{"nothing but a voice", plain, "", doc("en-US", "en-US-JennyNeural", "Hello.")},
		{"nothing at all", `{}`, "", doc("en-US", "en-US-AvaMultilingualNeural", "Hello.")},
		{"null", `{"voice_name":"en-US-JennyNeural","pitch":null,"rate":null}`, "", doc("en-US", "en-US-JennyNeural", "Hello.")},
		{"voice_name", `{"voice_name":"sr-Latn-RS-NicholasNeural"}`, "en", doc("sr-Latn-RS", "sr-Latn-RS-NicholasNeural", "Hello.")},
		{"a voice of one's own", `{"voice_name":"Ada \"<&"}`, "de-DE", doc("de-DE", "Ada &#34;&lt;&amp;", "Hello.")},
		{"a voice of one's own, a bare language", `{"voice_name":"Ada"}`, "de", doc("en-US", "Ada", "Hello.")},
		{"pitch", `{"voice_name":"en-US-JennyNeural","pitch":-10}`, "", doc("en-US", "en-US-JennyNeural", `<prosody pitch="-10%">Hello.</prosody>`)},
		{"rate", `{"voice_name":"en-US-JennyNeural","rate":15}`, "", doc("en-US", "en-US-JennyNeural", `<prosody rate="+15%">Hello.</prosody>`)},
		{"both", `{"voice_name":"en-US-JennyNeural","pitch":2.5,"rate":-20}`, "", doc("en-US", "en-US-JennyNeural", `<prosody pitch="+2.5%" rate="-20%">Hello.</prosody>`)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := providertest.NewAzureSpeech(t)
			if err := say(t, voice(t, s, tc.options), tc.language, "Hello. "); err != nil {
				t.Fatal(err)
			}
			p := s.Posts()[0]
			if p.Body != tc.want {
				t.Errorf("asked %s,\nwant %s", p.Body, tc.want)
			}
			if h := p.Header; p.Path != "/cognitiveservices/v1" || h.Get("Ocp-Apim-Subscription-Key") != key || h.Get("X-Microsoft-OutputFormat") != "raw-16khz-16bit-mono-pcm" ||
				h.Get("Content-Type") != "application/ssml+xml" || h.Get("User-Agent") != "parley" {
				t.Errorf("asked %s with %v", p.Path, p.Header)
			}
		})
	}
}

// TestTextIsNoMarkup: whatever a model says, it is spoken and never read as SSML.
func TestTextIsNoMarkup(t *testing.T) {
	s := providertest.NewAzureSpeech(t)
	text := `Bed & <break time="9s"/> "breakfast" ]]> it's 2 < 3` + "\x00\x0b\xff\uFFFE."
	if err := say(t, voice(t, s, `{"voice_name":"en-US-JennyNeural","rate":5}`), "", text); err != nil {
		t.Fatal(err)
	}
	if got := s.Texts(); len(got) != 1 || got[0] != `Bed & <break time="9s"/> "breakfast" ]]> it's 2 < 3.` {
		t.Errorf("was asked to speak %q", got)
	}
}

func FuzzSSML(f *testing.F) {
	f.Add("Hello & <goodbye>.", "en-US-JennyNeural", "en", 1.0, -2.5)
	f.Add("\x00\x1b]]>&#0;", `"/><voice name="x`, "<", 0.0, 1e30)
	f.Fuzz(func(t *testing.T, text, name, language string, pitch, rate float64) {
		d := xml.NewDecoder(strings.NewReader(string((&VoiceOptions{VoiceName: name, Pitch: pitch, Rate: rate}).ssml(text, language, nil))))
		elements := 0
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := tok.(xml.StartElement); ok {
				elements++
			}
		}
		if elements > 3 {
			t.Errorf("%d elements", elements)
		}
	})
}

// TestWhereItSpeaks: regions, resources with a name, containers.
func TestWhereItSpeaks(t *testing.T) {
	for _, tc := range []struct{ base, region, want string }{
		{"", "westeurope", "https://westeurope.tts.speech.microsoft.com/cognitiveservices/v1"},
		{"", "West Europe", "https://westeurope.tts.speech.microsoft.com/cognitiveservices/v1"},
		{"https://westus2.api.cognitive.microsoft.com/", "", "https://westus2.tts.speech.microsoft.com/cognitiveservices/v1"},
		{"https://mine.cognitiveservices.azure.com/", "westeurope", "https://mine.cognitiveservices.azure.com/tts/cognitiveservices/v1"},
		{"http://127.0.0.1:5000", "", "http://127.0.0.1:5000/cognitiveservices/v1"},
		{"", "", ""}, {"", "evil.example/", ""}, {"", "a@b", ""}, {"ftp://x", "", ""}, {"https://x?y", "", ""}, {"mine.cognitiveservices.azure.com", "", ""},
	} {
		v, err := NewVoice(provider.Access{Key: key, BaseURL: tc.base, Extra: map[string]string{"region": tc.region}}, nil)
		var e *parley.Error
		switch {
		case tc.want == "" && (!errors.As(err, &e) || e.Field != "region" && e.Field != "endpoint"):
			t.Errorf("%q, %q: %v", tc.base, tc.region, err)
		case tc.want != "" && (err != nil || v.speech != tc.want):
			t.Errorf("%q, %q: %v, %v", tc.base, tc.region, v, err)
		}
	}
}

// TestWhereItThinks: every credential of account_connection_azure_llm, and what it is on the wire.
func TestWhereItThinks(t *testing.T) {
	for _, tc := range []struct {
		name, path, model        string
		extra                    map[string]string
		wantPath, query, deploys string
	}{
		{"endpoint alone", "", "", nil, "/openai/v1/chat/completions", "", "gpt-4o-mini"},
		{"endpoint of the v1 API", "/openai/v1/", "", nil, "/openai/v1/chat/completions", "", "gpt-4o-mini"},
		{"endpoint with /openai", "/openai", "", nil, "/openai/v1/chat/completions", "", "gpt-4o-mini"},
		{"the agent's model", "", "my-own", nil, "/openai/v1/chat/completions", "", "my-own"},
		{"deployment", "", "gpt-4o", map[string]string{"deployment": "prod"}, "/openai/v1/chat/completions", "", "prod"},
		{"api_version", "", "gpt-4o", map[string]string{"api_version": "2024-10-21"}, "/openai/deployments/gpt-4o/chat/completions", "2024-10-21", "gpt-4o"},
		{"api_version and deployment", "/", "gpt-4o", map[string]string{"api_version": "2025-04-01-preview", "deployment": "a/b"}, "/openai/deployments/a%2Fb/chat/completions", "2025-04-01-preview", "a/b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := providertest.NewAzureOpenAI(t)
			m, err := NewModel(provider.Access{Key: key, BaseURL: o.URL + tc.path, Extra: tc.extra}, tc.model)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Warm(t.Context()); err != nil {
				t.Error(err)
			}
			for _, err := range m.Chat(t.Context(), says("hi")) {
				if err != nil {
					t.Fatal(err)
				}
			}
			for i, p := range o.Posts() {
				if p.Header.Get("Api-Key") != key || p.Header.Get("Authorization") != "" || p.Query.Get("api-version") != tc.query || i == 1 && p.Path != tc.wantPath {
					t.Errorf("asked %s?%s with %v", p.Path, p.Query.Encode(), p.Header)
				}
			}
			var body struct{ Model string }
			if err := json.Unmarshal(o.Bodies[0], &body); err != nil || body.Model != tc.deploys {
				t.Errorf("model %q", body.Model)
			}
		})
	}
}

// TestRefusals: what Azure says, without the key.
func TestRefusals(t *testing.T) {
	var v *parley.VendorError
	s := providertest.NewAzureSpeech(t)
	if err := say(t, voice(t, s, `{"voice_name":"xx-XX-NobodyNeural"}`), "", "Hi. "); !errors.As(err, &v) || v.Code != parley.VendorRefused || v.Vendor != vendor || !strings.Contains(v.Message, "Unsupported voice") || strings.Contains(v.Message, key) {
		t.Errorf("no such voice: %v", err)
	}
	o := providertest.NewAzureOpenAI(t)
	m, err := NewModel(provider.Access{Key: key, BaseURL: o.URL, Extra: map[string]string{"api_version": "2024-10-21"}}, "gone")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range m.Chat(t.Context(), says("hi")) {
		if !errors.As(err, &v) || v.Code != parley.VendorRefused || v.Vendor != vendor || !strings.Contains(v.Message, "does not exist") {
			t.Errorf("no such deployment: %v", err)
		}
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	if _, err := s.Speaking.Open(provider.Access{Extra: map[string]string{"region": "westus"}}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, "AZURE_SPEECH_API_KEY") {
		t.Errorf("to speak without a key: %v", err)
	}
	if _, err := s.Thinking.Open(provider.Access{BaseURL: "https://x.openai.azure.com"}, "", nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, "AZURE_OPENAI_API_KEY") {
		t.Errorf("to think without a key: %v", err)
	}
	var e *parley.Error
	for _, base := range []string{"", "x.openai.azure.com", "https://x.openai.azure.com/?api-version=1"} {
		if _, err := s.Thinking.Open(provider.Access{Key: "k", BaseURL: base}, "", nil); !errors.As(err, &e) || e.Field != "endpoint" {
			t.Errorf("%q: %v", base, err)
		}
	}
	for _, options := range []string{`[]`, `{"voice_name":1}`, `{"voice_name":"a","pitch":"high"}`} {
		if _, err := s.Speaking.Open(provider.Access{Key: "k", Extra: map[string]string{"region": "westus"}}, json.RawMessage(options)); !errors.As(err, &e) || e.Field != "voice" {
			t.Errorf("%s: %v", options, err)
		}
	}
	if s.Thinks().Env != "AZURE_OPENAI" || s.Env != "AZURE_SPEECH" {
		t.Errorf("%+v", s)
	}
}

// TestWarm: the list of voices is asked for once in a while, not with each call.
func TestWarm(t *testing.T) {
	s := providertest.NewAzureSpeech(t)
	for range 3 {
		if err := voice(t, s, plain).Warm(t.Context()); err != nil || s.Count() != 1 {
			t.Errorf("%d requests, %v", s.Count(), err)
		}
	}
}

// BenchmarkFirstFrame is from asking a fake in this process to the first frame: the whole of what is between a piece and its sound.
func BenchmarkFirstFrame(b *testing.B) {
	v := voice(b, providertest.NewAzureSpeech(b), plain)
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
