package call

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
)

func TestSteeringLendsToOneAtATime(t *testing.T) {
	var s steering
	pool := []string{"+1", "+2"}
	for i, want := range []string{"+1", "+2"} {
		for range 2 { // who has one keeps it
			if n, ok := s.lend("env", fmt.Sprint("c", i), pool); !ok || n != want {
				t.Errorf("c%d: %q, %v", i, n, ok)
			}
		}
	}
	if n, ok := s.lend("env", "c3", pool); ok {
		t.Errorf("%q is lent twice", n)
	}
	if n, ok := s.lend("other", "c3", pool); !ok || n != "+1" {
		t.Errorf("another environment's number of the same name: %q, %v", n, ok)
	}
	s.giveBack("nobody")
	s.giveBack("c0")
	s.giveBack("c0")
	if n, ok := s.lend("env", "c4", pool); !ok || n != "+1" {
		t.Errorf("given back: %q, %v", n, ok)
	}
	if _, ok := s.lend("env", "c5", nil); ok {
		t.Error("a number of no pool")
	}
}

func TestSteeringFromManySides(t *testing.T) {
	var s steering
	var pool []string
	for i := range 5 {
		pool = append(pool, fmt.Sprint("+", i))
	}
	var mu sync.Mutex
	out := map[string]string{}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			call := fmt.Sprint("c", i)
			for range 100 {
				n, ok := s.lend("env", call, pool)
				if !ok {
					continue
				}
				mu.Lock()
				if has := out[n]; has != "" {
					t.Errorf("%s is lent to %s and %s", n, has, call)
				}
				out[n] = call
				mu.Unlock()
				mu.Lock()
				delete(out, n)
				mu.Unlock()
				s.giveBack(call)
			}
		})
	}
	wg.Wait()
	if len(s.lent) != 0 {
		t.Errorf("still lent: %v", s.lent)
	}
}

// steers gives the bench's account a pool of one number.
func (b *bench) steers() {
	b.desk.trunk = &parley.TrunkAccount{ID: "t1", Policy: parley.DialPolicy{Countries: []string{"US"}, Steering: []string{"+15557770000"}}}
}

// Whatever comes of a warm transfer, its number is given back.
func TestSteeringNumberIsGivenBackInEveryEnding(t *testing.T) {
	for _, what := range matrixWhats {
		for _, out := range []bool{false, true} {
			c := cell{"warm", what, out}
			t.Run(c.String(), func(t *testing.T) {
				run(t, func(ctx context.Context, b *bench) {
					b.steers()
					playTransfer(ctx, t, b, c)
					d := b.exchange.dialled[len(b.exchange.dialled)-1]
					if d.To != expert || d.From != "+15557770000" || d.RingTimeout != 20*time.Second {
						t.Errorf("dialled %+v", d)
					}
					if len(b.steering.lent) != 0 {
						t.Errorf("still lent: %v", b.steering.lent)
					}
				})
			})
		}
	}
}

// With every number lent the agent is told, the caller stays, and the API answers 429.
func TestSteeringPoolIsEmpty(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.steers()
		b.steering.lend("env", "another call", []string{"+15557770000"})
		c := cell{"warm", "answered", false}
		b.desk.agent.Actions = []parley.Action{c.action()}
		m := &matrixModel{tool: "warm_transfer"}
		b.model = m
		p := &stageplay{cell: c, bench: b, t: t, model: m}
		p.begin(ctx)
		time.Sleep(3 * time.Second)
		if row := b.rows.only(t); row.Stage != parley.StagePickedUp || len(b.exchange.dialled) != 0 {
			t.Errorf("stage %s, dialled %v", row.Stage, b.exchange.dialled)
		}
		p.hears("what now")
		time.Sleep(3 * time.Second)
		if !m.knows("steering pool") {
			t.Errorf("the model was not told: %+v", m.read)
		}
		command := conversation.Command{Kind: conversation.Transfer, Text: expert, Transfer: &parley.Transfer{To: expert, Warm: &parley.Warm{}}}
		var no *parley.Error
		if err := b.Control(ctx, b.running(), command); !errors.As(err, &no) || no.Status != 429 || no.Code != "steering_pool_empty" {
			t.Errorf("by the API: %v", err)
		}
		command.Transfer = &parley.Transfer{To: "+442079460958", Warm: &parley.Warm{}}
		if err := b.Control(ctx, b.running(), command); !errors.As(err, &no) || no.Status != 403 {
			t.Errorf("abroad: %v", err)
		}
		p.caller.Hangup()
		<-p.done
		if len(b.steering.lent) != 1 {
			t.Errorf("another's number was taken from it: %v", b.steering.lent)
		}
	})
}

// A number that was lent for a transfer that never came about is given back with the call.
func TestSteeringNumberOfATransferThatNeverCame(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.steers()
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) { t.Error("dialled"); return nil, errors.New("no") }
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(100 * time.Millisecond)
		if _, err := b.steered(ctx, b.line(b.running()), parley.Transfer{To: expert}); err != nil {
			t.Error(err)
		}
		if len(b.steering.lent) != 1 {
			t.Errorf("lent: %v", b.steering.lent)
		}
		caller.Hangup()
		<-done
		if len(b.steering.lent) != 0 {
			t.Errorf("still lent: %v", b.steering.lent)
		}
	})
}
