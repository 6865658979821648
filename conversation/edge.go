package conversation

import (
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// joining is how many samples of a frame may still sound of what was made up before it.
const joining = audio.Samples / 2

// An edge is what the wire knew of the caller's speech: Run hears a frame after its packet came, and some that never came.
type edge struct {
	speech time.Time // the last that was speech came; zero: none did, or the leg does not tell
	made   bool      // the newest frame was made up
}

// heard takes a frame of the caller's. What was made up in place of a packet is nothing they said, and neither is what of it, and
// of the detector's filters, rings on. A packet that was overtaken may have come after the last.
func (g *edge) heard(e *leg.Event, speech bool) {
	sound := e.Frame[:]
	if g.made {
		sound = sound[joining:]
	}
	g.made = e.Edge.IsZero()
	if speech && !g.made && loud(sound) && e.Edge.After(g.speech) {
		g.speech = e.Edge
	}
}

// end is the moment at which a turn's last speech passed the wire: heard, as Run took it, when that is not the last speech in the sound.
func (g *edge) end(k *clock, heard, last time.Duration) time.Duration {
	if g.speech.IsZero() || heard != last {
		return heard
	}
	return min(k.of(g.speech), heard)
}

// A question is what a reply answers: when the caller's words passed the wire, came, and were taken as over.
type question struct {
	speechEnd, wordsAt, endedAt time.Duration
	by                          *parley.Credit // who heard them
}

// latency splits the gap between the caller's last speech and the reply's first sound, on the wire. nil: the reply answers nothing, or
// nothing of it could be heard.
func (r *reply) latency(k *clock) *parley.Latency {
	q := r.answers
	if q.endedAt == 0 || r.wireAt == 0 {
		return nil
	}
	r.mind.mu.Lock()
	th := r.mind.times
	r.mind.mu.Unlock()
	from := q.speechEnd.Truncate(time.Microsecond)
	at := from
	step := func(t time.Duration) time.Duration {
		d := max(t.Truncate(time.Microsecond)-at, 0) // what the API shows adds up, too
		at += d
		return d
	}
	l := &parley.Latency{STT: step(q.wordsAt)}
	l.Endpointing = step(q.endedAt)
	l.Queue = step(k.of(th.asked))
	l.LLM = step(k.of(th.token))
	l.Actions = min(th.acting.Truncate(time.Microsecond), l.LLM)
	l.LLM -= l.Actions
	l.Chunking = step(k.of(th.piece))
	sound, silence, left := r.mouth.opening(k)
	l.TTS = step(sound)
	l.TTS += step(min(sound+left, r.wireAt))
	l.Silence = min(silence, l.TTS)
	l.Playout = step(r.wireAt)
	l.Total = at - from
	return l
}

// opening is when the voice gave its first sound, the silence before it, and what was left of that to be played then.
func (m *mouth) opening(k *clock) (sound, silence, left time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	silence = time.Duration(m.mutes) * audio.FrameDur
	return k.of(m.first), silence, max(0, silence-max(0, m.first.Sub(m.begun)))
}
