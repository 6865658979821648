package leg

import "github.com/parley-voice/parley/audio"

// A Background is a sound that goes on under what is played: an office. Under mixes its next 20 ms under f, which holds silence
// unless voice; it must not block, allocate, or be shared between legs.
type Background interface {
	Under(f *audio.Frame, voice bool)
}

// Backgrounded is implemented by legs that can have one. The far end hears it whenever it hears us; Played and so the recording have the voice
// alone. nil ends it. Digits and holds are without it.
type Backgrounded interface{ Background(b Background) }
