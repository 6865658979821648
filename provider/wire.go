package provider

import (
	"encoding/json"
	"sync"
	"time"
)

// A Wire is an open websocket to a vendor that speaks, a Link of a Spare. It is read also while nobody speaks, so that pings are
// answered and its death is noticed.
type Wire struct {
	Socket *Socket

	closed  chan struct{}
	once    sync.Once
	dead    chan struct{} // closed when nothing more comes
	why     error         // read it after dead
	running sync.WaitGroup
}

// NewWire is the wire of a socket. Nobody reads it yet.
func NewWire(s *Socket) *Wire {
	return &Wire{Socket: s, closed: make(chan struct{}), dead: make(chan struct{})}
}

// Go runs what ends with the wire; Close waits for it.
func (w *Wire) Go(f func()) { w.running.Go(f) }

// Close drops the connection and waits for what runs. What the vendor had still to say is never heard.
func (w *Wire) Close() {
	w.once.Do(func() {
		close(w.closed)
		w.Socket.Close()
	})
	w.running.Wait()
}

// Closed is closed by Close.
func (w *Wire) Closed() <-chan struct{} { return w.closed }

// Die says that nothing more comes, and why. It is called once, by who reads.
func (w *Wire) Die(why error) {
	w.why = why
	close(w.dead)
}

// Dead is closed by Die.
func (w *Wire) Dead() <-chan struct{} { return w.dead }

// Alive reports whether the connection can be spoken on.
func (w *Wire) Alive() bool {
	select {
	case <-w.dead:
		return false
	default:
		return true
	}
}

// Why is what the wire died of, nil while it is alive.
func (w *Wire) Why() error {
	if w.Alive() {
		return nil
	}
	return w.why
}

// Send sends v as a JSON message.
func (w *Wire) Send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.Socket.Text(b)
}

// ReadWire has messages read until the wire ends. Parse makes something of one, which is valid until it returns; its error ends the wire, as
// the socket's does. Give gets what parse made, and last the error, when the wire is dead already; it returns false once it is closed.
func ReadWire[M any](w *Wire, parse func([]byte) (M, error), give func(M, error) bool) {
	w.Go(func() {
		var buf []byte
		for {
			_, r, err := w.Socket.Next()
			if err == nil {
				buf, err = ReadAll(r, buf)
				err = w.Socket.fault(err)
			}
			var m M
			if err == nil {
				m, err = parse(buf)
			}
			if err != nil {
				w.Die(err)
			}
			if !give(m, err) || err != nil {
				return
			}
		}
	})
}

// Learn is why a wire could not be written to: what its reader finds out within a moment, else err.
func Learn[M any](messages <-chan M, why func(M) error, err error) error {
	after := time.After(100 * time.Millisecond)
	for {
		select {
		case m := <-messages:
			if told := why(m); told != nil {
				return told
			}
		case <-after:
			return err
		}
	}
}
