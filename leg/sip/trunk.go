// Package sip is the SIP leg (RFC 3261): emiago/sipgo parses, transports and repeats messages; the dialogs are ours, one file per
// act. Goroutines: Serve and its three readers (UDP, TCP, TLS) per trunk; sipgo's one per message, which waits for nothing but a lookup,
// and T1 at most for an ACK it has overtaken; per call that comes in the owner's, one that repeats a reliable 180 until its PRACK and one the
// 200 until its ACK; per leg one reader of the media; per request of ours (BYE, REFER, CANCEL, OPTIONS, a refresh of the session, the NOTIFYs of a
// REFER, the INFOs of a row of digits) one that waits for the answer; per Probe one for each address. Serve waits for all of them.
package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip/auth"
	"github.com/parley-voice/parley/leg/sip/trace"
	"github.com/parley-voice/parley/leg/sip/wire"
	"github.com/parley-voice/parley/rtp"
)

// Config is what a trunk needs. Only Listen is required.
type Config struct {
	Listen    string      // host:port for UDP and TCP alike; port 0 takes any that is free for both
	ListenTLS string      // host:port for TLS; "": TLS is only spoken where we call
	TLS       *tls.Config // our certificate; required with ListenTLS
	PublicIP  netip.Addr  // what far ends outside our network are told; not valid: the address that leads to them
	Ports     *rtp.Ports  // of the media; nil: any
	Clock     *leg.Clock  // nil: one of its own
	Lines     leg.Lines   // of accounts that other processes call by, too; nil: there are none
	// Trunks are the accounts callers may come in by. It is asked at most once a second, after an
	// error at the next call. nil: none.
	Trunks func(context.Context) ([]parley.TrunkAccount, error)
	// Whose says which of several accounts that a caller may come in by a call for that number is for: carriers' customers have the
	// same far ends. "" or nil: the first.
	Whose func(ctx context.Context, to string, accounts []string) string
	Takes func() bool // whether new calls are taken; false: they, and OPTIONS, are answered 503. nil: always
	// Elsewhere is the address (NodeURI) of another node that takes calls, of those that fit; "" or nil: none. Who follows redirects is sent
	// there instead of being refused.
	Elsewhere     func(fits func(uri string) bool) string
	TrustLoopback bool            // callers from loopback may reach anyone even when there are accounts
	DemoUser      string          // who loopback may reach in any case; "": demo
	Realm         string          // of our challenges; "": parley
	Digests       []string        // algorithms we challenge with, in order; empty: MD5, as libre and sipp reject a choice
	Logger        *slog.Logger    // nil: slog.Default
	Trace         *trace.Recorder // what calls' messages were; nil: nobody wants to know

	besieged bool // loopback is an address like any other to the guard: for tests
}

// Trunk is a door for SIP calls: a leg.Trunk. Safe from any goroutine.
type Trunk struct {
	cfg       Config
	log       *slog.Logger
	sock      *wire.Sockets
	transport *sip.TransportLayer
	tx        *sip.TransactionLayer
	clock     *leg.Clock
	accounts  accounts
	guard     *watch
	out       outside

	answer func(context.Context, leg.Offer) // set by Serve before anything is read
	ctx    context.Context                  // Serve's, set with answer
	quit   context.Context                  // done when nobody is to wait for a far end any more
	hurry  context.CancelFunc               // ends quit

	mu sync.Mutex // guards all below
	book
	serving bool
	closing bool       // no new calls
	gone    bool       // nothing at all
	busy    int        // what Serve waits for
	idle    *sync.Cond // busy has become 0
}

// book has every dialog that is not over.
type book struct {
	dialogs map[key]*dialog
	begun   map[beginning]*dialog // those the far end began
	tags    tags                  // that we give; constant
}

// key finds a dialog: its Call-ID and our tag.
type key struct{ callID, tag string }

// beginning is what all copies of an INVITE have in common, by whatever way they come (RFC 3261 §8.2.2.2).
type beginning struct {
	key        // Call-ID and the far end's tag
	seq uint32 // its CSeq
}

// farewell is how long Serve waits for far ends to answer its BYEs.
const farewell = 2 * time.Second

var (
	_ leg.Trunk = (*Trunk)(nil)

	errClosing = errors.New("sip: the trunk is closing")
	errMerged  = errors.New("sip: this INVITE is here already, by another way")
)

// New opens the trunk's sockets. Nothing is read before Serve; a trunk that is not served must be closed.
func New(c Config) (*Trunk, error) {
	if c.DemoUser == "" {
		c.DemoUser = "demo"
	}
	if c.Realm == "" {
		c.Realm = "parley"
	}
	if len(c.Digests) == 0 {
		c.Digests = []string{"MD5"}
	}
	for _, alg := range c.Digests {
		if !auth.Known(alg) {
			return nil, fmt.Errorf("sip: digest algorithm %q: known are %s", alg, strings.Join(auth.Algorithms, ", "))
		}
	}
	t := &Trunk{cfg: c, log: c.Logger, clock: c.Clock, book: book{map[key]*dialog{}, map[beginning]*dialog{}, newTags()}, out: outside{limits: leg.Usage{Lines: c.Lines}}}
	t.quit, t.hurry = context.WithCancel(context.Background())
	t.idle = sync.NewCond(&t.mu)
	if t.log == nil {
		t.log = slog.Default()
	}
	t.accounts.load = c.Trunks
	t.guard = newWatch(c, &t.accounts, t.log)
	w := wire.Config{
		Listen: c.Listen, ListenTLS: c.ListenTLS, TLS: c.TLS,
		Admit: t.admitted, Known: (&company{t: t}).includes, MayAnswer: t.guard.MayAnswer, Failed: t.guard.Failed,
	}
	if c.Trace != nil {
		w.Seen = func(s wire.Seen) { t.seen(s.At, s.Network, s.Local, s.Remote, s.Out, s.Message) }
	}
	var err error
	if t.sock, err = wire.Open(w); err != nil {
		return nil, fmt.Errorf("sip: listen on %q: %w", c.Listen, err)
	}
	if t.clock == nil {
		t.clock = leg.NewClock()
	}
	t.transport = wire.NewTransport()
	t.transport.OnMessage(t.tags.put)
	quiet := slog.New(slog.DiscardHandler) // sipgo prints what strangers send at level Error
	t.tx = sip.NewTransactionLayer(t.transport, sip.WithTransactionLayerLogger(quiet),
		sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}))
	t.tx.OnRequest(t.receive)
	return t, nil
}

// Addr is where the trunk listens, UDP and TCP.
func (t *Trunk) Addr() netip.AddrPort { return t.sock.Addr() }

// AddrTLS is where the trunk listens for TLS; not valid without Config.ListenTLS.
func (t *Trunk) AddrTLS() netip.AddrPort { return t.sock.AddrTLS() }

// Close frees what New took. It is for a trunk that was never served: Serve does it at its end.
func (t *Trunk) Close() error {
	t.mu.Lock()
	served := t.serving
	t.closing = true
	t.mu.Unlock()
	if served {
		return nil
	}
	t.sock.Close()
	if t.cfg.Clock == nil {
		t.clock.Close()
	}
	return nil
}

// Serve implements leg.Trunk. When ctx is done every leg of the trunk, placed ones too, is hung up; Serve returns when all
// its goroutines have ended. Once only.
func (t *Trunk) Serve(ctx context.Context, answer func(context.Context, leg.Offer)) error {
	t.mu.Lock()
	if t.serving || t.closing {
		t.mu.Unlock()
		return errors.New("sip: a trunk is served once")
	}
	t.serving, t.ctx, t.answer = true, ctx, answer
	t.mu.Unlock()
	tending, stop := context.WithCancel(ctx)
	defer stop()
	t.begin(func() { t.tend(tending) })
	var readers sync.WaitGroup
	failed := make(chan error, 3)
	readers.Go(func() { failed <- t.sock.ServeUDP(t.transport) })
	readers.Go(func() { failed <- t.sock.ServeTCP(t.transport) })
	readers.Go(func() { failed <- t.sock.ServeTLS(t.transport) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("sip: serve: %w", err)
	}
	stop()
	t.shutDown()
	t.sock.Drain()
	t.sock.Close()
	readers.Wait()
	_ = t.transport.Close()
	t.sock.Wait()
	if t.cfg.Clock == nil {
		t.clock.Close()
	}
	return err
}

// shutDown says goodbye to all dialogs and waits for everyone, for the far ends only a little.
func (t *Trunk) shutDown() {
	t.mu.Lock()
	t.closing = true
	all := make([]*dialog, 0, len(t.dialogs))
	for _, d := range t.dialogs {
		all = append(all, d)
	}
	t.mu.Unlock()
	for _, d := range all {
		if l := d.answered(); l != nil {
			l.end(&leg.GoneError{Cause: parley.NodeLost}, true)
		}
	}
	timer := time.AfterFunc(farewell, t.hurry)
	defer timer.Stop()
	t.rest(false)
	time.Sleep(wire.Settling) // BYEs that crossed ours are answered
	t.rest(true)
	t.hurry()
	t.tx.Close()
}

// rest waits until nobody is busy, and if it is for good lets nobody in again.
func (t *Trunk) rest(forGood bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.busy > 0 {
		t.idle.Wait()
	}
	t.gone = forGood
}

// enter makes Serve wait for the leave that is owed when it returns true. A call is refused sooner than anything else.
func (t *Trunk) enter(call bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone || call && t.closing {
		return false
	}
	t.busy++
	return true
}

func (t *Trunk) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy--; t.busy == 0 {
		t.idle.Broadcast()
	}
}

// begin runs f in a goroutine that Serve waits for. The caller itself is one that Serve waits for.
func (t *Trunk) begin(f func()) {
	if !t.enter(false) {
		return
	}
	go func() {
		defer t.leave()
		f()
	}()
}

func (t *Trunk) add(d *dialog) error {
	t.traced(d.callID, "")
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closing {
		return errClosing
	}
	if b, ok := d.beginning(); ok {
		if t.begun[b] != nil {
			return errMerged
		}
		t.begun[b] = d
	}
	t.dialogs[d.key()] = d
	return nil
}

func (t *Trunk) remove(d *dialog) {
	t.mu.Lock()
	delete(t.dialogs, d.key())
	if b, ok := d.beginning(); ok && t.begun[b] == d {
		delete(t.begun, b)
	}
	t.mu.Unlock()
	d.depart()
}

func (t *Trunk) find(k key) *dialog {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dialogs[k]
}
