package tts

import (
	"context"
	"strings"
	"sync"
	"time"
)

// A script is what is to be spoken, and how far that has come.
type script struct {
	in <-chan string // owned by the feeder of the attempt that runs

	mu     sync.Mutex // guards all below
	pieces []string
	closed bool // in is closed: pieces is all
	done   int  // bytes of all pieces together whose words were told
	total  int  // bytes of all pieces
	solid  int  // and without the space at the end
}

// feed hands on to out what has not been spoken, and then each piece as it comes. It closes out when there is no more, and
// returns without closing when ctx is done.
func (s *script) feed(ctx context.Context, out chan<- string, w *watch) {
	for _, p := range s.unspoken() {
		w.owed()
		select {
		case out <- p:
		case <-ctx.Done():
			return
		}
	}
	for !s.ended() {
		select {
		case p, ok := <-s.in:
			s.add(p, ok)
			if !ok || p == "" {
				continue
			}
			w.owed()
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
	close(out)
}

func (s *script) add(p string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok {
		s.closed = true
		return
	}
	s.pieces = append(s.pieces, p)
	if words := strings.TrimSpace(p); words != "" {
		s.solid = s.total + len(strings.TrimRight(p, " \n\t"))
	}
	s.total += len(p)
}

func (s *script) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// spoken tells that text has been said to its end.
func (s *script) spoken(text string) {
	if text == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = min(s.done+len(text), s.total)
}

// unspoken is the pieces still to be spoken, the first cut to its unspoken words.
func (s *script) unspoken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	skip := s.done
	for i, p := range s.pieces {
		if skip < len(p) {
			rest := append([]string{p[skip:]}, s.pieces[i+1:]...)
			return rest
		}
		skip -= len(p)
	}
	return nil
}

// owed reports whether words were handed out that have not been told.
func (s *script) owed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done < s.solid
}

// finished reports whether all there is has been told; space does not count.
func (s *script) finished() bool { return s.ended() && !s.owed() }

// A watch cancels an attempt that owes sound for too long. While the consumer holds a chunk it stands still.
type watch struct {
	cancel func()
	stall  time.Duration

	mu     sync.Mutex    // guards all below
	limit  time.Duration // of the next wait
	timer  *time.Timer
	armed  bool
	paused bool
	left   time.Duration // of a wait that was paused
	since  time.Time
	over   bool
}

// owed tells that a piece was handed to the vendor: from now on sound is due.
func (w *watch) owed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed || w.over {
		return
	}
	w.armed = true
	if !w.paused {
		w.start(w.limit)
	}
}

func (w *watch) start(d time.Duration) {
	w.left, w.since = d, time.Now()
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.cancel)
	} else {
		w.timer.Reset(d)
	}
}

func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = true
	if w.timer != nil && w.timer.Stop() {
		w.left -= time.Since(w.since)
	}
}

// resume goes on after a chunk: useful ones begin a new wait, others go on with the old. Nothing owed: no wait.
func (w *watch) resume(useful, owed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = false
	if useful {
		w.limit = w.stall
	}
	if w.over {
		return
	}
	if !owed {
		w.armed = false
		return
	}
	if useful || !w.armed {
		w.left = w.limit
	}
	w.armed = true
	w.start(w.left)
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
