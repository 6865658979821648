package conversation

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
	"unicode"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/tts"
)

const (
	// markEvery is how many frames without words go out before a mark is set all the same, so that a voice that does not
	// time its words can be paused, too.
	markEvery = 10
	// wordFrames is the longest a word lasts: what was cut in something longer goes on from where it was cut.
	wordFrames = 60
)

// A mouth plays a reply's sound on the leg and knows what of it was heard. The reply's speaker sends; Run pauses, resumes
// and hands in the marks that come back. It keeps what is queued on the leg and has not been heard, for a resume.
type mouth struct {
	leg  leg.Leg
	id   func() uint64 // the next mark
	loud func()        // called once, before the first sound is queued
	wake chan struct{} // a token: paused, kept or ended changed

	mu     sync.Mutex // guards all below
	kept   []kept     // not heard, oldest first; [0:next] is on the leg
	next   int
	plain  int // frames sent since the last mark
	paused bool
	pauses int  // so far
	ended  bool // no more sound will come
	lost   bool // the leg dropped what we had not cleared
	heard  utterance
	first  time.Time // the first sound came from the synthesizer
	mutes  int       // frames of silence before it
	begun  time.Time // and something was queued on the leg
	moved  time.Time // the last sign of life
	ears   time.Time // the last word was heard
	owed   int       // letters of the text that came back with sound
	voice  credit
}

type kept struct {
	frame audio.Frame
	text  string
	mark  uint64 // 0: none
}

// errLeg is a failure to play: no fault of the voice. The leg's reader learns how it ended.
type errLeg struct{ error }

func (e errLeg) Unwrap() error { return e.error }

// errDropped: the leg forgot part of a reply that we did not cut off. Mostly it has ended.
var errDropped = errors.New("the leg did not play all of it")

// audible tells sound from the silence with which synthesizers begin.
func audible(f *audio.Frame) bool { return loud(f[:]) }

func loud(pcm []int16) bool {
	for _, s := range pcm {
		if s > 64 || s < -64 {
			return true
		}
	}
	return false
}

// play sends a chunk, after what a pause has left over. It blocks while the leg's queue is full and while paused.
func (m *mouth) play(ctx context.Context, ch *tts.Chunk) error {
	m.mu.Lock()
	m.moved = time.Now()
	m.owed += letters(ch.Text)
	first := false
	if m.first.IsZero() {
		first = audible(&ch.Frame)
		if !first && ch.Text == "" && m.paused && m.pauses == 0 { // held back since it was begun: that silence has passed meanwhile
			m.mu.Unlock()
			return nil
		}
		if first {
			m.first = m.moved
		} else {
			m.mutes++
		}
	}
	m.kept = append(m.kept, kept{frame: ch.Frame, text: ch.Text})
	m.mu.Unlock()
	if first {
		m.loud()
	}
	return m.send(ctx)
}

// finish waits until all has been heard.
func (m *mouth) finish(ctx context.Context) error {
	m.mu.Lock()
	m.ended = true
	if n := len(m.kept); n > 0 && m.next == n && m.kept[n-1].mark == 0 {
		m.mark(&m.kept[n-1])
	}
	m.mu.Unlock()
	for {
		if err := m.send(ctx); err != nil {
			return err
		}
		m.mu.Lock()
		over, lost := len(m.kept) == 0, m.lost
		m.mu.Unlock()
		switch {
		case lost:
			return errDropped
		case over:
			return nil
		}
		select {
		case <-m.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send queues what is kept and not on the leg.
func (m *mouth) send(ctx context.Context) error {
	m.mu.Lock()
	for {
		for m.paused {
			m.mu.Unlock()
			select {
			case <-m.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
			m.mu.Lock()
		}
		if m.next >= len(m.kept) {
			m.mu.Unlock()
			return nil
		}
		frame, pauses := m.kept[m.next].frame, m.pauses
		m.mu.Unlock()
		if err := m.leg.Play(ctx, frame); err != nil {
			return errLeg{err}
		}
		m.mu.Lock()
		if m.pauses != pauses { // the leg was cleared meanwhile, perhaps before the frame got there
			m.mu.Unlock()
			if err := m.leg.Clear(); err != nil {
				return errLeg{err}
			}
			m.mu.Lock()
			continue
		}
		m.sent()
	}
}

// sent goes on to the next frame, and asks to be told when it is heard where that matters. The mark is known before it can
// come back: both happen under mu.
func (m *mouth) sent() {
	k := &m.kept[m.next]
	m.next++
	m.plain++
	m.moved = time.Now()
	if m.begun.IsZero() {
		m.begun = m.moved
	}
	if k.text != "" || m.plain >= markEvery || m.ended && m.next == len(m.kept) {
		m.mark(k)
	}
}

// mark is called with mu held. A leg that takes no more marks lets the next one speak for this.
func (m *mouth) mark(k *kept) {
	id := m.id()
	if m.leg.Mark(id) == nil {
		k.mark, m.plain = id, 0
	}
}

// pause stops playing. The leg is to be cleared at once afterwards.
func (m *mouth) pause() {
	m.mu.Lock()
	m.paused = true
	m.pauses++
	m.mu.Unlock()
}

// resume plays on from the start of the word that was cut.
func (m *mouth) resume() {
	m.mu.Lock()
	m.paused, m.next, m.plain = false, 0, 0
	for i := range m.kept {
		m.kept[i].mark = 0
	}
	m.moved = time.Now()
	m.mu.Unlock()
	m.signal()
}

func (m *mouth) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// marked takes a mark that came back: what was sent before it has been heard, until heard as the leg counts, or, when dropped, never will be. It reports whether more
// words have been heard.
func (m *mouth) marked(id uint64, dropped bool, heard time.Duration) (words bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.kept[:m.next], func(k kept) bool { return k.mark == id })
	if at < 0 || dropped && m.paused {
		return false
	}
	m.moved = time.Now()
	last := m.ended && at == len(m.kept)-1
	if m.kept[at].text == "" && at+1 < wordFrames && !last {
		return false // within a word
	}
	if dropped {
		m.lost = true
	} else {
		m.ears = m.moved
		words = m.heard.take(m.kept[:at+1], heard)
	}
	m.kept = slices.Delete(m.kept, 0, at+1)
	m.next -= at + 1
	if last {
		m.signal()
	}
	return words
}

// said is the words heard so far.
func (m *mouth) said() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard.String()
}

// words are the places of the words heard so far.
func (m *mouth) words() []parley.Span {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard.words()
}

// quiet is for how long the caller has heard nothing of the reply.
func (m *mouth) quiet() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) > 0 {
		return 0
	}
	return time.Since(m.moved)
}

// voiceless is how long words that are owed are waited for without a sign of life from their voice.
const voiceless = 5 * time.Second

// aired waits until so many letters have been heard, or nothing more will be.
func (m *mouth) aired(ctx context.Context, owed int) {
	t := time.NewTicker(audio.FrameDur)
	defer t.Stop()
	for {
		m.mu.Lock()
		over := letters(m.heard.String()) >= owed || m.lost || !m.paused && time.Since(m.moved) > voiceless
		m.mu.Unlock()
		if over {
			return
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// playing reports whether something of the reply is on the leg.
func (m *mouth) playing() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next > 0
}

// letters counts what a synthesizer must not lose: not the white space.
func letters(s string) (n int) {
	for _, r := range s {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// whole reports whether all of what the mouth was given has been heard, and when the last of it was.
func (m *mouth) whole(letterCount int) (bool, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.kept) == 0 && letters(m.heard.String()) >= letterCount, m.ears
}
