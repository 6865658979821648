// Package replay plays a recorded call to the engine of taking turns once more, and says what it decides, with the call's dials or
// with others. It starts no goroutine.
package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
)

// Log has the events of calls. *store.Log is one.
type Log interface {
	Events(ctx context.Context, callID string, after int64, limit int) ([]parley.Event, error)
}

// Files has recordings and journals. *store.Blobs is one.
type Files interface {
	Open(name string) (io.ReadSeekCloser, int64, error)
	Path(name string) (string, error) // where it lies, for who reads here and there in it; it may not exist
}

// An ImpossibleError says why a call cannot be played once more.
type ImpossibleError struct{ Why string }

func (e *ImpossibleError) Error() string { return "the call cannot be played once more: " + e.Why }

// Decisions are those in the log of a call.
func Decisions(ctx context.Context, l Log, callID string) ([]journal.Decision, error) {
	out := []journal.Decision{}
	for after := int64(0); ; {
		events, err := l.Events(ctx, callID, after, 0)
		if err != nil || len(events) == 0 {
			return out, err
		}
		for _, e := range events {
			after = e.Sequence
			var d journal.Decision
			if e.Type == parley.EventDecision && json.Unmarshal(e.Payload, &d) == nil && d.What != "" {
				out = append(out, d)
			}
		}
	}
}

// A Report is what came of it.
type Report struct {
	CallID    string             `json:"call_id"`
	Same      bool               `json:"same"`    // without other dials: all is decided as it was, to the letter
	Differs   []Stretch          `json:"differs"` // where the recording is not what was heard
	Cut       bool               `json:"cut"`     // the end is missing: the server was killed while the call ran, or the recording was paused
	Decisions []journal.Decision `json:"decisions"`
	Changes   []journal.Change   `json:"changes"` // against the log; with other dials: against the call as it was
}

// A Stretch is a part of the call, in ms since answer.
type Stretch struct {
	From int64 `json:"from_ms"`
	To   int64 `json:"to_ms"`
}

// Again plays a call with its own dials and compares it with what its log says.
func Again(ctx context.Context, f Files, l Log, c *parley.Call) (*Report, error) {
	was, err := Decisions(ctx, l, c.ID)
	if err != nil {
		return nil, err
	}
	r, err := play(f, c, nil)
	if err != nil {
		return nil, err
	}
	if r.Cut {
		was = slices.DeleteFunc(was, func(d journal.Decision) bool { return d.At > r.Length.Milliseconds() })
	}
	out := report(c, r)
	out.Same = slices.EqualFunc(was, r.Decisions, same)
	out.Changes = journal.Compare(was, r.Decisions)
	return out, nil
}

func same(a, b journal.Decision) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// WouldBe plays a call with other dials, each as dial=value, and says what would have been decided otherwise.
func WouldBe(f Files, c *parley.Call, set []string) (*Report, error) {
	if err := new(turn.Options).Set(set...); err != nil {
		return nil, err
	}
	was, err := play(f, c, func(*turn.Options) {})
	if err != nil {
		return nil, err
	}
	would, err := play(f, c, func(o *turn.Options) { _ = o.Set(set...) })
	if err != nil {
		return nil, err
	}
	out := report(c, would)
	out.Changes = journal.Compare(was.Decisions, would.Decisions)
	return out, nil
}

func report(c *parley.Call, r *journal.Replay) *Report {
	out := &Report{CallID: c.ID, Cut: r.Cut, Decisions: r.Decisions, Differs: []Stretch{}}
	for _, d := range r.Differs {
		out.Differs = append(out.Differs, Stretch{d.From.Milliseconds(), d.To.Milliseconds()})
	}
	return out
}

// Possible says why a call cannot be played once more, as an *ImpossibleError.
func Possible(f Files, c *parley.Call) error {
	if err := possible(c); err != nil {
		return err
	}
	for name, why := range map[string]string{c.Recording: noSound, c.ID + journal.Ending: noJournal} {
		file, _, err := f.Open(name)
		if err != nil {
			return missing(err, why)
		}
		file.Close()
	}
	return nil
}

const (
	noSound   = "its recording is not here"
	noJournal = "its journal is not here: the call was made with an older version, on a server with another folder of recordings, or its text was erased"
)

// possible is as far as the call's row tells.
func possible(c *parley.Call) error {
	why := ""
	switch {
	case c.Private:
		why = "it is hipaa_compliant, and nothing is kept of it"
	case c.End.IsZero():
		why = "it is not over"
	case c.Start.IsZero():
		why = "it was not answered"
	case c.Recording == "":
		why = "it was not recorded, or its recording has been erased"
	case filepath.Ext(c.Recording) != ".wav":
		why = "its recording is kept as MP3 by now, which is not the sound that was heard"
	default:
		return nil
	}
	return &ImpossibleError{why}
}

// play plays it; set is nil for what was, and changes the dials otherwise.
func play(f Files, c *parley.Call, set func(*turn.Options)) (*journal.Replay, error) {
	if err := possible(c); err != nil {
		return nil, err
	}
	path, err := f.Path(c.Recording)
	if err != nil {
		return nil, missing(err, noSound)
	}
	wav, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &ImpossibleError{noSound}
	}
	if err != nil {
		return nil, missing(err, noSound)
	}
	defer wav.Close()
	info, err := wav.Stat()
	if err != nil {
		return nil, missing(err, noSound)
	}
	sound, err := audio.OpenRecorded(wav, info.Size())
	if err != nil {
		return nil, err
	}
	notes, _, err := f.Open(c.ID + journal.Ending)
	if err != nil {
		return nil, missing(err, noJournal)
	}
	defer notes.Close()
	if set == nil {
		return journal.Play(notes, sound)
	}
	return journal.WouldBe(notes, sound, set)
}

func missing(err error, why string) error {
	if parley.IsNotFound(err) {
		return &ImpossibleError{why}
	}
	return fmt.Errorf("opening what is kept of a call: %w", err)
}
