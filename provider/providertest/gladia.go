package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Gladia is a fake of POST /v2/live and the websocket that it opens, after docs.gladia.io. It hears Spoken. A session that has ended is closed
// with 4403, as Gladia does.
type Gladia struct {
	Server
	queries  []url.Values          // of what opened sessions
	opened   []string              // its bodies
	sessions map[string]*recording // by their tokens
	messages []string              // JSON, in order
	left     int                   // sessions whose connection ended without stop_recording
	mute     bool                  // what was said last is never final
}

// NewGladia starts one; it ends with the test.
func NewGladia(t testing.TB) *Gladia {
	g := &Gladia{sessions: map[string]*recording{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/live", g.open)
	mux.HandleFunc("GET /v2/live", g.listen)
	mux.HandleFunc("GET /v2/pre-recorded", keyed("X-Gladia-Key", `{"first":"","current":"","next":null,"items":[]}`))
	start(t, &g.Server, mux)
	return g
}

// Opened are the bodies of the requests that opened sessions, and Queries their queries.
func (g *Gladia) Opened() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.opened...)
}

// Queries are those of the requests that opened sessions.
func (g *Gladia) Queries() []url.Values {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]url.Values(nil), g.queries...)
}

// Messages are the JSON messages received so far.
func (g *Gladia) Messages() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.messages...)
}

// Waiting is how many sessions wait for their client to come back: it went away without a word.
func (g *Gladia) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left
}

// Abandon has the fake end sessions without a final for what was said last.
func (g *Gladia) Abandon() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mute = true
}

// asked is what a session is opened with, as far as the fake goes by it.
type asked struct {
	Encoding    string  `json:"encoding"`
	BitDepth    int     `json:"bit_depth"`
	SampleRate  int     `json:"sample_rate"`
	Channels    int     `json:"channels"`
	Model       string  `json:"model"`
	Endpointing float64 `json:"endpointing"`
	Language    struct {
		Languages []string `json:"languages"`
	} `json:"language_config"`
	Messages map[string]bool `json:"messages_config"`
}

// recording is a session, from its POST to its end.
type recording struct {
	g         *Gladia
	id        string
	fault     Fault
	asked     asked
	ear       ear
	utterance int
	over      bool
	bytes     int
}

func (g *Gladia) open(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	refuse := func(status int, words string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"timestamp": "2026-01-01T00:00:00.000Z", "path": "/v2/live", "request_id": "G-00000000", "statusCode": status, "message": words})
	}
	s := &recording{g: g, fault: faultOf(r), asked: asked{Encoding: "wav/pcm", BitDepth: 16, SampleRate: 16000, Channels: 1, Model: "solaria-1", Endpointing: 0.05}}
	key := r.Header.Get("X-Gladia-Key")
	err := json.Unmarshal(b, &s.asked)
	switch {
	case key == "":
		refuse(http.StatusUnauthorized, "gladia key not found")
		return
	case len(key) > 5 && key[:5] == "wrong":
		refuse(http.StatusUnauthorized, "invalid gladia key "+key)
		return
	case len(key) > 4 && key[:4] == "busy":
		refuse(http.StatusTooManyRequests, "Maximum number of concurrent sessions reached")
		return
	case err != nil || s.asked.Encoding != "wav/pcm" || s.asked.BitDepth != 16 || s.asked.Channels != 1 || s.asked.Model != "solaria-1" ||
		s.asked.Endpointing < 0.01 || s.asked.Endpointing > 10:
		refuse(http.StatusBadRequest, "Invalid parameter(s) for "+key)
		return
	}
	s.ear.rate = s.asked.SampleRate
	g.mu.Lock()
	s.id = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(g.opened))
	g.opened = append(g.opened, string(b))
	g.queries = append(g.queries, r.URL.Query())
	g.sessions[s.id] = s
	g.mu.Unlock()
	scheme := "ws"
	if r.Header.Get("X-Forwarded-For") != "" { // behind who speaks TLS
		scheme = "wss"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]string{"id": s.id, "created_at": time.Now().UTC().Format(time.RFC3339Nano), "url": scheme + "://" + r.Host + "/v2/live?token=" + s.id})
}

func (g *Gladia) listen(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	g.mu.Lock()
	s := g.sessions[r.URL.Query().Get("token")]
	known := s != nil && !s.over
	g.mu.Unlock()
	if !known {
		c.Close(4403, "session is over")
		return
	}
	if f := faultOf(r); f != NoFault {
		s.fault = f
	}
	ctx := r.Context()
	for n := 0; ; n++ {
		typ, b, err := c.Read(ctx)
		if err != nil {
			g.mu.Lock()
			g.left++
			g.mu.Unlock()
			return
		}
		if typ == websocket.MessageText && !s.message(ctx, c, b) || typ == websocket.MessageBinary && !s.take(ctx, c, b, n) {
			return
		}
	}
}

// say sends a message of a kind that was asked for.
func (s *recording) say(ctx context.Context, c *websocket.Conn, kind, typ string, m map[string]any) {
	if !s.asked.Messages["receive_"+kind] {
		return
	}
	if m == nil {
		m = map[string]any{}
	}
	m["type"], m["session_id"], m["created_at"] = typ, s.id, time.Now().UTC().Format(time.RFC3339Nano)
	send(ctx, c, m)
}

func (s *recording) message(ctx context.Context, c *websocket.Conn, b []byte) bool {
	s.g.mu.Lock()
	s.g.messages = append(s.g.messages, string(b))
	mute := s.g.mute
	s.g.mu.Unlock()
	var m struct{ Type string }
	if json.Unmarshal(b, &m) != nil || m.Type != "stop_recording" {
		s.say(ctx, c, "errors", m.Type, map[string]any{"acknowledged": false, "error": map[string]string{"message": "Invalid message " + string(b)}, "data": nil})
		return true
	}
	s.g.mu.Lock()
	s.over = true
	s.g.mu.Unlock()
	seconds := float64(s.bytes) / float64(2*s.asked.SampleRate)
	s.say(ctx, c, "acknowledgments", "stop_recording", map[string]any{"acknowledged": true, "error": nil, "data": map[string]any{"recording_duration": seconds, "recording_left_to_process": 0}})
	if ws := s.ear.rest(); len(ws) > 0 && !mute {
		s.transcript(ctx, c, ws, true)
	}
	s.say(ctx, c, "lifecycle_events", "end_recording", map[string]any{"data": map[string]any{"recording_duration": seconds}})
	s.say(ctx, c, "post_processing_events", "post_transcript", map[string]any{"data": map[string]any{"full_transcript": "", "languages": []string{"en"}, "utterances": []any{}}})
	s.say(ctx, c, "lifecycle_events", "end_session", nil)
	c.Close(websocket.StatusNormalClosure, "")
	return false
}

// take hears a message of sound.
func (s *recording) take(ctx context.Context, c *websocket.Conn, b []byte, n int) bool {
	if !spoilt(ctx, c, s.fault, 2*n, `{"type":"start_recording","session_id":"x"}`, `{"type":"transcript","data":{"is_fi`) {
		return false
	}
	if s.bytes == 0 {
		s.say(ctx, c, "lifecycle_events", "start_recording", nil)
	}
	from := s.bytes
	s.bytes += len(b)
	s.say(ctx, c, "acknowledgments", "audio_chunk", map[string]any{"acknowledged": true, "error": nil, "data": map[string]any{
		"byte_range": []int{from, s.bytes}, "time_range": []float64{float64(from) / float64(2*s.asked.SampleRate), float64(s.bytes) / float64(2*s.asked.SampleRate)}}})
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(uint16(b[2*i]) | uint16(b[2*i+1])<<8)
	}
	for _, f := range s.ear.hear(pcm) {
		if f.started {
			s.say(ctx, c, "speech_events", "speech_start", map[string]any{"data": map[string]any{"time": f.words[0].start, "channel": 0}})
		}
		if f.final {
			s.say(ctx, c, "speech_events", "speech_end", map[string]any{"data": map[string]any{"time": f.words[len(f.words)-1].end, "channel": 0}})
		}
		s.transcript(ctx, c, f.words, f.final)
	}
	return true
}

func (s *recording) transcript(ctx context.Context, c *websocket.Conn, ws []heardWord, final bool) {
	kind, language := "partial_transcripts", "en"
	if final {
		kind = "final_transcripts"
	}
	if len(s.asked.Language.Languages) > 0 {
		language = s.asked.Language.Languages[0]
	}
	words := []map[string]any{}
	for _, w := range ws {
		words = append(words, map[string]any{"word": " " + w.text, "start": w.start, "end": w.end, "confidence": 0.9})
	}
	s.say(ctx, c, kind, "transcript", map[string]any{"data": map[string]any{"id": fmt.Sprintf("00_%08d", s.utterance), "is_final": final, "utterance": map[string]any{
		"text": " " + textOf(ws), "start": ws[0].start, "end": ws[len(ws)-1].end, "language": language, "confidence": 0.9, "channel": 0, "words": words}}})
	if final {
		s.utterance++
	}
}
