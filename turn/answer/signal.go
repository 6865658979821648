package answer

import (
	"math"
	"time"

	"github.com/parley-voice/parley/audio/tones"
)

// signal is what the network's tones so far come to.
type signal struct {
	held tones.Tone    // now; Hz is 0 when none is
	past [4]tones.Tone // those that ended, newest last
	n    int
}

func (s *signal) ended(t tones.Tone) {
	copy(s.past[:], s.past[1:])
	s.past[len(s.past)-1] = t
	s.n++
}

func (s *signal) last(back int) tones.Tone { return s.past[len(s.past)-1-back] }

// sit: three rising tones of 274 or 380 ms (ITU-T E.180).
func (s *signal) sit() bool {
	if s.n < 3 {
		return false
	}
	a, b, c := s.last(2), s.last(1), s.last(0)
	return within(a.Hz, 950, 60) && within(b.Hz, 1400, 55) && within(c.Hz, 1777, 40) && c.End-a.Start < 1600*time.Millisecond
}

// fax, where nobody has said a word: a calling tone of 1100 Hz for half a second (CNG), or 2100 Hz for longer than any beep (CED, ITU-T T.30).
func (s *signal) fax(mute bool) bool {
	cng := func(t tones.Tone) bool {
		return t.Is(1100, 0, 25) && t.Dur() > 380*time.Millisecond && t.Dur() < 620*time.Millisecond
	}
	if s.held.Is(2100, 0, 25) && s.held.Dur() > 1500*time.Millisecond {
		return true
	}
	return mute && s.n > 0 && cng(s.last(0))
}

// cadence is what the last two tones are by their rhythm: of the same pitch, with the same rest between.
func (s *signal) cadence() (class Class, ok bool) {
	if s.n < 2 {
		return "", false
	}
	a, b := s.last(1), s.last(0)
	rest := b.Start - a.End
	same := within(a.Hz, b.Hz, 15) && within(a.Second, b.Second, 15)
	on := min(a.Dur(), b.Dur())
	switch {
	case !same || !(networked(b) || rest < 700*time.Millisecond):
		return "", false
	case on > 150*time.Millisecond && on < 800*time.Millisecond && within(rest.Seconds(), on.Seconds(), 0.12):
		return Busy, true // 0.5 s on and off, congestion half that
	}
	return "", false
}

// ringing: a tone that rings, and goes on ringing behind an answer: somebody is being looked for.
func (s *signal) ringing() bool {
	rings := func(t tones.Tone) bool { return networked(t) && t.Dur() > 700*time.Millisecond }
	return rings(s.held) || s.n > 0 && rings(s.last(0))
}

// networked: the tone is one that networks ring or are busy with.
func networked(t tones.Tone) bool {
	return t.Is(425, 0, 15) || t.Is(440, 480, 15) || t.Is(400, 450, 15) || t.Is(480, 620, 15) || t.Is(450, 0, 12) || t.Is(400, 0, 12)
}

// voiced is up to where a tone amid other sound may be a voice's, in Hz.
const voiced = 420

// vowel is how long a voice may hold a harmonic so low that little else of it is heard.
const vowel = 160 * time.Millisecond

// beep is the newest tone that can be one: alone, of a length that people wait for, and after since.
func (s *signal) beep(since time.Duration) (t tones.Tone, ok bool) {
	if s.n == 0 {
		return t, false
	}
	t = s.last(0)
	if t.Hz < voiced && (t.Amid || t.Dur() < vowel) {
		return t, false
	}
	return t, t.Second == 0 && t.Dur() >= 120*time.Millisecond && t.Dur() <= 3500*time.Millisecond && t.Start >= since
}

func within(x, of, by float64) bool { return math.Abs(x-of) <= by }
