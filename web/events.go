package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/parley-voice/parley"
)

const (
	heartbeat     = 15 * time.Second
	writePatience = 10 * time.Second
	lookEvery     = 500 * time.Millisecond // whether the leg is still there
)

// shown is what whoever calls may read of their call: both sides' words, and who is at it.
var shown = map[parley.EventType]bool{
	parley.EventMessage: true, parley.EventPartial: true, parley.EventTurnEnded: true, parley.EventInterrupted: true, parley.EventConnected: true,
	parley.EventEnded: true, parley.EventDidNotConnect: true,
}

// told is an event as it is shown: of why a call ended only the cause.
func told(e parley.Event) any {
	var p map[string]json.RawMessage
	_ = json.Unmarshal(e.Payload, &p)
	kept := map[string]json.RawMessage{}
	for _, k := range []string{"text", "sender", "interrupted", "ended_reason"} {
		if v, ok := p[k]; ok {
			kept[k] = v
		}
	}
	return struct {
		Type    parley.EventType           `json:"type"`
		Time    time.Time                  `json:"timestamp"`
		Payload map[string]json.RawMessage `json:"payload"`
	}{e.Type, e.Time, kept}
}

// events streams what happens on a call, as server-sent events, until it is over.
func (s *Site) events(w http.ResponseWriter, r *http.Request) {
	events, cancel := s.Log.Subscribe(r.PathValue("id"))
	defer cancel()
	if !s.Door.Has(r.PathValue("id")) {
		refuse(w, http.StatusNotFound, "not_found", "there is no such call, or it is over")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	rc := http.NewResponseController(w)
	say := func(format string, args ...any) bool {
		_ = rc.SetWriteDeadline(time.Now().Add(writePatience)) // a writer without deadlines is a test's
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return false
		}
		return rc.Flush() == nil
	}
	w.WriteHeader(http.StatusOK)
	if !say(": following\n\n") {
		return
	}
	quiet := time.NewTicker(heartbeat)
	defer quiet.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	away := 0
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return // too slow, or the server stops: EventSource asks again
			}
			if !shown[e.Type] {
				continue
			}
			b, err := json.Marshal(told(e))
			if err != nil || !say("event: %s\ndata: %s\n\n", e.Type, b) {
				return
			}
			if e.Type == parley.EventEnded || e.Type == parley.EventDidNotConnect {
				return
			}
		case <-look.C:
			if s.Door.Has(r.PathValue("id")) {
				continue
			}
			if away++; away > 2 { // nothing has told of its end: a leg that took a call over has no events of its own
				_ = say("event: %s\ndata: %s\n\n", parley.EventEnded, `{"payload":{"ended_reason":"transferred"}}`)
				return
			}
		case <-quiet.C:
			if !say(": \n\n") {
				s.Door.Left(r.PathValue("id"))
				return
			}
		case <-r.Context().Done():
			s.Door.Left(r.PathValue("id"))
			return
		}
	}
}
