package room

import (
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	queueMost  = 5   // frames that may wait to be heard, or to be played: 100 ms; what goes beyond is left out
	slackSteps = 250 // 5 s: what waited all the while is too much by so many frames
	quietRMS   = 100 // −50 dBFS: a frame that may be left out without being missed
)

// A queue is what a member said and has not been mixed. One that ran dry waits for two frames, so that it does not do so again at once.
// The oldest gives way when it is full.
type queue struct {
	frames [queueMost]audio.Frame
	edges  [queueMost]time.Time
	head   int
	n      int
	flows  bool
	slack  slack
}

func (q *queue) push(f *audio.Frame, edge time.Time) {
	if q.n == queueMost {
		q.drop()
	}
	at := (q.head + q.n) % queueMost
	q.frames[at], q.edges[at] = *f, edge
	q.n++
}

func (q *queue) drop() {
	q.head = (q.head + 1) % queueMost
	q.n--
}

// next fills f with what is to be heard now: silence when there is nothing.
func (q *queue) next(f *audio.Frame) (edge time.Time) {
	if q.n == 0 || !q.flows && q.n < 2 {
		q.flows = false
		*f = audio.Frame{}
		return edge
	}
	q.flows = true
	if q.n > 1 && q.slack.spare > 0 && q.frames[q.head].RMS() < quietRMS {
		q.slack.spare--
		q.drop()
	}
	*f, edge = q.frames[q.head], q.edges[q.head]
	q.drop()
	q.slack.step(q.n)
	return edge
}

// slack finds out how many frames always wait, and so are nothing but delay.
type slack struct {
	least, steps int
	spare        int // to be left out when that is not heard
}

func (s *slack) step(n int) {
	if s.steps == 0 || n < s.least {
		s.least = n
	}
	if s.steps++; s.steps == slackSteps {
		s.spare, s.steps = s.least, 0
	}
}

// An outlet is what is played on a member's leg. It counts by marks: on hold, or behind digits, a leg's queue stands still.
type outlet struct {
	frame audio.Frame
	sent  uint64 // marks set; the mixer's
	back  uint64 // the last that came back
	slack slack
}

// least is how many frames are always under way: the one that is heard now, and the one after it.
const least = 2

// takes reports whether the frame is to be played.
func (o *outlet) takes() bool {
	way := int(o.sent - o.back)
	if way > queueMost {
		return false
	}
	o.slack.step(way)
	if o.slack.spare > least && o.frame.RMS() < quietRMS {
		o.slack.spare--
		return false
	}
	return true
}
