// Package telnyx carries calls by Telnyx' Call Control v2 (developers.telnyx.com/docs/voice/programmable-voice): commands go out by REST, events
// come as signed webhooks, in any order and more than once, and the sound goes over a websocket that Telnyx opens (leg/stream).
//
// Goroutines: one per call that comes in, its owner's; one per answered leg, which commands it; those of package stream; one per command that
// nobody waits for. Serve waits for all of them.
package telnyx

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// Where Telnyx reaches a Door, below its public address.
const (
	VoicePath = "/carriers/telnyx/voice/" // and the account connection's id: webhooks
	MediaPath = "/carriers/telnyx/media/" // and a token that is good once: the websocket
)

const (
	farewell   = 5 * time.Second // for the commands that hang up at the end
	eventsMost = 256 << 10       // bytes of a webhook
)

// patience is how long is waited for Telnyx.
type patience struct {
	sound time.Duration // from the answer to the websocket
	doubt time.Duration // for a sign of a call that may have been placed
	late  time.Duration // and then one that shows up is hung up
}

var patient = patience{sound: 15 * time.Second, doubt: 20 * time.Second, late: 2 * time.Minute}

// Config is what a Door is made of.
type Config struct {
	// Open reads an account connection. An error that parley.IsNotFound: there is none.
	Open   func(ctx context.Context, id string) (Connection, error)
	Public string // https://…, where Telnyx reaches us; "": it cannot
	Clock  *leg.Clock
	Lines  leg.Lines    // nil: no other process calls by these accounts
	Logger *slog.Logger // nil: slog.Default
}

// A Connection is an account with Telnyx, as a user has connected it.
type Connection struct {
	Trunk     parley.TrunkAccount
	Account   Account
	PublicKey string // by which webhooks are checked, base64
	App       string // the Call Control application that places calls (connection_id)
}

// An Account commands calls.
type Account interface {
	// Dial is POST /v2/calls. It is made once. Its error is a *Refusal.
	Dial(ctx context.Context, params map[string]any) (IDs, error)
	// Command is POST /v2/calls/{id}/actions/{action}. Its error is a *Refusal.
	Command(ctx context.Context, id, action string, params map[string]any) error
}

// IDs are a call's at Telnyx.
type IDs struct{ Control, Leg, Session string }

// A Refusal is why Telnyx did not do something, or may have done it all the same.
type Refusal struct {
	Err   error        // in its words
	Cause parley.Cause // how a call ends that is not placed because of it
	Doubt bool         // it may have been done
	Later bool         // it was not, and the same may succeed later
}

func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap is what Telnyx said.
func (r *Refusal) Unwrap() error { return r.Err }

// A Door is a leg.Trunk for calls that go by Telnyx, and an http.Handler for what Telnyx sends. Safe from any goroutine.
type Door struct {
	cfg   Config
	log   *slog.Logger
	mux   *http.ServeMux
	usage leg.Usage
	waits patience
	seen  memory // events
	gone  memory // calls that are over

	quit  context.Context // done when nobody is to wait for Telnyx any more
	hurry context.CancelFunc

	mu sync.Mutex // guards all below
	book
	answer  func(context.Context, leg.Offer) // nil: not served yet
	ctx     context.Context                  // Serve's
	closing bool
	busy    int
	idle    *sync.Cond // busy has become 0
}

// book finds the calls that are going on.
type book struct {
	calls    map[key]*line    // by Telnyx' id
	dialled  map[string]*line // by client_state
	awaiting map[string]*line // by the token of their websocket
}

// key is a call's id, and the account connection it belongs to: what comes by one connection moves no call of another.
type key struct{ trunk, control string }

var (
	_ leg.Trunk    = (*Door)(nil)
	_ http.Handler = (*Door)(nil)
)

// New makes a door. It takes calls once it is served.
func New(c Config) *Door {
	d := &Door{cfg: c, log: c.Logger, waits: patient, mux: http.NewServeMux(), book: book{map[key]*line{}, map[string]*line{}, map[string]*line{}}, usage: leg.Usage{Lines: c.Lines}}
	if d.log == nil {
		d.log = slog.Default()
	}
	d.idle = sync.NewCond(&d.mu)
	d.quit, d.hurry = context.WithCancel(context.Background())
	d.mux.HandleFunc("POST "+VoicePath+"{connection}", d.webhook)
	d.mux.HandleFunc("GET "+MediaPath+"{token}", d.media)
	return d
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// Serve implements leg.Trunk. When ctx is done every leg, placed ones too, is hung up. Once only.
func (d *Door) Serve(ctx context.Context, answer func(context.Context, leg.Offer)) error {
	d.mu.Lock()
	if d.answer != nil {
		d.mu.Unlock()
		return errors.New("telnyx: a door is served once")
	}
	d.answer, d.ctx = answer, ctx
	d.mu.Unlock()
	<-ctx.Done()
	d.mu.Lock()
	d.closing = true
	var all []*line
	for _, l := range d.calls {
		all = append(all, l)
	}
	d.mu.Unlock()
	for _, l := range all {
		l.leave(parley.NodeLost)
	}
	timer := time.AfterFunc(farewell, d.hurry)
	defer timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.busy > 0 {
		d.idle.Wait()
	}
	d.hurry()
	return nil
}

// enter makes Serve wait for the done that is owed when it returns true. A call is refused sooner than anything else.
func (d *Door) enter(call bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if call && (d.closing || d.answer == nil) || d.closing && d.busy == 0 {
		return false
	}
	d.busy++
	return true
}

func (d *Door) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy--; d.busy == 0 {
		d.idle.Broadcast()
	}
}

// begin runs f in a goroutine that Serve waits for. The caller is one that Serve waits for, too.
func (d *Door) begin(f func()) {
	if d.enter(false) {
		go func() {
			defer d.done()
			f()
		}()
	}
}

// find is the call that an event is about; nil: none that is going on.
func (d *Door) find(trunk string, p *payload) *line {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.calls[key{trunk, p.Control}]; l != nil {
		return l
	}
	if l := d.dialled[p.State]; l != nil && l.trunk == trunk && p.Control != "" && l.ids.Control == "" {
		d.named(l, IDs{p.Control, p.Leg, p.Session})
		l.placed.set()
		return l
	}
	return nil
}

// named learns what Telnyx calls a call; mu is held.
func (d *Door) named(l *line, ids IDs) {
	l.ids = ids
	d.calls[key{l.trunk, ids.Control}] = l
}

// remove forgets a call that is over.
func (d *Door) remove(l *line) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := key{l.trunk, l.ids.Control}
	if k.control != "" {
		d.gone.add(k.trunk + " " + k.control)
	}
	if d.calls[k] == l {
		delete(d.calls, k)
	}
	if d.dialled[l.state] == l {
		delete(d.dialled, l.state)
	}
}
