package openai

import (
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/turn"
)

// Lengths in frames of 20 ms.
const (
	preroll   = 15   // before the onset, kept with the utterance: 300 ms
	leastSaid = 4    // with less speech it is a click or a breath, and nobody is asked what it says
	breathe   = 1000 // from 20 s on the next gap between words parts it
	gap       = 4    // 80 ms
	longest   = 1400 // 28 s: Whisper hears 30 s at a time
)

// An utterance is sound that somebody says something in.
type utterance struct {
	began  int    // number of its first frame in the stream
	frames int    // of sound
	pcm    []byte // signed 16-bit little-endian; bytes that are there are not changed any more
	said   int    // frames of speech
	last   int    // number of the frame after its last speech
	over   bool   // the speaker has fallen silent, and was not only cut short
	told   bool   // words of it were told
}

// A cutter finds the utterances in a caller's sound. It is used by one goroutine.
type cutter struct {
	silence int // frames that end an utterance
	vad     turn.VAD
	at      int // frames heard
	before  [preroll]audio.Frame
	kept    int // of before, the newest last
	open    *utterance
}

// hear takes a frame. Began: an utterance begins with it; done is one that is complete, nil when none is.
func (c *cutter) hear(f *audio.Frame) (began bool, done *utterance) {
	c.vad.Frame(f)
	defer func() { c.at++ }()
	if c.open == nil {
		if !c.vad.Speaking() {
			c.keep(f)
			return false, nil
		}
		c.begin()
		c.open.add(f, true, c.at)
		return true, nil
	}
	u := c.open
	u.add(f, c.vad.Active(), c.at)
	quiet := c.at + 1 - u.last
	switch {
	case quiet >= c.silence:
		u.over = true
		c.open = nil
		return false, u.worth()
	case u.frames >= longest, u.frames >= breathe && quiet >= gap:
		c.open = &utterance{began: c.at + 1, last: c.at + 1}
		return false, u.worth()
	}
	return false, nil
}

func (c *cutter) keep(f *audio.Frame) {
	if c.kept == preroll {
		copy(c.before[:], c.before[1:])
		c.kept--
	}
	c.before[c.kept] = *f
	c.kept++
}

// begin opens an utterance with what came before its onset was certain.
func (c *cutter) begin() {
	c.open = &utterance{began: c.at - c.kept, last: c.at}
	for i := range c.kept {
		c.open.add(&c.before[i], c.kept-i <= 2, c.at-c.kept+i) // two frames of the onset are speech
	}
	c.kept = 0
}

// rest is what was being said when the sound ended.
func (c *cutter) rest() *utterance {
	u := c.open
	c.open = nil
	if u == nil {
		return nil
	}
	u.over = true
	return u.worth()
}

func (u *utterance) add(f *audio.Frame, speech bool, at int) {
	n := len(u.pcm)
	if cap(u.pcm)-n < 2*audio.Samples {
		u.pcm = append(make([]byte, 0, 2*n+100*2*audio.Samples), u.pcm...)
	}
	u.pcm = u.pcm[:n+2*audio.Samples]
	provider.Linear16(u.pcm[n:], f)
	u.frames++
	if speech {
		u.said++
		u.last = at + 1
	}
}

// worth is the utterance, unless too little is said in it.
func (u *utterance) worth() *utterance {
	if u.said < leastSaid {
		return nil
	}
	return u
}
