package provider

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type rope struct{ cut atomic.Int32 }

func (r *rope) Alive() bool { return r.cut.Load() == 0 }
func (r *rope) Close()      { r.cut.Add(1) }

// TestSpare: what is kept is taken again while it lives, and what nobody takes is closed.
func TestSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		var fail error
		s := NewSpare(func(ctx context.Context) (*rope, error) {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			opened++
			return new(rope), fail
		})
		take := func() *rope {
			t.Helper()
			r, err := s.Take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if err := s.Warm(t.Context()); err != nil || opened != 1 {
			t.Fatalf("%d opened, %v", opened, err)
		}
		a := take()
		s.Keep(a)
		if take() != a {
			t.Fatal("what was kept was not taken")
		}
		s.Keep(a)
		a.Close()
		if b := take(); b == a || opened != 2 {
			t.Fatal("a dead connection was taken")
		}
		s.Reopen()
		s.Reopen()
		c := take() // waits for the one being opened
		if opened != 3 {
			t.Fatalf("%d opened", opened)
		}
		s.Keep(c)
		s.expire(a)
		time.Sleep(idleLimit - time.Second)
		if !c.Alive() {
			t.Fatal("closed too early")
		}
		time.Sleep(2 * time.Second)
		if c.Alive() {
			t.Error("an idle connection outlived its time")
		}
		fail = errors.New("no")
		s.Reopen()
		time.Sleep(2 * time.Second)
		if _, err := s.Take(t.Context()); !errors.Is(err, fail) {
			t.Errorf("took with %v", err)
		}
		fail = nil
		d, e := take(), take()
		s.Keep(d)
		s.Keep(e)
		if d.Alive() || !e.Alive() {
			t.Error("two are kept")
		}
		s.Reopen()
		s.Reopen()
		ctx, cancel := context.WithCancel(t.Context())
		if take() != e {
			t.Error("waited although one was there")
		}
		cancel()
		if _, err := s.Take(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("took with %v", err)
		}
		s.Close()
		s.Close()
		s.Reopen()
		f := new(rope)
		s.Keep(f)
		if f.Alive() {
			t.Error("kept after the end")
		}
	})
}

// TestSpareBeingWarmed: who takes a connection while it is being warmed waits for that one, also when the warming is given up meanwhile.
func TestSpareBeingWarmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		s := NewSpare(func(ctx context.Context) (*rope, error) {
			select {
			case <-time.After(time.Second):
				opened++
				return new(rope), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		given := make(chan error)
		go func() { given <- s.Warm(ctx) }()
		time.Sleep(900 * time.Millisecond)
		cancel()
		if err := <-given; !errors.Is(err, context.Canceled) {
			t.Errorf("a warming that was given up: %v", err)
		}
		began := time.Now()
		if _, err := s.Take(t.Context()); err != nil || opened != 1 || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%d opened after %v: %v", opened, time.Since(began), err)
		}
		go func() { given <- s.Warm(t.Context()) }()
		time.Sleep(time.Millisecond)
		s.Close()
		if err := <-given; !errors.Is(err, context.Canceled) || opened != 1 {
			t.Errorf("%d opened although closed: %v", opened, err)
		}
		if err := s.Warm(t.Context()); err != nil || opened != 1 {
			t.Errorf("%d opened after Close: %v", opened, err)
		}
	})
}
