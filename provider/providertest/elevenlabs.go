package providertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// ElevenLabs is a fake of /v1/text-to-speech, by websocket and by HTTP, after elevenlabs.io/docs/api-reference/text-to-speech. It
// speaks a tone of 20 ms a character, in messages of 200 ms. Pieces that nothing flushes wait for the end of the text.
type ElevenLabs struct {
	Server
	Absolute bool // times count from the beginning of the answer
	Untimed  bool // no times at all
	NoFinal  bool // the connection just closes
	asked    []Asked
}

// Asked is a request, or a handshake with the messages that came after it.
type Asked struct {
	Path     string
	Query    url.Values
	Key      string
	Messages []string // the body
}

const perChar = 16000 / 50 // samples of the fakes' speech

// NewElevenLabs starts one; it ends with the test.
func NewElevenLabs(t testing.TB) *ElevenLabs {
	e := new(ElevenLabs)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/text-to-speech/{voice}/stream-input", e.socket)
	mux.HandleFunc("POST /v1/text-to-speech/{voice}/stream/with-timestamps", e.timed)
	mux.HandleFunc("POST /v1/text-to-speech/{voice}/stream", e.plain)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `[{"model_id":"eleven_flash_v2_5","name":"Eleven Flash v2.5","can_do_text_to_speech":true}]`)
	})
	mux.HandleFunc("GET /v1/user", keyed("Xi-Api-Key", `{"user_id":"u","subscription":{"tier":"free"}}`))
	mux.HandleFunc("GET /v2/voices", elevenLabsVoices)
	start(t, &e.Server, mux)
	return e
}

// Asked is what came, in the order of its beginnings.
func (e *ElevenLabs) Asked() []Asked {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Asked, len(e.asked))
	for i, a := range e.asked {
		a.Messages = append([]string(nil), a.Messages...)
		out[i] = a
	}
	return out
}

func (e *ElevenLabs) ask(r *http.Request) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, Asked{Path: r.URL.EscapedPath(), Query: r.URL.Query(), Key: r.Header.Get("Xi-Api-Key")})
	return len(e.asked) - 1
}

func (e *ElevenLabs) told(n int, message []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked[n].Messages = append(e.asked[n].Messages, string(message))
}

// refused answers a request without a key, as ElevenLabs does.
func (e *ElevenLabs) refused(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Xi-Api-Key") != "" {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, `{"detail":{"status":"needs_authorization","message":"Neither authorization header nor xi-api-key received, please provide one."}}`)
	return true
}

type elevenInput struct {
	Text    *string
	Flush   bool
	Trigger bool `json:"try_trigger_generation"`
}

func (e *ElevenLabs) socket(w http.ResponseWriter, r *http.Request) {
	if e.refused(w, r) {
		return
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	n := e.ask(r)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	jobs := make(chan string, 100) // "" is the end
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		e.speak(ctx, c, jobs, faultOf(r))
	}()
	defer func() { <-done }()
	defer close(jobs)
	auto := r.URL.Query().Get("auto_mode") == "true"
	pending, first := "", true
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			return
		}
		e.told(n, b)
		var in elevenInput
		if json.Unmarshal(b, &in) != nil || in.Text == nil || first && *in.Text != " " {
			send(ctx, c, map[string]any{"message": "Could not parse input message, make sure it is a json and follows the schema outlined in protocol.", "error": "invalid_input_message", "code": 1008})
			c.Close(websocket.StatusPolicyViolation, "Could not parse input message")
			return
		}
		switch {
		case first:
			first = false
		case *in.Text == "":
			jobs <- pending
			jobs <- ""
			pending = ""
		default:
			pending += *in.Text
			if strings.TrimSpace(pending) != "" && (auto || in.Flush) {
				e.heard(pending)
				jobs <- pending
				pending = ""
			}
		}
	}
}

// speak renders what is to be said, so that text may come while sound goes.
func (e *ElevenLabs) speak(ctx context.Context, c *websocket.Conn, jobs <-chan string, f Fault) {
	sent := 0
	for j := range jobs {
		if j == "" {
			if !e.NoFinal {
				c.Write(ctx, websocket.MessageText, []byte(`{"audio":null,"isFinal":true,"normalizedAlignment":null,"alignment":null}`))
			}
			c.Close(websocket.StatusNormalClosure, "")
			return
		}
		chars := strings.Split(j, "")
		for len(chars) > 0 {
			if !spoilt(ctx, c, f, sent, `{"audio":"`+base64.StdEncoding.EncodeToString(make([]byte, 640))+`","isFinal":null,"alignment":null}`, `{"audio":"AAAA","isFi`) {
				return
			}
			if sent == 0 {
				e.sounds()
			}
			k := min(len(chars), 10)
			send(ctx, c, map[string]any{"audio": base64.StdEncoding.EncodeToString(tone(k * perChar)), "isFinal": nil,
				"normalizedAlignment": e.align(chars[:k], sent), "alignment": e.align(chars[:k], sent)})
			chars = chars[k:]
			sent += k
		}
	}
}

func (e *ElevenLabs) align(chars []string, sent int) any {
	if e.Untimed {
		return nil
	}
	if !e.Absolute {
		sent = 0
	}
	starts, lasts := make([]int, len(chars)), make([]int, len(chars))
	for i := range chars {
		starts[i], lasts[i] = 20*(sent+i), 20
	}
	return map[string]any{"chars": chars, "charStartTimesMs": starts, "charDurationsMs": lasts}
}

// spoilt plays a fault of a websocket once n, which grows with what was sent, is past its beginning. False: the connection is
// over. Idle is a message without use, cut the beginning of one.
func spoilt(ctx context.Context, c *websocket.Conn, f Fault, n int, idle, cut string) bool {
	switch {
	case f == Hang, f == Stall && n >= 10:
		<-ctx.Done()
		return false
	case f == Drip:
		for c.Write(ctx, websocket.MessageText, []byte(idle)) == nil {
			time.Sleep(5 * time.Millisecond)
		}
		return false
	case f == CutJSON && n >= 10:
		c.Write(ctx, websocket.MessageText, []byte(cut))
		return false
	case f == Garbage && n >= 10:
		c.Write(ctx, websocket.MessageText, []byte("\x01\x02 no JSON at all"))
		<-ctx.Done()
		return false
	case f == Close && n >= 10:
		c.Close(websocket.StatusInternalError, "internal error")
		return false
	}
	return true
}

// read takes the body of a request.
func (e *ElevenLabs) read(w http.ResponseWriter, r *http.Request) (text string, ok bool) {
	if e.refused(w, r) {
		return "", false
	}
	n := e.ask(r)
	b, _ := io.ReadAll(r.Body)
	e.told(n, b)
	var body struct{ Text string }
	if json.Unmarshal(b, &body) != nil || body.Text == "" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, `{"detail":[{"loc":["body","text"],"msg":"field required","type":"value_error.missing"}]}`)
		return "", false
	}
	e.heard(body.Text)
	return body.Text, true
}

func (e *ElevenLabs) timed(w http.ResponseWriter, r *http.Request) {
	text, ok := e.read(w, r)
	if !ok {
		return
	}
	f := faultOf(r)
	if f == Hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	say := func(s string) { io.WriteString(w, s); w.(http.Flusher).Flush() }
	chars := strings.Split(text, "")
	for at := 0; at < len(chars); at += 4 {
		switch {
		case f == Stall && at > 0:
			<-r.Context().Done()
			return
		case f == Close && at > 0:
			panic(http.ErrAbortHandler)
		case f == CutJSON && at > 0:
			say(`{"audio_base64":"AAAA","alig`)
			return
		case f == Garbage && at > 0:
			say("\x01\x02 no JSON at all\n")
		case f == Drip:
			for r.Context().Err() == nil {
				say(`{"audio_base64":"` + base64.StdEncoding.EncodeToString(make([]byte, 640)) + `","alignment":null}` + "\n")
				time.Sleep(5 * time.Millisecond)
			}
			return
		}
		if at == 0 {
			e.sounds()
		}
		part := chars[at:min(at+4, len(chars))]
		starts, ends := make([]float64, len(part)), make([]float64, len(part))
		for i := range part {
			starts[i], ends[i] = 0.02*float64(at+i), 0.02*float64(at+i+1)
		}
		align := map[string]any{"characters": part, "character_start_times_seconds": starts, "character_end_times_seconds": ends}
		b, _ := json.Marshal(map[string]any{"audio_base64": base64.StdEncoding.EncodeToString(tone(len(part) * perChar)),
			"alignment": align, "normalized_alignment": align})
		say(string(b) + "\n")
	}
	if r.Context().Err() != nil {
		e.gaveUp()
	}
}

// plain is the sound alone.
func (e *ElevenLabs) plain(w http.ResponseWriter, r *http.Request) {
	if text, ok := e.read(w, r); ok {
		w.Header().Set("Content-Type", "audio/pcm")
		w.Write(tone(len([]rune(text)) * perChar))
	}
}
