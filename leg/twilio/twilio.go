// Package twilio is calls by Twilio: its webhooks come in by HTTP, its sound by websockets (leg/stream), and calls are placed by its REST API.
//
// Goroutines: one per call that comes in, from its webhook until it is over; those of the requests, and of package stream.
package twilio

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/stream"
)

// Waits. Twilio gives up on a webhook after 15 s, and hangs up on a stream that cannot be opened.
const (
	decideMost  = 13 * time.Second // from the webhook of a call that comes in to whether somebody answers, or Twilio is to ask again
	againMost   = 10 * time.Second // until it does, a second later: else the caller has gone
	ringsMost   = 90 * time.Second // of a call that comes in
	connectMost = 15 * time.Second // from the answer to the sound
	greetMost   = 10 * time.Second // from the websocket to its start
	ticketLasts = 15 * time.Minute // for a call that is placed: longer than any phone rings
	ringExtra   = 10 * time.Second // Twilio ends the ringing itself, and says so
	doubtMost   = 20 * time.Second // for a first word of a call that may have been placed
	actMost     = 5 * time.Second  // a request on a call
	ringDefault = 40 * time.Second
	ringMost    = 600 * time.Second
)

// An Account is one with Twilio, as calls need it.
type Account struct {
	SID   string
	Token string // signs what Twilio sends
	API   API
	Trunk parley.TrunkAccount // its limits
	Plain bool                // it is not Twilio itself, and may be reached, and reach us, without TLS
}

// API makes Twilio's requests on calls. Errors that are a Refusal say why.
type API interface {
	// Place makes a call by these fields. It must not be repeated when it may have been made.
	Place(ctx context.Context, fields url.Values) (sid string, err error)
	// Change ends a call, or gives it other instructions.
	Change(ctx context.Context, sid string, fields url.Values) error
}

// A Refusal is an error that knows what Twilio said.
type Refusal interface {
	error
	Said() (status int, code string, doubt bool) // of HTTP; Twilio's own; the call may have been placed
}

// ErrNoAccount is what Config.Account says when there is none of that id.
var ErrNoAccount = errors.New("twilio: there is no such account connection")

// Config is what a Door is made of.
type Config struct {
	Account   func(ctx context.Context, connection string) (Account, error) // by the id of its account connection
	PublicURL string                                                        // where Twilio reaches us; "": nowhere
	Clock     *leg.Clock
	Lines     leg.Lines // nil: no other process calls by these accounts
	Logger    *slog.Logger
}

// A Door is calls by Twilio, a leg.Trunk. It is an http.Handler for what Twilio asks, by the paths of Paths.
type Door struct {
	conf Config
	mux  *http.ServeMux
	use  leg.Usage

	mu      sync.Mutex // guards all below
	serving context.Context
	answer  func(context.Context, leg.Offer)
	calls   map[key]*call    // by Twilio's id
	placed  map[string]*call // those we placed, by our own key
	tickets map[string]*call // those whose sound is still to come
	past    past
	ringing sync.WaitGroup
}

// Paths are the patterns that a Door serves.
var Paths = []string{"POST " + voicePath + "{connection}", "POST " + statusPath + "{connection}", "GET " + mediaPath + "{ticket}"}

const (
	voicePath  = "/carriers/twilio/voice/"
	statusPath = "/carriers/twilio/status/"
	mediaPath  = "/carriers/twilio/media/"
)

// key is a call's id, and the account connection it belongs to: who can sign for one moves no call of another.
type key struct{ connection, sid string }

// New makes a door; Serve opens it.
func New(c Config) *Door {
	d := &Door{conf: c, mux: http.NewServeMux(), calls: map[key]*call{}, placed: map[string]*call{}, tickets: map[string]*call{}, use: leg.Usage{Lines: c.Lines}}
	d.conf.PublicURL = strings.TrimRight(c.PublicURL, "/")
	for i, serve := range []http.HandlerFunc{d.voice, d.status, d.media} {
		d.mux.HandleFunc(Paths[i], serve)
	}
	return d
}

// ServeHTTP serves what Twilio asks.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// Serve implements leg.Trunk.
func (d *Door) Serve(ctx context.Context, answer func(context.Context, leg.Offer)) error {
	d.mu.Lock()
	d.serving, d.answer = ctx, answer
	d.mu.Unlock()
	<-ctx.Done()
	d.mu.Lock()
	d.answer = nil
	d.mu.Unlock()
	d.ringing.Wait()
	return nil
}

// A call is one of Twilio's, from either side.
type call struct {
	d       *Door
	account Account
	key     string // of those we placed, in the address of their callbacks; and what their stream says it is of
	ticket  string // in the path of the sound
	expires time.Time
	limits  leg.Limits
	inbound bool
	fields  url.Values // of the webhook

	decided chan struct{} // closed once there is an answer to the webhook
	sound   chan *line    // the leg, once
	told    chan struct{} // a token: the state is news
	leave   func()        // the account may carry another

	mu     sync.Mutex // guards all below
	sid    string
	state  state
	twiml  string
	line   *line // nil: there is no sound
	gone   context.CancelCauseFunc
	again  *time.Timer // nil: Twilio was not told to ask again
	closed bool        // nothing is to come any more
}

// random is what nobody guesses.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// newCall makes a call whose sound may come for so long.
func (d *Door) newCall(a Account, lasts time.Duration) *call {
	return &call{d: d, account: a, key: random(), ticket: random(), expires: time.Now().Add(lasts),
		decided: make(chan struct{}), sound: make(chan *line, 1), told: make(chan struct{}, 1), leave: func() {}}
}

// forget ends what is known of a call: no sound and no callback belong to it any more.
func (d *Door) forget(c *call) {
	c.mu.Lock()
	c.closed = true
	k := c.known(c.sid)
	c.mu.Unlock()
	d.mu.Lock()
	delete(d.tickets, c.ticket)
	delete(d.placed, c.key)
	if k.sid != "" && d.calls[k] == c {
		delete(d.calls, k)
		d.past.add(k)
	}
	d.mu.Unlock()
	c.leave()
	select {
	case l := <-c.sound: // it came when nobody waited any more
		l.Stop()
	default:
	}
}

// name says which of Twilio's calls it is, once that is known; false: it is another's.
func (c *call) name(sid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.sid {
	case sid:
		return true
	case "":
	default:
		return false
	}
	c.sid = sid
	if !c.closed {
		c.d.mu.Lock()
		c.d.calls[c.known(sid)] = c
		c.d.mu.Unlock()
	}
	return true
}

func (c *call) known(sid string) key { return key{c.account.Trunk.ID, sid} }

// id is Twilio's, "" while it is not known.
func (c *call) id() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sid
}

// A line is the leg of an answered call.
type line struct {
	*stream.Stream
	c      *call
	stream string // Twilio's id of it
	once   sync.Once
}

var (
	_ leg.Leg          = (*line)(nil)
	_ leg.Identified   = (*line)(nil)
	_ leg.Backgrounded = (*line)(nil)
	_ leg.Measured     = (*line)(nil)
	_ leg.Trunk        = (*Door)(nil)
)

// Refer implements leg.Leg: whoever is to be reached is called, and connected here, where the caller can be taken back.
func (l *line) Refer(context.Context, string) error { return errors.ErrUnsupported }

// Hangup implements leg.Leg. Without its stream Twilio's call has nothing more to do, and ends; it is told so all the same.
func (l *line) Hangup(ctx context.Context, _ parley.Cause) error {
	l.Stop()
	var err error
	l.once.Do(func() {
		if !l.c.over() {
			err = l.c.end(ctx, "completed")
		}
		l.c.d.forget(l.c)
	})
	return err
}

// ID implements leg.Identified.
func (l *line) ID() string { return l.c.id() }

// Metadata implements leg.Identified.
func (l *line) Metadata() map[string]string {
	m := map[string]string{"type": "telephony_metadata_twilio", "call_sid": l.c.id(), "account_sid": l.c.account.SID, "stream_sid": l.stream,
		"direction": "outbound-api"}
	if l.c.inbound {
		m["direction"] = "inbound"
	}
	return m
}

// end has Twilio end the call, in a way of its own context: whoever hangs up may be gone already.
func (c *call) end(ctx context.Context, status string) error {
	sid := c.id()
	if sid == "" {
		return nil
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), actMost)
	defer done()
	err := c.account.API.Change(ctx, sid, url.Values{"Status": {status}})
	var no Refusal
	if errors.As(err, &no) {
		if status, code, _ := no.Said(); status == http.StatusNotFound || code == "21220" || code == "20404" { // it is over already
			return nil
		}
	}
	return err
}
