package call

import (
	"context"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/turn/journal"
)

// A tap records what passes through Read: what the caller sent on the left, what was put on the wire on the right. It runs in
// the goroutine of whoever reads the leg. The zero tap records nothing.
type tap struct {
	name string
	file *file
	rec  *audio.Recorder
	f    *facts
	bad  bool // the recording failed; said once

	notes   *file
	journal *journal.Writer // nil: none
}

// record starts the recording of a call whose agent wants one. One that cannot be started is a warning, not the end of the call.
func (s *Switchboard) record(c *parley.Call, wanted bool, f *facts) *tap {
	t := &tap{f: f}
	if !wanted || c.Private || s.Recordings == nil {
		return t
	}
	name := recordingName(c.ID)
	to, err := s.Recordings.Create(name)
	if err != nil {
		f.warn("recording", "the call is not recorded: "+err.Error())
		return t
	}
	file := s.disk.file(to)
	rec, err := audio.NewRecorder(file)
	if err != nil {
		f.warn("recording", "the call is not recorded: "+err.Error())
		_ = file.Close()
		return t
	}
	t.name, t.file, t.rec = name, file, rec
	return t
}

func recordingName(callID string) string { return callID + ".wav" }

// leg is l as the conversation reads it.
func (t *tap) leg(l leg.Leg) leg.Leg {
	if t.rec == nil {
		return l
	}
	return &tapped{Leg: l, tap: t}
}

// close finishes the file. The name is "" when there is none, or nothing on it.
func (t *tap) close() (name string, length time.Duration) {
	if t.rec == nil {
		return "", 0
	}
	t.closeJournal()
	length = t.rec.Len()
	t.note(t.rec.Close())
	t.note(t.file.Close())
	if t.file.lost > 0 {
		t.f.warn("recording", "the disk was too slow: part of the recording is silent")
	}
	if length == 0 {
		return "", 0 // they hung up as it was answered
	}
	return t.name, length
}

func (t *tap) note(err error) {
	if err != nil && !t.bad {
		t.bad = true
		t.f.warn("recording", "part of the call is not recorded: "+err.Error())
	}
}

type tapped struct {
	leg.Leg
	tap *tap
}

func (t *tapped) Read(ctx context.Context) (leg.Event, error) {
	e, err := t.Leg.Read(ctx)
	switch e.Kind {
	case leg.Audio:
		t.tap.note(t.tap.rec.AddLeft(e.At, &e.Frame))
	case leg.Played:
		t.tap.note(t.tap.rec.AddRight(e.At, &e.Frame))
	}
	return e, err
}
