package call

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
)

// errEnded is why a call that does not converse yet was cut.
var errEnded = errors.New("ended by request")

// endWait is how long End waits for the call to be over before it answers all the same.
const endWait = 5 * time.Second

// Control gives a command to the conversation of a running call. Not running: parley.NotFound; too many waiting: 429.
func (s *Switchboard) Control(ctx context.Context, id string, c conversation.Command) error {
	l := s.line(id)
	if l == nil {
		return parley.NotFound("running call")
	}
	if l.bridged.Load() {
		return errTransferred()
	}
	if t := c.Transfer; c.Kind == conversation.Transfer && t != nil && t.Warm != nil {
		if _, err := s.steered(ctx, l, *t); err != nil {
			return err
		}
	}
	select {
	case l.control <- c:
		return nil
	case <-l.done:
		return parley.NotFound("running call")
	default:
		return &parley.Error{Status: 429, Code: "busy", Message: "the call has too many commands waiting; try again in a second"}
	}
}

func errTransferred() error {
	return &parley.Error{Status: 409, Code: "transferred", Message: "the call was transferred: no agent is on it any more"}
}

// End hangs a running call up, also one that still rings, and waits until it is over (5 s at most).
func (s *Switchboard) End(ctx context.Context, id string) error {
	l := s.line(id)
	if l == nil {
		return parley.NotFound("running call")
	}
	if !l.talking.Load() {
		l.hangup(errEnded)
	} else if err := s.Control(ctx, id, conversation.Command{Kind: conversation.End}); err != nil {
		l.hangup(errEnded)
	}
	late := time.NewTimer(endWait)
	defer late.Stop()
	select {
	case <-l.done:
	case <-late.C:
		l.hangup(errEnded)
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Running are the calls that run here.
func (s *Switchboard) Running() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.live))
}

// Runs says whether a call runs here.
func (s *Switchboard) Runs(id string) bool { return s.line(id) != nil }

func (s *Switchboard) line(id string) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[id]
}
