package gladia

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	opening   = 5 * time.Second // for the answer that names the websocket
	maxAnswer = 64 << 10        // bytes of it
)

var stop = []byte(`{"type":"stop_recording"}`)

// Warm opens connections for the request that begins a stream and for its websocket, as far as both are at one address.
func (t *Transcriber) Warm(ctx context.Context) error {
	return errors.Join(t.net.Reach(ctx, vendor, t.base), t.net.Knock(ctx, vendor, t.base))
}

// Transcribe hears one stream. Every frame is sent when it comes. Closing in lets Gladia finish, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return provider.Hear(ctx, in, func(ctx context.Context) (*provider.Ear, error) {
		address, err := t.open(ctx, o)
		if err != nil {
			return nil, err
		}
		socket, err := t.net.Dial(ctx, vendor, address, nil) // its token is key enough
		if err != nil {
			return nil, err
		}
		h := &hearing{key: t.header.Get("X-Gladia-Key")}
		var wire [2 * audio.Samples]byte
		h.ear = &provider.Ear{Vendor: vendor, Socket: socket, Leave: stop, Take: h.take, Rest: h.rest}
		h.ear.Sound = func(_ context.Context, f *audio.Frame) error {
			provider.Linear16(wire[:], f)
			return socket.Binary(wire[:])
		}
		h.ear.Finish = func() error { return socket.Text(stop) }
		return h.ear, nil
	})
}

// open begins a session, and gives the address of its websocket.
func (t *Transcriber) open(ctx context.Context, o stt.Options) (string, error) {
	u, err := url.Parse(t.base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", parley.Invalid("base_url", "base_url of Gladia is no http(s) address")
	}
	u.Path += "/v2/live"
	u.RawQuery = t.query().Encode()
	body, err := json.Marshal(t.request(o))
	if err != nil {
		return "", err
	}
	bounded, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	req, err := http.NewRequestWithContext(bounded, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header = t.header.Clone()
	resp, err := t.net.Do(vendor, req)
	if err != nil {
		if ctx.Err() == nil && bounded.Err() != nil {
			return "", &parley.VendorError{Vendor: vendor, Code: parley.VendorTimeout, Message: "did not open a session within " + opening.String(), Err: err}
		}
		return "", err
	}
	defer resp.Body.Close()
	var answer struct{ URL string }
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", provider.Fault(ctx, vendor, err)
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return "", provider.BadOutput(vendor, "the answer to POST /v2/live is not JSON: "+provider.Line(string(b)), err)
	}
	if u, err := url.Parse(answer.URL); err != nil || u.Scheme != "wss" && u.Scheme != "ws" || u.Host == "" {
		return "", provider.BadOutput(vendor, "the answer to POST /v2/live names no websocket", nil)
	}
	return answer.URL, nil
}

// hearing is one open session.
type hearing struct {
	ear   *provider.Ear
	key   string // is kept out of errors
	words words
}

func (h *hearing) hide(text string) string {
	if h.key == "" {
		return text
	}
	return strings.ReplaceAll(text, h.key, "…")
}

func (h *hearing) take(text bool, b []byte) (events []stt.Event, over bool, err error) {
	if !text {
		return nil, false, nil
	}
	m, err := parseMessage(b)
	switch {
	case err != nil:
		return nil, false, provider.BadOutput(vendor, "a message is not as documented: "+provider.Line(h.hide(string(b))), err)
	case m.Error != nil:
		return nil, false, &parley.VendorError{Vendor: vendor, Code: parley.VendorRefused, Message: provider.Line(h.hide(m.Error.Message))}
	case m.Type == "end_session" && h.ear.Ended():
		return nil, true, nil
	case m.Type == "end_session":
		return nil, false, provider.Closed(vendor, "ended the session")
	}
	return h.words.take(&m), false, nil
}

// rest tells words that were never final.
func (h *hearing) rest(err error) ([]stt.Event, error) {
	if err = h.typed(err); err != nil && !(h.ear.Ended() && provider.Farewell(err)) {
		return nil, err
	}
	if e := h.words.rest(); e != nil {
		return []stt.Event{*e}, nil
	}
	return nil, nil
}
