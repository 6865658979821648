package call

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// keysOn presses keys as telephones do that send both: an event and its tones.
func keysOn(p *legtest.Phone, keys string) {
	for _, k := range []byte(keys) {
		var fs [10]audio.Frame
		tone, _ := audio.DTMF(k, audio.Rate)
		for i := range fs[:5] {
			tone.Fill(fs[i][:])
		}
		p.Say(fs[:]...)
		p.Press(string(rune(k)))
	}
}

// dialled are the keys in the sound of both sides of a WAV.
func dialled(t *testing.T, wav []byte) string {
	t.Helper()
	s, err := audio.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		t.Fatal(err)
	}
	keys := ""
	for side := range s.Channels {
		find := audio.NewDTMFFinder()
		for at := side; at+audio.Samples*s.Channels <= len(s.PCM); at += audio.Samples * s.Channels {
			var f audio.Frame
			for i := range f {
				f[i] = s.PCM[at+i*s.Channels]
			}
			if k, ok := find.Find(&f); ok {
				keys += string(rune(k))
			}
		}
	}
	return keys
}

// obeys is a model that repeats what it was told, and asks for a tool with it.
type obeys struct{ heard []string }

func (m *obeys) Chat(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		var all []string
		for _, msg := range r.Messages {
			all = append(all, msg.Text)
		}
		last := r.Messages[len(r.Messages)-1].Text
		m.heard = append(m.heard, strings.Join(all, "\n"))
		if len(m.heard)%2 == 1 && yield(llm.Delta{Call: &llm.Call{ID: "1", Name: "pay", Args: json.RawMessage(`{"card":"` + last + `"}`)}}, nil) {
			return
		}
		yield(llm.Delta{Text: "I heard " + last + "."}, nil)
	}
}

// written is every byte that a call left behind.
func (b *bench) written(t *testing.T, folder string, log *bytes.Buffer) string {
	t.Helper()
	row, err := json.Marshal(b.rows.only(t))
	if err != nil {
		t.Fatal(err)
	}
	all := string(row) + log.String()
	for _, e := range b.book.events {
		all += "\n" + string(e.Type) + " " + string(e.Payload)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		got, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all += string(got)
	}
	return all
}

// TestNothingIsWrittenWhilePaused: what is said and pressed while the recording is paused is in nothing that the call leaves, and in no
// listener's ear; the model knows it until the recording goes on, and what comes then is written as ever.
func TestNothingIsWrittenWhilePaused(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		var log, listened bytes.Buffer
		b.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		folder := t.TempDir()
		b.Recordings = dir(folder)
		b.Early = true
		model := &obeys{}
		b.model = model
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		id := b.rows.only(t).ID
		go func() { _ = b.Listen(ctx, id, 2, &listened, func() error { return nil }) }()
		keysOn(p, "5#")
		time.Sleep(6 * time.Second)
		if err := b.PauseRecording(id); err != nil {
			t.Fatal(err)
		}
		keysOn(p, "4863#")
		time.Sleep(8 * time.Second)
		p.SayTone(440, time.Second)
		time.Sleep(time.Second)
		b.ear <- stt.Event{Text: "canary four eight six"}
		b.ear <- stt.Event{Text: "canary four eight six", Final: true, End: true}
		time.Sleep(100 * time.Millisecond)
		if err := b.ResumeRecording(id); err != nil {
			t.Fatal(err)
		}
		if !b.Discreet(id) {
			t.Error("it goes on before what was said has been answered")
		}
		time.Sleep(10 * time.Second)
		if b.Discreet(id) {
			t.Error("it does not go on")
		}
		keysOn(p, "79#")
		time.Sleep(6 * time.Second)
		p.Hangup()
		<-done

		known := strings.Join(model.heard, "\n----\n")
		if !strings.Contains(known, "pressed 4 8 6 3") || !strings.Contains(known, "canary four eight six") {
			t.Errorf("the agent did not hear it: %s", known)
		}
		if last := model.heard[len(model.heard)-1]; strings.Contains(last, "4 8") || strings.Contains(last, "canary") || !strings.Contains(last, "pressed 7 9") || !strings.Contains(last, "pressed 5") {
			t.Errorf("afterwards the model reads %s", last)
		}
		all := b.written(t, folder, &log)
		for _, w := range []string{"canary", "4 8", "4863", "four eight", `"digit":"4"`, `"digit":"8"`, `"digit":"6"`, `"digit":"3"`} {
			if i := strings.Index(all, w); i >= 0 {
				t.Errorf("%q is left: …%q…", w, all[max(0, i-120):min(len(all), i+60)])
			}
		}
		for _, w := range []string{"pressed 5", "pressed 7 9", `"digit":"7"`} {
			if !strings.Contains(all, w) {
				t.Errorf("%q is not there, which was not to be withheld", w)
			}
		}
		c := b.rows.only(t)
		wav, err := os.ReadFile(filepath.Join(folder, c.Recording))
		if err != nil {
			t.Fatal(err)
		}
		if got := dialled(t, wav); got != "5#79#" {
			t.Errorf("keys %q are in the recording", got)
		}
		if got := dialled(t, listened.Bytes()); got != "5#79#" {
			t.Errorf("a listener heard the keys %q", got)
		}
		if c.RecordingLen < 32*time.Second {
			t.Errorf("the recording is %v long: what was paused is no part of its time", c.RecordingLen)
		}
		has(t, b.book.types(), parley.EventDigit, parley.EventRecordingPaused, parley.EventDigit, parley.EventRecordingResumed, parley.EventDigit, parley.EventEnded)
		if !strings.Contains(parley.Transcript(c.Record), "HUMAN: "+parley.Unrecorded) {
			t.Errorf("the transcript does not say that something is missing:\n%s", parley.Transcript(c.Record))
		}
	})
}

// TestPausedUntilTheEnd: a call that ends while its recording is paused tells of all that was said before.
func TestPausedUntilTheEnd(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		id := b.rows.only(t).ID
		if err := b.PauseRecording(id); err != nil {
			t.Fatal(err)
		}
		p.Press("9")
		time.Sleep(time.Second)
		p.Hangup()
		<-done
		if got := b.book.payload(t, parley.EventTranscript); !strings.Contains(got, "Hello there") || strings.Contains(got, "9\"") {
			t.Errorf("the transcript: %s", got)
		}
		if got := b.book.payload(t, parley.EventDigit); got != `{"digit":""}` {
			t.Errorf("the digit: %s", got)
		}
		for _, err := range []error{b.PauseRecording(id), b.ResumeRecording(id)} {
			if !parley.IsNotFound(err) {
				t.Errorf("of a call that is over: %v", err)
			}
		}
	})
}

// TestPausedWhileBridged: the recording of a call that somebody has taken over is paused and goes on at once, for no agent has to finish.
func TestPausedWhileBridged(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		folder := t.TempDir()
		b.Recordings = dir(folder)
		b.desk.agent.Actions = []parley.Action{{ID: "a1", Type: "action_transfer_call", Config: json.RawMessage(`{"phone_number":"+15557654321"}`)}}
		b.model = lines(llm.Delta{Call: &llm.Call{ID: "1", Name: "transfer_call", Args: json.RawMessage(`{}`)}})
		var clerk *legtest.Phone
		b.exchange.answer = func(context.Context, leg.Call) (l leg.Leg, err error) {
			clerk, l = legtest.Pipe(ctx)
			return l, nil
		}
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		p.SayTone(440, time.Second)
		time.Sleep(time.Second)
		b.ear <- stt.Event{Text: "a human please", Final: true, End: true}
		time.Sleep(5 * time.Second)
		id := b.rows.only(t).ID
		keysOn(p, "1")
		time.Sleep(time.Second)
		_ = b.PauseRecording(id)
		keysOn(p, "23")
		keysOn(clerk, "45")
		time.Sleep(2 * time.Second)
		_ = b.ResumeRecording(id)
		if b.Discreet(id) {
			t.Error("it does not go on")
		}
		keysOn(clerk, "6")
		time.Sleep(2 * time.Second)
		p.Hangup()
		<-done
		wav, err := os.ReadFile(filepath.Join(folder, b.rows.only(t).Recording))
		if err != nil {
			t.Fatal(err)
		}
		if got := dialled(t, wav); got != "16" {
			t.Errorf("keys %q are in the recording", got)
		}
		has(t, b.book.types(), parley.EventTransferred, parley.EventRecordingPaused, parley.EventRecordingResumed, parley.EventEnded)
	})
}
