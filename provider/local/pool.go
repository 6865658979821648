package local

import (
	"context"
	"errors"
	"sync"
	"time"
)

// keepIdle is how long a worker that nobody needs is kept: longer than a phone rings, so that one warmed then is still
// there at the answer.
const keepIdle = 75 * time.Second

var errClosed = errors.New("local speech has been closed")

// A pool keeps workers that have done their order and wait for more. It starts one when none is idle; how many there
// are is bounded by how many calls ask.
type pool struct {
	open func(ctx context.Context) (*process, error) // a worker that is ready
	most int                                         // idle ones kept

	mu     sync.Mutex // guards what follows
	idle   []*idler   // the one put last is taken first
	closed bool
	wg     sync.WaitGroup // timers that have fired
}

type idler struct {
	*process
	timer *time.Timer
}

// take is an idle worker, else a new one. Its user stops it or puts it back. It is killed when ctx ends before release is
// called, which reports whether it is alive.
func (p *pool) take(ctx context.Context) (w *process, release func() bool, err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, nil, errClosed
	}
	if n := len(p.idle); n > 0 {
		i := p.idle[n-1]
		p.idle = p.idle[:n-1]
		i.timer.Stop()
		w = i.process
	}
	p.mu.Unlock()
	if w == nil {
		if w, err = p.open(ctx); err != nil {
			return nil, nil, err
		}
	}
	return w, context.AfterFunc(ctx, w.stop), nil
}

// put keeps a worker for the next. It is stopped when there are enough, or when nobody comes for it.
func (p *pool) put(w *process) {
	p.mu.Lock()
	if p.closed || len(p.idle) >= p.most {
		p.mu.Unlock()
		w.stop()
		return
	}
	i := &idler{process: w}
	i.timer = time.AfterFunc(keepIdle, func() { p.expire(i) })
	p.idle = append(p.idle, i)
	p.mu.Unlock()
}

func (p *pool) expire(i *idler) {
	p.mu.Lock()
	for n, other := range p.idle {
		if other == i {
			p.idle = append(p.idle[:n], p.idle[n+1:]...)
			p.wg.Add(1)
			defer p.wg.Done()
			defer i.stop()
			break
		}
	}
	p.mu.Unlock()
}

// warm has one more worker ready.
func (p *pool) warm(ctx context.Context) error {
	p.mu.Lock()
	enough := p.closed || len(p.idle) >= p.most
	p.mu.Unlock()
	if enough {
		return nil
	}
	w, err := p.open(ctx)
	if err == nil {
		p.put(w)
	}
	return err
}

// close stops the idle workers; those in use end with their calls.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, i := range idle {
		i.timer.Stop()
		i.stop()
	}
	p.wg.Wait()
}
