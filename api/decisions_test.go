package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
)

// TestDecisions: they are there for every call, and what other dials would have done for one that was recorded.
func TestDecisions(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(c *parley.Call) {
		c.Recording, c.Status, c.End = "decided.wav", parley.Ended, time.Now()
	})
	wav, err := h.blobs.Create("decided.wav")
	if err != nil {
		t.Fatal(err)
	}
	rec, err := audio.NewRecorder(wav)
	if err != nil {
		t.Fatal(err)
	}
	notes, err := h.blobs.Create(id + journal.Ending)
	if err != nil {
		t.Fatal(err)
	}
	w := journal.NewWriter(notes)
	d := journal.New(turn.Options{Language: "en"}, w, func(d journal.Decision) {
		b, _ := json.Marshal(d)
		h.event(id, parley.EventDecision, string(b))
	})
	var f audio.Frame
	for i := range 150 {
		at := time.Duration(i) * audio.FrameDur
		rec.AddLeft(at, &f)
		d.Frame(&f, at, at+audio.FrameDur)
		if i == 50 {
			d.Heard(turn.Words{Text: "could you tell me when you open", Final: true}, at+audio.FrameDur)
		}
		if due, ok := d.Due(); ok && due <= at+audio.FrameDur {
			d.Tick(at + audio.FrameDur)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rec.Close()
	wav.Close()
	notes.Close()
	h.event(id, parley.EventMessage, `{}`)
	if err := h.db.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	get := func(n *tenant, query string, status int, fragments ...string) {
		t.Helper()
		r := h.do(n, "GET", "/v1/calls/decisions?id="+query, "")
		if r.status != status {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
		for _, want := range fragments {
			if !strings.Contains(string(r.body), want) {
				t.Errorf("%s: no %s in %s", query, want, r.body)
			}
		}
	}
	get(h.a, id, 200, `"replayable":true`, `"reason":null`, `"changes":null`, `"decision":"turn_end"`, `"text":"could you tell me when you open"`, `"finished":0.`)
	get(h.a, id+"&set=endpointing_sensitivity=relaxed,interrupt_sensitivity=high", 200, `"changes":[{"was":{"decision":"turn_end"`, `"would":{"decision":"turn_end"`, `"differs":[]`)
	get(h.a, id+"&set=endpointing_sensitivity=auto", 200, `"changes":[]`)
	get(h.a, id+"&set=endpointing_sensitivity=fast", 400, `"set"`, "auto, relaxed, sensitive")
	get(h.b, id, 404, "call not found")
	running := h.call(h.a, func(c *parley.Call) {})
	get(h.a, running, 200, `"replayable":false`, "it is not over", `"decisions":[]`)
	get(h.a, running+"&set=interrupt_sensitivity=high", 409, "not_replayable", "it is not over")
	if r := h.do(h.a, "DELETE", "/v1/calls/delete?id="+id, ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if _, _, err := h.blobs.Open(id + journal.Ending); !parley.IsNotFound(err) {
		t.Errorf("the journal of an erased call: %v", err)
	}
}
