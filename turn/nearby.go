package turn

import (
	"math"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	further   = 9.0 // dB below the caller's own loudness: somebody else, further away
	fewer     = 4.0 // dB more than that for sound that has no words yet
	nearer    = 4.0 // dB by which the caller's loudness is corrected when others spoke: it may be the caller, further away
	ownWeight = 0.4 // of the newest turn in the caller's loudness
	// unknownOwn is taken for the caller's loudness before it is known. Speech over a telephone goes down to −36 dBFS, and whoever
	// says "stop" so quietly means it: others, who are no louder, are then taken for the caller until the caller has said a turn.
	unknownOwn = -27.0
)

// nearby is what the caller's line carries besides words: the caller's voice, or others', the agent's echo, noises.
type nearby struct {
	voice   voice
	echo    echo
	place   place
	crowd   crowd
	limit   level         // that a voice must exceed; where others speak, the loudest frame
	voiceAt time.Duration // the caller's voice, the end of the last frame of it
	begun   bool          // after a silence, with the newest frame
	since   time.Duration // it began, or words came of it
	soundAt time.Duration // and of what was louder than the place
	top     float64       // dB, the loudest of the turn so far; 0: nothing yet
	own     float64       // dB, of the caller's turns; 0: not known
	said    float64       // dB, of the sound of the last words
	saidAt  time.Duration // and when they came
	vouched int           // frames for which the transcriber's word is good that somebody speaks
}

// frame hears 20 ms; active: they are above the noise floor.
func (n *nearby) frame(f *audio.Frame, vad *VAD, active bool, now time.Duration) {
	low := n.voice.take(f)
	n.echo.heard(f, low)
	n.place.frame(vad.db)
	if !n.limit.known() || now-n.voiceAt > toResume || now-n.since > longestPause {
		n.limit = n.place.before()
	}
	m, limit := &amidNoise, n.limit.smooth
	if n.crowd.talks() {
		m, limit = &amidVoices, n.limit.frame
	}
	over := vad.db - limit
	var alike float32
	var lag int
	switch {
	case active && over > m.over[0]:
		alike, lag = n.voice.period()
		if lag > 0 && !n.echo.tooLoud(vad.db-n.place.before().smooth) {
			alike = n.echo.leaves(alike)
		}
	case n.crowd.curious(&n.echo):
		a, _ := n.voice.period()
		n.crowd.frame(a)
	}
	if vad.Active() && over > m.over[1] {
		n.soundAt = now
	}
	n.voice.frame(m, vad.db, over, alike, lag)
	n.vouched = max(0, n.vouched-1)
	n.begun = false
	if n.voice.newest() {
		if n.begun = n.voiceAt == 0 || now-n.voiceAt > toResume; n.begun {
			n.since = now
		}
		n.voiceAt, n.soundAt = now, now
		if l := n.place.now(); n.top == 0 || l > n.top {
			n.top = l
		}
	}
}

// vouchedFor is the share of a voice's evidence that is enough where the transcriber holds it for one, too.
const vouchedFor = 0.5

// calls reports whether a voice has been speaking: longer than a grunt, and louder than the place, as far as that is known.
func (n *nearby) calls() bool {
	return (n.voice.speaks() || n.vouched > 0 && n.voice.sum >= vouchedFor*isVoice) && n.limit.known()
}

// least is how loud the caller is at least.
func (n *nearby) least() float64 {
	if n.own == 0 {
		return unknownOwn - further
	}
	return n.own - further
}

// afar reports whether a voice is too quiet to be the caller's.
func (n *nearby) afar() bool { return n.voice.loudest < n.least()-fewer }

// words: some came. What was heard lately is not the place, but they; more words may come of the same sound.
func (n *nearby) words(now time.Duration) {
	l := n.place.lately()
	if n.saidAt > 0 && now-n.saidAt < recently {
		l = max(l, n.said)
	}
	n.said, n.saidAt, n.since = l, now, now
	n.place.forget(recentOnes, n.crowd.talks())
}

// aside: words were taken as somebody else's. Who goes on like that is heard in the end.
func (n *nearby) aside() {
	if n.own == 0 {
		n.own = unknownOwn
	}
	n.own -= nearer
	n.top = 0
}

// turn: the caller has said a turn.
func (n *nearby) turn() {
	if n.top == 0 {
		return
	}
	if n.own == 0 {
		n.own = n.top
	}
	n.own += ownWeight * (n.top - n.own)
	n.top = 0
}

const (
	blockFrames = 10 // a fifth of a second
	blocks      = 17
	newest      = 3 // blocks, of which one is not full, that are not the place yet: who begins to speak now is in them
	recentOnes  = 10
	smoothed    = 5 // frames whose mean is one loudness
)

// A level is how loud something was at most.
type level struct{ smooth, frame float64 } // dB: of a tenth of a second, of 20 ms

var unknown = level{math.Inf(-1), math.Inf(-1)}

func (l level) known() bool { return l.smooth != 0 && !math.IsInf(l.smooth, -1) }

func (l level) max(o level) level { return level{max(l.smooth, o.smooth), max(l.frame, o.frame)} }

// A place is how loud it is around the caller when they do not speak: the loudest of every fifth of a second for more than three.
type place struct {
	last  [smoothed]float64 // dB of frames
	at    int
	peaks [blocks]level // the newest is at n
	n     int
	fill  int // frames in the newest
	since int // blocks begun since some were forgotten
	seen  bool
	rest  level // before all that
}

// frame takes the loudness of 20 ms.
func (p *place) frame(db float64) {
	if !p.seen {
		p.seen, p.rest = true, unknown
		for i := range p.peaks {
			p.peaks[i] = unknown
		}
		for i := range p.last {
			p.last[i] = db
		}
	}
	p.last[p.at] = db
	if p.at++; p.at == smoothed {
		p.at = 0
	}
	if p.fill++; p.fill > blockFrames {
		p.fill = 1
		p.since = min(p.since+1, blocks)
		p.n = (p.n + 1) % blocks
		if old := p.peaks[p.n]; old.known() {
			if !p.rest.known() {
				p.rest = old
			}
			p.rest.smooth += (old.smooth - p.rest.smooth) / blockFrames
			p.rest.frame += (old.frame - p.rest.frame) / blockFrames
		}
		p.peaks[p.n] = unknown
	}
	p.peaks[p.n] = p.peaks[p.n].max(level{p.now(), db})
}

// now is the loudness of the last tenth of a second.
func (p *place) now() float64 {
	var sum float64
	for _, db := range p.last {
		sum += db
	}
	return sum / smoothed
}

// before is how loud it was at most before the newest blocks.
func (p *place) before() level {
	most := unknown
	for i := newest; i < blocks; i++ {
		most = most.max(p.peaks[(p.n+blocks-i)%blocks])
	}
	if !most.known() {
		return p.rest
	}
	return most
}

// lately is how loud it was at most in the last two seconds.
func (p *place) lately() float64 {
	most := unknown
	for i := range recentOnes {
		most = most.max(p.peaks[(p.n+blocks-i)%blocks])
	}
	return most.smooth
}

// forget takes back what was learnt in the last so many blocks: it was the caller. The quietest moment of it was not. kept: what was
// before them stands for the place as if they had not been.
func (p *place) forget(last int, kept bool) {
	if !p.rest.known() {
		least := level{math.Inf(1), math.Inf(1)}
		for _, l := range p.peaks {
			if l.known() && l.smooth < least.smooth {
				least = l
			}
		}
		if !math.IsInf(least.smooth, 1) {
			p.rest = least
		}
	}
	if !kept {
		for i := range last {
			p.peaks[(p.n+blocks-i)%blocks] = unknown
		}
		return
	}
	for range min(last, p.since) {
		p.peaks[p.n] = unknown // and becomes the oldest
		p.n = (p.n + blocks - 1) % blocks
	}
	p.fill, p.since = blockFrames, 0
}

const (
	glances  = 3    // of so many frames of the place one is looked at
	crowdOf  = 50   // glances of which a crowd's share is taken
	leastOf  = 8    // and so many must have been taken
	crowding = 0.35 // the share with a voice's period: in crowds it is two thirds, in traffic and offices a twentieth
)

// A crowd is others who speak around the caller: there a period tells nothing of whose voice it is.
type crowd struct {
	share float64 // of the place's frames that have a voice's period
	n     int     // glances, no more counted than needed
	tick  int
}

// curious reports whether a frame of the place is to be looked at. While the agent is to be heard it may be its echo.
func (c *crowd) curious(e *echo) bool {
	c.tick = (c.tick + 1) % glances
	return c.tick == 0 && e.quiet()
}

// frame takes a frame that was looked at, and how alike its periods are.
func (c *crowd) frame(alike float32) {
	c.n = min(c.n+1, crowdOf)
	x := 0.0
	if alike >= clear {
		x = 1
	}
	c.share += (x - c.share) / float64(c.n)
}

// talks reports whether others speak.
func (c *crowd) talks() bool { return c.n >= leastOf && c.share >= crowding }
