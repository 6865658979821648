package provider

import (
	"context"
	"sync"
	"time"
)

// idleLimit is how long a connection nobody uses is kept: a guard for calls that end without Close.
const idleLimit = 10 * time.Minute

// A Link is a connection that a call may keep for later. Close may be called twice, and waits for what the link runs.
type Link interface {
	comparable
	Alive() bool
	Close()
}

// A Spare keeps a connection of one call open between its replies, or has the next one opened before it is needed. Its methods
// may be called from any goroutine. A connection that is being opened has a goroutine; Close ends it and waits for it.
type Spare[L Link] struct {
	open func(context.Context) (L, error)
	life context.Context // of what is opened in the background; ended by Close
	end  context.CancelFunc

	mu      sync.Mutex // guards all below
	idle    L
	opening *opening    // the connection being opened; nil: none is
	timer   *time.Timer // closes idle in the end
	closed  bool
}

// An opening is a connection being opened.
type opening struct {
	done chan struct{} // closed when it is there, or has failed
	err  error         // valid then
}

// NewSpare keeps connections that open makes.
func NewSpare[L Link](open func(context.Context) (L, error)) *Spare[L] {
	s := &Spare[L]{open: open}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Warm opens a connection for Take to find; Take waits for one that is not open yet. It returns when that is done, or ctx; the
// connection itself lasts until Close.
func (s *Spare[L]) Warm(ctx context.Context) error {
	var none L
	s.mu.Lock()
	if s.idle != none && s.idle.Alive() || s.closed {
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	o := s.reopen(ctx)
	if o == nil {
		return nil
	}
	select {
	case <-o.done:
		if o.err == nil {
			keeps(ctx)
		}
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Take is the connection kept, the one being opened, or a new one.
func (s *Spare[L]) Take(ctx context.Context) (L, error) {
	var none L
	for {
		s.mu.Lock()
		l, opening := s.idle, s.opening
		s.idle = none
		if s.timer != nil {
			s.timer.Stop()
		}
		s.mu.Unlock()
		switch {
		case l != none && l.Alive():
			return l, nil
		case l != none:
			l.Close()
		case opening != nil:
			select {
			case <-opening.done:
			case <-ctx.Done():
				return none, ctx.Err()
			}
		default:
			return s.open(ctx)
		}
	}
}

// Keep puts a connection by for the next Take. After Close it is closed.
func (s *Spare[L]) Keep(l L) {
	var none L
	s.mu.Lock()
	old := s.idle
	if s.closed {
		old = l
	} else {
		s.idle = l
		if s.timer != nil {
			s.timer.Stop()
		}
		s.timer = time.AfterFunc(idleLimit, func() { s.expire(l) })
	}
	s.mu.Unlock()
	if old != none {
		old.Close()
	}
}

func (s *Spare[L]) expire(l L) {
	var none L
	s.mu.Lock()
	if s.idle != l {
		s.mu.Unlock()
		return
	}
	s.idle = none
	s.mu.Unlock()
	l.Close()
}

// Reopen opens the next connection in the background. That it fails is told to whoever takes one next.
func (s *Spare[L]) Reopen() { s.reopen(s.life) }

// reopen is Reopen; what ctx knows but its end goes with the opening. nil: the spare is closed.
func (s *Spare[L]) reopen(ctx context.Context) *opening {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.opening != nil {
		return s.opening
	}
	o := &opening{done: make(chan struct{})}
	s.opening = o
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(s.life, cancel)
	go func() { // Close waits for done
		defer cancel()
		defer stop()
		var l L
		if l, o.err = s.open(ctx); o.err == nil {
			s.Keep(l)
		}
		s.mu.Lock()
		s.opening = nil
		s.mu.Unlock()
		close(o.done)
	}()
	return o
}

// Close closes what is kept, for good.
func (s *Spare[L]) Close() error {
	var none L
	s.mu.Lock()
	s.closed = true
	l, opening := s.idle, s.opening
	s.idle = none
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	s.end()
	if opening != nil {
		<-opening.done
	}
	if l != none {
		l.Close()
	}
	return nil
}
