package retention

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn/journal"
)

// The forms of a recording, behind the call's id.
const (
	wav  = ".wav"
	mp3  = ".mp3"
	part = ".mp3.part" // of an MP3, until it is whole
)

var errMoved = errors.New("the call's recording is another one now")

// toMP3 turns a recording into an MP3: first the file, whole and on the disk, then the row that names it, and only then the WAV goes.
func (k *Keeper) toMP3(ctx context.Context, c parley.Call) error {
	stem, ok := strings.CutSuffix(c.Recording, wav)
	if !ok {
		return errMoved
	}
	path := filepath.Join(k.Dir, c.Recording)
	if k.Objects != nil {
		var err error
		if path, err = k.Objects.Fetch(ctx, c.Recording); err != nil {
			return err
		}
	}
	if err := k.outline(ctx, c, path); err != nil {
		return err
	}
	if err := k.encode(ctx, path, stem+part); err != nil {
		_ = k.remove(stem + part)
		return err
	}
	if err := k.root.Rename(stem+part, stem+mp3); err != nil {
		return err
	}
	if err := k.sync("."); err != nil {
		return err
	}
	if k.Objects != nil { // before the WAV goes there, this is not to be the only one
		if err := k.Objects.Store(ctx, stem+mp3); err != nil {
			return err
		}
		if err := k.Objects.EraseUnnamed(ctx, c.Recording); err != nil {
			return err
		}
	}
	err := k.Store.UpdateCall(ctx, c.ID, func(row *parley.Call) error {
		if row.Recording != c.Recording {
			return errMoved
		}
		row.Recording = stem + mp3
		return nil
	})
	if err != nil {
		if errors.Is(err, errMoved) || parley.IsNotFound(err) { // erased meanwhile
			_ = k.remove(stem + mp3)
		}
		return err
	}
	if err := k.remove(c.ID + journal.Ending); err != nil { // it is played with the very sound that was heard
		return err
	}
	return k.remove(c.Recording)
}

// outline keeps what a recording looks like, where that was not noted as it was made: of an MP3 it cannot be told.
func (k *Keeper) outline(ctx context.Context, c parley.Call, path string) error {
	if _, err := k.root.Stat(c.ID + audio.PeaksEnding); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if k.Objects != nil {
		f, _, err := k.Objects.Read(ctx, c.ID+audio.PeaksEnding)
		if err == nil {
			return f.Close()
		}
		if !parley.IsNotFound(err) {
			return err
		}
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
	rec, err := audio.OpenRecorded(f, info.Size())
	if err != nil { // not one of ours: it stays without
		return nil
	}
	peaks, err := rec.Peaks(0, rec.Slots())
	if err != nil {
		return err
	}
	return k.root.WriteFile(c.ID+audio.PeaksEnding, peaks, 0o600)
}

// encode writes an MP3 of the file at a path, and has it on the disk.
func (k *Keeper) encode(ctx context.Context, from, to string) (err error) {
	if _, err = os.Stat(from); err != nil {
		return err
	}
	f, err := k.root.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = k.Encode(ctx, f, from)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// sync has the names in the folder on the disk.
func (k *Keeper) sync(name string) error {
	d, err := k.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
