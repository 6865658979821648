package google

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

// name is a lexicon of one word.
func name(text string) (int, string) {
	if strings.HasPrefix(text, "Siobhan") {
		return len("Siobhan"), "ʃɪˈvɔːn"
	}
	return 0, ""
}

const phonemes = `"customPronunciations":{"pronunciations":[{"phrase":"Siobhan","phoneticEncoding":"PHONETIC_ENCODING_IPA","pronunciation":"ʃɪˈvɔːn"}]}`

// TestPhonemes: words are told with the request that has them, and once.
func TestPhonemes(t *testing.T) {
	g := providertest.NewGoogle(t)
	for _, err := range voice(t, g).Speak(t.Context(), pieces("Siobhan, this is Siobhan. ", "Who is it?"), tts.Options{Language: "en", Lexicon: name}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, sent := range g.Voices {
		want := strings.Contains(string(sent), "Siobhan")
		if strings.Contains(string(sent), phonemes) != want {
			t.Errorf("request %d: %s", i, sent)
		}
	}
	if len(g.Voices) != 2 {
		t.Errorf("%d requests", len(g.Voices))
	}
}

// TestPhonemesRefused: a request whose phonemes are refused is made without them.
func TestPhonemesRefused(t *testing.T) {
	g := providertest.NewGoogle(t)
	a := access(g)
	var refused atomic.Int32
	proxy := providertest.Through(t, a.BaseURL)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused.Add(1) == 1 {
			http.Error(w, `{"error":{"code":400,"message":"unknown phoneme","status":"INVALID_ARGUMENT"}}`, http.StatusBadRequest)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer between.Close()
	a.BaseURL = between.URL
	v, err := NewVoice(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	told := ""
	for c, err := range v.Speak(t.Context(), pieces("Siobhan is here."), tts.Options{Language: "en", Lexicon: name}) {
		if err != nil {
			t.Fatal(err)
		}
		told += c.Text
	}
	if told != "Siobhan is here." || len(g.Voices) != 1 || strings.Contains(string(g.Voices[0]), "Pronunciations") {
		t.Errorf("told %q by %s", told, g.Voices)
	}
}

func TestPhoneticLanguages(t *testing.T) {
	var v Voice
	if !v.Phonetic("en") || v.Phonetic("de") {
		t.Error("English alone is")
	}
}
