package spool

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn/journal"
)

const (
	orphaned = time.Minute // how long after its last change a file goes whose call does not exist
	settled  = time.Hour   // and one that its call does not name: its row may be on its way
)

// What is to become of a file.
type verdict int

const (
	wait verdict = iota
	upload
	discard
)

// verdict says what is to become of a file, by the row of its call.
func (s *Spool) verdict(ctx context.Context, f held) (verdict, error) {
	id, form, _ := ours(f.name)
	c, err := s.Rows.Call(ctx, "", id)
	if parley.IsNotFound(err) {
		if time.Since(f.at) > orphaned {
			return discard, nil
		}
		return wait, nil
	}
	if err != nil || c.End.IsZero() {
		return wait, err
	}
	lost, itself := c.Cause == parley.NodeLost || c.Cause == parley.Unknown, form == wav || form == mp3
	if itself && c.Recording == "" && !c.Private && lost {
		if c.Recording, err = s.found(ctx, &c, f.name); err != nil {
			return wait, err
		}
	}
	yes, err := s.wanted(ctx, &c, f.name, form)
	old := time.Since(f.at) > settled
	switch {
	case err != nil:
		return wait, err
	case yes:
		return upload, nil
	case old && itself:
		return discard, nil
	case !old && (lost || c.Recording != ""):
		return wait, nil
	}
	heard, err := s.heard(id)
	if err != nil || heard {
		return wait, err
	}
	return discard, nil
}

// heard says whether a recording with sound lies in the folder, or is being written, that may yet be named: what lies beside it waits for it.
func (s *Spool) heard(id string) (bool, error) {
	for _, form := range []string{wav, mp3} {
		s.mu.Lock()
		writing := s.writing[id+form]
		s.mu.Unlock()
		if writing {
			return true, nil
		}
		f, err := os.Open(filepath.Join(s.Dir, id+form))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		has := form == mp3
		if !has {
			has, err = audio.HasSound(f)
		}
		_ = f.Close()
		if err != nil || has {
			return has, err
		}
	}
	return false, nil
}

// wanted says whether the row of a call that is over names a file.
func (s *Spool) wanted(ctx context.Context, c *parley.Call, name, form string) (bool, error) {
	switch form {
	case audio.PeaksEnding:
		return c.Recording != "", nil
	case journal.Ending:
		if !strings.HasSuffix(c.Recording, wav) {
			return false, nil
		}
		return s.Rows.WordsKept(ctx, c.ID)
	}
	return c.Recording == name, nil
}

// found has the row of a call name the recording that was being made when its node died; others, who ended the call, did not see it. One without
// sound, or that would have been erased by now, is none.
func (s *Spool) found(ctx context.Context, c *parley.Call, name string) (string, error) {
	f, err := os.Open(filepath.Join(s.Dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	has, err := audio.HasSound(f)
	if err != nil || !has {
		return "", err
	}
	env, err := s.Rows.Environment(ctx, c.UserID)
	if err != nil {
		return "", err
	}
	if days := env.Settings.AudioDays; days > 0 && c.End.AddDate(0, 0, days).Before(time.Now()) {
		return "", nil
	}
	s.Logger.Warn("a recording that was lost is found", "call", c.ID)
	err = s.Rows.UpdateCall(ctx, c.ID, func(row *parley.Call) error {
		if row.Recording == "" {
			row.Recording = name
		}
		return nil
	})
	return name, err
}
