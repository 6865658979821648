package call

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

const supervisor = "+15557654321"

// relieves rings a call in and asks for it to be taken over; the supervisor's telephone answers after a while, or with an error.
func relieves(ctx context.Context, t *testing.T, b *bench, after time.Duration, refused error, announce string) (caller, boss *legtest.Phone, id string, done chan struct{}) {
	t.Helper()
	phones := make(chan *legtest.Phone, 1)
	b.exchange.answer = func(ctx2 context.Context, _ leg.Call) (leg.Leg, error) {
		select {
		case <-time.After(after):
		case <-ctx2.Done():
			return nil, ctx2.Err()
		}
		if refused != nil {
			return nil, refused
		}
		p, l := legtest.Pipe(ctx)
		phones <- p
		return l, nil
	}
	caller, _, done = b.ring(ctx, "desk")
	time.Sleep(3 * time.Second)
	id = b.rows.only(t).ID
	if err := b.TakeOver(ctx, id, parley.Transfer{To: supervisor}, announce); err != nil {
		t.Fatal(err)
	}
	if err := b.TakeOver(ctx, id, parley.Transfer{To: supervisor}, ""); statusOf(err) != 409 {
		t.Errorf("a second one: %v", err)
	}
	time.Sleep(after + 100*time.Millisecond)
	select {
	case boss = <-phones:
	default: // nobody has answered
	}
	return caller, boss, id, done
}

func statusOf(err error) int {
	var e *parley.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// TestTakeOver: the agent talks on until the supervisor has answered, announces them and leaves; both hear each other.
func TestTakeOver(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = lines(llm.Delta{Text: "We open at nine."})
		go func() {
			time.Sleep(4 * time.Second)
			b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
		}()
		caller, boss, id, done := relieves(ctx, t, b, 5*time.Second, nil, "Ann takes over.")
		time.Sleep(3 * time.Second)
		caller.SayTone(440, time.Second)
		boss.SayTone(700, time.Second)
		time.Sleep(2 * time.Second)
		if legtest.Count(boss.Ear(), 440) < 40 || legtest.Count(caller.Ear(), 700) < 40 {
			t.Error("they do not hear each other")
		}
		if err := b.TakeOver(ctx, id, parley.Transfer{To: supervisor}, ""); statusOf(err) != 409 {
			t.Errorf("of a call without an agent: %v", err)
		}
		caller.Hangup()
		<-done
		c := b.rows.only(t)
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: We open at nine.") || !strings.Contains(got, "BOT: Ann takes over.") {
			t.Errorf("the transcript:\n%s", got)
		}
		if c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful || c.Outcome() != "transfer_disconnected" {
			t.Errorf("%s %s %s", c.Cause, c.Stage, c.Outcome())
		}
		has(t, b.book.types(), parley.EventConnected, parley.EventTransferring, parley.EventMessage, parley.EventTransferred, parley.EventEnded)
		if got := b.book.payload(t, parley.EventTransferred); got != `{"by":"take_over","to":"`+supervisor+`"}` {
			t.Error(got)
		}
		<-boss.Gone()
	})
}

// TestTakeOverFails: nobody comes, for whatever reason, and the agent goes on as if nothing had been.
func TestTakeOverFails(t *testing.T) {
	for what, refused := range map[string]error{"busy": &leg.Rejected{Cause: parley.Busy, Code: 486}, "away": &leg.Rejected{Cause: parley.NoAnswer, Code: 480}} {
		run(t, func(ctx context.Context, b *bench) {
			b.model = lines(llm.Delta{Text: "We open at nine."})
			caller, _, id, done := relieves(ctx, t, b, time.Second, refused, "Ann takes over.")
			time.Sleep(100 * time.Millisecond)
			if got := b.book.payload(t, parley.EventTransferFailed); !strings.Contains(got, string(refused.(*leg.Rejected).Cause)) {
				t.Errorf("%s: %s", what, got)
			}
			b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
			time.Sleep(4 * time.Second)
			if err := b.TakeOver(ctx, id, parley.Transfer{To: supervisor}, ""); err != nil {
				t.Errorf("%s: once more: %v", what, err)
			}
			caller.Hangup()
			<-done
			c := b.rows.only(t)
			if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: We open at nine.") || strings.Contains(got, "Ann") {
				t.Errorf("%s: the transcript:\n%s", what, got)
			}
			if c.Cause != parley.CallerHungUp || c.Stage != parley.StagePickedUp {
				t.Errorf("%s: %s %s", what, c.Cause, c.Stage)
			}
		})
	}
}

// TestTakeOverInVain: the caller, or the supervisor, has gone when the other is there.
func TestTakeOverInVain(t *testing.T) {
	t.Run("the caller hangs up while it rings", func(t *testing.T) {
		run(t, func(ctx context.Context, b *bench) {
			b.exchange.answer = func(ctx context.Context, _ leg.Call) (leg.Leg, error) { <-ctx.Done(); return nil, ctx.Err() }
			caller, _, done := b.ring(ctx, "desk")
			time.Sleep(3 * time.Second)
			if err := b.TakeOver(ctx, b.rows.only(t).ID, parley.Transfer{To: supervisor}, ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			caller.Hangup()
			<-done
			if got := b.book.payload(t, parley.EventTransferFailed); !strings.Contains(got, "agent's part was over") {
				t.Error(got)
			}
			if c := b.rows.only(t); c.Cause != parley.CallerHungUp {
				t.Errorf("%s", c.Cause)
			}
		})
	})
	t.Run("the supervisor hangs up during the announcement", func(t *testing.T) {
		run(t, func(ctx context.Context, b *bench) {
			caller, boss, _, done := relieves(ctx, t, b, time.Second, nil, "Ann takes over in this very moment and all will be well for you.")
			boss.Hangup()
			time.Sleep(10 * time.Second)
			caller.Hangup()
			<-done
			has(t, b.book.types(), parley.EventTransferring, parley.EventTransferFailed, parley.EventMessage, parley.EventEnded)
			c := b.rows.only(t)
			if c.Cause != parley.CallerHungUp || c.Stage != parley.StagePickedUp || len(c.Turns) < 3 {
				t.Errorf("%s %s %v", c.Cause, c.Stage, c.Turns)
			}
		})
	})
	t.Run("the agent hangs up while the supervisor waits", func(t *testing.T) {
		run(t, func(ctx context.Context, b *bench) {
			caller, boss, id, done := relieves(ctx, t, b, time.Second, nil, "")
			time.Sleep(time.Second)
			if legtest.Count(caller.Ear(), 700) > 0 {
				t.Error("too early")
			}
			boss.SayTone(700, time.Second)
			time.Sleep(2 * time.Second)
			if legtest.Count(caller.Ear(), 700) < 40 {
				t.Error("they do not hear each other")
			}
			if err := b.End(ctx, id); err != nil {
				t.Error(err)
			}
			<-done
			<-caller.Gone()
			<-boss.Gone()
		})
	})
}

// TestTakeOverIsHeldToThePolicy: nobody is dialled whom the trunk does not allow, and nobody where no agent talks.
func TestTakeOverIsHeldToThePolicy(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.trunk = &parley.TrunkAccount{ID: "t", Policy: parley.DialPolicy{}}
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		id := b.rows.only(t).ID
		if err := b.TakeOver(ctx, id, parley.Transfer{To: "+8821234567890"}, ""); statusOf(err) != 403 {
			t.Errorf("satellites: %v", err)
		}
		if err := b.TakeOver(ctx, "nobody", parley.Transfer{To: supervisor}, ""); !parley.IsNotFound(err) {
			t.Error(err)
		}
		caller.Hangup()
		<-done
		if len(b.exchange.dialled) != 0 {
			t.Errorf("dialled %v", b.exchange.dialled)
		}
	})
}
