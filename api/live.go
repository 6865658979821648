package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// follow streams the events of a call: what is stored, then what happens, until the call is over.
func (a *API) follow(w http.ResponseWriter, r *request) error {
	after, err := r.after()
	if err != nil {
		return err
	}
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return err
	}
	events, cancel := a.Log.Subscribe(c.ID) // before reading, so that nothing falls in between
	defer func() { cancel() }()
	past, err := a.Log.Events(r.Context(), c.ID, after, 0)
	if err != nil {
		return err
	}
	if over(c) && len(past) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	s := beginEvents(w)
	s.last = after
	if err := s.comment("following " + c.ID); err != nil || r.Method == http.MethodHead {
		return nil
	}
	for {
		if done, err := a.replay(r.Context(), s, c, past); done || err != nil {
			return err
		}
		lagged, err := a.pass(r, s, events)
		if !lagged || err != nil {
			return err
		}
		cancel()
		events, cancel = a.Log.Subscribe(c.ID)
		if past, err = a.Log.Events(r.Context(), c.ID, s.last, 0); err != nil {
			return err
		}
		if c, err = a.Store.Call(r.Context(), r.env, r.id); err != nil {
			return err
		}
	}
}

// replay sends what is stored, page by page; done: the call is over and all of it has been sent, or the reader has left.
func (a *API) replay(ctx context.Context, s *eventStream, c parley.Call, past []parley.Event) (done bool, err error) {
	for len(past) > 0 {
		for _, e := range past {
			if s.send(e) != nil {
				return true, nil
			}
		}
		if past, err = a.Log.Events(ctx, c.ID, s.last, 0); err != nil {
			return true, err
		}
	}
	return over(c) || s.ended, nil
}

// pass sends events as they happen. lagged: this process fell behind its own log and has to read it again.
func (a *API) pass(r *request, s *eventStream, events <-chan parley.Event) (lagged bool, err error) {
	quiet := time.NewTicker(heartbeat)
	defer quiet.Stop()
	var elsewhere <-chan time.Time
	if a.Shared {
		look := time.NewTicker(lookElsewhere)
		defer look.Stop()
		elsewhere = look.C
	}
	for {
		select {
		case e, ok := <-events:
			if !ok {
				select {
				case <-a.closed:
					return false, nil
				case <-time.After(time.Second): // the log is closing, or this reader was too slow for a moment
					return true, nil
				}
			}
			if e.Sequence > s.last+1 { // what another process told of did not come
				if done, err := a.missed(r, s); done || err != nil {
					return false, err
				}
			}
			if s.send(e) != nil || s.ended {
				return false, nil
			}
		case <-elsewhere:
			if done, err := a.missed(r, s); done || err != nil {
				return false, err
			}
		case <-quiet.C:
			if s.comment("") != nil {
				return false, nil
			}
			c, err := a.Store.Call(r.Context(), r.env, r.id)
			if err != nil || over(c) {
				return true, err // what is left is in the log
			}
		case <-r.Context().Done():
			return false, nil
		case <-a.closed:
			return false, nil
		}
	}
}

// beginEvents begins an answer of events (Server-Sent Events).
func beginEvents(w http.ResponseWriter) *eventStream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &eventStream{w: w, rc: http.NewResponseController(w)}
}

// lookElsewhere is how often the log is read for a call that may run in another process.
const lookElsewhere = 2 * time.Second

// missed sends what is in the log and was not sent; done: that was all, or the reader has left.
func (a *API) missed(r *request, s *eventStream) (done bool, err error) {
	past, err := a.Log.Events(r.Context(), r.id, s.last, 0)
	if err != nil || len(past) == 0 {
		return false, err
	}
	return a.replay(r.Context(), s, parley.Call{ID: r.id}, past)
}

// after is the sequence the client has: ?after=, else Last-Event-ID.
func (r *request) after() (int64, error) {
	name, s := "after", r.q("after")
	if s == "" {
		name, s = "Last-Event-ID", strings.TrimSpace(r.Header.Get("Last-Event-ID"))
	}
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, parley.Invalid(name, name+" must be the sequence of an event, a whole number from 0")
	}
	return n, nil
}

// An eventStream writes server-sent events. A reader that takes nothing for writePatience is dropped.
type eventStream struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	last  int64 // sequence of the last event that was sent
	ended bool  // the last event of the call has been sent
	buf   bytes.Buffer
}

// send writes one event; one that has been sent already is passed over.
func (s *eventStream) send(e parley.Event) error {
	if e.Sequence > 0 && e.Sequence <= s.last {
		return nil
	}
	s.buf.Reset()
	if e.Sequence > 0 {
		s.last = e.Sequence
		fmt.Fprintf(&s.buf, "id: %d\n", e.Sequence)
	}
	if err := s.put(e); err != nil {
		return err
	}
	s.ended = s.ended || e.Type == parley.EventEnded || e.Type == parley.EventDidNotConnect
	return s.flush()
}

// put adds an event to what is to be sent.
func (s *eventStream) put(e parley.Event) error {
	if len(e.Payload) == 0 {
		e.Payload = json.RawMessage("{}")
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	fmt.Fprintf(&s.buf, "event: %s\ndata: %s\n\n", oneLine(string(e.Type)), b)
	return nil
}

func (s *eventStream) comment(text string) error {
	s.buf.Reset()
	fmt.Fprintf(&s.buf, ": %s\n\n", text)
	return s.flush()
}

func (s *eventStream) flush() error {
	_ = s.rc.SetWriteDeadline(time.Now().Add(writePatience)) // a writer without deadlines is a test's
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	return s.rc.Flush()
}

func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }
