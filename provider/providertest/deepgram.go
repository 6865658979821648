package providertest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Deepgram is a fake of /v1/listen, /v2/listen (flux.go) and /v1/speak, after developers.deepgram.com. It hears Spoken, and speaks a tone of
// 20 ms a character.
type Deepgram struct {
	Server
	Queries []string // of the handshakes; read them once the test is over
	Got     []string // JSON messages received, in order
}

// NewDeepgram starts one; it ends with the test.
func NewDeepgram(t testing.TB) *Deepgram {
	d := new(Deepgram)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/auth/token", keyed("Authorization", `{"api_key_id":"k","scopes":["usage:write"]}`))
	mux.HandleFunc("GET /v1/models", keyed("Authorization", deepgramModels))
	mux.HandleFunc("/v1/listen", d.listen)
	mux.HandleFunc("/v2/listen", d.flux)
	mux.HandleFunc("/v1/speak", d.speak)
	start(t, &d.Server, mux)
	return d
}

func (d *Deepgram) accept(w http.ResponseWriter, r *http.Request) *websocket.Conn {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Token ") {
		http.Error(w, `{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}`, http.StatusUnauthorized)
		return nil
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil
	}
	c.SetReadLimit(1 << 20)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Queries = append(d.Queries, r.URL.RawQuery)
	return c
}

func (d *Deepgram) listen(w http.ResponseWriter, r *http.Request) {
	c := d.accept(w, r)
	if c == nil {
		return
	}
	defer c.CloseNow()
	ctx, f := r.Context(), faultOf(r)
	rate, _ := strconv.Atoi(r.URL.Query().Get("sample_rate"))
	e := ear{rate: rate}
	for n := 0; ; n++ {
		typ, b, err := c.Read(ctx)
		if err != nil {
			return
		}
		if typ == websocket.MessageText {
			d.got(string(b))
			if strings.Contains(string(b), "CloseStream") {
				if ws := e.rest(); len(ws) > 0 {
					send(ctx, c, result(ws, true, false))
				}
				send(ctx, c, map[string]any{"type": "Metadata", "request_id": "x", "duration": 1.0})
				c.Close(websocket.StatusNormalClosure, "")
				return
			}
			continue
		}
		if n == 12 {
			switch f {
			case Close:
				c.Close(websocket.StatusInternalError, "NET-0000")
				return
			case CutJSON:
				c.Write(ctx, websocket.MessageText, []byte(`{"type":"Results","is_final":tr`))
				return
			case Garbage:
				c.Write(ctx, websocket.MessageText, []byte("\x01\x02 no JSON at all"))
			}
		}
		for _, x := range e.hear(samples(r.URL.Query().Get("encoding"), b)) {
			if x.started {
				send(ctx, c, map[string]any{"type": "SpeechStarted", "channel": []int{0}, "timestamp": 0.1})
			}
			send(ctx, c, result(x.words, x.final, x.final))
		}
	}
}

func (d *Deepgram) got(message string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Got = append(d.Got, message)
}

// Messages are the JSON messages received so far.
func (d *Deepgram) Messages() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.Got...)
}

func send(ctx context.Context, c *websocket.Conn, v any) {
	b, _ := json.Marshal(v)
	c.Write(ctx, websocket.MessageText, b)
}

func result(ws []heardWord, final, speechFinal bool) map[string]any {
	words := []map[string]any{}
	for _, w := range ws {
		words = append(words, map[string]any{"word": w.text, "punctuated_word": w.text, "start": w.start, "end": w.end, "confidence": 0.99})
	}
	return map[string]any{"type": "Results", "channel_index": []int{0, 1}, "duration": 1.0, "start": 0.0, "is_final": final,
		"speech_final": speechFinal, "from_finalize": false,
		"channel":  map[string]any{"alternatives": []any{map[string]any{"transcript": textOf(ws), "confidence": 0.99, "words": words}}},
		"metadata": map[string]any{"request_id": "x"}}
}

// speak renders in a goroutine of its own, so that text may come while sound goes.
func (d *Deepgram) speak(w http.ResponseWriter, r *http.Request) {
	c := d.accept(w, r)
	if c == nil {
		return
	}
	defer c.CloseNow()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	rate, _ := strconv.Atoi(r.URL.Query().Get("sample_rate"))
	send(ctx, c, map[string]any{"type": "Metadata", "request_id": "x", "model_name": "fake"})
	jobs := make(chan string, 100) // "" is a flush
	var render sync.WaitGroup
	render.Go(func() {
		defer cancel()
		d.render(ctx, c, rate, jobs, faultOf(r))
	})
	defer render.Wait()
	defer close(jobs)
	defer cancel()
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			return
		}
		d.got(string(b))
		var m struct{ Type, Text string }
		json.Unmarshal(b, &m)
		switch m.Type {
		case "Speak":
			d.heard(m.Text)
			jobs <- m.Text
		case "Flush":
			jobs <- ""
		case "Close":
			return
		}
	}
}

func (d *Deepgram) render(ctx context.Context, c *websocket.Conn, rate int, jobs <-chan string, f Fault) {
	n, pending := 0, ""
	for j := range jobs {
		if j != "" {
			pending += j
			continue
		}
		sound := tone(rate / 50 * len([]rune(strings.TrimSpace(pending))))
		for len(sound) > 0 {
			if !d.spoil(ctx, c, f, n) {
				return
			}
			k := min(len(sound), 1001) // odd: a sample may be cut in two
			if c.Write(ctx, websocket.MessageBinary, sound[:k]) != nil {
				return
			}
			sound = sound[k:]
			n++
		}
		pending = ""
		send(ctx, c, map[string]any{"type": "Flushed", "sequence_id": 0})
	}
}

// spoil plays a fault before the n-th message of sound. False: the connection is over.
func (d *Deepgram) spoil(ctx context.Context, c *websocket.Conn, f Fault, n int) bool {
	switch {
	case f == Hang, f == Stall && n == 12:
		<-ctx.Done()
		return false
	case f == Drip:
		for c.Write(ctx, websocket.MessageBinary, make([]byte, 640)) == nil {
			time.Sleep(5 * time.Millisecond)
		}
		return false
	case f == CutJSON && n == 12:
		c.Write(ctx, websocket.MessageText, []byte(`{"type":"Flush`))
		return false
	case f == Garbage && n == 12:
		c.Write(ctx, websocket.MessageText, []byte("\x01\x02 no JSON at all"))
		<-ctx.Done()
		return false
	case f == Close && n == 12:
		c.Close(websocket.StatusInternalError, "NET-0000")
		return false
	}
	return true
}
