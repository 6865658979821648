package call

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/turn/journal"
)

// replayed plays what was kept of the only call to the engine once more.
func replayed(t *testing.T, b *bench) *journal.Replay {
	t.Helper()
	folder, c := string(b.Recordings.(dir)), b.rows.only(t)
	wav, err := os.Open(filepath.Join(folder, c.Recording))
	if err != nil {
		t.Fatal(err)
	}
	defer wav.Close()
	info, _ := wav.Stat()
	sound, err := audio.OpenRecorded(wav, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	notes, err := os.Open(filepath.Join(folder, c.ID+journal.Ending))
	if err != nil {
		t.Fatal(err)
	}
	defer notes.Close()
	r, err := journal.Play(notes, sound)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// decisions are those in the call's log.
func decisions(b *bench) (out []string) {
	b.book.mu.Lock()
	defer b.book.mu.Unlock()
	for _, e := range b.book.events {
		if e.Type == parley.EventDecision {
			out = append(out, string(e.Payload))
		}
	}
	return out
}

// TestJournal: what is kept of a call gives its decisions again, to the letter, also where the agent does not hear what was recorded.
func TestJournal(t *testing.T) {
	for _, suppress := range []bool{false, true} {
		run(t, func(ctx context.Context, b *bench) {
			b.desk.agent.NoiseSuppression = &suppress
			b.model = lines(llm.Delta{Text: "We open at nine and close at six, every day but Sunday, when we are closed all day long."})
			p, _, done := b.ring(ctx, "desk")
			time.Sleep(2 * time.Second)
			p.Say(legtest.Tone(200, time.Second, 6000)...)
			time.Sleep(time.Second)
			b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
			time.Sleep(1500 * time.Millisecond)
			p.Say(legtest.Tone(200, 400*time.Millisecond, 6000)...)
			time.Sleep(time.Second)
			p.Say(legtest.Tone(200, 400*time.Millisecond, 6000)...)
			b.ear <- stt.Event{Text: "stop that now please"}
			time.Sleep(3 * time.Second)
			p.Hangup()
			<-done
			b.Close()
			b.Switchboard.disk = newDisk() // run closes it again
			r, was := replayed(t, b), decisions(b)
			var again []string
			for _, d := range r.Decisions {
				j, _ := json.Marshal(d)
				again = append(again, string(j))
			}
			if !slices.Equal(again, was) || len(was) < 2 || len(r.Differs) > 0 || r.Cut {
				t.Errorf("decided\n%s\nand once more\n%s\nthe sound differs in %v, cut %v", strings.Join(was, "\n"), strings.Join(again, "\n"), r.Differs, r.Cut)
			}
		})
	}
}

// TestJournalGoesWithTheRecording: of a call without one no file tells what was said.
func TestJournalGoesWithTheRecording(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		no := false
		b.desk.agent.EnableRecording = &no
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		b.ear <- stt.Event{Text: "do not keep it", Final: true, End: true}
		time.Sleep(time.Second)
		p.Hangup()
		<-done
		if files, err := os.ReadDir(string(b.Recordings.(dir))); err != nil || len(files) > 0 {
			t.Errorf("%v, %v", files, err)
		}
		if was := decisions(b); len(was) == 0 {
			t.Error("nothing was decided")
		}
	})
}

// halfFull is a folder without room for a journal.
type halfFull struct{ dir }

func (h halfFull) Create(name string) (File, error) {
	if strings.HasSuffix(name, journal.Ending) {
		return nil, errors.New("no room")
	}
	return h.dir.Create(name)
}

func TestAJournalThatCannotBeWrittenIsAWarning(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Recordings = halfFull{dir(t.TempDir())}
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		p.Hangup()
		<-done
		if c := b.rows.only(t); c.Recording == "" || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "no room") {
			t.Errorf("recording %q, warnings %v", c.Recording, c.Warnings)
		}
	})
}
