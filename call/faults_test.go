package call

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

func TestAStoreThatGoesAwayCostsTheCallerNothing(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = lines(llm.Delta{Text: "We open at nine."})
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		b.rows.mu.Lock()
		b.rows.away = errors.New("disk full")
		b.rows.mu.Unlock()
		b.book.mu.Lock()
		b.book.fail = errors.New("disk full")
		b.book.mu.Unlock()
		b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
		time.Sleep(4 * time.Second)
		p.Hangup()
		<-done
		if c := b.rows.only(t); c.Status != parley.InProgress {
			t.Errorf("a row was written to a store that is away: %+v", c)
		}
		has(t, b.book.types(), parley.EventConnected, parley.EventMessage, parley.EventMessage, parley.EventMessage, parley.EventTranscript, parley.EventEnded)
	})
}

// A store that was away as a call ended is told of it when it is back: the call would hold its slot until the next start.
func TestTheEndIsWrittenWhenTheStoreIsBack(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		away := func(err error) {
			b.rows.mu.Lock()
			b.rows.away = err
			b.rows.mu.Unlock()
		}
		away(errors.New("the database restarts"))
		time.AfterFunc(8*time.Second, func() { away(nil) })
		p.Hangup()
		<-done
		if c := b.rows.only(t); c.Cause != parley.CallerHungUp || c.Status != parley.Ended || c.End.Sub(c.Start) > 2*time.Second || b.rows.held() != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// tearing keeps nothing of what it is given.
type tearing struct{ wait time.Duration }

func (d tearing) Create(string) (File, error) { return d, nil }
func (d tearing) WriteAt(b []byte, _ int64) (int, error) {
	time.Sleep(d.wait)
	return 0, errors.New("I/O error")
}
func (tearing) Close() error { return nil }

func TestARecordingThatFailsHalfwayIsOneWarning(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Recordings = tearing{}
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(4 * time.Second)
		p.Hangup()
		<-done
		c := b.rows.only(t)
		if c.Cause != parley.CallerHungUp || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "I/O error") {
			t.Errorf("%s, warnings %q", c.Cause, c.Warnings)
		}
	})
}

func TestADiskThatIsTooSlowCostsSoundAndIsAWarning(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		f := b.disk.file(tearing{wait: time.Second})
		for range diskQueue + 10 {
			if _, err := f.Write([]byte{1, 2}); err != nil {
				t.Fatal(err)
			}
		}
		if f.lost < 2 || f.lost > 20 {
			t.Errorf("%d bytes were lost", f.lost)
		}
		if _, err := f.Seek(-1, 0); err == nil {
			t.Error("there is nothing before the beginning")
		}
		if n, err := f.Write(nil); n != 0 || err != nil {
			t.Errorf("nothing written: %d %v", n, err)
		}
	})
}

func TestCommandsDoNotQueueWithoutEnd(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		_, cut := context.WithCancelCause(ctx)
		l := b.open(&parley.Call{ID: "busy"}, cut, t.Context().Err)
		for range controlDepth {
			if err := b.Control(ctx, "busy", conversation.Command{Kind: conversation.Say, Text: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		var e *parley.Error
		if err := b.Control(ctx, "busy", conversation.Command{}); !errors.As(err, &e) || e.Status != 429 {
			t.Errorf("one too many: %v", err)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := b.End(gone, "busy"); !errors.Is(err, context.Canceled) {
			t.Errorf("whoever asked is gone: %v", err)
		}
		b.shut(l)
	})
}

// A conversation that takes no commands is cut, and so is one that does not end.
func TestEndOfACallThatDoesNotListen(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		talk, cut := context.WithCancelCause(ctx)
		l := b.open(&parley.Call{ID: "deaf"}, cut, t.Context().Err)
		l.talking.Store(true)
		began := time.Now()
		if err := b.End(ctx, "deaf"); err != nil || time.Since(began) != endWait || context.Cause(talk) != errEnded {
			t.Errorf("%v after %v, %v", err, time.Since(began), context.Cause(talk))
		}
		for range controlDepth - 1 {
			if err := b.Control(ctx, "deaf", conversation.Command{}); err != nil {
				t.Fatal(err)
			}
		}
		talk, l.hangup = context.WithCancelCause(ctx)
		go func() { <-talk.Done(); b.shut(l) }()
		if err := b.End(ctx, "deaf"); err != nil || context.Cause(talk) != errEnded {
			t.Errorf("%v, %v", err, context.Cause(talk))
		}
	})
}

func TestEndBeforeAnInboundCallIsTaken(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, l := legtest.Pipe(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, leg: l, wait: true})
		}()
		time.Sleep(time.Second)
		if err := b.End(ctx, b.rows.only(t).ID); err != nil {
			t.Fatal(err)
		}
		<-done
		p.Hangup()
		if c := b.rows.only(t); c.Cause != parley.Cancelled || c.Status != parley.Ended || c.ErrorMessage != "" {
			t.Errorf("%+v", c)
		}
	})
}

func TestServerStopsWhileAPhoneRings(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) { <-ctx.Done(); return nil, ctx.Err() }
		ctx, stop := context.WithCancel(ctx)
		time.AfterFunc(time.Second, stop)
		if err := b.Dial(ctx, outbound(t, b, map[string]string{"ring_timeout_seconds": "soon"})); err != nil {
			t.Fatal(err)
		}
		c := b.rows.only(t)
		if c.Cause != parley.Cancelled || !strings.Contains(c.ErrorMessage, "while the phone rang") || b.exchange.dialled[0].RingTimeout != defaultRing {
			t.Errorf("%+v", c)
		}
		if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "ring_timeout_seconds") {
			t.Errorf("warnings %q", c.Warnings)
		}
	})
}

func TestOutboundVendorsThatCannotBeOpened(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.openErr = errors.New("transcriber: no such vendor")
		if err := b.Dial(ctx, outbound(t, b, nil)); err != nil {
			t.Fatal(err)
		}
		if c := b.rows.only(t); c.Cause != parley.Configuration || c.Status != parley.Failed || len(b.exchange.dialled) != 0 {
			t.Errorf("%d dialled, %+v", len(b.exchange.dialled), c)
		}
	})
}

func TestServeAnswersAndWarms(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		warmed := false
		b.ready = Ready{Warm: []Warming{warms("speaking", func(context.Context) error { warmed = true; return errors.New("cold") })}, Warnings: []string{"voice: local stood in"}}
		p, l := legtest.Pipe(ctx)
		b.exchange.comes = &offer{ringing: leg.Ringing{To: "desk"}, leg: l}
		time.AfterFunc(3*time.Second, p.Hangup)
		ctx, stop := context.WithTimeout(ctx, 5*time.Second)
		defer stop()
		if err := b.Serve(ctx); err != nil {
			t.Fatal(err)
		}
		if c := b.rows.only(t); !warmed || len(c.Warnings) != 1 || c.Warnings[0] != "voice: local stood in" || c.Cause != parley.CallerHungUp {
			t.Errorf("warmed %v, %+v", warmed, c)
		}
	})
}

// A model that fails twice ends the call, and the row says whose fault it was.
func TestProviderFails(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = lines()
		_, _, done := b.ring(ctx, "desk")
		for range 2 {
			time.Sleep(8 * time.Second)
			b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
		}
		<-done
		c := b.rows.only(t)
		if c.Status != parley.Failed || c.Cause != parley.ProviderFailed || !strings.Contains(c.ErrorMessage, "the script is over") {
			t.Errorf("%+v", c)
		}
		if got := parley.Transcript(c.Record); strings.Count(got, "BOT: Sorry") != 2 {
			t.Errorf("the transcript:\n%s", got)
		}
		if w := b.book.payload(t, parley.EventEnded); !strings.Contains(w, `"fault":"provider"`) {
			t.Errorf("ended: %s", w)
		}
	})
}
