package azure

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

// names is a lexicon of two words, one of them hostile.
func names(text string) (int, string) {
	if strings.HasPrefix(text, "Siobhan") {
		return len("Siobhan"), "ʃɪˈvɔːn"
	}
	if strings.HasPrefix(text, `"<&`) {
		return len(`"<&`), `"/><x`
	}
	return 0, ""
}

func TestPhonemes(t *testing.T) {
	o := VoiceOptions{VoiceName: "en-US-JennyNeural"}
	got := string(o.ssml(`Is Siobhan < 3 "<&?`, "en", names))
	want := `Is <phoneme alphabet="ipa" ph="ʃɪˈvɔːn">Siobhan</phoneme> &lt; 3 <phoneme alphabet="ipa" ph="&#34;/&gt;&lt;x">&#34;&lt;&amp;</phoneme>?</voice></speak>`
	if !strings.HasSuffix(got, want) {
		t.Errorf("%s\nwant …%s", got, want)
	}
	if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
		t.Error(err)
	}
	if !new(Voice).Phonetic("ko") {
		t.Error("every language is")
	}
}

// TestPhonemesRefused: a document whose phonemes are refused is sent without them; one without is not sent twice.
func TestPhonemesRefused(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := new(strings.Builder)
		if err := r.Write(b); err != nil {
			t.Error(err)
		}
		asked.Add(1)
		if strings.Contains(b.String(), "<phoneme") || strings.Contains(b.String(), "wrong") {
			http.Error(w, "Ssml should be valid", http.StatusBadRequest)
			return
		}
		_, _ = w.Write(make([]byte, 6400))
	}))
	defer s.Close()
	v, err := NewVoice(provider.Access{Key: key, BaseURL: s.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int32{"Siobhan is here.": 2, "All is wrong.": 1} {
		asked.Store(0)
		in := make(chan string, 1)
		in <- text
		close(in)
		told := ""
		var failed error
		for c, err := range v.Speak(t.Context(), in, tts.Options{Language: "en", Lexicon: names}) {
			if told += c.Text; err != nil {
				failed = err
			}
		}
		if n := asked.Load(); n != want || (failed == nil) != (want == 2) || failed == nil && told != text {
			t.Errorf("%q: %d requests, told %q, %v", text, n, told, failed)
		}
	}
}
