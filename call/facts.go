package call

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
)

// facts is the log as one call sees it: it passes everything on and remembers what belongs on the call's row.
type facts struct {
	callID string
	log    parley.Log
	// private: no words of the call leave it
	private    bool
	discretion *conversation.Discretion // while it is on, none do either

	mu       sync.Mutex // guards the rest
	answered time.Time
	history  []json.RawMessage
	notes    []parley.Note
	warnings []string
	holding  bool
	held     []parley.Event
}

func (f *facts) Append(e parley.Event) {
	e.CallID = f.callID
	if f.private || f.discretion.On() || e.Withheld {
		why, ok := parley.Withheld, false
		if !f.private {
			why = parley.Unrecorded
		}
		if e, ok = withheld(e, why); !ok {
			return
		}
	}
	switch e.Type {
	case parley.EventActionStart:
		f.note(e, "BOT_ACTION_START: ")
	case parley.EventAction:
		f.note(e, "BOT_ACTION_FINISH: ")
		f.mu.Lock()
		f.history = append(f.history, e.Payload)
		f.mu.Unlock()
	case parley.EventWarning:
		var w struct{ Message string }
		if json.Unmarshal(e.Payload, &w) == nil && w.Message != "" {
			f.mu.Lock()
			f.warnings = appendOnce(f.warnings, w.Message)
			f.mu.Unlock()
		}
	}
	f.pass(e)
}

// pass gives an event to the log, or keeps it back.
func (f *facts) pass(e parley.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holding {
		f.held = append(f.held, e)
		return
	}
	f.log.Append(e)
}

// hold keeps events back: whether there will be a call is not known yet, and of one that somebody else has ended nothing more is told.
func (f *facts) hold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.holding = true
}

// release tells what was kept back, and everything from now on.
func (f *facts) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.held {
		f.log.Append(e)
	}
	f.holding, f.held = false, nil
}

// note puts an action's line into the transcript.
func (f *facts) note(e parley.Event, prefix string) {
	var a struct {
		Type  string `json:"action_type"`
		Label string `json:"action_label"`
		Short string `json:"label"`
	}
	if json.Unmarshal(e.Payload, &a) != nil {
		return
	}
	name := a.Type
	if label := a.Label + a.Short; label != "" {
		name += " (" + label + ")"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notes = append(f.notes, parley.Note{At: e.Time.Sub(f.answered), Text: prefix + name})
}

// picked sets the moment from which the transcript counts.
func (f *facts) picked(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answered = at
}

func (f *facts) add(t parley.EventType, payload any) { f.Append(parley.NewEvent(f.callID, t, payload)) }

func (f *facts) warn(code, message string) {
	f.add(parley.EventWarning, map[string]string{"code": code, "message": message})
}

// record puts what was noticed on the call.
func (f *facts) record(r *parley.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.ActionHistory, r.Notes, r.Warnings = f.history, f.notes, f.warnings
}
