package retention

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// A house is a real store and a folder, in virtual time.
type house struct {
	*store.DB
	t   *testing.T
	dir string
	env string
	log bytes.Buffer
}

func in(t *testing.T, s store.Settings, f func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		key, err := secret.NewKey(strings.Repeat("k", 32))
		if err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "parley.db"), key)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		e, err := db.CreateEnvironment(t.Context(), store.Environment{Name: "e", Settings: s})
		if err != nil {
			t.Fatal(err)
		}
		f(t, &house{DB: db, t: t, dir: t.TempDir(), env: e.ID})
	})
}

// call keeps a call that ended so long ago, with a recording when there is a name for it.
func (h *house) call(id string, ago time.Duration, recording string) {
	h.t.Helper()
	at := time.Now().Add(-ago)
	c := parley.Call{ID: id, UserID: h.env, Status: parley.Ended, Created: at.Add(-time.Minute), Start: at.Add(-time.Minute), End: at,
		Agent: []byte(`{"id":"a","prompt":{"content":"secret prompt"}}`), Ending: parley.Ending{Cause: parley.CallerHungUp},
		Record: parley.Record{Turns: []parley.Turn{{ID: "t1", Who: parley.Bot, Text: "hello"}}}}
	if recording != "" {
		c.Recording, c.RecordingLen = recording, time.Minute
		h.file(recording, ago)
	}
	if err := h.CreateCall(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) file(name string, ago time.Duration) {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	err := os.WriteFile(path, []byte("sound of "+name), 0o600)
	if err == nil {
		err = os.Chtimes(path, time.Time{}, time.Now().Add(-ago))
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// sound is a file of a WAV that plays.
func (h *house) sound(name string, ago time.Duration) {
	h.t.Helper()
	f, err := os.Create(filepath.Join(h.dir, name))
	if err != nil {
		h.t.Fatal(err)
	}
	w, err := audio.NewWAV(f, audio.Rate, 2)
	if err == nil {
		err = errors.Join(w.Write(make([]int16, 640)), w.Sync(), f.Close(), os.Chtimes(f.Name(), time.Time{}, time.Now().Add(-ago)))
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) files() []string {
	h.t.Helper()
	all, err := os.ReadDir(h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	names := []string{}
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

func (h *house) row(id string) parley.Call {
	h.t.Helper()
	c, err := h.Call(h.t.Context(), "", id)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// encoded is an encoder that says what it was given.
func encoded(_ context.Context, w io.Writer, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "mp3 of %s", b)
	return err
}

func (h *house) keeper(s Store) *Keeper {
	if s == nil {
		s = h.DB
	}
	return &Keeper{Store: s, Dir: h.dir, Encode: encoded, Logger: slog.New(slog.NewTextHandler(&h.log, nil))}
}

// keep has a keeper at work for a while.
func (h *house) keep(k *Keeper, how time.Duration) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), how)
	defer cancel()
	if err := k.Run(ctx); err != nil {
		h.t.Error(err)
	}
}

func (h *house) have(want ...string) {
	h.t.Helper()
	slices.Sort(want)
	if got := h.files(); !slices.Equal(got, want) {
		h.t.Errorf("files %v, want %v", got, want)
	}
}

const day = 24 * time.Hour

func TestRecordingsAreErasedAfterTheirDays(t *testing.T) {
	in(t, store.Settings{AudioDays: 30}, func(t *testing.T, h *house) {
		h.call("old", 31*day, "old.wav")
		h.call("mp3", 31*day, "mp3.mp3")
		h.call("soon", 30*day-90*time.Minute, "soon.wav")
		h.call("new", day, "new.wav")
		h.call("none", 40*day, "")
		h.file("old.journal", 31*day)
		h.file("old.peaks", 31*day)
		h.file("mp3.peaks", 31*day)
		h.file("new.journal", day)
		h.keep(h.keeper(nil), time.Minute)
		h.have("new.journal", "new.wav", "soon.wav")
		for id, want := range map[string]string{"old": "", "mp3": "", "soon": "soon.wav", "new": "new.wav", "none": ""} {
			if c := h.row(id); c.Recording != want || (want == "") != (c.RecordingLen == 0) || len(c.Turns) != 1 {
				t.Errorf("%s: %q %v, %d turns", id, c.Recording, c.RecordingLen, len(c.Turns))
			}
		}
		h.keep(h.keeper(nil), 3*time.Hour) // an hour and a half later it is time for another
		h.have("new.journal", "new.wav")
	})
}

func TestWordsAreErasedAfterTheirDays(t *testing.T) {
	in(t, store.Settings{TextDays: 7}, func(t *testing.T, h *house) {
		h.call("old", 8*day, "old.wav")
		h.call("new", 6*day, "new.wav")
		h.file("old.journal", 8*day)
		h.file("new.journal", 6*day)
		h.keep(h.keeper(nil), time.Minute)
		h.have("new.journal", "new.wav", "old.wav")
		if c := h.row("old"); len(c.Turns) != 0 || bytes.Contains(c.Agent, []byte("secret prompt")) || c.Recording != "old.wav" || c.Cause != parley.CallerHungUp {
			t.Errorf("%+v", c)
		}
		if c := h.row("new"); len(c.Turns) != 1 {
			t.Errorf("%+v", c)
		}
	})
}

func TestNothingIsErasedUnlessWanted(t *testing.T) {
	in(t, store.Settings{}, func(t *testing.T, h *house) {
		h.call("old", 3000*day, "old.wav")
		h.keep(h.keeper(nil), time.Minute)
		h.have("old.wav")
		if c := h.row("old"); len(c.Turns) != 1 || c.Recording != "old.wav" {
			t.Errorf("%+v", c)
		}
	})
}

// recorded keeps a call of a second that a caller filled, long ago.
func (h *house) recorded(id string) {
	h.t.Helper()
	h.call(id, 2*day, id+".wav")
	f, err := os.Create(filepath.Join(h.dir, id+".wav"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	r, err := audio.NewRecorder(f)
	if err != nil {
		h.t.Fatal(err)
	}
	var sound audio.Frame
	for i := range sound {
		sound[i] = 12800
	}
	for at := time.Duration(0); at < time.Second; at += audio.FrameDur {
		_ = r.AddLeft(at, &sound)
	}
	if err := r.Close(); err != nil {
		h.t.Fatal(err)
	}
}

// TestAnMP3IsStillSeen: what a recording looks like is noted before its sound is gone, and what was noted before stays.
func TestAnMP3IsStillSeen(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		h.recorded("seen")
		h.recorded("noted")
		h.file("noted.peaks", 2*day)
		h.keep(h.keeper(nil), time.Minute)
		h.have("noted.mp3", "noted.peaks", "seen.mp3", "seen.peaks")
		if p, err := os.ReadFile(filepath.Join(h.dir, "seen.peaks")); err != nil || !bytes.Equal(p, bytes.Repeat([]byte{100, 0}, 50)) {
			t.Errorf("%v %v", p, err)
		}
		if p, err := os.ReadFile(filepath.Join(h.dir, "noted.peaks")); err != nil || string(p) != "sound of noted.peaks" {
			t.Errorf("%q %v", p, err)
		}
	})
}

func TestWAVBecomesMP3(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		h.call("old", 2*day, "old.wav")
		h.call("new", time.Hour, "new.wav")
		h.file("old.journal", 2*day)
		h.file("new.journal", time.Hour)
		h.keep(h.keeper(nil), time.Minute)
		h.have("new.journal", "new.wav", "old.mp3")
		if b, err := os.ReadFile(filepath.Join(h.dir, "old.mp3")); err != nil || string(b) != "mp3 of sound of old.wav" {
			t.Errorf("%q %v", b, err)
		}
		if c := h.row("old"); c.Recording != "old.mp3" || c.RecordingLen != time.Minute {
			t.Errorf("%+v", c)
		}
	})
}

// The real encoder, on a real recording.
func TestMP3OfAWAV(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		h.call("c", 2*day, "c.wav")
		f, err := os.Create(filepath.Join(h.dir, "c.wav"))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := audio.NewRecorder(f)
		if err != nil {
			t.Fatal(err)
		}
		var frame audio.Frame
		for i := range 50 {
			if err := rec.AddLeft(time.Duration(i)*audio.FrameDur, &frame); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(rec.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		k := h.keeper(nil)
		k.Encode = nil
		h.keep(k, time.Minute)
		if strings.Contains(h.log.String(), audio.ErrNoMP3.Error()) {
			h.have("c.wav") // it says so, and keeps what there is
			return
		}
		h.have("c.mp3", "c.peaks")
		if b, err := os.ReadFile(filepath.Join(h.dir, "c.mp3")); err != nil || len(b) < 1000 {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	})
}

func TestWithoutAnEncoderNothingChanges(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		h.call("a", 2*day, "a.wav")
		h.call("b", 2*day, "b.wav")
		k, tries := h.keeper(nil), 0
		k.Encode = func(context.Context, io.Writer, string) error { tries++; return audio.ErrNoMP3 }
		h.keep(k, 90*time.Minute)
		h.have("a.wav", "b.wav")
		if tries != 2 {
			t.Errorf("%d tries in two hours", tries)
		}
	})
}

// A recording that cannot be encoded, or is not there, keeps none of the others back, and is tried again an hour later.
func TestOneThatFailsKeepsNobodyBack(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		want := []string{}
		for i := range atOnce + 20 {
			id := fmt.Sprintf("c%03d", i)
			h.call(id, 2*day, id+".wav")
			if i == 7 {
				want = append(want, id+".wav")
				continue
			}
			if i == 8 {
				os.Remove(filepath.Join(h.dir, id+".wav"))
				continue
			}
			want = append(want, id+".mp3")
		}
		k, tries := h.keeper(nil), 0
		k.Encode = func(ctx context.Context, w io.Writer, path string) error {
			if strings.HasSuffix(path, "c007.wav") {
				tries++
				return errors.New("not a WAV")
			}
			return encoded(ctx, w, path)
		}
		h.keep(k, 90*time.Minute)
		h.have(want...)
		if tries != 2 || h.row("c007").Recording != "c007.wav" || h.row("c008").Recording != "c008.wav" {
			t.Errorf("%d tries", tries)
		}
		if !strings.Contains(h.log.String(), "not a WAV") || !strings.Contains(h.log.String(), "c007") {
			t.Errorf("the log:\n%s", h.log.String())
		}
	})
}

func TestFolderThatIsNotThere(t *testing.T) {
	if err := (&Keeper{Dir: filepath.Join(t.TempDir(), "none")}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "recordings") {
		t.Errorf("%v", err)
	}
}

func TestStoreThatIsAway(t *testing.T) {
	in(t, store.Settings{AudioDays: 1}, func(t *testing.T, h *house) {
		h.call("old", 2*day, "old.wav")
		h.keep(h.keeper(failing{h.DB, "find"}), 90*time.Minute)
		h.have("old.wav")
		if n := strings.Count(h.log.String(), "the store is away"); n != 6 { // three questions, twice
			t.Errorf("%d complaints:\n%s", n, h.log.String())
		}
	})
}

// failing is a store that fails at one thing.
type failing struct {
	*store.DB
	at string
}

var errAway = errors.New("the store is away")

func (f failing) CallsToErase(ctx context.Context, what string, now time.Time, limit int) ([]parley.Call, error) {
	if f.at == "find" {
		return nil, errAway
	}
	return f.DB.CallsToErase(ctx, what, now, limit)
}

func (f failing) UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error {
	if f.at == "update" {
		return errAway
	}
	return f.DB.UpdateCall(ctx, id, change)
}

// TestUnreadable: a recording that was lost, and cannot be read now, stays until it can be.
func TestUnreadable(t *testing.T) {
	in(t, store.Settings{}, func(t *testing.T, h *house) {
		h.call("c", 2*time.Hour, "")
		h.sound("c.wav", 2*time.Hour)
		path := filepath.Join(h.dir, "c.wav")
		info, err := os.Stat(path)
		if err == nil {
			err = errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) // reading a folder fails whoever asks
		}
		if err != nil {
			t.Fatal(err)
		}
		k := h.keeper(nil)
		if k.root, err = os.OpenRoot(h.dir); err != nil {
			t.Fatal(err)
		}
		defer k.root.Close()
		if err := k.set(t.Context(), fs.FileInfoToDirEntry(info)); err == nil {
			t.Error("nothing is said")
		}
		h.have("c.wav")
	})
}
