package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// A Socket carries messages, each whole. Read is for one goroutine, Write for one other; Ping and Close are for any.
type Socket interface {
	// Read gives the next message; it is the socket's again at the next Read.
	Read() ([]byte, error)
	Write(message []byte) error // blocks while the far end does not read
	Ping(ctx context.Context) error
	Close() // ends what waits in the others; it may be called twice
}

// mostMessage is the longest message taken: a start with its parameters; 20 ms of sound have 300 bytes.
const mostMessage = 32 << 10

// bodyWithin is how long a webhook's body may take: anybody may send one.
const bodyWithin = 10 * time.Second

// Body reads that of a webhook, of so many bytes at most.
func Body(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	slow := http.NewResponseController(w)
	_ = slow.SetReadDeadline(time.Now().Add(bodyWithin)) // it is there wherever requests come by a connection
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err == nil {
		_ = slow.SetReadDeadline(time.Time{})
	}
	return b, err
}

// Accept makes a socket of a request that asks for one. It has answered the request when it fails.
func Accept(w http.ResponseWriter, r *http.Request) (Socket, error) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // of Origin: carriers are no browsers, and have no cookies
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	return Over(conn), nil
}

// Over makes a socket of a websocket.
func Over(conn *websocket.Conn) Socket {
	conn.SetReadLimit(mostMessage)
	return &socket{conn: conn, buf: make([]byte, 0, 1024)}
}

type socket struct {
	conn *websocket.Conn
	buf  []byte
}

// A context that can be done would cost allocations with each message: Close ends what waits.
var always = context.Background()

func (s *socket) Read() ([]byte, error) {
	_, r, err := s.conn.Reader(always)
	if err != nil {
		return nil, err
	}
	s.buf = s.buf[:0]
	for {
		if len(s.buf) == cap(s.buf) {
			s.buf = append(s.buf, 0)[:len(s.buf)]
		}
		n, err := r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		if errors.Is(err, io.EOF) {
			return s.buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *socket) Write(message []byte) error {
	return s.conn.Write(always, websocket.MessageText, message)
}

func (s *socket) Ping(ctx context.Context) error { return s.conn.Ping(ctx) }

func (s *socket) Close() { _ = s.conn.CloseNow() }

var errStart = errors.New("stream: the far end began with something else than its start")

// Greet reads what a carrier says before the sound, and gives the message that begins it. ctx bounds how long that may take; the
// socket is closed when it fails.
func Greet(ctx context.Context, s Socket) (start []byte, err error) {
	defer context.AfterFunc(ctx, s.Close)()
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	for range 8 {
		b, err := s.Read()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("stream: waiting for the start: %w", err)
		}
		var m message
		if !m.parse(b) {
			return nil, errStart
		}
		switch string(m.event) {
		case "connected":
		case "start":
			return append([]byte(nil), b...), nil
		default:
			return nil, errStart
		}
	}
	return nil, errStart
}
