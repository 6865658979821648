package spool

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	atOnce     = 2                // uploads
	lookEvery  = 10 * time.Second // when nothing wakes it
	sweepEvery = 10 * time.Minute // what is kept is held against the rows
	firstWait  = time.Second      // after storage has failed, then twice that …
	mostWait   = time.Minute      // … up to this
	sayEvery   = 5 * time.Minute  // that it is still away
	failures   = 3                // of the storage, in a row, end a round
	mostOwn    = 5 * time.Minute  // the most that a file waits which is itself what cannot be stored
	opened     = 2 * time.Second  // how long a file stays where somebody was told it is
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
		if e := s.kept.shrink(s.cache()); e != nil {
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

// A place is a file's among those that wait: when it is looked at next, and how often it was not stored.
type place struct {
	at    time.Time // zero: at once
	fails int
	own   bool // the last time it was the file itself that could not be stored
}

// round looks at each file that is due, once, and says when to look again. An error is one of the storage.
func (s *Spool) round(ctx context.Context) (next time.Time, err error) {
	s.mu.Lock()
	clear(s.closed)
	s.hoped = false
	s.mu.Unlock()
	files, err := s.files()
	if err != nil {
		s.Logger.Error("reading the folder of recordings", "error", err)
		return time.Now().Add(lookEvery), nil
	}
	var due []held
	places := map[string]place{}
	waits := files[:0]
	for _, f := range files {
		p := s.place(f.name)
		if !p.at.After(time.Now()) {
			what := s.judge(ctx, f)
			if what == discard {
				continue
			}
			if what == upload {
				due = append(due, f)
				p.at = time.Time{}
			} else { // the younger, the sooner its call may be over
				p.at = time.Now().Add(min(time.Minute, max(time.Second, time.Since(f.at)/4)))
			}
		}
		waits = append(waits, f)
		places[f.name] = p
	}
	// Those that the storage has failed for stand behind those that it may take.
	slices.SortStableFunc(due, func(a, b held) int { return places[a.name].fails - places[b.name].fails })
	s.note(waits, places)
	err = s.uploads(ctx, due)
	return s.next(), err
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

// Hope has what the storage has refused be tried again at once, and waited for by Drain: something about it is otherwise, such as the key.
func (s *Spool) Hope() {
	s.mu.Lock()
	s.hoped = true
	hope(s.places)
	s.mu.Unlock()
	s.look()
}

func hope(places map[string]place) {
	for name, p := range places {
		if p.own {
			places[name] = place{fails: p.fails}
		}
	}
}

// note has what was found wait, and what was closed since the folder was read.
func (s *Spool) note(files []held, places map[string]place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := Waiting{Refused: s.waiting.Refused}
	for _, f := range files {
		w.add(f)
		delete(s.closed, f.name)
	}
	for _, f := range s.closed {
		w.add(f)
	}
	if s.hoped {
		hope(places)
	}
	s.waiting, s.places = w, places
	maps.DeleteFunc(s.asked, func(_ string, at time.Time) bool { return time.Since(at) > opened })
}

func (s *Spool) place(name string) place {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.places[name]
}

// next is when the first of those that wait for a time is due.
func (s *Spool) next() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := time.Now().Add(lookEvery)
	for _, p := range s.places {
		if !p.at.IsZero() && p.at.Before(next) {
			next = p.at
		}
	}
	return next
}

// uploads stores files, some at once. What is wrong with one file alone is no error of all.
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
				own := err != nil && s.failed(ctx, f.name, err)
				mu.Lock()
				switch {
				case err == nil:
					row, last = 0, nil
				case !own:
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

// failed puts a file back, and says whether it is the file itself that cannot be stored: then it waits by itself.
func (s *Spool) failed(ctx context.Context, name string, err error) (own bool) {
	var refused *RefusedError
	var local *localError
	own = errors.As(err, &refused) || errors.As(err, &local)
	s.mu.Lock()
	p := s.places[name]
	p.fails++
	p.own = own
	wait := min(mostOwn, firstWait<<min(p.fails-1, 20))
	if own {
		p.at = time.Now().Add(wait)
	}
	s.places[name] = p
	s.mu.Unlock()
	if own && ctx.Err() == nil {
		s.Logger.Error("a recording cannot be stored, and waits", "file", name, "attempt", p.fails, "again", wait, "error", err)
	}
	return own
}

// A localError is one of this machine, and not of the storage.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// A source is a file that remembers whether it could be read.
type source struct {
	*os.File
	bad atomic.Bool
}

func (f *source) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(b, at)
	if err != nil && err != io.EOF {
		f.bad.Store(true)
	}
	return n, err
}

// Store stores a file that lies in the folder, now, and leaves it where it is.
func (s *Spool) Store(ctx context.Context, name string) error {
	path, err := s.here.Path(name)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return &localError{err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return &localError{err}
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
	from := &source{File: f}
	err = s.Objects.Put(ctx, name, io.NewSectionReader(from, 0, info.Size()), info.Size())
	if from.bad.Load() {
		return &localError{err}
	}
	return err
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
		if err = s.Delete(name); err != nil {
			return &localError{err}
		}
		return nil
	}
	err = s.move(ctx, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Logger.Error("a recording that is stored stays where it is", "file", name, "error", err)
	}
	s.stored(name)
	return nil
}

// move puts a file that is stored among those that are kept. One that somebody is about to open stays until he has.
func (s *Spool) move(ctx context.Context, name string) error {
	path, err := s.here.Path(name)
	if err != nil {
		return err
	}
	for {
		s.mu.Lock()
		left := time.Until(s.asked[name].Add(opened))
		if left <= 0 || ctx.Err() != nil {
			delete(s.asked, name)
			err = os.Rename(path, s.kept.path(name))
			s.mu.Unlock()
			return err
		}
		s.mu.Unlock()
		s.pause(ctx, left, false)
	}
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

// Drain waits until nothing lies in the folder that is to be stored and may be, or ctx is done. A file that the storage has refused, or that
// could not be read, is not waited for. Run is to run.
func (s *Spool) Drain(ctx context.Context) {
	s.look()
	for {
		files, err := s.files()
		hopes := slices.ContainsFunc(files, func(f held) bool { return !s.place(f.name).own })
		if (err != nil || hopes) && s.pause(ctx, 50*time.Millisecond, false) {
			continue
		}
		if err == nil && len(files) == 0 {
			return
		}
		var w Waiting
		for _, f := range files {
			w.add(f)
		}
		s.Logger.Warn("recordings wait on this disk for the next start", "files", w.Files, "bytes", w.Bytes, "since", w.Oldest)
		return
	}
}
