package conversation

import (
	"time"

	"github.com/parley-voice/parley/audio"
)

// A clock tells the time since answer, on the line on which the leg counts its frames. It is set once, by the first second
// of sound, for Run may begin some time after the leg did.
type clock struct {
	origin time.Time
	told   int
}

// tell: a frame that begins at has just come. The earliest origin is right: frames come late, never early.
func (c *clock) tell(at time.Duration) {
	if c.told >= 50 {
		return
	}
	c.told++
	if o := time.Now().Add(-at - audio.FrameDur); o.Before(c.origin) {
		c.origin = o
	}
}

func (c *clock) now() time.Duration { return time.Since(c.origin) }

// edge places the moment at which something passed the wire; one that was not told is now.
func (c *clock) edge(t time.Time) time.Duration {
	if t.IsZero() {
		return c.now()
	}
	return c.of(t)
}

// of places a moment; zero stays zero.
func (c *clock) of(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(t.Sub(c.origin), 0)
}
