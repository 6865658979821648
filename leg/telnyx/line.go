package telnyx

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// A line is a call from the first that is known of it until it is over. Each event says one thing that is so from then on, so that their
// order and number make no difference.
type line struct {
	d       *Door
	trunk   string // the account connection's id
	account Account
	state   string // client_state: nobody else knows it
	release func() // of the account's limits
	ids     IDs    // Door.mu guards them; of a call of ours they may become known late

	facts
	arrived chan *arrival

	mu    sync.Mutex // guards all below
	last  payload    // of call.hangup, once over
	why   string     // once failed
	refer int        // the SIP status, once referred
	leg   *call      // nil: none yet
	who   leg.Answerer
	hung  bool                    // we have hung up, or need not
	doubt bool                    // it may have been placed
	deaf  bool                    // nobody waits for its sound
	lost  context.CancelCauseFunc // of whoever is to answer; nil: nobody is
}

// facts are what is known of a call.
type facts struct {
	placed   fact // Telnyx knows of it
	answered fact // by the far end
	over     fact // Telnyx has ended it
	failed   fact // its sound does not come
	referred fact // or it could not be: refer says
}

// A fact becomes true once.
type fact struct {
	once sync.Once
	is   chan struct{}
}

func newFact() fact { return fact{is: make(chan struct{})} }

func (f *fact) set() { f.once.Do(func() { close(f.is) }) }

func (f *fact) known() bool {
	select {
	case <-f.is:
		return true
	default:
		return false
	}
}

func newLine(d *Door, c *Connection, state string) *line {
	return &line{d: d, trunk: c.Trunk.ID, account: c.Account, state: state, release: func() {}, arrived: make(chan *arrival, 1),
		facts: facts{placed: newFact(), answered: newFact(), over: newFact(), failed: newFact(), referred: newFact()}}
}

// tell takes an event.
func (l *line) tell(e *event) {
	p := &e.Payload
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Type {
	case "call.answered":
		l.answered.set()
	case "call.hangup":
		if l.over.known() {
			return
		}
		l.last, l.hung = *p, true
		l.over.set()
		if l.leg != nil {
			l.leg.Leave(ended(p.Cause))
		} else if l.lost != nil {
			l.lost(errGone)
		}
	case "streaming.failed":
		if l.failed.known() {
			return
		}
		l.why = p.Why
		l.failed.set()
		if l.leg != nil {
			l.leg.Leave(parley.MediaTimeout)
		}
	case "call.machine.detection.ended", "call.machine.premium.detection.ended":
		if l.who != 0 || p.who() == 0 {
			return
		}
		l.who = p.who()
		if l.leg != nil {
			l.leg.Tell(leg.Event{Kind: leg.Detected, Who: l.who})
		}
	case "call.refer.completed", "call.refer.failed":
		if l.referred.known() {
			return
		}
		if l.refer = p.Notified; e.Type == "call.refer.completed" {
			l.refer = 200
		} else if l.refer < 300 {
			l.refer = 500
		}
		l.referred.set()
	}
}

// seat gives the line its leg, which learns of what is known already.
func (l *line) seat(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leg = c
	c.Begin()
	if l.who != 0 {
		c.Tell(leg.Event{Kind: leg.Detected, Who: l.who})
	}
	if l.over.known() {
		c.Leave(ended(l.last.Cause))
	}
}

// leave ends the leg for a cause of ours.
func (l *line) leave(why parley.Cause) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leg != nil {
		l.leg.Leave(why)
	}
}

// control is Telnyx' id of the call; "": it is not known yet.
func (l *line) control() string { return l.named().Control }

func (l *line) named() IDs {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	return l.ids
}

const (
	tries    = 3 // of a command: Telnyx does nothing twice that comes with the same command_id within 60 s
	tryAgain = 300 * time.Millisecond
)

// command has Telnyx do something to the call, at most once.
func (l *line) command(ctx context.Context, action string, params map[string]any) error {
	if params == nil {
		params = map[string]any{}
	}
	params["command_id"], params["client_state"] = uuid.NewString(), l.state
	for n := 1; ; n++ {
		err := l.account.Command(ctx, l.control(), action, params)
		var no *Refusal
		if err == nil || !errors.As(err, &no) || !no.Doubt && !no.Later || n == tries {
			return err
		}
		select {
		case <-time.After(time.Duration(n) * tryAgain):
		case <-ctx.Done():
			return err
		}
	}
}

// hangUp ends the call at Telnyx, unless it is over. Of one that may not even exist nobody can be told: its first event will.
func (l *line) hangUp() {
	l.mu.Lock()
	hung := l.hung
	if l.control() != "" {
		l.hung = true
	}
	l.mu.Unlock()
	if hung || l.control() == "" {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), farewell)
	defer stop()
	if err := l.command(ctx, "hangup", nil); err != nil && !l.over.known() {
		l.d.log.Debug("telnyx: hanging up", "call", l.control(), "error", err)
	}
}

func (l *line) doubtful() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubt = true
}

// arrive takes the line's sound; false: nobody waits for it.
func (l *line) arrive(a *arrival) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deaf {
		return false
	}
	l.arrived <- a // there is one token, and so one
	return true
}

// deafen: nobody waits for the sound any more.
func (l *line) deafen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf = true
	select {
	case a := <-l.arrived:
		a.socket.Close()
	default:
	}
}

// end is the end of a line: nothing of it is known any more.
func (l *line) end() {
	l.deafen()
	l.d.remove(l)
	l.release()
}

// noSound is why a call has none.
func (l *line) noSound() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed.known() {
		return fmt.Errorf("telnyx: its media streaming failed: %s (it connects to %s%s…)", cut(l.why), socketURL(l.d.cfg.Public), MediaPath)
	}
	return fmt.Errorf("telnyx: its media streaming did not connect within %v (to %s%s…)", l.d.waits.sound, socketURL(l.d.cfg.Public), MediaPath)
}

// cut is a short text of Telnyx'.
func cut(s string) string {
	if len(s) > 200 || !clean(s) {
		return "no reason that could be told"
	}
	return s
}
