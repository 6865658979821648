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
	piecesWaiting = 1000 // of one voice; a client that sends more waits
	toneHz        = 440
	toneLevel     = 9000
)

// speak is wss /v1/speak for linear16. A piece is a tone as long as its letters; sound comes faster than it plays, in
// chunks of 100 ms.
func (v *Vendors) speak(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"token"}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	rate, err := strconv.Atoi(r.URL.Query().Get("sample_rate"))
	if err != nil || rate < 8000 || rate > 48000 || rate%100 != 0 {
		rate = 24000
	}
	ctx, cancel := context.WithCancel(v.life)
	defer cancel()
	orders := make(chan order, piecesWaiting)
	v.running.Go(func() { v.voice(ctx, c, rate, orders) }) // this handler is counted, too
	defer close(orders)
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			return
		}
		var m struct{ Type, Text string }
		_ = json.Unmarshal(b, &m) // what is no order is passed over
		o := order{text: strings.TrimSpace(m.Text), at: time.Now(), flush: m.Type == "Flush"}
		switch {
		case m.Type == "Close":
			return
		case m.Type != "Flush" && (m.Type != "Speak" || o.text == ""):
			continue
		}
		select {
		case orders <- o:
		case <-ctx.Done():
			return
		}
	}
}

// An order is a piece to be spoken, or the end of a reply.
type order struct {
	text  string
	at    time.Time
	flush bool
}

func (v *Vendors) voice(ctx context.Context, c *websocket.Conn, rate int, orders <-chan order) {
	second := toneOf(rate)
	first, sent := true, 0
	for o := range orders {
		if o.flush {
			if c.Write(ctx, websocket.MessageText, []byte(`{"type":"Flushed","sequence_id":0}`)) != nil {
				return
			}
			first = true
			continue
		}
		if first && !wait(ctx, time.Until(o.at.Add(v.delays.TTS))) {
			return
		}
		if first && v.delays.Silence > 0 &&
			c.Write(ctx, websocket.MessageBinary, make([]byte, 2*int(v.delays.Silence*time.Duration(rate)/time.Second))) != nil {
			return
		}
		first = false
		samples := int(time.Duration(len(o.text)) * perLetter * time.Duration(rate) / time.Second)
		for at := 0; at < samples; at += rate / 10 {
			n := min(rate/10, samples-at)
			from := at % rate // a whole second holds whole waves
			if sent == soundFirst && v.spoilSocket(ctx, c, `{"type":"Metadata"}`, `{"type":"Flu`) {
				return
			}
			sent++
			if c.Write(ctx, websocket.MessageBinary, second[2*from:2*(from+n)]) != nil {
				return
			}
		}
	}
}

// tones keeps the voice at the rates asked for so far.
var tones sync.Map

func toneOf(rate int) []byte {
	if b, ok := tones.Load(rate); ok {
		return b.([]byte)
	}
	b, _ := tones.LoadOrStore(rate, tone(rate))
	return b.([]byte)
}

// tone is one second of the voice.
func tone(rate int) []byte {
	b := make([]byte, 2*rate)
	for i := range rate {
		s := int16(toneLevel * math.Sin(2*math.Pi*toneHz*float64(i)/float64(rate)))
		binary.LittleEndian.PutUint16(b[2*i:], uint16(s))
	}
	return b
}
