// Package ambience is the background of an agent's voice: keyboards and offices. All of it is made here from numbers, always the same,
// once per process and only if asked for: no recording, so no licence. It starts no goroutine and allocates nothing per frame.
package ambience

import (
	"fmt"
	"hash/fnv"
	"strings"
	"sync"

	"github.com/parley-voice/parley/audio"
)

const (
	seconds = 20                     // of a loop
	seam    = audio.Rate             // samples over which a loop's end fades into its beginning
	length  = seconds * audio.Rate   // samples
	frames  = length / audio.Samples // of a loop
	ducked  = 0.4                    // amplitude under speech: −8 dB
	fall    = (1 - ducked) / 5       // per frame: down within 100 ms
	rise    = (1 - ducked) / 25      // and up again within 500
)

// sounds by the contract's names.
var sounds = map[string]func() *[frames]audio.Frame{
	"keyboard": sync.OnceValue(func() *[frames]audio.Frame { return loop(level{-39}, keyboard(1, 0.75)) }),
	"office": sync.OnceValue(func() *[frames]audio.Frame {
		return loop(level{-34}, room(2, 0.35), echoed(crowd(3, 6)), quieter(keyboard(4, 0.4), 0.35))
	}),
	"office-2": sync.OnceValue(func() *[frames]audio.Frame {
		return loop(level{-36}, room(5, 1), echoed(crowd(6, 2)), quieter(keyboard(7, 0.9), 0.5), quieter(phones(8), 0.25))
	}),
}

// Names are those of the sounds there are.
func Names() []string { return []string{"keyboard", "office", "office-2"} }

// A Background goes on under one call's voice. It belongs to one goroutine.
type Background struct {
	loop *[frames]audio.Frame
	at   int
	gain float32
}

// Of is the sound of a name from a place in it that follows from who asks, such as a call's id: calls at once do not sound alike, and one that
// is played again does. The first of a name in a process takes about a tenth of a second.
func Of(name, who string) (*Background, error) {
	make, ok := sounds[name]
	if !ok {
		return nil, fmt.Errorf("background_sound %q: there are %s", name, strings.Join(Names(), ", "))
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(who))
	return &Background{loop: make(), at: int(h.Sum32() % frames), gain: 1}, nil
}

// Under mixes the next 20 ms under f, quieter where f is voice.
func (b *Background) Under(f *audio.Frame, voice bool) {
	from, to := b.gain, min(b.gain+rise, 1)
	if voice {
		to = max(b.gain-fall, ducked)
	}
	g := &b.loop[b.at]
	if b.at++; b.at == frames {
		b.at = 0
	}
	step := (to - from) / audio.Samples
	for i, s := range g {
		sum := int32(f[i]) + int32(float32(s)*(from+step*float32(i)))
		f[i] = int16(max(-32768, min(32767, sum)))
	}
	b.gain = to
}
