package call

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/parley-voice/parley"
)

// Past is the event log as it is read after a crash.
type Past interface {
	parley.Log
	Events(ctx context.Context, callID string, after int64, limit int) ([]parley.Event, error)
}

// Found says whether a recording of that name is there.
type Found func(name string) bool

// Bury completes a call that is over and whose ending nobody was told of before a crash. Of one that the crash itself ended, turns
// and actions come back from its events, and the recording is attached when the file is there (its header is at most a second
// behind). Then the last events are written, those that are not there yet.
func Bury(ctx context.Context, log Past, rows Calls, found Found, c parley.Call) error {
	told := &rest{Log: log, call: &c, there: map[parley.EventType]bool{}}
	past := &facts{callID: c.ID, log: nowhere{}, answered: c.Start}
	var turns []parley.Turn
	for after := int64(0); ; {
		events, err := log.Events(ctx, c.ID, after, 0)
		if err != nil {
			return fmt.Errorf("reading the events of call %s: %w", c.ID, err)
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			past.Append(e)
			told.note(e)
			if e.Type == parley.EventMessage {
				turns = append(turns, turnOf(e, c.Start))
			}
		}
		after = events[len(events)-1].Sequence
	}
	f := &facts{callID: c.ID, log: told, answered: c.Start, private: c.Private}
	if c.Cause != parley.NodeLost && c.Cause != parley.Unknown {
		f.farewell(&c) // its row was written by the one who ended it
		return nil
	}
	c.Turns = turns
	past.record(&c.Record)
	if name := recordingName(c.ID); c.Recording == "" && found(name) {
		c.Recording = name
	}
	err := rows.UpdateCall(ctx, c.ID, func(row *parley.Call) error {
		row.Record, row.Recording = c.Record, c.Recording
		return nil
	})
	if err != nil && !parley.IsNotFound(err) {
		return err // the end is told with its record, or later
	}
	f.farewell(&c)
	return err
}

// A rest of a farewell leaves out what was written of it before.
type rest struct {
	parley.Log
	call  *parley.Call
	there map[parley.EventType]bool
}

// note takes an event that is in the log. An error is of the farewell when it is the one that the call ended by.
func (r *rest) note(e parley.Event) {
	var p struct{ Code parley.Cause }
	if e.Type == parley.EventError && (json.Unmarshal(e.Payload, &p) != nil || p.Code != r.call.Cause) {
		return
	}
	r.there[e.Type] = true
}

func (r *rest) Append(e parley.Event) {
	if !r.there[e.Type] {
		r.Log.Append(e)
	}
}

// turnOf reads a finished turn back from its event, whose timestamp is the turn's beginning.
func turnOf(e parley.Event, start time.Time) parley.Turn {
	var m struct {
		Text        string          `json:"text"`
		Sender      parley.Who      `json:"sender"`
		Time        time.Time       `json:"timestamp"`
		TurnID      string          `json:"turn_id"`
		Interrupted bool            `json:"interrupted"`
		Latency     *parley.Latency `json:"latency"`
		Vendors     *parley.Credits `json:"vendors"`
	}
	_ = json.Unmarshal(e.Payload, &m) // ours: what does not fit stays zero
	if m.Time.IsZero() {
		m.Time = e.Time
	}
	return parley.Turn{ID: m.TurnID, Who: m.Sender, Text: m.Text, Interrupted: m.Interrupted, Latency: m.Latency, Vendors: m.Vendors,
		Start: m.Time.Sub(start), End: max(m.Time.Sub(start), e.Time.Sub(start))}
}

// nowhere is a log that forgets.
type nowhere struct{}

func (nowhere) Append(parley.Event) {}
