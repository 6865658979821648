package elevenlabs

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

const (
	patience  = 180 // s that ElevenLabs waits for text, the most it can be asked for
	keepAlive = 15 * time.Second
	ahead     = 64 // messages read before anybody wants them, so that pings are answered meanwhile
)

// A message is what ElevenLabs sends: sound, the end, or an error.
type message struct {
	Audio   []byte     `json:"audio"`
	Final   bool       `json:"isFinal"`
	Align   *alignment `json:"alignment"`
	Error   string     `json:"error"`
	Message string     `json:"message"`
	Code    int        `json:"code"`

	err error // the line is dead
}

// A line is an open connection to /v1/text-to-speech/{voice_id}/stream-input. It speaks one reply: the end of its text is the end
// of the connection.
type line struct {
	*provider.Wire
	language string
	messages chan message
	full     atomic.Bool // the end of the text was sent
}

// address is where a line in a language connects to.
func (v *Voice) address(language string) (string, error) {
	o := &v.options
	q := url.Values{"model_id": {o.ModelID}, "output_format": {format}, "auto_mode": {"true"}, "sync_alignment": {"true"},
		"inactivity_timeout": {strconv.Itoa(patience)}}
	if o.OptimizeStreamingLatency > 0 {
		q.Set("optimize_streaming_latency", strconv.Itoa(o.OptimizeStreamingLatency))
	}
	if code := o.language(language); code != "" {
		q.Set("language_code", code)
	}
	return provider.SocketURL(v.base, "/v1/text-to-speech/"+o.VoiceID+"/stream-input", q)
}

// open connects, and says how the voice is to be.
func (v *Voice) open(ctx context.Context) (*line, error) {
	language := v.tongue()
	address, err := v.address(language)
	if err != nil {
		return nil, parley.Invalid("base_url", err.Error())
	}
	socket, err := v.net.Dial(ctx, vendor, address, v.header)
	if err != nil {
		return nil, err
	}
	l := &line{Wire: provider.NewWire(socket), language: language, messages: make(chan message, ahead)}
	if err := l.Send(input{Text: " ", Settings: v.options.settings()}); err != nil {
		socket.Close()
		return nil, err
	}
	provider.ReadWire(l.Wire, parse, l.give)
	l.Go(l.keep)
	return l, nil
}

// input is a message of text. The first has " " for text, and the voice's settings; the last has "".
type input struct {
	Text     string    `json:"text"`
	Settings *settings `json:"voice_settings,omitempty"`
	Flush    bool      `json:"flush,omitempty"`
}

// say has a piece spoken now; ElevenLabs wants a space at its end.
func (l *line) say(piece string) error {
	if !strings.HasSuffix(piece, " ") {
		piece += " "
	}
	return l.Send(input{Text: piece, Flush: true})
}

// finish says that there is no more text.
func (l *line) finish() error {
	l.full.Store(true)
	return l.Send(input{})
}

// keep keeps the connection open while nobody speaks
// (https://help.elevenlabs.io/hc/en-us/articles/28084868106513-How-can-I-keep-the-WebSocket-open).
func (l *line) keep() {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if l.full.Load() || l.Send(input{Text: " "}) != nil {
				return // the reader knows why
			}
		case <-l.Dead():
			return
		case <-l.Closed():
			return
		}
	}
}

// give is where what comes in goes. False: the line is closed.
func (l *line) give(m message, err error) bool {
	if err != nil {
		m = message{err: named(err)}
	}
	select {
	case l.messages <- m:
		return true
	case <-l.Closed():
		return false
	}
}

func parse(b []byte) (m message, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return message{}, provider.BadOutput(vendor, "a message is not as documented: "+provider.Line(string(b[:min(len(b), 200)])), err)
	}
	if m.Error != "" || m.Message != "" && m.Audio == nil {
		return message{}, &parley.VendorError{Vendor: vendor, Code: parley.VendorRefused, Status: m.Code, Message: provider.Line(strings.TrimSpace(m.Error + ": " + m.Message))}
	}
	return m, nil
}

// named gives an error that ElevenLabs told by a close code 1008 the code that its words mean: the close code is the same for all.
func named(err error) error {
	var e *parley.VendorError
	if !errors.As(err, &e) || e.Code != parley.VendorRefused {
		return err
	}
	said := strings.ToLower(e.Message)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(said, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("invalid_api_key", "invalid api key", "unauthorized", "unusual_activity", "unusual activity"):
		e.Code, e.Message = parley.VendorUnauthorized, "the key is missing, wrong or not allowed to do this"
	case has("quota", "too_many", "rate_limit", "concurrent", "maximum simultaneous"):
		e.Code = parley.VendorRateLimited
	case has("timeout", "busy", "internal"):
		e.Code = parley.VendorUnavailable
	}
	return e
}
