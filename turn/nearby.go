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
	limit   float64       // dB that a voice must exceed
	voiceAt time.Duration // the caller's voice, the end of the last frame of it
	soundAt time.Duration // and of what was louder than the place
	top     float64       // dB, the loudest of the turn so far; 0: nothing yet
	own     float64       // dB, of the caller's turns; 0: not known
	said    float64       // dB, of the sound of the last words
	saidAt  time.Duration // and when they came
}

// frame hears 20 ms; active: they are above the noise floor.
func (n *nearby) frame(f *audio.Frame, vad *VAD, active bool, now time.Duration) {
	low := n.voice.take(f)
	n.echo.heard(f, low)
	n.place.frame(vad.db)
	if n.voiceAt == 0 || now-n.voiceAt > toResume {
		n.limit = n.place.before()
	}
	over := vad.db - n.limit
	var alike float32
	var lag int
	if active && over > overPlace {
		if alike, lag = n.voice.period(); lag > 0 && !n.echo.tooLoud(vad.db-n.place.before()) && n.echo.is() {
			alike = 0
		}
	}
	if vad.Active() && over > wellOver {
		n.soundAt = now
	}
	n.voice.frame(vad.db, over, alike, lag)
	if n.voice.newest() {
		n.voiceAt = now
		if l := n.place.now(); n.top == 0 || l > n.top {
			n.top = l
		}
	}
}

// calls reports whether a voice has been speaking: longer than a grunt, and louder than the place, as far as that is known.
func (n *nearby) calls() bool { return n.voice.speaks() && !math.IsInf(n.limit, -1) }

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
	n.said, n.saidAt = l, now
	n.place.forget(recentOnes)
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

// A place is how loud it is around the caller when they do not speak: the loudest of every fifth of a second for more than three.
type place struct {
	last  [smoothed]float64 // dB of frames
	at    int
	peaks [blocks]float64 // the newest is at n; −∞: not known
	n     int
	fill  int // frames in the newest
	seen  bool
	rest  float64 // before all that
}

// frame takes the loudness of 20 ms.
func (p *place) frame(db float64) {
	if !p.seen {
		p.seen, p.rest = true, math.Inf(-1)
		for i := range p.peaks {
			p.peaks[i] = math.Inf(-1)
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
		p.n = (p.n + 1) % blocks
		if old := p.peaks[p.n]; !math.IsInf(old, -1) {
			if math.IsInf(p.rest, -1) {
				p.rest = old
			}
			p.rest += (old - p.rest) / blockFrames
		}
		p.peaks[p.n] = math.Inf(-1)
	}
	p.peaks[p.n] = max(p.peaks[p.n], p.now())
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
func (p *place) before() float64 {
	most := math.Inf(-1)
	for i := newest; i < blocks; i++ {
		most = max(most, p.peaks[(p.n+blocks-i)%blocks])
	}
	if math.IsInf(most, -1) {
		return p.rest
	}
	return most
}

// lately is how loud it was at most in the last two seconds.
func (p *place) lately() float64 {
	most := math.Inf(-1)
	for i := range recentOnes {
		most = max(most, p.peaks[(p.n+blocks-i)%blocks])
	}
	return most
}

// forget takes back what was learnt in the last so many blocks: it was the caller. The quietest moment of it was not.
func (p *place) forget(last int) {
	if math.IsInf(p.rest, -1) {
		least := math.Inf(1)
		for _, db := range p.peaks {
			if !math.IsInf(db, -1) {
				least = min(least, db)
			}
		}
		if !math.IsInf(least, 1) {
			p.rest = least
		}
	}
	for i := range last {
		p.peaks[(p.n+blocks-i)%blocks] = math.Inf(-1)
	}
}
