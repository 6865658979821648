package call

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// past is a log with a past.
type past struct {
	book
	before []parley.Event
}

func (p *past) Events(_ context.Context, _ string, after int64, _ int) (out []parley.Event, err error) {
	for _, e := range p.before {
		if e.Sequence > after && len(out) < 2 { // in small pages
			out = append(out, e)
		}
	}
	return out, nil
}

func TestBury(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &past{}
	add := func(typ parley.EventType, after time.Duration, payload any) {
		e := parley.NewEvent("c", typ, payload)
		e.Sequence, e.Time = int64(len(p.before)+1), start.Add(after)
		p.before = append(p.before, e)
	}
	add(parley.EventConnected, 0, map[string]any{})
	add(parley.EventMessage, 2*time.Second, map[string]any{"text": "Hello", "sender": "bot", "turn_id": "t1", "timestamp": start.Add(40 * time.Millisecond)})
	add(parley.EventActionStart, 3*time.Second, map[string]any{"action_type": "action_end_conversation"})
	add(parley.EventAction, 4*time.Second, map[string]any{"action_type": "action_end_conversation"})
	add(parley.EventMessage, 5*time.Second, map[string]any{"text": "bye", "sender": "human", "interrupted": true})
	r := &rows{rows: map[string]parley.Call{}}
	c := parley.Call{ID: "c", Status: parley.Failed, Start: start, End: start.Add(time.Minute), Ending: parley.Ending{Cause: parley.NodeLost}}
	if err := r.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := Bury(t.Context(), p, r, func(name string) bool { return name == "c.wav" }, c); err != nil {
		t.Fatal(err)
	}
	got := r.only(t)
	want := "[00:00.04] BOT: Hello\n[00:03.00] BOT_ACTION_START: action_end_conversation\n[00:04.00] BOT_ACTION_FINISH: action_end_conversation\n[00:05.00] HUMAN: bye"
	if tr := parley.Transcript(got.Record); tr != want {
		t.Errorf("the transcript:\n%s", tr)
	}
	if got.Recording != "c.wav" || len(got.ActionHistory) != 1 {
		t.Errorf("%+v", got)
	}
	has(t, p.types(), parley.EventError, parley.EventTranscript, parley.EventRecording, parley.EventEnded)
	var ended struct {
		Minutes float64 `json:"conversation_minutes"`
		Fault   string
	}
	if err := json.Unmarshal([]byte(p.payload(t, parley.EventEnded)), &ended); err != nil || ended.Minutes != 1 || ended.Fault != "platform" {
		t.Errorf("%+v %v", ended, err)
	}
}

func TestBuryACallThatWasNeverAnswered(t *testing.T) {
	p, r := &past{}, &rows{rows: map[string]parley.Call{}}
	c := parley.Call{ID: "c", Status: parley.Failed, Ending: parley.Ending{Cause: parley.Unknown, ErrorMessage: "in doubt"}}
	if err := Bury(t.Context(), p, r, func(string) bool { return false }, c); !parley.IsNotFound(err) {
		t.Errorf("a row that is gone: %v", err)
	}
	has(t, p.types(), parley.EventError, parley.EventDidNotConnect)
	if w := p.payload(t, parley.EventError); !strings.Contains(w, "in doubt") {
		t.Errorf("error event: %s", w)
	}
}

// TestBuryTheRest: of a call that had ended before the crash, only what is missing of the farewell is written, and its row stays.
func TestBuryTheRest(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	all := []parley.EventType{parley.EventError, parley.EventTranscript, parley.EventRecording, parley.EventEnded}
	for n := range len(all) + 1 {
		p, r := &past{}, &rows{rows: map[string]parley.Call{}}
		early := parley.NewEvent("c", parley.EventError, map[string]string{"code": "action_failed"}) // of the conversation
		p.before = []parley.Event{early}
		for _, typ := range all[:n] {
			p.before = append(p.before, parley.NewEvent("c", typ, map[string]string{"code": string(parley.ProviderFailed)}))
		}
		for i := range p.before {
			p.before[i].Sequence = int64(i + 1)
		}
		c := parley.Call{ID: "c", Status: parley.Failed, Start: start, End: start.Add(time.Minute), Ending: parley.Ending{Cause: parley.ProviderFailed},
			Media: parley.Media{Recording: "c.mp3"}, Record: parley.Record{Turns: []parley.Turn{{Text: "Hello"}}}}
		if err := r.CreateCall(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if err := Bury(t.Context(), p, r, func(string) bool { return true }, c); err != nil {
			t.Fatal(err)
		}
		if got := p.types(); !slices.Equal(got, all[n:]) {
			t.Errorf("%d events were there; it adds %v", n, got)
		}
		if got := r.only(t); len(got.Turns) != 1 || got.Recording != "c.mp3" {
			t.Errorf("the row is another: %+v", got)
		}
	}
}

// TestBuryTwice: a start that a crash cut short is made up for by the next one.
func TestBuryTwice(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p, r := &past{}, &rows{rows: map[string]parley.Call{}}
	e := parley.NewEvent("c", parley.EventMessage, map[string]any{"text": "Hello", "sender": "bot", "turn_id": "t1"})
	e.Sequence, e.Time = 1, start.Add(time.Second)
	p.before = []parley.Event{e}
	c := parley.Call{ID: "c", Status: parley.Failed, Start: start, End: start.Add(time.Minute), Ending: parley.Ending{Cause: parley.NodeLost}}
	if err := r.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Bury(t.Context(), p, r, func(string) bool { return false }, r.only(t)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.only(t); len(got.Turns) != 1 {
		t.Errorf("%d turns of one", len(got.Turns))
	}
}
