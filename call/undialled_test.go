package call

import (
	"context"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestEndedBeforeItWasDialled: a call that is ended while its dialling begins is cancelled, whatever was being asked then, and is
// not dialled.
func TestEndedBeforeItWasDialled(t *testing.T) {
	for _, at := range []string{"list", "trunk", "vendors"} {
		run(t, func(ctx context.Context, b *bench) {
			id := outbound(t, b, nil)
			wait := func(ctx context.Context) error {
				go b.End(context.WithoutCancel(ctx), id)
				<-ctx.Done()
				return ctx.Err()
			}
			open := b.Open
			switch at {
			case "list":
				b.MayCall = func(ctx context.Context, _, _ string) error { return wait(ctx) }
			case "trunk":
				b.Directory = slow{b.Directory, wait}
			case "vendors":
				b.Open = func(ctx context.Context, env string, a *parley.Agent) (Ready, error) {
					if err := wait(ctx); err != nil {
						return Ready{}, err
					}
					return open(ctx, env, a)
				}
			}
			if err := b.Dial(ctx, id); err != nil {
				t.Errorf("%s: %v: it would be dialled again", at, err)
			}
			if c := b.rows.only(t); c.Cause != parley.Cancelled || c.Status != parley.Ended || len(b.exchange.dialled) != 0 {
				t.Errorf("%s: dialled %v, %+v", at, b.exchange.dialled, c)
			}
			has(t, b.book.types(), parley.EventDidNotConnect)
		})
	}
}

type slow struct {
	Directory
	wait func(context.Context) error
}

func (s slow) Trunk(ctx context.Context, _ parley.Call) (*parley.TrunkAccount, error) {
	return nil, s.wait(ctx)
}

// TestStoppedBeforeItWasDialled: the server stops while the dialling begins; the next start dials.
func TestStoppedBeforeItWasDialled(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		ctx, stop := context.WithCancel(ctx)
		b.Directory = slow{b.Directory, func(ctx context.Context) error { stop(); return ctx.Err() }}
		if err := b.Dial(ctx, outbound(t, b, nil)); err == nil {
			t.Error("it is done with")
		}
		if c := b.rows.only(t); c.Status != parley.NotStarted || len(b.exchange.dialled) != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// TestCancelledInTheMoment: the row is ended by somebody else between the reading of it and the dialling; that one has told of it.
func TestCancelledInTheMoment(t *testing.T) {
	for _, hungUp := range []bool{false, true} {
		run(t, func(ctx context.Context, b *bench) {
			id := outbound(t, b, nil)
			open := b.Open
			b.Open = func(ctx context.Context, env string, a *parley.Agent) (Ready, error) {
				err := b.rows.UpdateCall(ctx, id, func(c *parley.Call) error {
					c.Status, c.Cause, c.End = parley.Ended, parley.Cancelled, time.Now()
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if hungUp {
					go b.End(context.WithoutCancel(ctx), id)
					<-ctx.Done()
					return Ready{}, ctx.Err()
				}
				b.ready.Warm = []Warming{warms("hearing", func(context.Context) error { return nil })}
				defer time.Sleep(time.Second) // until that is done, and told of
				return open(ctx, env, a)
			}
			if err := b.Dial(ctx, id); err != nil {
				t.Error(err)
			}
			if c := b.rows.only(t); c.Cause != parley.Cancelled || len(b.exchange.dialled) != 0 {
				t.Errorf("dialled %v, %+v", b.exchange.dialled, c)
			}
			if got := b.book.types(); len(got) > 0 {
				t.Errorf("told of it: %v", got)
			}
		})
	}
}

// TestVendorsThatDoNotOpen: a call whose vendors cannot be reached holds its slot for no longer than one that comes in.
func TestVendorsThatDoNotOpen(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		id := outbound(t, b, nil)
		b.Open = func(ctx context.Context, _ string, _ *parley.Agent) (Ready, error) {
			<-ctx.Done()
			return Ready{}, ctx.Err()
		}
		began := time.Now()
		if err := b.Dial(ctx, id); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != openWithin {
			t.Errorf("it took %v", took)
		}
		if c := b.rows.only(t); c.Cause != parley.Configuration || c.ErrorMessage != errNoPipeline.Error() || len(b.exchange.dialled) != 0 {
			t.Errorf("dialled %v, %+v", b.exchange.dialled, c)
		}
		has(t, b.book.types(), parley.EventError, parley.EventDidNotConnect)
	})
}

// TestWarmingEndsWithTheCall: what still warms a connection when the call is over does not keep it from ending.
func TestWarmingEndsWithTheCall(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.refuses(parley.Busy, 486)
		id := outbound(t, b, nil)
		open := b.Open
		b.Open = func(ctx context.Context, env string, a *parley.Agent) (Ready, error) {
			b.ready.Warm = []Warming{warms("hearing", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })}
			return open(ctx, env, a)
		}
		if err := b.Dial(ctx, id); err != nil || b.closed != 1 {
			t.Errorf("closed %d times: %v", b.closed, err)
		}
	})
}
