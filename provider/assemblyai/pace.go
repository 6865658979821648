package assemblyai

import (
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	frame     = 20 * time.Millisecond
	lead      = time.Second // sound sent ahead of the clock: what was held back while connecting goes at once
	keepQuiet = 30          // frames of silence in a row that are sent even when late: turns end by them
	quietPeak = 300         // of 32768: no speech below
	maxCuts   = 4096        // kept; of longer streams the oldest are forgotten
)

// A pace keeps sound from being sent faster than real time, for which AssemblyAI hangs up. What has piled up, as when the stream of
// another connection is heard again, is caught up with by leaving out silence. It belongs to who sends, but its times.
type pace struct {
	began time.Time
	sent  int // frames
	quiet int // frames of silence in a row

	mu   sync.Mutex // guards all below
	cuts []cut
}

// A cut is where silence was left out.
type cut struct {
	at   time.Duration // of what was sent
	left time.Duration // out, up to there
}

// wait is how long the next frame has to wait.
func (p *pace) wait(now time.Time) time.Duration {
	if p.began.IsZero() {
		p.began = now
	}
	return time.Duration(p.sent)*frame - now.Sub(p.began) - lead
}

// skip reports whether f need not be sent.
func (p *pace) skip(f *audio.Frame, now time.Time) bool {
	for _, s := range f {
		if s > quietPeak || s < -quietPeak {
			p.quiet = 0
			return false
		}
	}
	if p.quiet++; p.quiet <= keepQuiet || p.wait(now) <= 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at, n := time.Duration(p.sent)*frame, len(p.cuts)
	switch {
	case n > 0 && p.cuts[n-1].at == at:
		p.cuts[n-1].left += frame
	case n > 0:
		p.cuts = append(p.cuts, cut{at, p.cuts[n-1].left + frame})
	default:
		p.cuts = append(p.cuts, cut{at, frame})
	}
	if len(p.cuts) > maxCuts {
		p.cuts = append(p.cuts[:0], p.cuts[maxCuts/2:]...)
	}
	return true
}

// heard is when in the stream something was that AssemblyAI heard at a time of its own.
func (p *pace) heard(at time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.cuts) - 1; i >= 0; i-- {
		if p.cuts[i].at <= at {
			return at + p.cuts[i].left
		}
	}
	return at
}
