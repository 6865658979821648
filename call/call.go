// Package call is the switchboard: it owns every live call of this process, from ringing to the last fact about it.
//
// Goroutines: a call runs in the goroutine its trunk (inbound) or its job (outbound) gave it; beside it there are the
// conversation's own, one that opens the vendors, one for each that is made ready and two that ask context endpoints while the phone rings, and another that waits for those, one that reads a leg
// while it is being transferred, one that plays a hold sound on it and one that has the model sum the call up, one for each party that was called in and one while a far end is told that it is on hold, two that pass sound between bridged legs, two for somebody who is called to take it over, and per process one that writes recordings. All are
// joined before Answer or Dial returns, the writer in Close.
package call

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// Calls keeps the rows. Every method may be called from any goroutine.
type Calls interface {
	CreateCall(ctx context.Context, c parley.Call) error
	Call(ctx context.Context, env, id string) (parley.Call, error) // env "" is any
	UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error
}

// A Directory knows who answers, and by which door a call goes out.
type Directory interface {
	// Reached finds who answers a ringing call. Nobody: parley.NotFound.
	Reached(ctx context.Context, r leg.Ringing) (Reached, error)
	// Trunk finds the account that carries an outbound call; nil for a sip: address that is dialled as it stands.
	Trunk(ctx context.Context, c parley.Call) (*parley.TrunkAccount, error)
}

// Reached is who answers.
type Reached struct {
	Environment string
	Agent       parley.Agent
	Fallback    string // who takes the caller when no agent can; "" nobody

	Example map[string]string // variables that nothing else gives
}

// Log takes the facts, and says when those of a call are safe on disk.
type Log interface {
	parley.Log
	Flush(ctx context.Context) error
}

// Recordings keeps sound.
type Recordings interface {
	Create(name string) (File, error)
}

// Traces keeps what the wire carried of calls: their signalling. *trace.Keeper is one. carrierIDs are legs of the call that it may
// not know to be its.
type Traces interface {
	Keep(carrierID, callID string)              // of whom a leg is
	Ended(callID string, carrierIDs ...string)  // it may be kept now
	Forget(callID string, carrierIDs ...string) // it must not be
}

// A Warming is something worth doing while the phone rings.
type Warming struct {
	Skill, Vendor string
	Vital         bool // an error means that the call is not worth answering, for nobody stands behind
	// Do does it, until ctx is done, and says how it went but for Skill and Vendor. The error is the caller's to tell.
	Do func(ctx context.Context) (parley.Warmth, error)
}

// Ready is who hears, thinks and speaks on one call.
type Ready struct {
	Hear     stt.Transcriber
	Think    llm.Model
	Speak    tts.Synthesizer
	Vendors  Vendors   // for the price of the call
	Warm     []Warming // worth doing while the phone rings
	Warnings []string
	Close    func() // may be nil
}

// Config is what a Switchboard is made of.
type Config struct {
	Trunk      leg.Trunk
	Directory  Directory
	Calls      Calls
	Log        Log
	Recordings Recordings // nil: nothing is recorded
	Traces     Traces     // nil: nobody keeps any
	// Open turns an agent into who hears, thinks and speaks: the one place where a vendor's name becomes an object.
	Open func(ctx context.Context, env string, a *parley.Agent) (Ready, error)
	// Take reserves the room of one more call, or says why there is none now. release gives it back. nil: there always is.
	Take func() (release func(), err error)
	// MayCall refuses a number that is not to be dialled with a parley.Error of status 403. nil: all may be.
	MayCall func(ctx context.Context, env, number string) error
	// Refused is told of a callee who asked not to be called again. nil: nobody is.
	Refused   func(ctx context.Context, c parley.Call) error
	Fetch     action.Fetcher // asks context endpoints and external actions; nil: nobody does
	Memories  Memories       // nil: nobody is remembered
	Documents Documents      // nil: nothing is looked up
	Prices    *Prices        // nil: what a call costs is not known
	Early     bool           // agents begin to answer before it is certain that the caller has finished
	Logger    *slog.Logger
}

// A Switchboard connects legs with conversations.
type Switchboard struct {
	Config
	disk     *disk
	contexts contexts
	steering steering

	mu   sync.Mutex       // guards live
	live map[string]*line // by call id
}

// A line is a call that runs. What stands below live belongs to the goroutine the call runs in.
type line struct {
	id      string
	control chan conversation.Command
	done    chan struct{}
	hangup  context.CancelCauseFunc // for End while nothing converses
	server  func() error            // not nil: the server stops; the trunk may know before the call's own context does
	talking atomic.Bool             // a conversation reads control
	bridged atomic.Bool             // somebody else has taken the call over: nobody will
	party   atomic.Pointer[party]   // who is on the call; nil until it is answered
	live

	call     *parley.Call
	facts    *facts
	script   script
	ready    Ready
	warming  warming
	fallback string        // who takes the caller when the agent cannot; "" nobody
	other    time.Duration // how long second legs lasted
}

// New makes a switchboard. Close it after its trunk has stopped serving.
func New(c Config) *Switchboard {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Switchboard{Config: c, disk: newDisk(), live: map[string]*line{}}
}

// Serve answers every call of the trunk until ctx is done and all calls are over.
func (s *Switchboard) Serve(ctx context.Context) error { return s.Trunk.Serve(ctx, s.Answer) }

// Close waits for the recordings to be on disk.
func (s *Switchboard) Close() { s.disk.close() }

// Live is how many calls run now.
func (s *Switchboard) Live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}

func (s *Switchboard) take() (release func(), err error) {
	if s.Take == nil {
		return func() {}, nil
	}
	return s.Take()
}

// controlDepth is how many commands wait for a conversation; a further one is refused, not queued.
const controlDepth = 16

func (s *Switchboard) open(c *parley.Call, hangup context.CancelCauseFunc, server func() error) *line {
	l := &line{id: c.ID, control: make(chan conversation.Command, controlDepth), done: make(chan struct{}), hangup: hangup, server: server, call: c}
	l.facts = &facts{callID: c.ID, log: s.Log, private: c.Private, discretion: &l.discretion}
	s.mu.Lock()
	s.live[c.ID] = l
	s.mu.Unlock()
	return l
}

func (s *Switchboard) shut(l *line) {
	s.mu.Lock()
	delete(s.live, l.id)
	s.mu.Unlock()
	s.steering.giveBack(l.id)
	close(l.done)
}
