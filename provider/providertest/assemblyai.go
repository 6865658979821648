package providertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// AssemblyAI is a fake of /v3/ws, after www.assemblyai.com/docs/streaming. It hears Spoken. It hangs up as AssemblyAI does: on a wrong
// key, without a speech_model, on messages of less than 50 ms or more than 1 s, and on sound that comes Ahead of the clock.
type AssemblyAI struct {
	Server
	Ahead     time.Duration // 0: 2 s
	asked     []url.Values
	messages  []string      // JSON, in order
	abandoned bool          // the end of a turn is told by Termination alone
	sound     time.Duration // received in all
}

// NewAssemblyAI starts one; it ends with the test.
func NewAssemblyAI(t testing.TB) *AssemblyAI {
	a := new(AssemblyAI)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v3/token", keyed("Authorization", `{"token":"t","expires_in_seconds":60}`))
	mux.HandleFunc("GET /v3/ws", a.listen)
	start(t, &a.Server, mux)
	return a
}

// Queries are those of the handshakes.
func (a *AssemblyAI) Queries() []url.Values {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]url.Values(nil), a.asked...)
}

// Messages are the JSON messages received so far.
func (a *AssemblyAI) Messages() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.messages...)
}

// Sound is how much has been received.
func (a *AssemblyAI) Sound() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sound
}

// Abandon has the fake end sessions without ending the turn that is open.
func (a *AssemblyAI) Abandon() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.abandoned = true
}

// A streaming is one session.
type streaming struct {
	a     *AssemblyAI
	c     *websocket.Conn
	r     *http.Request
	query url.Values
	ear   ear
	turn  int
	began time.Time
	heard time.Duration
}

func (a *AssemblyAI) listen(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	q := r.URL.Query()
	a.mu.Lock()
	a.asked = append(a.asked, q)
	a.mu.Unlock()
	rate, _ := strconv.Atoi(q.Get("sample_rate"))
	s := &streaming{a: a, c: c, r: r, query: q, ear: ear{rate: rate}, began: time.Now()}
	var terms []string
	switch key := r.Header.Get("Authorization"); {
	case key == "":
		s.hangUp(1008, "Unauthorized Connection: Missing Authorization header")
		return
	case strings.HasPrefix(key, "wrong"):
		s.hangUp(1008, "Unauthorized Connection: Invalid API key "+key)
		return
	case strings.HasPrefix(key, "busy"):
		s.hangUp(3009, "Unauthorized Connection: Too many concurrent sessions")
		return
	case q.Get("speech_model") == "" || rate <= 0 || q.Get("encoding") != "pcm_s16le" && q.Get("encoding") != "pcm_mulaw":
		s.hangUp(3006, "Invalid connection parameters")
		return
	case q.Has("keyterms_prompt") && (json.Unmarshal([]byte(q.Get("keyterms_prompt")), &terms) != nil || len(terms) > 100):
		s.hangUp(3006, "Invalid keyterms_prompt")
		return
	}
	send(r.Context(), c, map[string]any{"type": "Begin", "id": "x", "expires_at": time.Now().Add(3 * time.Hour).Unix()})
	for n := 0; ; n++ {
		typ, b, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if typ == websocket.MessageText && !s.message(b) || typ == websocket.MessageBinary && !(s.spoil(n) && s.take(b)) {
			return
		}
	}
}

// hangUp tells why before the close does.
func (s *streaming) hangUp(code int, why string) bool {
	send(s.r.Context(), s.c, map[string]any{"type": "Error", "error_code": code, "error": why})
	s.c.Close(websocket.StatusCode(code), why)
	return false
}

func (s *streaming) spoil(n int) bool {
	if n != 4 {
		return true
	}
	switch faultOf(s.r) {
	case Close:
		s.c.Close(3005, "Session Cancelled: An error occurred")
		return false
	case CutJSON:
		s.c.Write(s.r.Context(), websocket.MessageText, []byte(`{"type":"Turn","turn_order":0,"end_of_t`))
		return false
	case Garbage:
		s.c.Write(s.r.Context(), websocket.MessageText, []byte("\x01\x02 no JSON at all"))
	}
	return true
}

func (s *streaming) message(b []byte) bool {
	s.a.mu.Lock()
	s.a.messages = append(s.a.messages, string(b))
	abandoned := s.a.abandoned
	s.a.mu.Unlock()
	var m struct{ Type string }
	switch err := json.Unmarshal(b, &m); {
	case err != nil:
		return s.hangUp(3006, "Invalid JSON: "+string(b))
	case m.Type == "ForceEndpoint":
		if ws := s.ear.rest(); len(ws) > 0 && !abandoned {
			s.end(ws)
		}
	case m.Type == "Terminate":
		send(s.r.Context(), s.c, map[string]any{"type": "Termination", "audio_duration_seconds": s.heard.Seconds(), "session_duration_seconds": time.Since(s.began).Seconds()})
		s.c.Close(websocket.StatusNormalClosure, "")
		return false
	case m.Type != "KeepAlive" && m.Type != "UpdateConfiguration":
		return s.hangUp(3006, "Invalid Message Type: "+m.Type)
	}
	return true
}

// take hears a message of sound.
func (s *streaming) take(b []byte) bool {
	pcm := samples(s.query.Get("encoding"), b)
	size := time.Duration(len(pcm)) * time.Second / time.Duration(s.ear.rate)
	s.heard += size
	s.a.mu.Lock()
	s.a.sound += size
	ahead := s.a.Ahead
	s.a.mu.Unlock()
	if ahead == 0 {
		ahead = 2 * time.Second
	}
	if size < 50*time.Millisecond || size > time.Second {
		return s.hangUp(3007, fmt.Sprintf("Input duration violation: %d ms. Expected between 50 and 1000 ms", size.Milliseconds()))
	}
	if e := time.Since(s.began); s.heard > e+ahead {
		return s.hangUp(3007, fmt.Sprintf("Audio Transmission Rate Exceeded: Received %.2f sec. audio in %.2f sec", s.heard.Seconds(), e.Seconds()))
	}
	for _, f := range s.ear.hear(pcm) {
		if f.started {
			send(s.r.Context(), s.c, map[string]any{"type": "SpeechStarted", "timestamp": int(1000 * f.words[0].start)})
		}
		if f.final {
			s.end(f.words)
			continue
		}
		s.say(f.words, false, false)
	}
	return true
}

// end ends a turn, a second time where it is to be formatted.
func (s *streaming) end(ws []heardWord) {
	s.say(ws, true, false)
	if s.query.Get("format_turns") == "true" {
		s.say(ws, true, true)
	}
	s.turn++
}

// say tells a turn. Its last word may change as long as it is open.
func (s *streaming) say(ws []heardWord, end, formatted bool) {
	words, texts := []map[string]any{}, []string{}
	for i, w := range ws {
		text, final := w.text, end || i < len(ws)-1
		if formatted && i == 0 {
			text = strings.ToUpper(text[:1]) + text[1:]
		}
		if formatted && i == len(ws)-1 {
			text += "."
		}
		if final {
			texts = append(texts, text)
		}
		words = append(words, map[string]any{"text": text, "start": int(1000 * w.start), "end": int(1000 * w.end), "confidence": 0.9, "word_is_final": final})
	}
	send(s.r.Context(), s.c, map[string]any{"type": "Turn", "turn_order": s.turn, "turn_is_formatted": formatted, "end_of_turn": end,
		"transcript": strings.Join(texts, " "), "end_of_turn_confidence": 0.7, "words": words, "utterance": ""})
}
