package elevenlabs

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync"
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
	language string
	socket   *provider.Socket
	messages chan message
	closed   chan struct{}
	once     sync.Once
	dead     chan struct{} // closed when nothing more comes
	full     atomic.Bool   // the end of the text was sent
	running  sync.WaitGroup
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
	l := &line{language: language, socket: socket, messages: make(chan message, ahead), closed: make(chan struct{}), dead: make(chan struct{})}
	if err := l.send(input{Text: " ", Settings: v.options.settings()}); err != nil {
		socket.Close()
		return nil, err
	}
	l.running.Go(l.read)
	l.running.Go(l.keep)
	return l, nil
}

// Close drops the connection. What it had still to say is never heard.
func (l *line) Close() {
	l.once.Do(func() {
		close(l.closed)
		l.socket.Close()
	})
	l.running.Wait()
}

// Alive reports whether the connection can be spoken on.
func (l *line) Alive() bool {
	select {
	case <-l.dead:
		return false
	default:
		return true
	}
}

// input is a message of text. The first has " " for text, and the voice's settings; the last has "".
type input struct {
	Text     string    `json:"text"`
	Settings *settings `json:"voice_settings,omitempty"`
	Flush    bool      `json:"flush,omitempty"`
}

func (l *line) send(in input) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return l.socket.Text(b)
}

// say has a piece spoken now; ElevenLabs wants a space at its end.
func (l *line) say(piece string) error {
	if !strings.HasSuffix(piece, " ") {
		piece += " "
	}
	return l.send(input{Text: piece, Flush: true})
}

// finish says that there is no more text.
func (l *line) finish() error {
	l.full.Store(true)
	return l.send(input{})
}

// keep keeps the connection open while nobody speaks
// (https://help.elevenlabs.io/hc/en-us/articles/28084868106513-How-can-I-keep-the-WebSocket-open).
func (l *line) keep() {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if l.full.Load() || l.send(input{Text: " "}) != nil {
				return // the reader knows why
			}
		case <-l.dead:
			return
		case <-l.closed:
			return
		}
	}
}

func (l *line) read() {
	var buf []byte
	for {
		_, r, err := l.socket.Next()
		var m message
		if err == nil {
			if buf, err = provider.ReadAll(r, buf); err == nil {
				m, err = parse(buf)
			} else {
				err = provider.Fault(context.Background(), vendor, err)
			}
		}
		if err != nil {
			m = message{err: named(err)}
			close(l.dead)
		}
		select {
		case l.messages <- m:
		case <-l.closed:
			return
		}
		if err != nil {
			return
		}
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
