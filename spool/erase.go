package spool

import (
	"context"
	"encoding/json"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/store"
)

// EraseJob is the kind of the job that erases an object.
const EraseJob = "erase_object"

const (
	eraseWait   = 10 * time.Second // for the database, to write the work down
	soonest     = time.Second      // between attempts
	latest      = 10 * time.Minute
	stillNamed  = 20 // attempts after which a row is believed that still names it: whoever wanted it erased has failed, and asks again
	eraseAtOnce = 4
)

// Delete erases a file here, and has it erased from the storage: that is written down before anything is done, and done when the storage is there.
// The row of its call is to be changed right after; while it names the file nothing is erased from the storage.
func (s *Spool) Delete(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), eraseWait)
	defer cancel()
	if err := s.EraseUnnamed(ctx, name); err != nil {
		return err
	}
	if err := s.here.Delete(name); err != nil {
		return err
	}
	return s.kept.Delete(ctx, name)
}

// EraseUnnamed has a file erased from the storage once the row of its call does not name it any more.
func (s *Spool) EraseUnnamed(ctx context.Context, name string) error {
	if _, _, is := ours(name); !is {
		return nil
	}
	payload, err := json.Marshal(erasing{name})
	if err != nil {
		return err
	}
	return s.Rows.Enqueue(ctx, store.Job{Kind: EraseJob, Payload: payload})
}

type erasing struct {
	Name string `json:"name"`
}

// Kind erases objects, whichever node wanted it. An upload of the same file may be under way in another process: the object goes only once
// the row does not name it any more, and who uploads asks the row when the object is there; so whoever comes last erases it.
func (s *Spool) Kind() job.Kind {
	return job.Kind{Name: EraseJob, AtOnce: eraseAtOnce, Run: func(ctx context.Context, j job.Job) job.Result {
		var e erasing
		if err := json.Unmarshal(j.Payload, &e); err != nil {
			return job.Failed(err)
		}
		again := min(latest, soonest<<min(j.Attempt-1, 20))
		named, err := s.named(ctx, e.Name)
		switch {
		case err != nil:
			return job.Again(again, err)
		case named && j.Attempt >= stillNamed:
			return job.Done
		case named:
			return job.Again(again, nil)
		}
		if err := s.Objects.Delete(ctx, e.Name); err != nil {
			s.Logger.Warn("an erased recording waits to be erased from its storage", "file", e.Name, "again", again, "error", err)
			return job.Again(again, err)
		}
		return job.Done
	}}
}

// named says whether the row of a file's call wants it.
func (s *Spool) named(ctx context.Context, name string) (bool, error) {
	id, form, is := ours(name)
	if !is {
		return false, nil
	}
	c, err := s.Rows.Call(ctx, "", id)
	if err != nil {
		if parley.IsNotFound(err) {
			err = nil
		}
		return false, err
	}
	return s.wanted(ctx, &c, name, form)
}

// sweep removes from the disk what is kept of recordings that were erased, by whichever node.
func (s *Spool) sweep(ctx context.Context) {
	files, _, err := list(s.kept.dir)
	if err != nil {
		s.Logger.Error("sweeping stored recordings", "error", err)
	}
	for _, f := range files {
		named, err := s.named(ctx, f.name)
		if ctx.Err() != nil {
			return
		}
		if err == nil && !named && time.Since(f.at) > young { // not one that is on its way here
			err = s.kept.Delete(ctx, f.name)
		}
		if err != nil {
			s.Logger.Error("sweeping stored recordings", "file", f.name, "error", err)
		}
	}
}
