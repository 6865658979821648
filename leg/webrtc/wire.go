package webrtc

import (
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
)

// far stands for the browser, whatever way ICE takes to it (RFC 5737 §3).
var far = netip.MustParseAddrPort("192.0.2.1:9")

// A wire is what ICE has found, as a stream reads and writes it.
type wire struct {
	agent *ice.Agent
	conn  *ice.Conn
	late  atomic.Bool // a deadline is over
	seen  *sights     // nil: nobody asks
}

func (w *wire) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, err := w.conn.Read(b)
	switch {
	case err == nil:
		if w.seen != nil {
			w.seen.see(b[:n])
		}
		return n, far, nil
	case w.late.Load():
		return 0, far, os.ErrDeadlineExceeded
	}
	return 0, far, net.ErrClosed
}

func (w *wire) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return w.conn.Write(b) }

// SetReadDeadline ends the way when the time is over: nobody waits for another.
func (w *wire) SetReadDeadline(t time.Time) error {
	if time.Until(t) <= 0 {
		w.late.Store(true)
		return w.agent.Close()
	}
	return nil
}

func (w *wire) Close() error { return w.agent.Close() }
