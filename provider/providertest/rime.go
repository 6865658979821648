package providertest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Rime is a fake of POST /v1/rime-tts, after docs.rime.ai. It speaks a tone of 20 ms a character, as headerless PCM; whoever does not
// accept that gets JSON. Errors are sentences, no JSON.
type Rime struct{ posts }

// NewRime starts one; it ends with the test.
func NewRime(t testing.TB) *Rime {
	r := new(Rime)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/rime-tts", r.speak)
	mux.HandleFunc("GET /data/voices/all-v2.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"coda":{"eng":["astra"]},"mistv2":{"eng":["cove"]}}`)
	})
	mux.HandleFunc("GET /data/voices/voice_details.json", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, rimeVoices) })
	start(t, &r.Server, mux)
	return r
}

func (m *Rime) speak(w http.ResponseWriter, r *http.Request) {
	b := m.take(r)
	var q struct {
		Text, Speaker, ModelID string
		SamplingRate           int
	}
	refuse := func(status int, words string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, words)
	}
	switch key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); {
	case !ok || key == "" || strings.HasPrefix(key, "wrong"):
		refuse(http.StatusUnauthorized, "empty apikey")
		return
	case json.Unmarshal(b, &q) != nil || q.Text == "" || q.Speaker == "":
		refuse(http.StatusBadRequest, "text and speaker are required")
		return
	case q.Speaker == "nobody":
		refuse(http.StatusBadRequest, "speaker nobody of "+key+" is not known")
		return
	}
	m.heard(q.Text)
	if a := r.Header.Get("Accept"); a != "audio/pcm" && a != "audio/L16" {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"audioContent":"AAAA"}`)
		return
	}
	if q.SamplingRate == 0 {
		q.SamplingRate = 24000
	}
	m.pour(w, r, "audio/pcm", tone(q.SamplingRate/50*len([]rune(q.Text))), make([]byte, 640))
}
