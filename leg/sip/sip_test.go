package sip

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// T1 is short, so that what waits 64·T1 is seen within a test: 640 ms. So is the shortest session interval.
func TestMain(m *testing.M) {
	sip.SetTimers(10*time.Millisecond, 80*time.Millisecond, 100*time.Millisecond)
	shortest = 2 * time.Second
	os.Exit(m.Run())
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// trunk serves until the test is over and hands calls that come in to answer.
func trunk(t testing.TB, c Config, answer func(context.Context, leg.Offer)) *Trunk {
	t.Helper()
	return trunkThat(t, c, answer, func(*Trunk) {})
}

// trunkThat is changed before it serves.
func trunkThat(t testing.TB, c Config, answer func(context.Context, leg.Offer), change func(*Trunk)) *Trunk {
	t.Helper()
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	change(tr)
	if answer == nil {
		answer = func(ctx context.Context, o leg.Offer) { _ = o.Reject(ctx, parley.Unreachable) }
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- tr.Serve(ctx, answer) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-served:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(patience):
			t.Error("Serve does not return")
		}
	})
	return tr
}

// answering is an owner that answers and gives the leg away, holding it until it or the trunk ends.
func answering(l leg.Limits, legs chan<- leg.Leg) func(context.Context, leg.Offer) {
	return func(ctx context.Context, o leg.Offer) {
		got, err := o.Answer(ctx, l)
		if err != nil {
			return
		}
		legs <- got
		select {
		case <-got.(*call).stopped:
		case <-ctx.Done():
		}
	}
}

func (t *Trunk) uri(user string) string { return "sip:" + user + "@" + t.Addr().String() }

// far is the other end of a leg under test: a leg as well, listened to by a goroutine.
type far struct {
	t *testing.T
	c *call

	mu     sync.Mutex // guards all below
	ear    []audio.Frame
	digits string
	gone   chan struct{}
	stop   context.CancelFunc
	said   sync.WaitGroup
}

func newFar(t *testing.T, l leg.Leg) *far {
	ctx, stop := context.WithCancel(context.Background())
	f := &far{t: t, c: l.(*call), gone: make(chan struct{}), stop: stop}
	go func() {
		defer close(f.gone)
		for {
			ev, err := l.Read(ctx)
			if err != nil {
				return
			}
			f.mu.Lock()
			switch ev.Kind {
			case leg.Audio:
				f.ear = append(f.ear, ev.Frame)
			case leg.DTMF:
				f.digits += string(ev.Digit)
			}
			f.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		stop()
		f.said.Wait()
		_ = l.Hangup(context.Background(), parley.AgentEnded)
		<-f.gone
	})
	return f
}

func (f *far) Say(fs ...audio.Frame) {
	f.said.Go(func() {
		for _, fr := range fs {
			if f.c.Play(f.t.Context(), fr) != nil {
				return
			}
		}
	})
}

func (f *far) Ear() []audio.Frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]audio.Frame(nil), f.ear...)
}

func (f *far) Press(digits string) {
	if err := f.c.SendDTMF(f.t.Context(), digits); err != nil {
		f.t.Error(err)
	}
}

func (f *far) Digits() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.digits
}

func (f *far) Hangup() { _ = f.c.Hangup(context.Background(), parley.AgentEnded) }

// Vanish stops the far end's packets: its clock ticks no more.
func (f *far) Vanish() { f.c.remove() }

func (f *far) Gone() <-chan struct{} { return f.gone }

// pair is two trunks and one call from a to b.
func pair(t *testing.T, transport string, of, from leg.Limits) (placed, taken leg.Leg) {
	t.Helper()
	legs := make(chan leg.Leg, 1)
	b := trunk(t, Config{}, answering(of, legs))
	a := trunk(t, Config{}, nil)
	placed, err := a.Dial(t.Context(), leg.Call{From: "alice", To: b.uri("bob") + ";transport=" + transport, Limits: from})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	select {
	case taken = <-legs:
	case <-time.After(patience):
		t.Fatal("nobody answered")
	}
	return placed, taken
}

func TestConformanceTaken(t *testing.T) {
	legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
		placed, taken := pair(t, "udp", l, leg.Limits{})
		return taken, newFar(t, placed)
	})
}

func TestConformancePlaced(t *testing.T) {
	legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
		placed, taken := pair(t, "tcp", leg.Limits{}, l)
		return placed, newFar(t, taken)
	})
}
