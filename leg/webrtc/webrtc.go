// Package webrtc answers calls that browsers make. The browser's offer comes by HTTP (as WHIP has it, RFC 9725); ICE (RFC 8445, pion/ice)
// finds the way on one UDP port; what goes over it, DTLS-SRTP and RTP, is package rtp's, as on any leg.
//
// Goroutines: one per call from its offer until it is over; those of pion/ice, and of package flow.
package webrtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// Limits of what browsers may ask for.
const (
	maxOffer    = 64 << 10         // bytes
	maxFar      = 32               // candidates of theirs that are tried
	connectMost = 15 * time.Second // from the answer to the first way that works
	decideMost  = 300 * time.Millisecond
)

var (
	// ErrOffer is an offer that cannot be answered: it is no description, or lacks what WebRTC needs. 400.
	ErrOffer = errors.New("not an offer that a browser makes: an SDP with audio, ICE credentials and a DTLS fingerprint was expected")
	// ErrCodec is one without a codec in common. 488 has no place here: 415.
	ErrCodec = errors.New("no codec in common: Opus, G.722, PCMU or PCMA was expected")
	// ErrNoCall is a call that there is not. 404.
	ErrNoCall = errors.New("there is no such call, or it is over")
	// ErrRestart are candidates of another generation than the offer's: the way of a call is looked for once. 422.
	ErrRestart = errors.New("the candidates are not of the offer that was answered: ICE is not restarted here")
	// ErrClosed is a door that is shut. 503.
	ErrClosed = errors.New("the server takes no more calls")
)

// A RefusedError says why nobody took a call. It was refused for Cause.
type RefusedError struct{ Cause parley.Cause }

func (e *RefusedError) Error() string { return "the call was refused: " + string(e.Cause) }

// Config is what a Door is made of.
type Config struct {
	Listen   string     // UDP, host:port; "" or :0: any port
	PublicIP netip.Addr // what browsers are told instead of this machine's own addresses; not valid: those
	Relays   []Relay
	Clock    *leg.Clock
	Logger   *slog.Logger // nil: nothing is said
}

// A Door takes calls of browsers.
type Door struct {
	conf    Config
	conn    net.PacketConn
	mux     *ice.UDPMuxDefault
	lending lending
	relays  atomic.Pointer[[]Relay] // as they are for calls from now on

	mu     sync.Mutex // guards all below
	calls  map[string]*offer
	closed bool
	wg     sync.WaitGroup
}

// Open binds the port.
func Open(c Config) (*Door, error) {
	d := &Door{conf: c, calls: map[string]*offer{}}
	if d.conf.Logger == nil {
		d.conf.Logger = quietly
	}
	if _, err := uris(c.Relays, ""); err != nil {
		return nil, err
	}
	d.SetRelays(c.Relays)
	at := c.Listen
	if at == "" {
		at = ":0"
	}
	conn, err := net.ListenPacket("udp", at)
	if err != nil {
		return nil, fmt.Errorf("opening the port of web calls: %w", err)
	}
	d.conn = conn
	d.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: quiet.NewLogger("ice")})
	return d, nil
}

// quiet is what pion tells: nothing. What matters comes back as errors.
var quiet = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}

// Addr is where ICE listens.
func (d *Door) Addr() net.Addr { return d.conn.LocalAddr() }

// Take takes a browser's offer: answer is called in a goroutine of its own, as by leg.Trunk's Serve, and gives the call's fate within its
// context. It returns our description once somebody answers, or nobody has refused within 300 ms: whoever warms up meanwhile does so beside ICE.
// Errors: ErrOffer, ErrCodec, ErrClosed, *RefusedError.
func (d *Door) Take(ctx context.Context, sdp []byte, r leg.Ringing, answer func(context.Context, leg.Offer)) (id string, ours []byte, err error) {
	o, ours, err := d.open(ctx, sdp)
	if err != nil {
		return "", nil, err
	}
	r.ID, r.CallID, r.Warnings = o.id, o.id, o.warnings
	o.ringing = r
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		o.close()
		return "", nil, ErrClosed
	}
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	o.hangup = end
	d.calls[o.id] = o
	d.wg.Add(1)
	d.mu.Unlock()
	go func() {
		defer d.wg.Done()
		answer(life, o)
		end(nil)
		o.over()
		d.mu.Lock()
		delete(d.calls, o.id)
		d.mu.Unlock()
	}()
	late := time.NewTimer(decideMost)
	defer late.Stop()
	select {
	case <-o.answering:
	case <-o.refused:
		return "", nil, &RefusedError{Cause: o.why()}
	case <-late.C:
	case <-ctx.Done():
		o.Hangup()
		return "", nil, ctx.Err()
	}
	return o.id, ours, nil
}

// Trickle takes candidates of the browser's that its offer did not have (RFC 8840 §9). Errors: ErrNoCall, ErrRestart.
func (d *Door) Trickle(id string, fragment []byte) error {
	d.mu.Lock()
	o := d.calls[id]
	d.mu.Unlock()
	if o == nil {
		return ErrNoCall
	}
	more := fragmentOf(fragment)
	if more.ufrag != o.ufrag {
		return ErrRestart
	}
	o.reach(more.candidates)
	return nil
}

// Hangup ends a call at the browser's wish; false: there is none.
func (d *Door) Hangup(id string) bool {
	d.mu.Lock()
	o := d.calls[id]
	d.mu.Unlock()
	if o != nil {
		o.Hangup()
	}
	return o != nil
}

// Left is told that the page follows its call no more: it may have been closed, with no word of it.
func (d *Door) Left(id string) {
	d.mu.Lock()
	o := d.calls[id]
	d.mu.Unlock()
	if o != nil {
		o.leaves()
	}
}

// Has reports whether a call is going on.
func (d *Door) Has(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[id] != nil
}

// Serve takes calls until ctx is done; then it ends those there are, waits for whoever answered them, and frees the port.
func (d *Door) Serve(ctx context.Context) error {
	<-ctx.Done()
	d.Close()
	return nil
}

// Close is the end of Serve, for a door that is not served.
func (d *Door) Close() {
	d.mu.Lock()
	d.closed = true
	for _, o := range d.calls {
		o.hangup(context.Canceled)
	}
	d.mu.Unlock()
	d.wg.Wait()
	_ = d.mux.Close()
	_ = d.conn.Close()
}
