package streamtest

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley/leg/stream"
)

// Dial opens the websocket of an address, with the headers of a carrier.
func Dial(ctx context.Context, url string, header http.Header) (stream.Socket, *http.Response, error) {
	conn, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return nil, res, err
	}
	return stream.Over(conn), res, nil
}

var errClosed = errors.New("streamtest: the socket is closed")

// pipeMost is how many messages a far end may leave unread before the next one waits.
const pipeMost = 16

// Pipe is a socket's two ends in memory.
func Pipe() (a, b stream.Socket) {
	x, y := newWay(), newWay()
	closed := make(chan struct{})
	once := sync.OnceFunc(func() { close(closed) })
	return &end{in: x, out: y, closed: closed, close: once}, &end{in: y, out: x, closed: closed, close: once}
}

// A way carries messages in one direction; those that were read are written anew.
type way struct{ full, free chan []byte }

func newWay() way {
	w := way{make(chan []byte, pipeMost+1), make(chan []byte, pipeMost+1)}
	for range cap(w.free) {
		w.free <- make([]byte, 0, 512)
	}
	return w
}

type end struct {
	in, out way
	read    []byte // the last that was read; nil: none
	closed  chan struct{}
	close   func()
}

func (e *end) Read() ([]byte, error) {
	if e.read != nil {
		e.in.free <- e.read
		e.read = nil
	}
	select { // what was said before the end is heard
	case e.read = <-e.in.full:
		return e.read, nil
	default:
	}
	select {
	case e.read = <-e.in.full:
		return e.read, nil
	case <-e.closed:
	}
	select {
	case e.read = <-e.in.full:
		return e.read, nil
	default:
		return nil, errClosed
	}
}

func (e *end) Write(message []byte) error {
	select {
	case <-e.closed:
		return errClosed
	default:
	}
	select {
	case b := <-e.out.free:
		e.out.full <- append(b[:0], message...) // it has as many places
		return nil
	case <-e.closed:
		return errClosed
	}
}

func (e *end) Ping(context.Context) error { return nil }

func (e *end) Close() { e.close() }
