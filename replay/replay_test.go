package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
)

// A house keeps one call, as a server would.
type house struct {
	blobs  *store.Blobs
	dir    string
	events []parley.Event
	call   parley.Call
}

func (h *house) Events(_ context.Context, callID string, after int64, limit int) (out []parley.Event, err error) {
	for _, e := range h.events {
		if e.CallID == callID && e.Sequence > after && len(out) < 3 { // a page is small
			out = append(out, e)
		}
	}
	return out, nil
}

// kept is a call on which the caller says something with a pause in it, and something while the agent speaks.
func kept(t *testing.T) *house {
	t.Helper()
	h := &house{dir: t.TempDir()}
	at := time.Now()
	h.call = parley.Call{ID: "c1", Start: at, End: at.Add(time.Minute), Record: parley.Record{}}
	h.call.Recording = "c1.wav"
	var err error
	if h.blobs, err = store.NewBlobs(h.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.blobs.Close() })
	wav, err := h.blobs.Create("c1.wav")
	if err != nil {
		t.Fatal(err)
	}
	rec, err := audio.NewRecorder(wav)
	if err != nil {
		t.Fatal(err)
	}
	var notes bytes.Buffer
	w := journal.NewWriter(&notes)
	d := journal.New(turn.Options{Language: "en"}, w, func(d journal.Decision) {
		e := parley.NewEvent("c1", parley.EventDecision, d)
		e.Sequence = int64(len(h.events) + 1)
		h.events = append(h.events, e, parley.Event{CallID: "c1", Sequence: e.Sequence + 1, Type: parley.EventWarning, Payload: []byte(`{}`)})
	})
	voice := babble.Speak(3, 10*time.Second)
	speaks := func(ms int) bool {
		return ms >= 1000 && ms < 2000 || ms >= 2700 && ms < 3500 || ms >= 6000 && ms < 6800
	}
	for i := range 450 {
		ms := i * 20
		from, now := time.Duration(ms)*time.Millisecond, time.Duration(ms+20)*time.Millisecond
		var f, quiet audio.Frame
		if speaks(ms) {
			copy(f[:], voice[i*audio.Samples:])
		}
		rec.AddLeft(from, &f)
		rec.AddRight(from, &quiet)
		d.Played(&quiet, from, now)
		d.Frame(&f, from, now)
		switch ms {
		case 2100:
			d.Heard(turn.Words{Text: "I would like a table on Friday", Final: true}, now)
		case 3600:
			d.Heard(turn.Words{Text: "for two people please", Final: true}, now)
		case 5000:
			d.Agent(turn.Busy)
		case 6400:
			d.Heard(turn.Words{Text: "stop that"}, now)
			d.Agent(turn.Idle)
		case 6900:
			d.Heard(turn.Words{Text: "stop that now please", Final: true}, now)
		}
		if due, ok := d.Due(); ok && due <= now {
			d.Tick(now)
		}
	}
	if err := errors.Join(rec.Close(), wav.Close(), w.Close(), os.WriteFile(filepath.Join(h.dir, "c1"+journal.Ending), notes.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAgain(t *testing.T) {
	h := kept(t)
	was, err := Decisions(t.Context(), h, "c1")
	if err != nil || len(was) < 3 {
		t.Fatalf("%d decisions, %v", len(was), err)
	}
	r, err := Again(t.Context(), h.blobs, h, &h.call)
	if err != nil || !r.Same || len(r.Differs) > 0 || len(r.Changes) > 0 || len(r.Decisions) != len(was) {
		t.Fatalf("%+v, %v", r, err)
	}
	var out strings.Builder
	r.Print(&out)
	for _, want := range []string{`turn ends      "I would like a table on Friday for two people please"`, "interrupts", "sounds finished to", "decisions, all as on the call."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}

	h.events[0].Payload = json.RawMessage(strings.Replace(string(h.events[0].Payload), `"pace":1`, `"pace":2`, 1))
	if r, err = Again(t.Context(), h.blobs, h, &h.call); err != nil || r.Same || len(r.Changes) > 0 {
		t.Errorf("with another pace in the log: %+v, %v", r, err)
	}
	out.Reset()
	if r.Print(&out); !strings.Contains(out.String(), "what they were made from is another") {
		t.Error(out.String())
	}
	h.events = h.events[2:]
	if r, err = Again(t.Context(), h.blobs, h, &h.call); err != nil || r.Same || len(r.Changes) != 1 {
		t.Errorf("with one decision less in the log: %+v, %v", r, err)
	}
}

func TestWouldBe(t *testing.T) {
	h := kept(t)
	for _, k := range []struct{ set, want string }{
		{"endpointing_sensitivity=relaxed", "later, by"},
		{"endpointing_sensitivity=sensitive", `+    2`}, // the pause in the sentence would have been its end
		{"endpointing_sensitivity=auto", "nothing would have been decided otherwise"},
	} {
		r, err := WouldBe(h.blobs, &h.call, []string{k.set})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if r.Print(&out, k.set); !strings.Contains(out.String(), k.want) {
			t.Errorf("%s: no %q in\n%s", k.set, k.want, &out)
		}
	}
	if _, err := WouldBe(h.blobs, &h.call, []string{"speed=3"}); err == nil || !strings.Contains(err.Error(), "no such dial") {
		t.Error(err)
	}
}

func TestOtherSoundIsSaid(t *testing.T) {
	h := kept(t)
	path := filepath.Join(h.dir, "c1.wav")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) / 2; i < len(b)/2+4000; i++ {
		b[i] ^= 0x55
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Again(t.Context(), h.blobs, h, &h.call)
	if err != nil || len(r.Differs) != 1 || r.Differs[0].From < 3000 || r.Differs[0].To > 6000 {
		t.Fatalf("%+v, %v", r, err)
	}
	var out strings.Builder
	if r.Print(&out); !strings.Contains(out.String(), "is not what was heard") {
		t.Error(out.String())
	}
}

// TestImpossible: why a call cannot be played is said.
func TestImpossible(t *testing.T) {
	for want, change := range map[string]func(h *house){
		"hipaa_compliant":          func(h *house) { h.call.Private = true },
		"not over":                 func(h *house) { h.call.End = time.Time{} },
		"not answered":             func(h *house) { h.call.Start = time.Time{} },
		"not recorded":             func(h *house) { h.call.Recording = "" },
		"kept as MP3":              func(h *house) { h.call.Recording = "c1.mp3" },
		"its recording is not":     func(h *house) { os.Remove(filepath.Join(h.dir, "c1.wav")) },
		"its journal is not here:": func(h *house) { os.Remove(filepath.Join(h.dir, "c1"+journal.Ending)) },
	} {
		h := kept(t)
		change(h)
		for _, set := range [][]string{nil, {"interrupt_sensitivity=high"}} {
			var err error
			if set == nil {
				_, err = Again(t.Context(), h.blobs, h, &h.call)
			} else {
				_, err = WouldBe(h.blobs, &h.call, set)
			}
			var no *ImpossibleError
			if !errors.As(err, &no) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", want, err)
			}
		}
	}
	h := kept(t)
	if err := os.WriteFile(filepath.Join(h.dir, "c1"+journal.Ending), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Again(t.Context(), h.blobs, h, &h.call); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("of a file that is no journal: %v", err)
	}
}
