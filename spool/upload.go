package spool

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn/journal"
)

const (
	atOnce     = 2                // uploads
	lookEvery  = 10 * time.Second // when nothing wakes it
	sweepEvery = 10 * time.Minute // what is kept is held against the rows
	firstWait  = time.Second      // after storage has failed, then twice that …
	mostWait   = time.Minute      // … up to this
	sayEvery   = 5 * time.Minute  // that it is still away
	failures   = 3                // in a row end a round: it is the storage, not the file
	orphaned   = time.Minute      // how long after its last change a file goes whose call does not exist
	settled    = time.Hour        // and one that its call does not name: its row may be on its way
)

// Run stores what waits until ctx is done.
func (s *Spool) Run(ctx context.Context) error {
	var away struct {
		since, said time.Time
		wait        time.Duration
	}
	var swept time.Time
	for {
		next, err := s.round(ctx)
		if e := s.kept.shrink(s.Cache); e != nil {
			s.Logger.Error("making room among stored recordings", "error", e)
		}
		if time.Since(swept) > sweepEvery {
			s.sweep(ctx)
			swept = time.Now()
		}
		wait, w := min(lookEvery, max(0, time.Until(next))), s.Waiting()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && !away.since.IsZero():
			s.Logger.Info("the storage of recordings is back", "away", time.Since(away.since).Round(time.Second))
			away.since, away.wait, away.said = time.Time{}, 0, time.Time{}
		case err != nil:
			if away.since.IsZero() {
				away.since = time.Now()
			}
			if time.Since(away.said) > sayEvery {
				s.Logger.Warn("recordings wait for their storage", "files", w.Files, "bytes", w.Bytes, "since", w.Oldest, "error", err)
				away.said = time.Now()
			}
			away.wait = min(mostWait, max(firstWait, 2*away.wait))
			wait = away.wait/2 + rand.N(away.wait/2)
		}
		if !s.pause(ctx, wait, err == nil) {
			return nil
		}
	}
}

// pause waits, or, where it may be woken, until a file was written. false: ctx is done.
func (s *Spool) pause(ctx context.Context, wait time.Duration, wakes bool) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	wake := s.wake
	if !wakes {
		wake = nil
	}
	select {
	case <-wake:
	case <-t.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// files are those in the folder that are ours and that nobody writes, the oldest first.
func (s *Spool) files() (out []held, err error) {
	all, _, err := list(s.Dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range all {
		if _, _, is := ours(f.name); is && !s.writing[f.name] {
			out = append(out, f)
		}
	}
	return out, err
}

// round looks at each file that is due, once, and says when to look again. An error is one of the storage.
func (s *Spool) round(ctx context.Context) (next time.Time, err error) {
	next = time.Now().Add(lookEvery)
	files, err := s.files()
	if err != nil {
		s.Logger.Error("reading the folder of recordings", "error", err)
		return next, nil
	}
	var due []held
	w, later := Waiting{}, map[string]time.Time{}
	for _, f := range files {
		at := s.next(f.name)
		if !at.After(time.Now()) {
			what := s.judge(ctx, f)
			if what == discard {
				continue
			}
			if what == upload {
				due = append(due, f)
				at = time.Time{}
			} else { // the younger, the sooner its call may be over
				at = time.Now().Add(min(time.Minute, max(time.Second, time.Since(f.at)/4)))
			}
		}
		w.add(f)
		if !at.IsZero() {
			later[f.name] = at
			if at.Before(next) {
				next = at
			}
		}
	}
	s.note(w, later)
	return next, s.uploads(ctx, due)
}

// judge is the verdict on a file, carried out where it is to go.
func (s *Spool) judge(ctx context.Context, f held) verdict {
	what, err := s.verdict(ctx, f)
	if err == nil && what == discard {
		err = s.Delete(f.name)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.Logger.Error("a recording waits: its call cannot be read or written", "file", f.name, "error", err)
		}
		return wait
	}
	return what
}

func (w *Waiting) add(f held) {
	w.Files++
	w.Bytes += f.size
	if w.Oldest.IsZero() || f.at.Before(w.Oldest) {
		w.Oldest = f.at
	}
}

func (s *Spool) note(w Waiting, later map[string]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Refused = s.waiting.Refused
	s.waiting, s.later = w, later
}

func (s *Spool) next(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.later[name]
}

// uploads stores files, some at once.
func (s *Spool) uploads(ctx context.Context, files []held) error {
	var all sync.WaitGroup
	var mu sync.Mutex // guards row and last
	var last error
	row := 0
	work := make(chan held)
	for range min(atOnce, len(files)) {
		all.Go(func() {
			for f := range work {
				err := s.store(ctx, f.name)
				mu.Lock()
				if err == nil {
					row, last = 0, nil
				} else {
					row, last = row+1, err
				}
				mu.Unlock()
			}
		})
	}
	for _, f := range files {
		mu.Lock()
		enough := row >= failures
		mu.Unlock()
		if enough || ctx.Err() != nil {
			break
		}
		work <- f
	}
	close(work)
	all.Wait()
	return last
}

// Store stores a file that lies in the folder, now, and leaves it where it is.
func (s *Spool) Store(ctx context.Context, name string) error {
	path, err := s.here.Path(name)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.mu.Lock()
	again := s.left[name]
	s.mu.Unlock()
	if again { // parts of it may be there, of an upload that a crash cut off
		if err = s.Objects.Delete(ctx, name); err != nil {
			return err
		}
	}
	s.mu.Lock()
	delete(s.left, name)
	s.mu.Unlock()
	return s.Objects.Put(ctx, name, f, info.Size())
}

// store stores a file and lets it go. Whether it is still wanted is asked once more when it is there: see Erase.
func (s *Spool) store(ctx context.Context, name string) error {
	err := s.Store(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // erased meanwhile
	}
	if err != nil {
		s.mu.Lock()
		s.left[name] = true
		s.mu.Unlock()
		return err
	}
	what, err := s.verdict(ctx, held{name: name})
	switch {
	case err != nil:
		s.Logger.Error("a recording is stored, and its call cannot be read", "file", name, "error", err)
		return nil // the next round does it once more
	case what == discard:
		return s.Delete(name)
	}
	path, err := s.here.Path(name)
	if err == nil {
		err = os.Rename(path, s.kept.path(name))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Logger.Error("a recording that is stored stays where it is", "file", name, "error", err)
	}
	s.stored(name)
	return nil
}

// stored takes one off what waits.
func (s *Spool) stored(name string) {
	info, err := os.Stat(s.kept.path(name))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting.Files--
	s.waiting.Bytes -= info.Size()
	if s.waiting.Files <= 0 {
		s.waiting.Oldest = time.Time{}
	}
}

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
		if uuid.Validate(id) == nil && time.Since(f.at) > orphaned {
			return discard, nil
		}
		return wait, nil // or it is none of ours
	}
	if err != nil || c.End.IsZero() {
		return wait, err
	}
	if (form == wav || form == mp3) && c.Recording == "" && !c.Private && (c.Cause == parley.NodeLost || c.Cause == parley.Unknown) {
		if c.Recording, err = s.found(ctx, &c, f.name); err != nil {
			return wait, err
		}
	}
	yes, err := s.wanted(ctx, &c, f.name, form)
	switch {
	case err != nil:
		return wait, err
	case yes:
		return upload, nil
	case time.Since(f.at) > settled && (form == wav || form == mp3 || !s.sound(id)):
		return discard, nil
	}
	return wait, nil
}

// sound says whether a recording lies in the folder that may yet be found: what lies beside it waits for it.
func (s *Spool) sound(id string) bool {
	for _, form := range []string{wav, mp3} {
		if _, err := os.Stat(filepath.Join(s.Dir, id+form)); err == nil {
			return true
		}
	}
	return false
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
	if err != nil {
		return "", nil
	}
	defer f.Close()
	env, err := s.Rows.Environment(ctx, c.UserID)
	if err != nil {
		return "", err
	}
	if days := env.Settings.AudioDays; days > 0 && c.End.AddDate(0, 0, days).Before(time.Now()) || !audio.HasSound(f) {
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

// Drain waits until nothing waits that could be stored now, or ctx is done. Run is to run.
func (s *Spool) Drain(ctx context.Context) {
	s.look()
	for s.Waiting().Files > 0 {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			w := s.Waiting()
			s.Logger.Warn("recordings wait on this disk for the next start", "files", w.Files, "bytes", w.Bytes, "since", w.Oldest)
			return
		}
	}
}
