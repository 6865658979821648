package providertest

import (
	"encoding/binary"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/parley-voice/parley/audio"
)

// PlayHT is a fake of POST /api/v2/tts/stream, after docs.play.ht and PlayHT's own client. It speaks a tone of 20 ms a character, with
// Before and After of silence around it; as WAV whose header has no sizes, or as headerless µ-law.
type PlayHT struct {
	posts
	Before, After int // ms
	Rate          int // Hz of the WAV, whatever is asked for; 0: as asked for
}

// NewPlayHT starts one; it ends with the test.
func NewPlayHT(t testing.TB) *PlayHT {
	p := new(PlayHT)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/tts/stream", p.speak)
	list := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !p.refused(w, r) {
				keyed("Authorization", body)(w, r)
			}
		}
	}
	mux.HandleFunc("GET /api/v2/cloned-voices", list(`[]`))
	mux.HandleFunc("GET /api/v2/voices", list(playhtVoices))
	start(t, &p.Server, mux)
	return p
}

func (p *PlayHT) refuse(w http.ResponseWriter, status int, id, words string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	b, _ := json.Marshal(map[string]string{"error_message": words, "error_id": id})
	w.Write(b)
}

func (p *PlayHT) refused(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Authorization") != "" && r.Header.Get("X-User-Id") != "" {
		return false
	}
	p.refuse(w, http.StatusForbidden, "UNAUTHORIZED", "User cannot be authenticated because the secret key or user id is invalid.")
	return true
}

func (p *PlayHT) speak(w http.ResponseWriter, r *http.Request) {
	b := p.take(r)
	if p.refused(w, r) {
		return
	}
	var q struct {
		Text, Voice string
		Engine      string `json:"voice_engine"`
		Format      string `json:"output_format"`
		Rate        int    `json:"sample_rate"`
	}
	switch {
	case json.Unmarshal(b, &q) != nil || q.Text == "" || q.Voice == "":
		p.refuse(w, http.StatusBadRequest, "BAD_REQUEST", "text and voice are required")
		return
	case q.Voice == "nobody":
		p.refuse(w, http.StatusBadRequest, "VOICE_NOT_FOUND", "There is no voice nobody for "+r.Header.Get("Authorization"))
		return
	case q.Rate < 8000 || q.Rate > 48000 || q.Engine == "PlayHT1.0" && q.Format != "mulaw" || q.Format != "mulaw" && q.Format != "wav":
		p.refuse(w, http.StatusBadRequest, "BAD_REQUEST", "The PlayHT1.0 engine speaks mp3 and mulaw alone, all at 8000 to 48000 Hz")
		return
	}
	p.heard(q.Text)
	if p.Rate != 0 {
		q.Rate = p.Rate
	}
	quiet := func(ms int) []byte { return make([]byte, 2*q.Rate/1000*ms) }
	sound := append(append(quiet(p.Before), tone(q.Rate/50*len([]rune(q.Text)))...), quiet(p.After)...)
	if q.Format == "mulaw" {
		pcm := make([]int16, len(sound)/2)
		for i := range pcm {
			pcm[i] = int16(binary.LittleEndian.Uint16(sound[2*i:]))
		}
		p.pour(w, r, "audio/basic", audio.EncodeUlaw(nil, pcm), []byte{0xff, 0xff})
		return
	}
	head := wavHead(q.Rate)
	if faultOf(r) == Drip {
		w.Header().Set("Content-Type", "audio/wav")
		w.Write(head)
	}
	p.pour(w, r, "audio/wav", append(head, sound...), make([]byte, 640))
}

// wavHead is the header of a WAV that is written before its sound is known: a LIST chunk, and no sizes.
func wavHead(rate int) []byte {
	b := []byte("RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(2*rate))
	return append(b, "\x02\x00\x10\x00LIST\x05\x00\x00\x00INFO!\x00data\xff\xff\xff\xff"...)
}
