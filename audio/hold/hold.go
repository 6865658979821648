// Package hold is what somebody hears who waits: music on hold, and ringing. The music is made here from numbers, always the same, once
// per process and only when it is asked for: no recording and nobody's tune, so no licence. It starts no goroutine and allocates nothing
// per frame.
package hold

import (
	"sync"

	"github.com/parley-voice/parley/audio"
)

// A Music goes on for one who waits, from its beginning. It belongs to one goroutine.
type Music struct {
	loop *[frames]audio.Frame
	at   int
}

var made = sync.OnceValue(compose)

// New is the music from its beginning. The first in a process takes two tenths of a second.
func New() *Music { return &Music{loop: made()} }

// Under adds the next 20 ms to f.
func (m *Music) Under(f *audio.Frame, _ bool) {
	f.Mix(&m.loop[m.at], 1)
	if m.at++; m.at == frames {
		m.at = 0
	}
}

// The ringing tone: 440 and 480 Hz (ANSI T1.401), 2 s of every 3.8: nobody waits for 2 s without a sound.
const (
	ringFrames  = 100
	cycleFrames = 190
)

// A Ringing is what a caller hears while somebody's phone rings. It belongs to one goroutine.
type Ringing struct {
	tone *audio.Tone
	at   int
}

// NewRinging rings from the beginning of a ring.
func NewRinging() *Ringing { return &Ringing{tone: audio.Pair(440, 480, audio.Rate, -22)} }

// Under adds the next 20 ms to f.
func (r *Ringing) Under(f *audio.Frame, _ bool) {
	if r.at < ringFrames {
		var g audio.Frame
		r.tone.Fill(g[:])
		f.Mix(&g, 1)
	}
	if r.at++; r.at == cycleFrames {
		r.at = 0
	}
}
