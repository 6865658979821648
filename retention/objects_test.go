package retention

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// away is a storage that has some files, of a node that has none of them on its disk.
type away struct {
	h      *house
	has    map[string]bool
	did    []string
	broken bool
	silent bool // does not answer
}

func (a *away) Read(_ context.Context, name string) (io.ReadSeekCloser, int64, error) {
	if !a.has[name] {
		return nil, 0, parley.NotFound("recording")
	}
	f, err := os.Open(os.DevNull)
	return f, 0, err
}

func (a *away) Fetch(ctx context.Context, name string) (string, error) {
	if a.silent {
		<-ctx.Done()
		return "", ctx.Err()
	}
	if a.broken || !a.has[name] {
		return "", errors.New("the storage is away")
	}
	path := filepath.Join(a.h.t.TempDir(), name)
	return path, os.WriteFile(path, []byte("sound"), 0o600)
}

func (a *away) Store(_ context.Context, name string) error {
	if a.broken {
		return errors.New("the storage is away")
	}
	a.has[name] = true
	a.did = append(a.did, "stored "+name+" while the row names "+a.h.row("c").Recording)
	return nil
}

func (a *away) Delete(name string) error {
	delete(a.has, name)
	a.did = append(a.did, "deleted "+name)
	return os.RemoveAll(filepath.Join(a.h.dir, name))
}

func (a *away) EraseUnnamed(_ context.Context, name string) error {
	a.did = append(a.did, "to be erased "+name+" while the row names "+a.h.row("c").Recording)
	return nil
}

// An MP3 is stored before the call names it, and only then the WAV goes, which another node has written.
func TestMP3OfAStoredRecording(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		h.call("c", 2*day, "")
		if err := h.UpdateCall(t.Context(), "c", func(c *parley.Call) error { c.Recording = "c.wav"; return nil }); err != nil {
			t.Fatal(err)
		}
		a := &away{h: h, has: map[string]bool{"c.wav": true, "c.peaks": true}, broken: true}
		k := h.keeper(nil)
		k.Objects = a
		h.keep(k, time.Minute)
		if h.row("c").Recording != "c.wav" || !a.has["c.wav"] || !strings.Contains(h.log.String(), "the storage is away") {
			t.Errorf("away: %q %v\n%s", h.row("c").Recording, a.has, h.log.String())
		}
		a.broken, a.silent = false, true
		h.keep(k, time.Minute) // ends all the same
		a.silent, a.did = false, nil
		h.keep(k, time.Minute)
		want := []string{"stored c.mp3 while the row names c.wav", "to be erased c.wav while the row names c.wav", "deleted c.journal", "deleted c.wav"}
		if !slices.Equal(a.did, want) || h.row("c").Recording != "c.mp3" {
			t.Errorf("%q, the row names %q", a.did, h.row("c").Recording)
		}
	})
}

// A recording that is too old goes from the storage in all of its forms, and a file of another node's call is no leftover.
func TestErasedFromTheStorage(t *testing.T) {
	in(t, store.Settings{AudioDays: 1}, func(t *testing.T, h *house) {
		h.call("c", 2*day, "")
		h.call("young", time.Hour, "")
		h.file("young.wav", 3*time.Hour)
		if err := h.UpdateCall(t.Context(), "c", func(c *parley.Call) error { c.Recording = "c.mp3"; return nil }); err != nil {
			t.Fatal(err)
		}
		a := &away{h: h, has: map[string]bool{"c.mp3": true, "c.peaks": true, "c.wav": true}}
		k := h.keeper(nil)
		k.Objects = a
		h.keep(k, time.Minute)
		if len(a.has) != 0 || h.row("c").Recording != "" {
			t.Errorf("%v, the row names %q", a.has, h.row("c").Recording)
		}
		h.have("young.wav")
		if h.row("young").Recording != "" {
			t.Error("the keeper put right what the storage puts right itself")
		}
	})
}
