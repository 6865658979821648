package rtp

import (
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	// Every clockWindow packets the earliest of them says how the two clocks stand to each other.
	clockWindow = 50
	aheadTrim   = 20 * time.Millisecond  // ahead by more: leave out frames where it is quiet
	aheadForce  = 60 * time.Millisecond  // by more: also elsewhere
	behindFill  = -40 * time.Millisecond // behind by more: put in frames where it is quiet
	behindForce = -80 * time.Millisecond // by more: also elsewhere
)

// A pace holds the far end's clock and ours together, by frames left out or put in.
type pace struct {
	best    time.Duration // greatest lead in this window of packets
	worst   time.Duration // least
	packets int           // in the window
	trim    int           // frames to leave out
	fill    int           // frames to put in
	forced  int           // of these where it is not quiet
}

func (p *pace) renew() { p.best, p.worst, p.packets = -time.Hour, time.Hour, 0 }

// compare watches how early packets come. Only the earliest of a window counts: the others were held up on the way. But the
// latest of them needs what the time line is ahead, if else it would have to be filled before it comes.
func (p *pace) compare(lead, stall time.Duration) {
	p.best, p.worst = max(p.best, lead), min(p.worst, lead)
	if p.packets++; p.packets < clockWindow {
		return
	}
	p.trim, p.fill, p.forced = 0, 0, 0
	ahead := min(p.best, p.worst+stall-audio.FrameDur)
	switch {
	case ahead > aheadTrim:
		p.trim = int(ahead / audio.FrameDur)
	case p.best < behindFill:
		p.fill = int(-p.best/audio.FrameDur) - 1
	}
	if ahead > aheadForce || p.best < behindForce {
		p.forced = 1 // one cut a second where it can be heard
	}
	p.renew()
}

// cut takes one of the frames to trim or fill: where it is quiet, or when it must be.
func (p *pace) cut(n *int, quiet bool) bool {
	if *n == 0 || !quiet && p.forced == 0 {
		return false
	}
	if !quiet {
		p.forced--
	}
	*n--
	return true
}
