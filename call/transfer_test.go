package call

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// transferTo tells the only running call's agent to hand it over.
func (b *bench) transferTo(t *testing.T, to string) (id string) {
	t.Helper()
	id = b.rows.only(t).ID
	if err := b.Control(context.Background(), id, conversation.Command{Kind: conversation.Transfer, Text: to}); err != nil {
		t.Error(err)
	}
	return id
}

func TestTransferIsBridgedWhereTheFarEndMovesNoCalls(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		phones := b.answers(3 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		b.transferTo(t, "+15550009999")
		time.Sleep(time.Second)
		if c := b.rows.only(t); c.Stage != parley.StageTransferStarted || c.Status != parley.InProgress {
			t.Errorf("while it rings: %+v", c)
		}
		person := <-phones
		caller.SayTone(440, time.Second)
		person.SayTone(1000, time.Second)
		time.Sleep(2 * time.Second)
		if legtest.Count(person.Ear(), 440) < 45 || legtest.Count(caller.Ear(), 1000) < 45 {
			t.Errorf("they heard %d and %d frames of each other", legtest.Count(person.Ear(), 440), legtest.Count(caller.Ear(), 1000))
		}
		caller.Hangup()
		<-done
		<-person.Gone()
		c := b.rows.only(t)
		if c.Cause != parley.Transferred || c.Status != parley.Ended || c.Stage != parley.StageTransferSuccessful || c.Outcome() != "transfer_disconnected" {
			t.Errorf("%+v", c)
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: Hello there") {
			t.Errorf("the transcript:\n%s", got)
		}
		if c.RecordingLen < 6*time.Second { // goes on while they talk
			t.Errorf("%v were recorded", c.RecordingLen)
		}
		if len(caller.Refers()) != 1 || caller.Refers()[0] != "+15550009999" {
			t.Errorf("the far end was asked %q", caller.Refers())
		}
		d := b.exchange.dialled[0]
		if d.To != "+15550009999" || d.From != "desk" || len(d.Headers) != 0 {
			t.Errorf("dialled %+v", d)
		}
		if u := c.Usage; u.TelephonySeconds < 8.5 || u.TelephonySeconds > 9.5 || u.TTSCharacters != int64(len("Hello there")) || u.STTSeconds < 1.5 || u.STTSeconds > 2.5 {
			t.Errorf("used %+v", u) // 7 s of the caller, 2 s of the other
		}
		has(t, b.book.types(), parley.EventConnected, parley.EventMessage, parley.EventTransferring, parley.EventTransferred, parley.EventTranscript, parley.EventRecording, parley.EventEnded)
		if w := b.book.payload(t, parley.EventTransferred); w != `{"by":"bridge","to":"+15550009999"}` {
			t.Errorf("transferred: %s", w)
		}
	})
}

// moving is a leg whose far end moves calls, after a while, and hangs up on us or not.
type moving struct {
	leg.Leg
	phone *legtest.Phone
	after time.Duration
	bye   bool
	err   error
}

func (m moving) Refer(ctx context.Context, _ string) error {
	select {
	case <-time.After(m.after):
	case <-ctx.Done():
		return ctx.Err()
	}
	if m.bye {
		m.phone.Hangup()
		time.Sleep(100 * time.Millisecond)
	}
	return m.err
}

func TestTransferByTheFarEnd(t *testing.T) {
	for _, bye := range []bool{false, true} {
		run(t, func(ctx context.Context, b *bench) {
			p, l := legtest.Pipe(ctx)
			done := make(chan struct{})
			go func() {
				defer close(done)
				b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, leg: moving{l, p, 5 * time.Second, bye, nil}})
			}()
			time.Sleep(2 * time.Second)
			b.transferTo(t, "sip:a@b")
			<-done
			c := b.rows.only(t)
			if c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful || c.Outcome() != "transfer_disconnected" || len(b.exchange.dialled) != 0 {
				t.Errorf("bye %v: dialled %v, %+v", bye, b.exchange.dialled, c)
			}
			if w := b.book.payload(t, parley.EventTransferred); w != `{"by":"refer","to":"sip:a@b"}` {
				t.Errorf("transferred: %s", w)
			}
			<-p.Gone()
		})
	}
}

// A far end that says it cannot move the call, or does not say anything for a minute: it is bridged.
func TestTransferThatTheFarEndFails(t *testing.T) {
	for _, m := range []moving{{after: time.Second, err: errors.New("603")}, {after: time.Hour}} {
		run(t, func(ctx context.Context, b *bench) {
			phones := b.answers(0)
			p, l := legtest.Pipe(ctx)
			m.Leg, m.phone = l, p
			done := make(chan struct{})
			go func() { defer close(done); b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, leg: m}) }()
			time.Sleep(2 * time.Second)
			b.transferTo(t, "+15550009999")
			(<-phones).Hangup()
			<-done
			if c := b.rows.only(t); c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestTransferThatFailsComesBack(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		var read []llm.Message
		b.model = llm.Func(func(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
			return func(yield func(llm.Delta, error) bool) {
				read = r.Messages
				yield(llm.Delta{Text: "We open at nine."}, nil)
			}
		})
		b.refuses(parley.Busy, 486)
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		id := b.transferTo(t, "+15550009999")
		time.Sleep(10 * time.Second)
		if c := b.rows.only(t); c.Stage != parley.StagePickedUp || c.Status != parley.InProgress {
			t.Errorf("afterwards: %+v", c)
		}
		b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
		time.Sleep(5 * time.Second)
		if err := b.End(ctx, id); err != nil {
			t.Error(err)
		}
		<-done
		caller.Hangup()
		c := b.rows.only(t)
		if c.Cause != parley.AgentEnded || c.Outcome() != "bot_disconnected" || c.Stage != parley.StagePickedUp {
			t.Errorf("%+v", c)
		}
		got := parley.Transcript(c.Record)
		for _, want := range []string{"BOT: Hello there", "could not reach anybody", "HUMAN: when do you open", "BOT: We open at nine."} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		ids := map[string]bool{}
		for _, turn := range c.Turns {
			if ids[turn.ID] {
				t.Errorf("turn %s is there twice", turn.ID)
			}
			ids[turn.ID] = true
		}
		told := false
		for _, m := range read {
			told = told || m.Role == llm.System && strings.Contains(m.Text, "+15550009999 failed: not answered: busy (486)")
		}
		if !told {
			t.Errorf("the model was not told: %+v", read)
		}
		has(t, b.book.types(), parley.EventTransferring, parley.EventTransferFailed, parley.EventMessage, parley.EventEnded)
	})
}

// An agent that was muted stays so when its caller comes back.
func TestMutedAgentStaysMuted(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = lines(llm.Delta{Text: "We open at nine."})
		b.refuses(parley.Busy, 486)
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		id := b.rows.only(t).ID
		if err := b.Control(ctx, id, conversation.Command{Kind: conversation.Mute}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		b.transferTo(t, "+15550009999")
		time.Sleep(5 * time.Second)
		b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
		time.Sleep(5 * time.Second)
		before := legtest.Count(caller.Ear(), 1000)
		if before > 30 { // the greeting has two words
			t.Errorf("a muted agent spoke: %d frames", before)
		}
		if err := b.Control(ctx, id, conversation.Command{Kind: conversation.Unmute}); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Second)
		if legtest.Count(caller.Ear(), 1000) <= before {
			t.Error("it never spoke again")
		}
		caller.Hangup()
		<-done
		if got := parley.Transcript(b.rows.only(t).Record); !strings.Contains(got, "BOT: We open at nine.") || strings.Contains(got, "could not reach") {
			t.Errorf("the transcript:\n%s", got)
		}
	})
}

// The agent's action, on an outbound call: it goes out from the number that the call was made from.
func TestTransferOfAnOutboundCall(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		var phones []*legtest.Phone
		b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) {
			p, l := legtest.Pipe(context.Background())
			phones = append(phones, p)
			if len(phones) == 2 {
				time.AfterFunc(time.Second, p.Hangup)
			}
			return l, nil
		}
		time.AfterFunc(2*time.Second, func() { b.transferTo(t, "+15550009999") })
		if err := b.Dial(ctx, outbound(t, b, nil)); err != nil {
			t.Fatal(err)
		}
		if d := b.exchange.dialled; len(d) != 2 || d[1].From != d[0].From || d[1].To != "+15550009999" {
			t.Errorf("dialled %+v", d)
		}
		if c := b.rows.only(t); c.Cause != parley.Transferred {
			t.Errorf("%+v", c)
		}
	})
}

// ringing counts the frames of sound that are not the agent's voice; they are of two tones.
func ringing(t *testing.T, ear []audio.Frame) (n int) {
	var pcm []int16
	for _, f := range ear {
		if legtest.Loud(f) && !legtest.Carries(f, 1000) {
			n++
			pcm = append(pcm, f[:]...)
		}
	}
	pcm = pcm[:min(len(pcm), audio.Rate)]
	if low, high := audio.Goertzel(pcm, 440, audio.Rate), audio.Goertzel(pcm, 480, audio.Rate); low < 0.4 || high < 0.4 {
		t.Errorf("%.2f of the sound is at 440 Hz and %.2f at 480", low, high)
	}
	return n
}

// The caller hears ringing for as long as somebody is dialled, and nothing of it afterwards.
func TestCallerHearsThatItRings(t *testing.T) {
	for _, answers := range []bool{true, false} {
		run(t, func(ctx context.Context, b *bench) {
			phones := b.answers(7 * time.Second)
			if !answers {
				b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
					time.Sleep(7 * time.Second)
					return nil, &leg.Rejected{Cause: parley.Busy, Code: 486}
				}
			}
			caller, _, done := b.ring(ctx, "desk")
			time.Sleep(2 * time.Second)
			b.transferTo(t, "+15550009999")
			time.Sleep(7*time.Second + 200*time.Millisecond)
			rang := ringing(t, caller.Ear())
			if rang < 190 || rang > 205 { // 2 s, 1.8 s of silence, 2 s, 1.2 s of silence
				t.Errorf("answers %v: %d frames of ringing", answers, rang)
			}
			time.Sleep(10 * time.Second)
			if more := ringing(t, caller.Ear()) - rang; more > 0 {
				t.Errorf("answers %v: it went on for %d frames", answers, more)
			}
			caller.Hangup()
			<-done
			if answers {
				<-(<-phones).Gone()
			}
		})
	}
}

func TestCallerLeavesWhileTheTransferRings(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.answers(time.Hour)
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		b.transferTo(t, "+15550009999")
		time.Sleep(3 * time.Second)
		caller.Hangup()
		<-done
		if c := b.rows.only(t); c.Cause != parley.CallerHungUp || c.Outcome() != "transfer_unanswered" || c.End.Sub(c.Start) > 6*time.Second {
			t.Errorf("%+v", c)
		}
		has(t, b.book.types(), parley.EventTransferring, parley.EventTransferFailed, parley.EventEnded)
	})
}

func TestCallIsEndedWhileTheTransferRings(t *testing.T) {
	for _, stop := range []bool{false, true} {
		run(t, func(ctx context.Context, b *bench) {
			ctx, cut := context.WithCancel(ctx)
			defer cut()
			b.answers(time.Hour)
			_, _, done := b.ring(ctx, "desk")
			time.Sleep(2 * time.Second)
			id := b.transferTo(t, "+15550009999")
			time.Sleep(time.Second)
			want := parley.AgentEnded
			if stop {
				want = parley.NodeLost
				cut()
			} else if err := b.End(context.Background(), id); err != nil {
				t.Error(err)
			}
			<-done
			if c := b.rows.only(t); c.Cause != want {
				t.Errorf("stop %v: %+v", stop, c)
			}
		})
	}
}

// Vendors that fail in the middle of a call: the fallback takes the caller; where it does not, the call ends as it would have.
func TestVendorsFailAndTheFallbackTakesTheCaller(t *testing.T) {
	for _, takes := range []bool{true, false} {
		run(t, func(ctx context.Context, b *bench) {
			b.desk.fallback = "+15550009999"
			b.model = lines()
			phones := b.answers(time.Second)
			if !takes {
				b.refuses(parley.Declined, 603)
			}
			_, _, done := b.ring(ctx, "desk")
			for range 2 {
				time.Sleep(8 * time.Second)
				b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
			}
			if takes {
				p := <-phones
				time.Sleep(time.Second)
				p.Hangup()
			}
			<-done
			c := b.rows.only(t)
			if takes && (c.Cause != parley.Transferred || c.Status != parley.Ended || c.Outcome() != "transfer_disconnected") {
				t.Errorf("taken: %+v", c)
			}
			if !takes && (c.Cause != parley.ProviderFailed || c.Status != parley.Failed || c.Outcome() != "transfer_unanswered" || c.Stage != parley.StageTransferStarted) {
				t.Errorf("not taken: %+v", c)
			}
			has(t, b.book.types(), parley.EventError, parley.EventTransferring)
		})
	}
}

func TestListedWhileItWaited(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		asked := ""
		b.MayCall = func(_ context.Context, env, to string) error {
			asked = env + " " + to
			return &parley.Error{Status: 403, Code: "do_not_call", Field: "to_number", Message: "no"}
		}
		id := outbound(t, b, nil)
		if err := b.Dial(ctx, id); err != nil {
			t.Fatal(err)
		}
		c := b.rows.only(t)
		if len(b.exchange.dialled) != 0 || b.opened != 0 || c.Cause != parley.Cancelled || c.Status != parley.Ended || !strings.Contains(c.ErrorMessage, "do-not-call") {
			t.Errorf("%+v", c)
		}
		if !strings.HasSuffix(asked, " "+c.To) {
			t.Errorf("asked for %q", asked)
		}
		has(t, b.book.types(), parley.EventDidNotConnect)
	})
}

// Nobody knows whether the number may be called: it is not.
func TestListThatCannotBeRead(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.MayCall = func(context.Context, string, string) error { return errors.New("disk full") }
		if err := b.Dial(ctx, outbound(t, b, nil)); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%v", err)
		}
		if c := b.rows.only(t); len(b.exchange.dialled) != 0 || c.Status != parley.NotStarted {
			t.Errorf("%+v", c)
		}
		b.MayCall = func(context.Context, string, string) error { return nil }
		b.refuses(parley.Busy, 486)
		if err := b.Dial(ctx, b.rows.only(t).ID); err != nil || len(b.exchange.dialled) != 1 {
			t.Errorf("afterwards: %v, dialled %v", err, b.exchange.dialled)
		}
	})
}
