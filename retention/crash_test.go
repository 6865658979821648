package retention

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// steps are what turning one WAV into an MP3 leaves, one crash after the other.
var steps = map[string]struct {
	files []string
	named string // by the row
}{
	"before anything":           {[]string{"c.wav"}, "c.wav"},
	"while it is encoded":       {[]string{"c.wav", "c.mp3.part"}, "c.wav"},
	"before the row":            {[]string{"c.wav", "c.mp3"}, "c.wav"},
	"before the WAV goes":       {[]string{"c.wav", "c.mp3"}, "c.mp3"},
	"afterwards":                {[]string{"c.mp3"}, "c.mp3"},
	"and the row was not kept":  {[]string{"c.mp3"}, "c.wav"}, // a database without the last transaction
	"and the row names nothing": {[]string{"c.mp3", "c.wav"}, ""},
}

// Whatever a crash leaves, after the next start there is the MP3, the row names it, and nothing else is left.
func TestCrashWhileAWAVBecomesAnMP3(t *testing.T) {
	for what, s := range steps {
		in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
			h.call("c", 2*day, "")
			for _, f := range s.files {
				h.file(f, 2*day)
			}
			if err := h.UpdateCall(t.Context(), "c", func(c *parley.Call) error { c.Recording = s.named; return nil }); err != nil {
				t.Fatal(err)
			}
			h.keep(h.keeper(nil), time.Minute)
			if got := h.files(); len(got) != 1 || got[0] != "c.mp3" || h.row("c").Recording != "c.mp3" {
				t.Errorf("%s: files %v, the row names %q\n%s", what, got, h.row("c").Recording, h.log.String())
			}
		})
	}
}

// Whatever a crash leaves of a recording that is too old, after the next start nothing of it is left.
func TestCrashBeforeARecordingIsErased(t *testing.T) {
	for what, s := range steps {
		in(t, store.Settings{AudioDays: 1, MP3AfterDays: 1}, func(t *testing.T, h *house) {
			h.call("c", 2*day, "")
			for _, f := range s.files {
				h.file(f, 2*day)
			}
			if err := h.UpdateCall(t.Context(), "c", func(c *parley.Call) error { c.Recording = s.named; return nil }); err != nil {
				t.Fatal(err)
			}
			h.keep(h.keeper(nil), time.Minute)
			if got := h.files(); len(got) != 0 || h.row("c").Recording != "" {
				t.Errorf("%s: files %v, the row names %q", what, got, h.row("c").Recording)
			}
		})
	}
}

// An encoder that dies half way leaves nothing, and the server's stop is no failure of the recording.
func TestEncoderThatDies(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		h.call("c", 2*day, "c.wav")
		k := h.keeper(nil)
		k.Encode = func(ctx context.Context, w io.Writer, _ string) error {
			_, _ = w.Write([]byte("half"))
			<-ctx.Done()
			return ctx.Err()
		}
		h.keep(k, time.Minute)
		h.have("c.wav")
		if h.log.Len() > 0 || h.row("c").Recording != "c.wav" {
			t.Errorf("%q, the log:\n%s", h.row("c").Recording, h.log.String())
		}
	})
}

// A row that cannot be written keeps the WAV; the next hour finishes it.
func TestRowThatCannotBeWritten(t *testing.T) {
	in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
		h.call("c", 2*day, "c.wav")
		h.keep(h.keeper(failing{h.DB, "update"}), time.Minute)
		h.have("c.mp3", "c.wav")
		if h.row("c").Recording != "c.wav" {
			t.Errorf("%q", h.row("c").Recording)
		}
		h.keep(h.keeper(nil), time.Minute)
		h.have("c.mp3")
	})
}

// A call that is erased while its recording is encoded leaves no MP3 behind.
func TestErasedWhileItIsEncoded(t *testing.T) {
	for _, how := range []string{"call", "recording"} {
		in(t, store.Settings{MP3AfterDays: 1}, func(t *testing.T, h *house) {
			h.call("c", 2*day, "c.wav")
			k := h.keeper(nil)
			k.Encode = func(ctx context.Context, w io.Writer, path string) error {
				err := encoded(ctx, w, path)
				if how == "call" {
					_, gone := h.DeleteCall(ctx, h.env, "c")
					return errors.Join(err, gone, os.Remove(path))
				}
				gone := h.UpdateCall(ctx, "c", func(c *parley.Call) error { c.Recording = ""; return nil })
				return errors.Join(err, gone, os.Remove(path))
			}
			h.keep(k, time.Minute)
			h.have()
		})
	}
}

func TestSweep(t *testing.T) {
	in(t, store.Settings{}, func(t *testing.T, h *house) {
		h.call("kept", 2*day, "kept.wav")
		h.call("lost", 2*day, "")
		h.sound("lost.wav", 2*day)
		h.call("hollow", 2*day, "")
		h.file("hollow.wav", 2*day)                               // what a power cut has left
		h.file("3f64184f-8d56-4735-b0f8-b8b7d5762350.wav", 2*day) // its call was erased
		h.file("music.wav", 2*day)                                // no call ever had that name
		h.file("7d0c1af0-8f56-4735-b0f8-b8b7d5762350.mp3", 2*day)
		h.file("young.wav", time.Minute) // a row may be on its way
		h.file("young.mp3.part", time.Minute)
		h.file("old.mp3.part", 2*day)
		h.file("notes.txt", 2*day) // not ours
		h.file("kept.journal", 2*day)
		h.file("lost.journal", 2*day)
		h.call("silent", 2*day, "") // was hung up as it was answered
		h.file("silent.journal", 2*day)
		h.file("9e0c1af0-8f56-4735-b0f8-b8b7d5762350.journal", 2*day)
		h.file("running.journal", 2*day)
		h.file("diary.journal", 2*day) // not ours
		for _, name := range []string{"kept", "lost", "silent", "9e0c1af0-8f56-4735-b0f8-b8b7d5762350", "running", "mountain"} {
			h.file(name+".peaks", 2*day) // as of the journals
		}
		if err := os.Mkdir(filepath.Join(h.dir, "folder.wav"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/etc/passwd", filepath.Join(h.dir, "link.wav")); err != nil {
			t.Fatal(err)
		}
		running := parley.Call{ID: "running", UserID: h.env, Status: parley.InProgress, Created: time.Now()}
		private := parley.Call{ID: "private", UserID: h.env, Status: parley.Ended, Created: time.Now(), End: time.Now(), Private: true}
		for _, c := range []parley.Call{running, private} {
			if err := h.CreateCall(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			h.file(c.ID+".wav", 2*day)
		}
		h.keep(h.keeper(nil), time.Minute)
		h.have("diary.journal", "kept.journal", "lost.journal", "running.journal", "kept.peaks", "lost.peaks", "mountain.peaks", "running.peaks", "folder.wav", "kept.wav", "link.wav", "lost.wav", "music.wav", "notes.txt", "running.wav", "young.mp3.part", "young.wav")
		if h.row("lost").Recording != "lost.wav" || h.row("private").Recording != "" || h.row("running").Recording != "" {
			t.Errorf("%q %q %q", h.row("lost").Recording, h.row("private").Recording, h.row("running").Recording)
		}
	})
}
