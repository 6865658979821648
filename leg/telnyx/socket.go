package telnyx

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/stream"
	"github.com/parley-voice/parley/rtp"
)

// words are what Telnyx is told (developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket).
var words = stream.Words{
	Media: [2]string{`{"event":"media","media":{"payload":"`, `"}}`},
	Mark:  [2]string{`{"event":"mark","mark":{"name":"`, `"}}`},
	Clear: `{"event":"clear"}`,
}

// An arrival is the websocket of a call, greeted.
type arrival struct {
	socket stream.Socket
	id     string    // of the stream
	heard  rtp.Codec // what comes
}

// start is the message that begins the sound.
type start struct {
	Stream string `json:"stream_id"`
	Start  struct {
		Control string `json:"call_control_id"`
		Format  struct {
			Encoding string `json:"encoding"`
		} `json:"media_format"`
	} `json:"start"`
}

var (
	errToken  = errors.New("telnyx: there is no call that this websocket is for")
	errStart  = errors.New("telnyx: the websocket is for another call")
	errFormat = errors.New("telnyx: the sound has a format that we do not know")
)

// codecs are those of media_format that we take, as Telnyx writes them.
var codecs = map[string]rtp.Codec{"PCMU": rtp.PCMU, "PCMA": rtp.PCMA, "G722": rtp.G722, "OPUS": rtp.Opus}

// expect makes the address of a call's websocket. It is good once; forget it when nobody waits any more.
func (d *Door) expect(l *line) (token, address string) {
	token = rand.Text()
	d.mu.Lock()
	d.awaiting[token] = l
	d.mu.Unlock()
	return token, socketURL(d.cfg.Public) + MediaPath + token
}

func (d *Door) forget(token string) {
	d.mu.Lock()
	delete(d.awaiting, token)
	d.mu.Unlock()
}

// socketURL is a public address as a websocket's.
func socketURL(public string) string {
	return strings.Replace(strings.TrimRight(public, "/"), "http", "ws", 1)
}

// media takes a websocket of Telnyx'.
func (d *Door) media(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	d.mu.Lock()
	l := d.awaiting[token]
	delete(d.awaiting, token)
	d.mu.Unlock()
	if l == nil {
		http.Error(w, errToken.Error(), http.StatusNotFound)
		return
	}
	socket, err := stream.Accept(w, r)
	if err != nil {
		return
	}
	ctx, stop := context.WithTimeout(d.quit, d.waits.sound)
	defer stop()
	a, err := greet(ctx, socket, l)
	if err != nil {
		socket.Close()
		d.log.Warn("a websocket of Telnyx' was closed", "error", err)
		l.tell(&event{Type: "streaming.failed", Payload: payload{Why: err.Error()}})
		return
	}
	if !l.arrive(a) {
		socket.Close()
	}
}

// greet reads the beginning.
func greet(ctx context.Context, socket stream.Socket, l *line) (*arrival, error) {
	b, err := stream.Greet(ctx, socket)
	if err != nil {
		return nil, err
	}
	var s start
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, errStart
	}
	if s.Start.Control == "" || !l.is(s.Start.Control) {
		return nil, errStart
	}
	heard, ok := codecs[s.Start.Format.Encoding]
	if !ok {
		return nil, errFormat
	}
	if len(s.Stream) > 128 || !clean(s.Stream) {
		s.Stream = ""
	}
	return &arrival{socket, s.Stream, heard}, nil
}

// is reports whether the call has that id; one that has none yet has it from now on.
func (l *line) is(control string) bool {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	if l.ids.Control == "" {
		l.d.named(l, IDs{Control: control})
		l.placed.set()
	}
	return l.ids.Control == control
}

// hold reads a socket, and throws away what comes, until it is handed over: before a call is answered there is ringing on it.
func (a *arrival) hold() (handOver func() stream.Socket) {
	h := &held{Socket: a.socket, first: make(chan message, 1), over: make(chan struct{})}
	go func() {
		for {
			b, err := h.Socket.Read()
			select {
			case <-h.over:
				h.first <- message{b, err}
				return
			default:
			}
			if err != nil {
				h.first <- message{b, err}
				return
			}
		}
	}()
	return func() stream.Socket {
		h.once.Do(func() { close(h.over) })
		return h
	}
}

type message struct {
	b   []byte
	err error
}

// held is a socket that somebody else has begun to read a message of.
type held struct {
	stream.Socket
	first chan message // what they read
	over  chan struct{}
	once  sync.Once
	had   bool
}

// Read implements stream.Socket.
func (h *held) Read() ([]byte, error) {
	if !h.had {
		h.had = true
		m := <-h.first
		return m.b, m.err
	}
	return h.Socket.Read()
}

// awaitSound waits for a call's websocket.
func (l *line) awaitSound(ctx context.Context) (*arrival, error) {
	late := time.NewTimer(l.d.waits.sound)
	defer late.Stop()
	select {
	case a := <-l.arrived:
		return a, nil
	case <-l.failed.is:
	case <-late.C:
	case <-l.over.is:
		return nil, errGone
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("%w (%w)", l.noSound(), &leg.GoneError{Cause: parley.MediaTimeout})
}
