package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// maxBatch is how much is sent at once of what waits for a reader, in bytes.
const maxBatch = 64 << 10

// followAll streams what happens on all calls of an environment, as it happens. A reader that was too slow is let go: it has missed something.
func (a *API) followAll(w http.ResponseWriter, r *request) error {
	types, err := typesOf(r)
	if err != nil {
		return err
	}
	events, cancel := a.Log.Subscribe("")
	defer cancel()
	s := beginEvents(w)
	if err := s.comment("following all calls"); err != nil || r.Method == http.MethodHead {
		return nil
	}
	quiet := time.NewTicker(heartbeat)
	defer quiet.Stop()
	ours := neighbours{a: a, r: r, ours: map[string]bool{}}
	for {
		select {
		case e, ok := <-events:
			s.buf.Reset()
			for more := true; more && ok; {
				if len(types) == 0 || slices.Contains(types, string(e.Type)) {
					mine, err := ours.has(e)
					if err != nil {
						return err
					}
					if mine {
						if err := s.put(e); err != nil {
							return err
						}
					}
				}
				if more = s.buf.Len() < maxBatch; more {
					select {
					case e, ok = <-events:
					default:
						more = false
					}
				}
			}
			if s.buf.Len() > 0 && s.flush() != nil || !ok {
				return nil
			}
		case <-quiet.C:
			if s.comment("") != nil {
				return nil
			}
			if _, err := a.asks(r); err != nil {
				return nil // the key was revoked, or the login is over
			}
		case <-r.Context().Done():
			return nil
		case <-a.closed:
			return nil
		}
	}
}

var onlyTypes = regexp.MustCompile(`^[a-z_]+(,[a-z_]+)*$`)

// typesOf are the types of event that are asked for; none: all.
func typesOf(r *request) ([]string, error) {
	s := r.q("types")
	if s == "" {
		return nil, nil
	}
	if len(s) > 1000 || !onlyTypes.MatchString(s) {
		return nil, parley.Invalid("types", "types must be types of events with commas between them, such as partial,event_message")
	}
	return strings.Split(s, ","), nil
}

// neighbours tells a reader's calls from those of other environments.
type neighbours struct {
	a    *API
	r    *request
	ours map[string]bool // by call, of those that run
}

// maxNeighbours is how many calls are remembered; beyond it they are looked up again.
const maxNeighbours = 1 << 16

func (n *neighbours) has(e parley.Event) (bool, error) {
	mine, known := n.ours[e.CallID]
	if !known {
		_, err := n.a.Store.Call(n.r.Context(), n.r.env, e.CallID)
		if mine = err == nil; !mine && !parley.IsNotFound(err) {
			return false, err
		}
		if len(n.ours) >= maxNeighbours {
			clear(n.ours)
		}
		n.ours[e.CallID] = mine
	}
	if e.Type == parley.EventEnded || e.Type == parley.EventDidNotConnect {
		delete(n.ours, e.CallID)
	}
	return mine, nil
}
