package phone

import (
	"fmt"
	"os"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// A tape keeps both sides of a call. A nil tape keeps nothing.
type tape struct {
	file *os.File
	rec  *audio.Recorder
	err  error
	done bool
}

func openTape(path string) (*tape, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("phone: recording: %w", err)
	}
	rec, err := audio.NewRecorder(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("phone: recording: %w", err)
	}
	return &tape{file: f, rec: rec}, nil
}

// add keeps a frame of either kind at its place. The first error stays.
func (t *tape) add(ev *leg.Event) {
	if t == nil || t.err != nil {
		return
	}
	if ev.Kind == leg.Played {
		t.err = t.rec.AddLeft(ev.At, &ev.Frame)
	} else {
		t.err = t.rec.AddRight(ev.At, &ev.Frame)
	}
}

// close finishes the file; a second call does nothing.
func (t *tape) close() error {
	if t == nil || t.done {
		return nil
	}
	t.done = true
	err := t.err
	if e := t.rec.Close(); err == nil {
		err = e
	}
	if e := t.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("phone: recording: %w", err)
	}
	return nil
}
