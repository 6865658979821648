package providertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/coder/websocket"
)

// Cartesia is a fake of /tts/websocket and /tts/bytes, after docs.cartesia.ai/api-reference/tts. It speaks a tone of 20 ms a
// character, in messages of 200 ms with the times of the words that end in them, and one context after the other.
type Cartesia struct {
	Server
	Lasts     time.Duration // a context, past its last sound; 0: a second
	Relative  bool          // times count from the flush before
	Untimed   bool
	NoFlushes bool // they are not answered

	Versions []string // of the handshakes; read these once the test is over
	Keys     []string
	Sent     []string // messages received, in order
}

// NewCartesia starts one; it ends with the test.
func NewCartesia(t testing.TB) *Cartesia {
	c := new(Cartesia)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tts/websocket", c.socket)
	mux.HandleFunc("POST /tts/bytes", c.bytes)
	mux.HandleFunc("GET /voices", cartesiaVoices)
	start(t, &c.Server, mux)
	return c
}

// Messages are those received so far.
func (c *Cartesia) Messages() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.Sent...)
}

// met takes the key and the API's version; without either the request is refused.
func (c *Cartesia) met(w http.ResponseWriter, r *http.Request) bool {
	key := r.Header.Get("X-Api-Key") + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.URL.Query().Get("api_key")
	version := r.Header.Get("Cartesia-Version") + r.URL.Query().Get("cartesia_version")
	status, text := 0, ""
	switch {
	case key == "":
		status, text = http.StatusUnauthorized, `{"error_code":"unauthorized","title":"Unauthorized","message":"Missing API key."}`
	case version == "":
		status, text = http.StatusBadRequest, `{"error_code":"version_missing","title":"Version missing","message":"Cartesia-Version is required."}`
	}
	if status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, text)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Keys, c.Versions = append(c.Keys, key), append(c.Versions, version)
	return true
}

type cartesiaInput struct {
	Context    string `json:"context_id"`
	Cancel     bool
	Model      string `json:"model_id"`
	Transcript *string
	Voice      any
	Output     struct {
		Container, Encoding string
		Rate                int `json:"sample_rate"`
	} `json:"output_format"`
	Continue, Flush bool
	Times           bool `json:"add_timestamps"`
}

func (c *Cartesia) bytes(w http.ResponseWriter, r *http.Request) {
	if !c.met(w, r) {
		return
	}
	var in cartesiaInput
	if b, _ := io.ReadAll(r.Body); json.Unmarshal(b, &in) != nil || in.Transcript == nil || in.Voice == nil {
		http.Error(w, `{"error_code":"invalid_request","title":"Invalid request","message":"transcript and voice are required"}`, 400)
		return
	}
	c.heard(*in.Transcript)
	w.Header().Set("Content-Type", "audio/pcm")
	w.Write(tone(len([]rune(*in.Transcript)) * perChar))
}

func (c *Cartesia) socket(w http.ResponseWriter, r *http.Request) {
	if !c.met(w, r) {
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s := &cartesiaSocket{c: c, conn: conn, f: faultOf(r), jobs: make(chan cartesiaInput, 1000), contexts: map[string]*cartesiaContext{}}
	var speak sync.WaitGroup
	speak.Go(func() {
		defer cancel()
		for in := range s.jobs {
			if !s.speak(ctx, in) {
				return
			}
		}
	})
	defer speak.Wait()
	defer close(s.jobs)
	defer cancel()
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.Sent = append(c.Sent, string(b))
		c.mu.Unlock()
		var in cartesiaInput
		if json.Unmarshal(b, &in) != nil {
			return
		}
		if text := s.take(in); text != "" {
			send(ctx, conn, map[string]any{"type": "error", "context_id": in.Context, "status_code": 400, "done": true,
				"title": "Invalid request", "message": text, "error_code": "invalid_request"})
		}
	}
}

type cartesiaSocket struct {
	c    *Cartesia
	conn *websocket.Conn
	f    Fault
	jobs chan cartesiaInput

	mu       sync.Mutex // guards contexts and what they hold
	contexts map[string]*cartesiaContext
}

type cartesiaContext struct {
	waits     int // inputs not spoken
	idle      time.Time
	cancelled bool
	ended     bool
	sent      int // characters
	flushed   int // characters sent before the last flush
	flushes   int
	messages  int
}

// take takes a message, and says what is wrong with it.
func (s *cartesiaSocket) take(in cartesiaInput) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.contexts[in.Context]
	lasts := s.c.Lasts
	if lasts == 0 {
		lasts = time.Second
	}
	switch {
	case in.Cancel:
		if x != nil {
			x.cancelled = true
		}
		return ""
	case in.Context == "" || in.Transcript == nil || in.Model == "" || in.Voice == nil:
		return "context_id, model_id, transcript and voice are required"
	case in.Output.Container != "raw" || in.Output.Encoding != "pcm_s16le" || in.Output.Rate != 16000:
		return "this fake speaks 16 kHz pcm_s16le"
	case in.Flush && (*in.Transcript != "" || !in.Continue):
		return "a flush has no transcript, and is continued"
	case x != nil && (x.ended || x.waits == 0 && time.Since(x.idle) > lasts):
		return "Context has closed"
	}
	if x == nil {
		x = new(cartesiaContext)
		s.contexts[in.Context] = x
	}
	x.waits++
	x.ended = !in.Continue
	if *in.Transcript != "" {
		s.c.heard(*in.Transcript)
	}
	s.jobs <- in
	return ""
}

// speak speaks an input. False: the connection is over.
func (s *cartesiaSocket) speak(ctx context.Context, in cartesiaInput) bool {
	s.mu.Lock()
	x := s.contexts[in.Context]
	s.mu.Unlock()
	base := func(typ string) map[string]any {
		return map[string]any{"type": typ, "context_id": in.Context, "status_code": 206, "done": typ == "done"}
	}
	chars := strings.Split(*in.Transcript, "")
	word, began := "", 0
	for at := 0; at < len(chars) && !s.over(x); at += 10 {
		if !spoilt(ctx, s.conn, s.f, x.messages*10, `{"type":"chunk","context_id":"`+in.Context+`","done":false,"status_code":206,"data":"AAAA"}`, `{"type":"chunk","cont`) {
			return false
		}
		if x.messages == 0 {
			s.c.sounds()
		}
		part := chars[at:min(at+10, len(chars))]
		words := map[string][]any{"words": {}, "start": {}, "end": {}}
		from := x.sent
		if s.c.Relative {
			from -= x.flushed
		}
		for i, ch := range part {
			r := []rune(ch + " ")[0]
			last := at+i == len(chars)-1
			if !unicode.IsSpace(r) {
				if word == "" {
					began = from + i
				}
				word += ch
			}
			if word != "" && (unicode.IsSpace(r) || last) {
				end := from + i
				if !unicode.IsSpace(r) {
					end++
				}
				words["words"] = append(words["words"], word)
				words["start"] = append(words["start"], 0.02*float64(began))
				words["end"] = append(words["end"], 0.02*float64(end))
				word = ""
			}
		}
		if in.Times && !s.c.Untimed && len(words["words"]) > 0 {
			m := base("timestamps")
			m["word_timestamps"] = words
			send(ctx, s.conn, m)
		}
		m := base("chunk")
		m["data"], m["step_time"], m["flush_id"] = base64.StdEncoding.EncodeToString(tone(len(part)*perChar)), 12.5, x.flushes+1
		send(ctx, s.conn, m)
		x.sent += len(part)
		x.messages++
	}
	if in.Flush && !s.c.NoFlushes {
		x.flushes++
		x.flushed = x.sent
		m := base("flush_done")
		m["flush_done"], m["flush_id"] = true, x.flushes
		send(ctx, s.conn, m)
	}
	if !in.Continue {
		send(ctx, s.conn, base("done"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.waits--
	x.idle = time.Now()
	return ctx.Err() == nil
}

func (s *cartesiaSocket) over(x *cartesiaContext) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return x.cancelled
}
