package google

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

func pieces(text ...string) <-chan string {
	in := make(chan string, len(text))
	for _, p := range text {
		in <- p
	}
	close(in)
	return in
}

// TestVoices: what is asked for with each voice and language.
func TestVoices(t *testing.T) {
	for name, tc := range map[string]struct{ voice, of, language, want string }{
		"a voice":                     {"en-GB-Chirp3-HD-Puck", "en", "en", `{"languageCode":"en-GB","name":"en-GB-Chirp3-HD-Puck"}`},
		"a voice of another language": {"de-DE-Neural2-B", "en", "en", `{"languageCode":"de-DE","name":"de-DE-Neural2-B"}`},
		"three letters":               {"cmn-CN-Wavenet-A", "", "", `{"languageCode":"cmn-CN","name":"cmn-CN-Wavenet-A"}`},
		"in lower case":               {"sr-rs-Standard-A", "", "", `{"languageCode":"sr-rs","name":"sr-rs-Standard-A"}`},
		"no voice":                    {"", "", "", `{"languageCode":"en-US","name":"en-US-Chirp3-HD-Kore"}`},
		"the agent's language":        {"", "ja", "", `{"languageCode":"ja-JP","name":"ja-JP-Chirp3-HD-Kore"}`},
		"the reply's language":        {"", "ja", "pt", `{"languageCode":"pt-BR","name":"pt-BR-Chirp3-HD-Kore"}`},
		"one we know no voice for":    {"", "", "pl-PL", `{"languageCode":"pl-PL"}`},
	} {
		g := providertest.NewGoogle(t)
		a := access(g)
		a.Language = tc.of
		v, err := NewVoice(a, []byte(`{"type":"voice_google","voice_name":"`+tc.voice+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range v.Speak(t.Context(), pieces(" Good \"morning\"! "), tts.Options{Language: tc.language}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		want := `{"input":{"text":"Good \"morning\"!"},"voice":` + tc.want + `,"audioConfig":{"audioEncoding":"LINEAR16","sampleRateHertz":16000}}`
		if len(g.Voices) != 1 || string(g.Voices[0]) != want {
			t.Errorf("%s: sent %s, want %s", name, g.Voices, want)
		}
	}
}

// TestPieces: long pieces take several requests, those without words none, and all is told.
func TestPieces(t *testing.T) {
	for _, text := range []string{strings.Repeat("word ", 2000), strings.Repeat("ü", 4000), strings.Repeat("x", 9000) + "… ", "\xff" + strings.Repeat("\xbf", 9000) + "a"} {
		g := providertest.NewGoogle(t)
		got := ""
		for c, err := range voice(t, g).Speak(t.Context(), pieces("— ", text, "… ", " "), tts.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			got += c.Text
		}
		if got != "— "+text+"…  " {
			t.Errorf("told %d bytes of %d", len(got), len(text))
		}
		for _, s := range g.Texts() {
			if len(s) > maxText && !strings.ContainsRune(s, '\ufffd') {
				t.Errorf("a request of %d bytes", len(s))
			}
		}
	}
}

// TestPiecesOverlap: a piece is asked for while the one before is still being spoken.
func TestPiecesOverlap(t *testing.T) {
	g := providertest.NewGoogle(t)
	got := ""
	for c, err := range voice(t, g).Speak(t.Context(), pieces("One, ", "two, ", "three. "), tts.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); g.Count() < 3; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d pieces were asked for", g.Count())
			}
		}
		got += c.Text
	}
	if got != "One, two, three. " {
		t.Errorf("spoke %q", got)
	}
}

func wav(rate int, rest string) []byte {
	b := append([]byte("RIFF\xff\xff\xff\xffWAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00\x01\x00\x01\x00"), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[len(b)-4:], uint32(rate))
	return append(b, "\x00\x00\x00\x00\x02\x00\x10\x00"+rest...)
}

func TestSamples(t *testing.T) {
	for name, tc := range map[string]struct {
		wav  []byte
		want string
		ok   bool
	}{
		"whole":             {wav(16000, "data\x04\x00\x00\x00abcdLIST"), "abcd", true},
		"of unknown length": {wav(16000, "data\xff\xff\xff\xffabcd"), "abcd", true},
		"cut":               {wav(16000, "data\x08\x00\x00\x00abcd"), "abcd", true},
		"another rate":      {wav(24000, "data\x04\x00\x00\x00abcd"), "", false},
		"no data":           {wav(16000, ""), "", false},
		"no format":         {[]byte("RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00ab"), "", false},
		"MP3":               {[]byte("ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "", false},
		"nothing":           {nil, "", false},
	} {
		if got, err := samples(tc.wav); string(got) != tc.want || (err == nil) != tc.ok {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzSamples(f *testing.F) {
	f.Add(wav(16000, "data\x04\x00\x00\x00abcd"))
	f.Add(wav(16000, "odd!\x01\x00\x00\x00adata\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := samples(b); err == nil && len(got) > len(b) {
			t.Error("more than there is")
		}
	})
}

// BenchmarkFirstFrame is what we add between a piece and its first frame, with the kernel's part and the fake's.
func BenchmarkFirstFrame(b *testing.B) {
	v := voice(b, providertest.NewGoogle(b))
	for b.Loop() {
		for _, err := range v.Speak(b.Context(), pieces("Good morning, how may I help you? "), tts.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			break
		}
	}
}
