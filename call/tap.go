package call

import (
	"context"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/turn/journal"
)

// A tap records what passes through Read, and lets others listen: what the caller sent on the left, what was put on the wire on the right. While
// the recording is paused nothing passes into it. It runs in the goroutine of whoever reads the leg.
type tap struct {
	name       string
	file       *file
	rec        *audio.Recorder // nil: nothing is recorded
	f          *facts
	discretion *conversation.Discretion
	listeners  *listeners
	bad        bool // the recording failed; said once

	notes   *file
	journal *journal.Writer // nil: none

	disk *disk
	look func() (File, error) // makes the file of the recording's peaks
}

// record starts the recording of a call whose agent wants one. One that cannot be started is a warning, not the end of the call.
func (s *Switchboard) record(line *line, wanted bool) *tap {
	c, f := line.call, line.facts
	t := &tap{f: f, discretion: &line.discretion, listeners: &line.listeners}
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
	t.name, t.file, t.rec, t.disk = name, file, rec, s.disk
	t.look = func() (File, error) { return s.Recordings.Create(c.ID + audio.PeaksEnding) }
	return t
}

func recordingName(callID string) string { return callID + ".wav" }

// leg is l as the conversation reads it.
func (t *tap) leg(l leg.Leg) leg.Leg { return &tapped{Leg: l, tap: t} }

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
	t.outline()
	return t.name, length
}

// outline keeps what the recording looks like. Without it a picture is made from the sound, as long as there is a WAV.
func (t *tap) outline() {
	made, err := t.look()
	if err != nil {
		t.note(err)
		return
	}
	to := t.disk.file(made)
	_, err = to.Write(t.rec.Peaks())
	t.note(err)
	t.note(to.Close())
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
	if (e.Kind == leg.Audio || e.Kind == leg.Played) && !t.tap.discretion.On() {
		t.tap.take(&e)
	}
	return e, err
}

// take is given a frame of either side.
func (t *tap) take(e *leg.Event) {
	t.listeners.give(e)
	switch {
	case t.rec == nil:
	case e.Kind == leg.Audio:
		t.note(t.rec.AddLeft(e.At, &e.Frame))
	default:
		t.note(t.rec.AddRight(e.At, &e.Frame))
	}
}
