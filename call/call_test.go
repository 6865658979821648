package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// run gives f a switchboard in virtual time and closes it afterwards.
func run(t *testing.T, f func(ctx context.Context, b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := newBench(t)
		f(ctx, b)
		b.Close()
		if n := b.Live(); n != 0 {
			t.Errorf("%d calls still run", n)
		}
	})
}

func TestInbound(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = lines(llm.Delta{Text: "We open at nine."})
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second) // the greeting
		p.SayTone(440, time.Second)
		time.Sleep(time.Second)
		b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
		time.Sleep(5 * time.Second)
		p.Hangup()
		<-done

		c := b.rows.only(t)
		if c.Status != parley.Ended || c.Cause != parley.CallerHungUp || c.Stage != parley.StagePickedUp || c.UserID != "env" || c.AgentID != "agent-1" {
			t.Errorf("the row: %+v", c)
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: Hello there") || !strings.Contains(got, "HUMAN: when do you open") ||
			!strings.Contains(got, "BOT: We open at nine.") {
			t.Errorf("the transcript:\n%s", got)
		}
		has(t, b.book.types(), parley.EventCreated, parley.EventConnected, parley.EventMessage, parley.EventMessage, parley.EventMessage,
			parley.EventTranscript, parley.EventRecording, parley.EventEnded)
		hasNot(t, b.book.types(), parley.EventError, parley.EventDidNotConnect)
		if b.book.flushed != len(b.book.events) {
			t.Error("the call was over before its events were safe")
		}
		if b.closed != 1 {
			t.Errorf("the vendors were closed %d times", b.closed)
		}
		if w := b.book.payload(t, parley.EventEnded); !strings.Contains(w, `"stage_outcome":"human_disconnected"`) {
			t.Errorf("ended: %s", w)
		}
		checkRecording(t, filepath.Join(string(b.Recordings.(dir)), c.Recording), c.RecordingLen)
	})
}

// checkRecording finds the caller's tone on the left and the agent's on the right.
func checkRecording(t *testing.T, path string, length time.Duration) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	if s.Channels != 2 || s.Rate != audio.Rate {
		t.Fatalf("%d channels at %d Hz", s.Channels, s.Rate)
	}
	found := [2][2]bool{} // channel, tone
	for at := 0; at+2*1600 <= len(s.PCM); at += 2 * 1600 {
		for ch := range 2 {
			var part []int16
			for i := at + ch; i < at+2*1600; i += 2 {
				part = append(part, s.PCM[i])
			}
			for k, hz := range []float64{440, 1000} {
				if audio.Goertzel(part, hz, s.Rate) > 0.5 {
					found[ch][k] = true
				}
			}
		}
	}
	if p, err := os.ReadFile(strings.TrimSuffix(path, ".wav") + audio.PeaksEnding); err != nil || audio.Peaks(p).Slots() != int64(length/audio.FrameDur) || bytes.Count(p, []byte{0}) == len(p) {
		t.Errorf("what it looks like: %d of %s, %v", len(p), length, err)
	}
	if found != [2][2]bool{{true, false}, {false, true}} {
		t.Errorf("tones found (left: 440, 1000; right: 440, 1000): %v", found)
	}
	if got := time.Duration(len(s.PCM)/2) * time.Second / audio.Rate; got != length || length < 7900*time.Millisecond {
		t.Errorf("the recording is %v long, the row says %v", got, length)
	}
}

func TestNobodyIsThere(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		for _, tc := range []struct {
			to   string
			err  error
			want parley.Cause
		}{
			{"nobody", nil, parley.Unreachable},
			{"desk", &parley.Error{Status: 480}, parley.NoAnswer},
			{"desk", errors.New("the store is away"), parley.Configuration},
		} {
			b.desk.err = tc.err
			p, o, done := b.ring(ctx, tc.to)
			<-done
			if o.rejected != tc.want {
				t.Errorf("%s %v: rejected with %q, want %q", tc.to, tc.err, o.rejected, tc.want)
			}
			p.Hangup()
		}
		if b.opened != 0 || len(b.rows.rows) != 0 || len(b.book.events) != 0 {
			t.Errorf("a call for nobody reached %d vendors, %d rows, %d events", b.opened, len(b.rows.rows), len(b.book.events))
		}
	})
}

func TestACallThatCannotBeKeptIsNotTaken(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.rows.fail = errors.New("disk full")
		p, o, done := b.ring(ctx, "desk")
		<-done
		if o.rejected != parley.Configuration || b.opened != 0 {
			t.Errorf("rejected %q, %d vendors opened", o.rejected, b.opened)
		}
		p.Hangup()
	})
}

func TestVendorsThatCannotBeOpened(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.openErr = errors.New("voice: no such voice")
		p, o, done := b.ring(ctx, "desk")
		<-done
		p.Hangup()
		c := b.rows.only(t)
		if o.rejected != parley.Configuration || c.Status != parley.Failed || c.Cause != parley.Configuration || !strings.Contains(c.ErrorMessage, "no such voice") {
			t.Errorf("rejected %q, row %+v", o.rejected, c)
		}
		has(t, b.book.types(), parley.EventCreated, parley.EventError, parley.EventDidNotConnect)
	})
}

func TestCallerGivesUpWhileItRings(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, l := legtest.Pipe(ctx)
		p.Hangup()
		b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, leg: l, err: errors.New("cancelled")})
		c := b.rows.only(t)
		if c.Cause != parley.CallerHungUp || c.StageOutcome != "call_did_not_connect" || !c.Start.IsZero() {
			t.Errorf("%+v", c)
		}
		has(t, b.book.types(), parley.EventCreated, parley.EventDidNotConnect)
	})
}

// A carrier that picks up and brings no sound is no caller who hung up.
func TestAnsweredWithoutSound(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, err: fmt.Errorf("acme: no stream came (%w)", &leg.GoneError{Cause: parley.MediaTimeout})})
		if c := b.rows.only(t); c.Cause != parley.MediaTimeout || c.StageOutcome != "call_did_not_connect" || !strings.HasPrefix(c.ErrorMessage, "acme: no stream came") {
			t.Errorf("%+v", c)
		}
	})
}

// outbound puts a call into the rows, as the API does.
func outbound(t *testing.T, b *bench, params map[string]string) string {
	t.Helper()
	snapshot, err := json.Marshal(b.desk.agent)
	if err != nil {
		t.Fatal(err)
	}
	c := parley.Call{ID: "out-1", UserID: "env", Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true, Created: time.Now(),
		From: "+15550001111", To: "+15552223333", Agent: snapshot, Params: params, Context: map[string]string{"name": "Ada"}}
	if err := b.rows.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func TestOutbound(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.trunk = &parley.TrunkAccount{ID: "trunk-1", Policy: parley.DialPolicy{Countries: []string{"US"}}}
		var phone *legtest.Phone
		b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) {
			c.Progress(leg.Progress{Code: 180})
			c.Progress(leg.Progress{Code: 183})
			time.Sleep(3 * time.Second)
			p, l := legtest.PipeLimits(context.WithoutCancel(ctx), c.Limits)
			phone = p
			time.AfterFunc(4*time.Second, p.Hangup)
			return l, nil
		}
		if err := b.Dial(ctx, outbound(t, b, map[string]string{"ring_timeout_seconds": "20", "X-Tag": "7", "colour": "red"})); err != nil {
			t.Fatal(err)
		}
		d := b.exchange.dialled[0]
		if d.To != "+15552223333" || d.From != "+15550001111" || d.Trunk.ID != "trunk-1" || d.RingTimeout != 20*time.Second || d.Headers["X-Tag"] != "7" ||
			d.Limits.MaxDuration != defaultDuration {
			t.Errorf("dialled %+v", d)
		}
		c := b.rows.only(t)
		if c.Cause != parley.CallerHungUp || c.TrunkID != "trunk-1" || c.TelephonyID != "pipe" || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "colour") {
			t.Errorf("%+v", c)
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: Hello Ada") {
			t.Errorf("the transcript:\n%s", got)
		}
		has(t, b.book.types(), parley.EventRinging, parley.EventConnected, parley.EventMessage, parley.EventEnded)
		rings := 0
		for _, typ := range b.book.types() {
			if typ == parley.EventRinging {
				rings++
			}
		}
		if rings != 1 || len(phone.Heard()) == 0 {
			t.Errorf("%d ringing events, %d frames heard", rings, len(phone.Heard()))
		}
		if err := b.Dial(ctx, c.ID); err != nil || len(b.exchange.dialled) != 1 {
			t.Errorf("a call that was over was dialled again: %v", err)
		}
	})
}

func TestOutboundNotAnswered(t *testing.T) {
	for _, tc := range []struct {
		err     error
		cause   parley.Cause
		code    int
		outcome string
	}{
		{&leg.Rejected{Cause: parley.Busy, Code: 486}, parley.Busy, 486, "call_did_not_connect"},
		{&leg.Rejected{Cause: parley.NoAnswer, Code: 408}, parley.NoAnswer, 408, "human_unanswered"},
		{errors.New("no route"), parley.Unreachable, 0, "call_did_not_connect"},
	} {
		run(t, func(ctx context.Context, b *bench) {
			b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) { return nil, tc.err }
			if err := b.Dial(ctx, outbound(t, b, nil)); err != nil {
				t.Fatal(err)
			}
			c := b.rows.only(t)
			if c.Status != parley.Ended || c.Cause != tc.cause || c.SIPCode != tc.code || c.Outcome() != tc.outcome {
				t.Errorf("%v: %s %s %d %s", tc.err, c.Status, c.Cause, c.SIPCode, c.Outcome())
			}
			if w := b.book.payload(t, parley.EventDidNotConnect); !strings.Contains(w, string(tc.cause)) {
				t.Errorf("did not connect: %s", w)
			}
		})
	}
}

func TestOutboundWithoutTrunkOrAgent(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.err = &parley.Error{Status: 400, Code: "no_trunk", Message: "there is no trunk"}
		if err := b.Dial(ctx, outbound(t, b, nil)); err != nil {
			t.Fatal(err)
		}
		if c := b.rows.only(t); c.Cause != parley.Configuration || c.ErrorMessage != "there is no trunk" || c.Status != parley.Failed {
			t.Errorf("%+v", c)
		}
		b.rows.UpdateCall(ctx, "out-1", func(c *parley.Call) error { c.Status, c.Agent = parley.NotStarted, []byte(`{`); return nil })
		if err := b.Dial(ctx, "out-1"); err != nil {
			t.Fatal(err)
		}
		if c := b.rows.only(t); c.Cause != parley.Configuration || len(b.exchange.dialled) != 0 {
			t.Errorf("%+v", c)
		}
		if err := b.Dial(ctx, "none"); !parley.IsNotFound(err) {
			t.Errorf("a call that is not there: %v", err)
		}
	})
}

func TestEnd(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		if err := b.End(ctx, "none"); !parley.IsNotFound(err) {
			t.Errorf("ending nothing: %v", err)
		}
		_, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		id := b.rows.only(t).ID
		if err := b.End(ctx, id); err != nil {
			t.Fatal(err)
		}
		<-done
		if c := b.rows.only(t); c.Cause != parley.AgentEnded || c.Status != parley.Ended {
			t.Errorf("%+v", c)
		}
		if err := b.Control(ctx, id, conversation.Command{Kind: conversation.Say, Text: "x"}); !parley.IsNotFound(err) {
			t.Errorf("a command to a call that is over: %v", err)
		}
	})
}

func TestEndWhileItRings(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) { <-ctx.Done(); return nil, ctx.Err() }
		id := outbound(t, b, nil)
		done := make(chan struct{})
		go func() { defer close(done); b.Dial(ctx, id) }()
		time.Sleep(time.Second)
		if err := b.End(ctx, id); err != nil {
			t.Fatal(err)
		}
		<-done
		if c := b.rows.only(t); c.Cause != parley.Cancelled || c.Status != parley.Ended {
			t.Errorf("%+v", c)
		}
	})
}

func TestServerStopsDuringACall(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		ctx, cancel := context.WithCancel(ctx)
		_, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		cancel()
		<-done
		c := b.rows.only(t)
		if c.End.IsZero() || c.Cause != parley.NodeLost || c.Status != parley.Failed || c.Recording == "" || !strings.Contains(c.ErrorMessage, "stopped") {
			t.Errorf("%+v", c)
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: Hello") {
			t.Errorf("the transcript: %q", got)
		}
		has(t, b.book.types(), parley.EventConnected, parley.EventRecording, parley.EventEnded)
		if w := b.book.payload(t, parley.EventEnded); !strings.Contains(w, `"stage_outcome":"bot_disconnected"`) {
			t.Errorf("ended: %s", w)
		}
	})
}

func TestServerStopsBeforeTheCallIsTaken(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		ctx, cancel := context.WithCancel(ctx)
		p, l := legtest.Pipe(ctx)
		cancel()
		b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, leg: l, err: ctx.Err()})
		p.Hangup()
		if c := b.rows.only(t); c.Cause != parley.Cancelled || c.Status != parley.Ended || !strings.Contains(c.ErrorMessage, "stopped") {
			t.Errorf("%+v", c)
		}
		has(t, b.book.types(), parley.EventCreated, parley.EventDidNotConnect)
	})
}

func TestRecordingIsTheAgentsChoice(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		no := false
		b.desk.agent.EnableRecording = &no
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		p.Hangup()
		<-done
		if c := b.rows.only(t); c.Recording != "" {
			t.Errorf("recorded to %s", c.Recording)
		}
		hasNot(t, b.book.types(), parley.EventRecording)
	})
}

func TestARecordingThatCannotBeWrittenIsAWarning(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Recordings = dir("/nowhere/at/all")
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		p.Hangup()
		<-done
		c := b.rows.only(t)
		if c.Recording != "" || c.Cause != parley.CallerHungUp || len(c.Warnings) == 0 || !strings.Contains(c.Warnings[0], "not recorded") {
			t.Errorf("%+v", c)
		}
	})
}
