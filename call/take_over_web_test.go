package call

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
)

// TestTakeOverByBrowser: somebody at a browser takes a call over, is announced, and both hear each other until the browser hangs up.
func TestTakeOverByBrowser(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = lines(llm.Delta{Text: "We open at nine."})
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		id := b.rows.only(t).ID
		boss, l := legtest.Pipe(ctx)
		o, gone := &offer{leg: l}, make(chan struct{})
		go func() { defer close(gone); b.TakeOverBy(ctx, o, id, "Ann takes over.") }()
		time.Sleep(3 * time.Second)
		second := &offer{leg: l}
		b.TakeOverBy(ctx, second, id, "")
		if second.rejected != parley.Busy || o.rejected != "" {
			t.Errorf("rejected for %q and %q", second.rejected, o.rejected)
		}
		caller.SayTone(440, time.Second)
		boss.SayTone(700, time.Second)
		time.Sleep(2 * time.Second)
		if legtest.Count(boss.Ear(), 440) < 40 || legtest.Count(caller.Ear(), 700) < 40 {
			t.Error("they do not hear each other")
		}
		select {
		case <-gone:
			t.Error("it has returned while they talk: a browser's door would hang up")
		default:
		}
		boss.Hangup()
		<-done
		<-gone
		c := b.rows.only(t)
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: Ann takes over.") || c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful {
			t.Errorf("%s %s:\n%s", c.Cause, c.Stage, got)
		}
		if long := c.End.Sub(c.Start).Seconds(); c.Usage.TelephonySeconds > long+0.1 {
			t.Errorf("a browser's leg is paid for: %v s of telephone on a call of %v", c.Usage.TelephonySeconds, long)
		}
		if got := b.book.payload(t, parley.EventTransferred); got != `{"by":"take_over","to":"web"}` {
			t.Error(got)
		}
	})
}

// TestTakeOverByBrowserFails: the browser does not come, or has gone before the agent has announced it; the agent goes on.
func TestTakeOverByBrowserFails(t *testing.T) {
	for what, o := range map[string]*offer{"no way": {err: errors.New("no way to the browser was found")}, "closed": {}} {
		run(t, func(ctx context.Context, b *bench) {
			caller, _, done := b.ring(ctx, "desk")
			time.Sleep(3 * time.Second)
			id := b.rows.only(t).ID
			if o.err == nil {
				boss, l := legtest.Pipe(ctx)
				o.leg = l
				go func() {
					time.Sleep(100 * time.Millisecond)
					boss.Hangup()
				}()
			}
			b.TakeOverBy(ctx, o, id, strings.Repeat("Ann takes over. ", 5))
			if got := b.book.payload(t, parley.EventTransferFailed); !strings.Contains(got, `"to":"web"`) {
				t.Errorf("%s: %s", what, got)
			}
			time.Sleep(5 * time.Second)
			if c := b.rows.only(t); c.Status != parley.InProgress || c.Stage != parley.StagePickedUp {
				t.Errorf("%s: %s %s", what, c.Status, c.Stage)
			}
			caller.Hangup()
			<-done
		})
	}
}

// TestTakeOverByBrowserTooLate: the call ends while the browser is being connected; one that does not run at all is not there.
func TestTakeOverByBrowserTooLate(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		o, gone := &offer{wait: true}, make(chan struct{})
		go func() { defer close(gone); b.TakeOverBy(ctx, o, b.rows.only(t).ID, "") }()
		time.Sleep(time.Second)
		caller.Hangup()
		<-done
		<-gone
		nobody := &offer{}
		b.TakeOverBy(ctx, nobody, b.rows.only(t).ID, "")
		if nobody.rejected != parley.Unreachable {
			t.Errorf("rejected for %q", nobody.rejected)
		}
	})
}
