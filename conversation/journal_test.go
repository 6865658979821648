package conversation

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
)

// A tape is a leg that is recorded, the journal of whoever talks on it, and what they decided.
type tape struct {
	leg.Leg
	file    *os.File
	rec     *audio.Recorder
	journal *journal.Writer
	written bytes.Buffer
	mu      sync.Mutex
	log     []string
}

func newTape(t *testing.T, l leg.Leg) *tape {
	f, err := os.Create(filepath.Join(t.TempDir(), "call.wav"))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := audio.NewRecorder(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	p := &tape{Leg: l, file: f, rec: rec}
	p.journal = journal.NewWriter(&p.written)
	return p
}

func (p *tape) Read(ctx context.Context) (leg.Event, error) {
	e, err := p.Leg.Read(ctx)
	switch e.Kind {
	case leg.Audio:
		_ = p.rec.AddLeft(e.At, &e.Frame)
	case leg.Played:
		_ = p.rec.AddRight(e.At, &e.Frame)
	}
	return e, err
}

func (p *tape) decided(payload []byte) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, string(payload))
}

// sound finishes the recording.
func (p *tape) sound(t *testing.T) *audio.Recorded {
	if err := p.rec.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := p.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	sound, err := audio.OpenRecorded(p.file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return sound
}

// check plays the call to the engine once more: the decisions must be those of the log, to the letter.
func (p *tape) check(t *testing.T) []journal.Decision {
	t.Helper()
	if err := p.journal.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.Play(bytes.NewReader(p.written.Bytes()), p.sound(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Differs) > 0 {
		t.Errorf("the sound differs in %v", r.Differs)
	}
	if r.Cut { // the recording was paused: what was decided since is not told
		p.log = p.log[:min(len(p.log), len(r.Decisions))]
	}
	var again []string
	for _, d := range r.Decisions {
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again = append(again, string(b))
	}
	if !slices.Equal(again, p.log) {
		t.Errorf("played once more it is decided\n%s\nand it was\n%s", strings.Join(again, "\n"), strings.Join(p.log, "\n"))
	}
	return r.Decisions
}

// free plays the call with its own dials, each decision at its own time: none may be another.
func (p *tape) free(t *testing.T, was []journal.Decision) {
	t.Helper()
	free, err := journal.WouldBe(bytes.NewReader(p.written.Bytes()), p.sound(t), func(*turn.Options) {})
	if err != nil {
		t.Fatal(err)
	}
	if changes := journal.Compare(was, free.Decisions); len(changes) > 0 {
		t.Errorf("with the same dials it would have been otherwise: %v", changes)
	}
}
