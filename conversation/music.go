package conversation

import (
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/tones"
)

// What music on hold is.
const (
	steadyNotes  = 0.75            // of the sound's peaks stay where they are
	musicFor     = 4 * time.Second // so long, with breaks that are shorter than a bar
	musicBreak   = time.Second     //
	withoutWords = 5 * time.Second // since anybody's last words
)

// A holdMusic listens for music while nobody speaks: whoever plays it has put us on hold, and is not asked whether they are there.
type holdMusic struct {
	finder *tones.Finder // nil until it is needed
	since  time.Duration // 0: there is none
	last   time.Duration // it was heard
}

// listens takes 20 ms of the other end, and reports whether they are of music that has lasted.
func (m *holdMusic) listens(f *audio.Frame, now time.Duration) bool {
	if m.finder == nil {
		m.finder = tones.New()
	}
	m.finder.Frame(f, now)
	if m.finder.Steady() > steadyNotes {
		if m.since == 0 || now-m.last > musicBreak {
			m.since = now
		}
		m.last = now
	}
	return m.since > 0 && now-m.last <= musicBreak && m.last-m.since >= musicFor
}

// onHoldMusic listens for music where it would put off the question whether anybody is there.
func (c *loop) onHoldMusic(f *audio.Frame, now time.Duration) {
	i := &c.idle
	if c.cur != nil || c.state.onHold || c.state.muted || i.wait.since > 0 || now-i.quiet < withoutWords || c.detect.Pending() || c.state.who.holds() || !c.detect.Speech() && i.music.since == 0 {
		return
	}
	if i.music.listens(f, now) {
		i.wait, i.music.since = wait{since: now, sound: now}, 0
	}
}
