package call

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// shelf notes what it is told.
type shelf struct{ told []string }

func (s *shelf) Keep(carrier, id string) { s.told = append(s.told, carrier+" is of "+id) }

func (s *shelf) Ended(id string, carrier ...string) {
	s.told = append(s.told, "keep "+id+" "+strings.Join(carrier, ","))
}

func (s *shelf) Forget(id string, carrier ...string) {
	s.told = append(s.told, "forget "+id+" "+strings.Join(carrier, ","))
}

func (s *shelf) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(s.told, "; "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever becomes of a call, its signalling is kept when it is over, and a private one's is not.
func TestTheSignallingOfACallIsKept(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		s := &shelf{}
		b.Traces = s
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(5 * time.Second)
		id := b.rows.only(t).ID
		s.want(t, "sip-1 is of "+id)
		p.Hangup()
		<-done
		s.want(t, "sip-1 is of "+id+"; keep "+id+" pipe")
	})
	for _, secret := range []bool{false, true} {
		run(t, func(ctx context.Context, b *bench) {
			s := &shelf{}
			b.Traces = s
			b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
				return nil, &leg.Rejected{Cause: parley.Busy, Code: 486}
			}
			id, want := "", "forget out-1 "
			if secret {
				id = private(t, b)
			} else {
				id, want = outbound(t, b, nil), "keep out-1 "
			}
			if err := b.Dial(ctx, id); err != nil {
				t.Fatal(err)
			}
			s.want(t, want)
		})
	}
}

func TestThePrivateCallThatWasAnsweredKeepsNoSignalling(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		s := &shelf{}
		b.Traces = s
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
			p, l := legtest.Pipe(ctx)
			time.AfterFunc(3*time.Second, p.Hangup)
			return l, nil
		}
		if err := b.Dial(ctx, private(t, b)); err != nil {
			t.Fatal(err)
		}
		if len(s.told) != 1 || !strings.HasPrefix(s.told[0], "forget out-1") {
			t.Error(s.told)
		}
	})
}
