package deepgram

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// Deepgram takes 20 Flush messages a minute on a connection; past flushSoft we save them for the ends of replies.
const (
	flushWindow = time.Minute
	flushSoft   = 14
	soundBuf    = 4096 // bytes of sound passed on at once: 128 ms
	maxText     = 1900 // bytes of one Speak; Deepgram's limit is 2000 characters
)

// A part is what a line has received.
type part struct {
	sound   []byte // of the piece being spoken; the line's, until more is asked for
	flushed bool   // the sound of a flush is whole
	err     error  // the line is dead
}

// A line is an open connection to /v1/speak. One goroutine reads it, also while nobody speaks, so that pings are answered
// and its death is noticed.
type line struct {
	*provider.Wire
	parts chan part
	next  chan struct{} // the consumer is done with a part

	flushes [flushSoft]time.Time // when the last were sent; belongs to who speaks
	oldest  int
}

func openLine(ctx context.Context, n *provider.Net, address string, h http.Header) (*line, error) {
	socket, err := n.Dial(ctx, vendor, address, h)
	if err != nil {
		return nil, err
	}
	l := &line{Wire: provider.NewWire(socket), parts: make(chan part), next: make(chan struct{})}
	l.Go(l.read)
	return l, nil
}

func (l *line) read() {
	buf := make([]byte, soundBuf)
	for {
		text, r, err := l.Socket.Next()
		if err == nil && text {
			err = l.message(r)
		} else if err == nil {
			err = l.sound(r, buf)
		}
		if err != nil {
			l.Die(err)
			_ = l.give(part{err: err})
			return
		}
	}
}

var errClosed = errors.New("deepgram: the line was closed")

// give hands a part over and waits until it is done with.
func (l *line) give(p part) error {
	select {
	case l.parts <- p:
	case <-l.Closed():
		return errClosed
	}
	if p.err != nil {
		return p.err
	}
	select {
	case <-l.next:
		return nil
	case <-l.Closed():
		return errClosed
	}
}

// sound passes a message on while it is still coming in.
func (l *line) sound(r io.Reader, buf []byte) error {
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := l.give(part{sound: buf[:n]}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return provider.Fault(context.Background(), vendor, err)
		}
	}
}

func (l *line) message(r io.Reader) error {
	b, err := provider.ReadAll(r, nil)
	if err != nil {
		return provider.Fault(context.Background(), vendor, err)
	}
	return l.take(b)
}

// take reads a control message (https://developers.deepgram.com/reference/text-to-speech/speak-streaming).
func (l *line) take(b []byte) error {
	var m struct {
		Type        string `json:"type"`
		Code        string `json:"code"`
		ErrCode     string `json:"err_code"`
		Description string `json:"description"`
		ErrMsg      string `json:"err_msg"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return provider.BadOutput(vendor, "a message is not JSON: "+provider.Line(string(b)), err)
	}
	switch m.Type {
	case "Flushed":
		return l.give(part{flushed: true})
	case "Error":
		return &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Message: provider.Line(m.ErrCode + m.Code + " " + m.ErrMsg + m.Description)}
	case "Warning":
		if strings.Contains(strings.ToUpper(m.Code), "FLUSH") { // it will not be answered
			return &parley.VendorError{Vendor: vendor, Code: parley.VendorRateLimited, Message: provider.Line(m.Description)}
		}
	}
	return nil
}

// say sends a piece of text, in several messages when it is longer than Deepgram takes in one.
func (l *line) say(text string) error {
	for len(text) > maxText {
		cut := strings.LastIndexByte(text[:maxText], ' ') + 1
		if cut == 0 {
			cut = len(strings.ToValidUTF8(text[:maxText], ""))
		}
		if err := l.speak(text[:cut]); err != nil {
			return err
		}
		text = text[cut:]
	}
	return l.speak(text)
}

func (l *line) speak(text string) error {
	return l.Send(struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}{"Speak", text})
}

// flush has what was said spoken now.
func (l *line) flush() error {
	l.flushes[l.oldest] = time.Now()
	l.oldest = (l.oldest + 1) % len(l.flushes)
	return l.Socket.Text([]byte(`{"type":"Flush"}`))
}

// spent reports whether flushes should be saved.
func (l *line) spent() bool {
	t := l.flushes[l.oldest]
	return !t.IsZero() && time.Since(t) < flushWindow
}
