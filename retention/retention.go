// Package retention keeps recordings and words no longer than each environment wants: hourly it erases what is too old, and turns
// WAV files into MP3. A crash at any point loses nothing that was to stay and keeps nothing that was to go: files go before
// their rows say so, and come before.
//
// It starts no goroutine but Run's own; an MP3 is encoded by a process of its own, one at a time.
package retention

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn/journal"
)

// Every is how often a Keeper looks.
const Every = time.Hour

// What calls are looked for, in the store's spelling.
const (
	eraseAudio = "audio"
	eraseText  = "text"
	toMP3      = "mp3"
)

// Store finds the calls. *store.DB is one.
type Store interface {
	CallsToErase(ctx context.Context, what string, now time.Time, limit int) ([]parley.Call, error)
	EraseText(ctx context.Context, callID string) error
	Call(ctx context.Context, env, id string) (parley.Call, error)
	UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error
}

// Objects have recordings that may not be in this node's folder. *spool.Spool is one.
type Objects interface {
	Read(ctx context.Context, name string) (io.ReadSeekCloser, int64, error)
	Fetch(ctx context.Context, name string) (path string, err error) // has it on this disk
	Store(ctx context.Context, name string) error                    // has one of the folder where all nodes find it
	Delete(name string) error                                        // everywhere, now or later
	EraseUnnamed(ctx context.Context, name string) error             // from there, once its call does not name it
}

// A Keeper erases what is too old.
type Keeper struct {
	Store  Store
	Dir    string                                                       // of the recordings
	Logger *slog.Logger                                                 // nil: the default
	Encode func(ctx context.Context, w io.Writer, wavPath string) error // nil: audio.EncodeMP3
	// Objects are where recordings go from the folder; nil: they stay in it. They put right themselves what a crash left.
	Objects Objects

	root *os.Root
}

// Run looks at once and then every hour until ctx is done.
func (k *Keeper) Run(ctx context.Context) error {
	if k.Logger == nil {
		k.Logger = slog.Default()
	}
	if k.Encode == nil {
		k.Encode = audio.EncodeMP3
	}
	root, err := os.OpenRoot(k.Dir)
	if err != nil {
		return fmt.Errorf("folder of recordings: %w", err)
	}
	defer root.Close()
	k.root = root
	if k.Objects == nil {
		k.sweep(ctx)
	}
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		k.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look does all that is due now.
func (k *Keeper) look(ctx context.Context) {
	now := time.Now()
	k.each(ctx, eraseAudio, now, k.eraseAudio)
	k.each(ctx, eraseText, now, k.eraseText)
	k.each(ctx, toMP3, now, k.toMP3)
}

// atOnce is how many calls are read at a time.
const atOnce = 100

// each does something to every call that is due for it. One that fails waits for the next hour and keeps none of the others back.
func (k *Keeper) each(ctx context.Context, what string, now time.Time, do func(context.Context, parley.Call) error) {
	seen := map[string]bool{}
	done, stuck := 0, 0
	for ctx.Err() == nil {
		calls, err := k.Store.CallsToErase(ctx, what, now, atOnce+stuck)
		if err != nil {
			k.complain(ctx, "looking for what is to be erased", "", err)
			return
		}
		some := false
		for _, c := range calls {
			if seen[c.ID] || ctx.Err() != nil {
				continue
			}
			some, seen[c.ID] = true, true
			err := do(ctx, c)
			if errors.Is(err, audio.ErrNoMP3) {
				k.Logger.Warn("recordings stay WAV", "error", err)
				return
			}
			switch {
			case err == nil:
				done++
			case !parley.IsNotFound(err): // that was erased meanwhile
				stuck++
				k.complain(ctx, what, c.ID, err)
			}
		}
		if !some {
			break
		}
	}
	if done > 0 {
		k.Logger.Info("kept as long as wanted", "what", what, "calls", done)
	}
}

func (k *Keeper) complain(ctx context.Context, what, call string, err error) {
	if ctx.Err() == nil {
		k.Logger.Error("retention: "+what, "call", call, "error", err)
	}
}

// eraseAudio deletes a recording in every form it may be there, then says so on the row.
func (k *Keeper) eraseAudio(ctx context.Context, c parley.Call) error {
	stem := strings.TrimSuffix(c.Recording, filepath.Ext(c.Recording))
	for _, name := range []string{stem + wav, stem + mp3, stem + part, c.ID + journal.Ending, c.ID + audio.PeaksEnding} {
		if err := k.remove(name); err != nil {
			return err
		}
	}
	return k.Store.UpdateCall(ctx, c.ID, func(row *parley.Call) error {
		row.Recording, row.RecordingLen = "", 0
		return nil
	})
}

// eraseText erases what was said: the journal has the words, too.
func (k *Keeper) eraseText(ctx context.Context, c parley.Call) error {
	if err := k.remove(c.ID + journal.Ending); err != nil {
		return err
	}
	return k.Store.EraseText(ctx, c.ID)
}

// remove deletes a file; one that is not there is no error.
func (k *Keeper) remove(name string) error {
	if k.Objects != nil && name != "" {
		return k.Objects.Delete(name)
	}
	if err := k.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
