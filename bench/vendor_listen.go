package bench

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	energetic    = 600.0                  // RMS of 10 ms that is speech, of 32767
	interimEvery = 300 * time.Millisecond //
	wordEvery    = 250 * time.Millisecond // a caller's pace
	chunkLimit   = 1 << 20                // bytes of one message
	writeLimit   = 2 * time.Second
)

// listen is wss /v1/listen for linear16, mono.
func (v *Vendors) listen(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"token"}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(chunkLimit)
	q := r.URL.Query()
	rate, err := strconv.Atoi(q.Get("sample_rate"))
	if err != nil || rate < 8000 || rate > 48000 {
		rate = 16000
	}
	ear := &vendorEar{conn: c, ctx: v.life, delay: v.delays.STT, rate: rate, start: time.Now(), interim: q.Get("interim_results") == "true", starts: q.Get("vad_events") == "true"}
	defer ear.close()
	for {
		kind, b, err := c.Read(v.life)
		switch {
		case err != nil:
			return
		case kind == websocket.MessageBinary:
			ear.hear(b)
			if v.fault != NoFault && ear.audible() && v.spoilSocket(deaf(v.life, c), c, `{"type":"Metadata"}`, `{"type":"Results","chan`) {
				return
			}
		case strings.Contains(string(b), "CloseStream"):
			ear.finish()
			ear.send(map[string]any{"type": "Metadata", "duration": time.Since(ear.start).Seconds(), "channels": 1})
			_ = c.Close(websocket.StatusNormalClosure, "")
			return
		}
	}
}

// A vendorEar says the fixed words Delays.STT after the last speech it was sent.
type vendorEar struct {
	conn            *websocket.Conn
	ctx             context.Context
	delay           time.Duration
	rate            int
	start           time.Time
	interim, starts bool

	mu       sync.Mutex // guards all below
	speaking bool
	began    time.Time
	told     time.Time // of the last interim
	timer    *time.Timer
	closed   bool
}

func (e *vendorEar) hear(b []byte) {
	if !speech(b, e.rate) {
		return
	}
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.speaking {
		e.speaking, e.began, e.told = true, now, now
		if e.starts {
			e.send(map[string]any{"type": "SpeechStarted", "channel": []int{0, 1}, "timestamp": now.Sub(e.start).Seconds()})
		}
	} else if e.interim && now.Sub(e.told) >= interimEvery {
		e.told = now
		e.send(e.result(1+int(now.Sub(e.began)/wordEvery), false))
	}
	if e.timer == nil {
		e.timer = time.AfterFunc(e.delay, e.finish)
	} else {
		e.timer.Reset(e.delay)
	}
}

// deaf takes what a client goes on to send, and forgets it; the context is done when the client has gone. Its goroutine ends then.
func deaf(ctx context.Context, c *websocket.Conn) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for {
			if _, _, err := c.Read(ctx); err != nil {
				return
			}
		}
	}()
	return ctx
}

// audible reports whether words were told, or speech was noticed.
func (e *vendorEar) audible() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.speaking && time.Since(e.began) > interimEvery
}

// speech reports whether any 10 ms of b is.
func speech(b []byte, rate int) bool {
	block := rate / 100
	var sum float64
	n := 0
	for ; len(b) >= 2; b = b[2:] {
		s := float64(int16(binary.LittleEndian.Uint16(b)))
		sum += s * s
		if n++; n == block {
			if math.Sqrt(sum/float64(n)) > energetic {
				return true
			}
			sum, n = 0, 0
		}
	}
	return n > 0 && math.Sqrt(sum/float64(n)) > energetic
}

// finish closes the utterance, if there is one.
func (e *vendorEar) finish() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.speaking || e.closed {
		return
	}
	e.speaking = false
	e.send(e.result(len(fixedWords), true))
}

func (e *vendorEar) result(n int, final bool) map[string]any {
	n = min(n, len(fixedWords))
	words := make([]map[string]any, n)
	base := e.began.Sub(e.start).Seconds()
	for i := range words {
		at := base + 0.2*float64(i)
		words[i] = map[string]any{"word": fixedWords[i], "punctuated_word": fixedWords[i], "start": at, "end": at + 0.18, "confidence": 0.99}
	}
	return map[string]any{
		"type": "Results", "channel_index": []int{0, 1}, "start": base, "duration": time.Since(e.began).Seconds(),
		"is_final": final, "speech_final": final, "from_finalize": false,
		"channel": map[string]any{"alternatives": []any{map[string]any{
			"transcript": strings.Join(fixedWords[:n], " "), "confidence": 0.99, "words": words}}},
	}
}

// send gives up on a client that does not read.
func (e *vendorEar) send(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(e.ctx, writeLimit)
	defer cancel()
	_ = e.conn.Write(ctx, websocket.MessageText, b) // the reader learns of a broken connection
}

func (e *vendorEar) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.timer != nil {
		e.timer.Stop()
	}
}
