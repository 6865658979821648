package legtest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// patience is how long a check waits for what must come: never how long something may take.
const patience = 10 * time.Second

// probe holds the leg under test and all it has said so far. One goroutine drains it, until the leg ends.
type probe struct {
	t   told
	ctx context.Context
	leg leg.Leg
	far Far

	mu     sync.Mutex // guards events and err
	events []leg.Event
	err    error
}

// told is who is told what is wrong: a test, or an attempt at one.
type told interface {
	Helper()
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

func newProbe(t *testing.T, to told, open Open, k check) *probe {
	t.Helper()
	c := &probe{t: to, ctx: t.Context()}
	c.leg, c.far = open(t, k.limits)
	read := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(read)
		for !k.raw {
			ev, err := c.leg.Read(ctx)
			c.mu.Lock()
			if err != nil {
				c.err = err
				c.mu.Unlock()
				return
			}
			c.events = append(c.events, ev)
			c.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		if err := c.leg.Hangup(context.Background(), parley.AgentEnded); err != nil {
			t.Errorf("hang up: %v", err)
		}
		cancel()
		<-read
	})
	return c
}

// noneLeft fails the test when goroutines that came with it are still there after all its clean-ups.
func noneLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				buf := make([]byte, 1<<16)
				t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
				return
			}
		}
	})
}

// until waits for ok, polling.
func (c *probe) until(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("never: %s", what)
		}
	}
}

func (c *probe) all() []leg.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]leg.Event(nil), c.events...)
}

func (c *probe) of(k leg.Kind) (evs []leg.Event) {
	for _, e := range c.all() {
		if e.Kind == k {
			evs = append(evs, e)
		}
	}
	return evs
}

func (c *probe) frames(k leg.Kind) (fs []audio.Frame) {
	for _, e := range c.of(k) {
		fs = append(fs, e.Frame)
	}
	return fs
}

func (c *probe) marks(k leg.Kind) (ids []uint64) {
	for _, e := range c.of(k) {
		ids = append(ids, e.Mark)
	}
	return ids
}

func (c *probe) digits() (s string) {
	for _, e := range c.of(leg.DTMF) {
		s += string(e.Digit)
	}
	return s
}

func (c *probe) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// ends waits for Read to end and returns what with.
func (c *probe) ends() error {
	c.t.Helper()
	c.until("Read ends", func() bool { return c.ended() != nil })
	return c.ended()
}

func (c *probe) play(fs []audio.Frame) {
	c.t.Helper()
	for i, f := range fs {
		if err := c.leg.Play(c.ctx, f); err != nil {
			c.t.Fatalf("play frame %d: %v", i, err)
		}
	}
}

func (c *probe) mark(id uint64) {
	c.t.Helper()
	if err := c.leg.Mark(id); err != nil {
		c.t.Fatalf("mark %d: %v", id, err)
	}
}

// fill queues sound until Play blocks, then leaves one Play blocked; its error comes on the channel.
func (c *probe) fill() <-chan error {
	c.t.Helper()
	blocked := false
	for i := 0; !blocked; i++ {
		ctx, cancel := context.WithTimeout(c.ctx, 5*time.Millisecond)
		err := c.leg.Play(ctx, tone(440))
		cancel()
		if blocked = errors.Is(err, context.DeadlineExceeded); err != nil && !blocked {
			c.t.Fatalf("play: %v", err)
		}
		if i > 1000 {
			c.t.Fatal("Play takes 20 s of sound without blocking")
		}
	}
	done := make(chan error, 1)
	go func() {
		for { // there may be room again meanwhile: go on until it blocks for good, or ends
			if err := c.leg.Play(c.ctx, tone(440)); err != nil {
				done <- err
				return
			}
			select {
			case done <- nil:
				return
			default:
			}
		}
	}()
	return done
}

// tone is one frame of a sine that starts at phase 0.
func tone(hz float64) audio.Frame { return Tone(hz, audio.FrameDur, 8000)[0] }
