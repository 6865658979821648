package retention

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn/journal"
)

// settled is how long a file must have been left alone to be swept: what is being written is nobody's leftover.
const settled = time.Hour

// sweep sets right what a crash left between files and rows: a recording whose row does not name it is named again, one whose
// row names another form goes, and so does one whose call was erased, or that never became whole.
func (k *Keeper) sweep(ctx context.Context) {
	d, err := k.root.Open(".")
	if err != nil {
		k.complain(ctx, "sweeping", "", err)
		return
	}
	defer d.Close()
	for ctx.Err() == nil {
		files, err := d.ReadDir(atOnce)
		for _, f := range files {
			if ctx.Err() != nil {
				return
			}
			if err := k.set(ctx, f); err != nil {
				k.complain(ctx, "sweeping "+f.Name(), "", err)
			}
		}
		if err != nil { // io.EOF: that was all
			return
		}
	}
}

// set puts one file right.
func (k *Keeper) set(ctx context.Context, f os.DirEntry) error {
	name := f.Name()
	info, err := f.Info()
	if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < settled {
		return nil
	}
	if strings.HasSuffix(name, part) {
		return k.remove(name)
	}
	if id, ok := strings.CutSuffix(name, journal.Ending); ok {
		return k.setJournal(ctx, id, name)
	}
	if id, ok := strings.CutSuffix(name, audio.PeaksEnding); ok {
		return k.setPeaks(ctx, id, name)
	}
	ext := filepath.Ext(name)
	if ext != wav && ext != mp3 {
		return nil // not ours
	}
	id := strings.TrimSuffix(name, ext)
	c, err := k.Store.Call(ctx, "", id)
	switch {
	case parley.IsNotFound(err) && uuid.Validate(id) != nil:
		return nil // not ours
	case parley.IsNotFound(err):
		k.Logger.Warn("a recording of no call was removed", "file", name)
		return k.remove(name)
	case err != nil || c.End.IsZero() || c.Recording == name:
		return err
	case c.Recording == "" && !c.Private:
		return k.found(ctx, id, name)
	}
	if _, err := k.root.Stat(c.Recording); c.Recording != "" && err != nil {
		if os.IsNotExist(err) {
			return k.rename(ctx, c, name)
		}
		return err
	}
	return k.remove(name)
}

// found has a row name a recording that it does not, unless there is no sound on it. One that cannot be read waits.
func (k *Keeper) found(ctx context.Context, id, name string) error {
	has, err := k.sounds(name)
	if err != nil {
		return err
	}
	if !has {
		return k.remove(name) // begun in the call's first second, or what a power cut has left
	}
	k.Logger.Warn("a recording that was lost is found", "call", id)
	return k.Store.UpdateCall(ctx, id, func(row *parley.Call) error {
		if row.Recording == "" {
			row.Recording = name
		}
		return nil
	})
}

// sounds reports whether there is sound on a recording; an MP3 is made of no other.
func (k *Keeper) sounds(name string) (bool, error) {
	if filepath.Ext(name) != wav {
		return true, nil
	}
	f, err := k.root.Open(name)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	return audio.HasSound(f)
}

// setJournal has a journal go where its call, or its recording as it was made, has gone. One whose words are to go goes before they do.
func (k *Keeper) setJournal(ctx context.Context, id, name string) error {
	return k.setBeside(ctx, id, name, func(parley.Call) bool { return false }, wav)
}

// setPeaks has what a recording looks like go where the recording has gone.
func (k *Keeper) setPeaks(ctx context.Context, id, name string) error {
	return k.setBeside(ctx, id, name, func(c parley.Call) bool { return c.Recording != "" }, wav, mp3)
}

// setBeside has a file that lies beside a recording go where its call has gone, or nothing of the recording is there in any of the forms. While
// the call runs, or as its row stays, it is left.
func (k *Keeper) setBeside(ctx context.Context, id, name string, stays func(parley.Call) bool, forms ...string) error {
	c, err := k.Store.Call(ctx, "", id)
	switch {
	case parley.IsNotFound(err) && uuid.Validate(id) != nil:
		return nil // not ours
	case parley.IsNotFound(err):
		return k.remove(name)
	case err != nil || c.End.IsZero() || stays(c):
		return err
	}
	for _, form := range forms {
		if _, err := k.root.Stat(id + form); !os.IsNotExist(err) {
			return err // also of a recording that was lost, and will be found
		}
	}
	return k.remove(name)
}

// rename has the row name the file that is there instead of one that is not.
func (k *Keeper) rename(ctx context.Context, c parley.Call, name string) error {
	return k.Store.UpdateCall(ctx, c.ID, func(row *parley.Call) error {
		if row.Recording == c.Recording {
			row.Recording = name
		}
		return nil
	})
}
