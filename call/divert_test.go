package call

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// answers has every dialled number answer after a while; the phones come out of the channel.
func (b *bench) answers(after time.Duration) chan *legtest.Phone {
	phones := make(chan *legtest.Phone, 4)
	b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) {
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return nil, &leg.Rejected{Cause: parley.Cancelled}
		}
		p, l := legtest.PipeLimits(context.Background(), c.Limits)
		phones <- p
		return l, nil
	}
	return phones
}

// refuses has every dialled number refuse.
func (b *bench) refuses(cause parley.Cause, code int) {
	b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
		return nil, &leg.Rejected{Cause: cause, Code: code}
	}
}

// running is the call that runs.
func (b *bench) running() (id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id = range b.live {
	}
	return id
}

// crowded takes the environment's only slot.
func (b *bench) crowded() {
	b.rows.max = 1
	b.rows.rows["other"] = parley.Call{ID: "other", Status: parley.InProgress}
}

// diverted is the row that is not the other call's.
func (b *bench) divertedRow(t *testing.T) parley.Call {
	t.Helper()
	b.rows.mu.Lock()
	delete(b.rows.rows, "other")
	b.rows.mu.Unlock()
	return b.rows.only(t)
}

func TestFullGoesToTheFallback(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.crowded()
		b.desk.fallback, b.desk.trunk = "+15550009999", &parley.TrunkAccount{ID: "t1", Policy: parley.DialPolicy{Countries: []string{"US"}}}
		phones := b.answers(2 * time.Second)
		caller, o, done := b.ring(ctx, "desk")
		person := <-phones
		time.Sleep(100 * time.Millisecond)
		b.rows.mu.Lock()
		row := maps.Clone(b.rows.rows)
		b.rows.mu.Unlock()
		for id, c := range row {
			if id != "other" && (c.Stage != parley.StageTransferSuccessful || c.Status != parley.InProgress || holds(c)) {
				t.Errorf("while they talk: %+v", c)
			}
		}
		caller.SayTone(440, time.Second)
		person.SayTone(1000, time.Second)
		caller.Press("1")
		person.Press("2")
		time.Sleep(3 * time.Second)
		if n := legtest.Count(person.Ear(), 440); n < 45 {
			t.Errorf("the person heard %d frames of the caller", n)
		}
		if n := legtest.Count(caller.Ear(), 1000); n < 45 {
			t.Errorf("the caller heard %d frames of the person", n)
		}
		if person.Digits() != "1" || caller.Digits() != "2" {
			t.Errorf("digits %q and %q", person.Digits(), caller.Digits())
		}
		person.Hangup()
		<-done
		<-caller.Gone()
		c := b.divertedRow(t)
		if c.Cause != parley.Transferred || c.Status != parley.Ended || c.Stage != parley.StageTransferSuccessful || c.Outcome() != "transfer_disconnected" || c.ErrorMessage != "" {
			t.Errorf("the row: %+v", c)
		}
		if o.rejected != "" || b.opened != 0 || c.Recording != "" || len(c.Turns) != 0 {
			t.Errorf("rejected %q, opened %d, %+v", o.rejected, b.opened, c)
		}
		if u := c.Usage; u.TelephonySeconds < 6 || u.TelephonySeconds > 6.5 || u.TTSCharacters != 0 { // two legs of 3.1 s
			t.Errorf("used: %+v", u)
		}
		d := b.exchange.dialled[0]
		if d.To != "+15550009999" || d.From != "desk" || d.Trunk == nil || d.RingTimeout != defaultRing || d.Headers[divertedHeader] == "" {
			t.Errorf("dialled: %+v", d)
		}
		has(t, b.book.types(), parley.EventCreated, parley.EventTransferring, parley.EventConnected, parley.EventTransferred, parley.EventTranscript, parley.EventEnded)
		if w := b.book.payload(t, parley.EventEnded); !strings.Contains(w, `"transfer_disconnected"`) || !strings.Contains(w, `"transferred"`) {
			t.Errorf("ended: %s", w)
		}
	})
}

func TestFallbackByTheTrunkTheCallCameBy(t *testing.T) {
	for to, trunk := range map[string]string{"+15550009999": "t7", "sip:desk@example.com": "", "SIP:desk@example.com": "", "sips:desk@example.com": "", "siphon": "t7"} {
		run(t, func(ctx context.Context, b *bench) {
			b.crowded()
			b.desk.fallback = to
			phones := b.answers(0)
			_, l := legtest.Pipe(ctx)
			done := make(chan struct{})
			go func() {
				defer close(done)
				b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk", Trunk: "t7"}, leg: l})
			}()
			(<-phones).Hangup()
			<-done
			if b.desk.asked.TrunkID != trunk || b.desk.asked.UserID != "env" || b.desk.asked.To != to {
				t.Errorf("%s: a trunk was looked for like this: %+v", to, b.desk.asked)
			}
		})
	}
}

func TestFullWithoutFallbackIsBusy(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.crowded()
		_, o, done := b.ring(ctx, "desk")
		<-done
		c := b.divertedRow(t)
		if o.rejected != parley.Busy || c.Cause != parley.Busy || c.Status != parley.Ended || c.Outcome() != "call_did_not_connect" || c.End.IsZero() || !c.Start.IsZero() {
			t.Errorf("rejected as %q, %+v", o.rejected, c)
		}
		if !strings.Contains(c.ErrorMessage, "all the calls it may have") {
			t.Errorf("message %q", c.ErrorMessage)
		}
		has(t, b.book.types(), parley.EventCreated, parley.EventDidNotConnect)
		hasNot(t, b.book.types(), parley.EventConnected, parley.EventError, parley.EventTransferring)
	})
}

func TestFallbackThatRefuses(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.crowded()
		b.desk.fallback = "+15550009999"
		b.refuses(parley.NoAnswer, 480)
		_, o, done := b.ring(ctx, "desk")
		<-done
		c := b.divertedRow(t)
		if o.rejected != parley.Busy || c.Cause != parley.Busy || c.Outcome() != "transfer_unanswered" || c.Stage != parley.StageTransferStarted {
			t.Errorf("rejected as %q, %+v", o.rejected, c)
		}
		if !strings.Contains(c.ErrorMessage, "fallback") || !strings.Contains(c.ErrorMessage, "480") {
			t.Errorf("message %q", c.ErrorMessage)
		}
		has(t, b.book.types(), parley.EventTransferring, parley.EventTransferFailed, parley.EventDidNotConnect)
	})
}

func TestFallbackWithoutATrunk(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.crowded()
		b.desk.fallback = "+15550009999"
		b.Directory = trunkless{b.desk}
		_, o, done := b.ring(ctx, "desk")
		<-done
		if c := b.divertedRow(t); o.rejected != parley.Busy || !strings.Contains(c.ErrorMessage, "no trunk") {
			t.Errorf("rejected as %q, %+v", o.rejected, c)
		}
	})
}

type trunkless struct{ *desk }

func (trunkless) Trunk(context.Context, parley.Call) (*parley.TrunkAccount, error) {
	return nil, &parley.Error{Status: 400, Code: "no_trunk", Message: "there is no trunk"}
}

// A caller does not wait, the server stops, or somebody ends the call: the fallback's phone stops ringing.
func TestFallbackGivenUp(t *testing.T) {
	gaveUp := errors.New("the caller gave up")
	for want, stop := range map[parley.Cause]func(*bench, context.CancelCauseFunc){
		parley.CallerHungUp: func(_ *bench, cut context.CancelCauseFunc) { cut(gaveUp) },
		parley.Cancelled:    func(_ *bench, cut context.CancelCauseFunc) { cut(nil) },
		parley.Cause("end"): func(b *bench, _ context.CancelCauseFunc) {
			_ = b.End(context.Background(), b.running())
		},
	} {
		run(t, func(ctx context.Context, b *bench) {
			ctx, cut := context.WithCancelCause(ctx)
			defer cut(nil)
			b.crowded()
			b.desk.fallback = "+15550009999"
			b.answers(time.Hour)
			_, _, done := b.ring(ctx, "desk")
			time.Sleep(3 * time.Second)
			stop(b, cut)
			<-done
			c := b.divertedRow(t)
			if want == "end" {
				want = parley.Cancelled
			}
			if c.Cause != want || c.Outcome() != "transfer_unanswered" || c.Status != parley.Ended {
				t.Errorf("%s: %+v", want, c)
			}
		})
	}
}

// The caller hangs up in the moment in which the fallback answers: nobody is left on the line.
func TestCallerGoneWhenTheFallbackAnswers(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.crowded()
		b.desk.fallback = "+15550009999"
		phones := b.answers(time.Second)
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, err: errors.New("487")})
		}()
		p := <-phones
		<-p.Gone()
		<-done
		if c := b.divertedRow(t); c.Cause != parley.CallerHungUp || c.Outcome() != "transfer_unanswered" {
			t.Errorf("%+v", c)
		}
	})
}

// A call that we diverted and that comes back to us is not diverted again.
func TestDivertedCallsDoNotGoInCircles(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.crowded()
		b.desk.fallback = "+15550009999"
		o := &offer{ringing: leg.Ringing{To: "desk", Headers: map[string]string{"x-parley-diverted": "1"}}}
		b.Answer(ctx, o)
		if o.rejected != parley.Busy || len(b.exchange.dialled) != 0 {
			t.Errorf("rejected as %q, dialled %v", o.rejected, b.exchange.dialled)
		}
		b.divertedRow(t)
	})
}

func TestNoPipelineGoesToTheFallback(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.rows.max = 1 // taken by this very call, and given back
		b.openErr = errors.New("transcriber: no such vendor")
		b.desk.fallback = "+15550009999"
		phones := b.answers(time.Second)
		caller, _, done := b.ring(ctx, "desk")
		<-phones
		time.Sleep(time.Second)
		if n := b.rows.held(); n != 0 {
			t.Errorf("%d slots are taken", n)
		}
		caller.Hangup()
		<-done
		if c := b.rows.only(t); c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful {
			t.Errorf("%+v", c)
		}
	})
}

// Vendors that hang: the caller is somewhere else within 8 s, and what was begun is closed when it comes.
func TestPipelineThatHangs(t *testing.T) {
	for _, fallback := range []string{"", "+15550009999"} {
		run(t, func(ctx context.Context, b *bench) {
			began := time.Now()
			closed := false
			b.Switchboard.Open = func(ctx context.Context, _ string, _ *parley.Agent) (Ready, error) {
				time.Sleep(20 * time.Second)
				return Ready{Close: func() { closed = true }}, nil
			}
			b.desk.fallback = fallback
			phones := b.answers(0)
			caller, o, done := b.ring(ctx, "desk")
			if fallback != "" {
				<-phones
				if d := time.Since(began); d > 8*time.Second {
					t.Errorf("somewhere after %v", d)
				}
				time.Sleep(time.Second)
				caller.Hangup()
			}
			<-done
			c := b.rows.only(t)
			if fallback == "" && (o.rejected != parley.Configuration || c.Cause != parley.Configuration || c.End.Sub(c.Created) > 8*time.Second) {
				t.Errorf("rejected %q, %+v", o.rejected, c)
			}
			if !closed {
				t.Error("what was opened late stays open")
			}
		})
	}
}

func TestCallerGoneWhileTheVendorsAreOpened(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		ctx, cut := context.WithCancelCause(ctx)
		b.Switchboard.Open = func(ctx context.Context, _ string, _ *parley.Agent) (Ready, error) {
			<-ctx.Done()
			return Ready{}, ctx.Err()
		}
		b.desk.fallback = "+15550009999"
		_, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		cut(errors.New("487"))
		<-done
		if c := b.rows.only(t); c.Cause != parley.CallerHungUp || len(b.exchange.dialled) != 0 {
			t.Errorf("dialled %v, %+v", b.exchange.dialled, c)
		}
	})
}

// Commands find nobody on a call that somebody else has taken over; ending it hangs both legs up.
func TestBridgedCallIsEndedFromOutside(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.crowded()
		b.desk.fallback = "+15550009999"
		phones := b.answers(0)
		caller, _, done := b.ring(ctx, "desk")
		person := <-phones
		time.Sleep(time.Second)
		id := b.running()
		var e *parley.Error
		if err := b.Control(ctx, id, conversation.Command{Kind: conversation.Say, Text: "x"}); !errors.As(err, &e) || e.Status != 409 {
			t.Errorf("a command: %v", err)
		}
		if err := b.End(ctx, id); err != nil {
			t.Error(err)
		}
		<-done
		<-caller.Gone()
		<-person.Gone()
		if c := b.divertedRow(t); c.Cause != parley.AgentEnded || c.Outcome() != "transfer_disconnected" {
			t.Errorf("%+v", c)
		}
	})
}

// A model that is not there: a caller who can go elsewhere does, one who cannot is answered all the same.
func TestVitalVendor(t *testing.T) {
	for _, c := range []struct {
		fallback string
		vital    func() error
		diverted bool
	}{
		{"+15550009999", func() error { return errors.New("connection refused") }, true},
		{"+15550009999", func() error { time.Sleep(20 * time.Second); return nil }, true},
		{"+15550009999", func() error { return nil }, false},
		{"+15550009999", nil, false},
		{"", func() error { return errors.New("connection refused") }, false},
		{"", func() error { time.Sleep(20 * time.Second); return nil }, false},
	} {
		run(t, func(ctx context.Context, b *bench) {
			if c.vital != nil {
				b.ready.Warm = []Warming{vital(c.vital)}
			}
			b.desk.fallback = c.fallback
			phones := b.answers(0)
			caller, _, done := b.ring(ctx, "desk")
			time.Sleep(8 * time.Second)
			row := b.rows.only(t)
			if got := row.Stage == parley.StageTransferSuccessful; got != c.diverted || row.Start.IsZero() || len(phones) == 1 != c.diverted {
				t.Errorf("%q: after 8 s %+v", c.fallback, row)
			}
			caller.Hangup()
			<-done
			if b.closed != 1 {
				t.Errorf("closed %d times", b.closed)
			}
		})
	}
}

func TestVitalVendorAndAFallbackThatRefuses(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.ready.Warm = []Warming{vital(func() error { return errors.New("connection refused") })}
		b.desk.fallback = "+15550009999"
		b.refuses(parley.Busy, 486)
		_, o, done := b.ring(ctx, "desk")
		<-done
		c := b.rows.only(t)
		if o.rejected != parley.ProviderFailed || c.Cause != parley.ProviderFailed || c.Status != parley.Failed || !strings.Contains(c.ErrorMessage, "connection refused") {
			t.Errorf("rejected as %q, %+v", o.rejected, c)
		}
	})
}
