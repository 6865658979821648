package stream

import (
	"slices"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// A voice is what has been sent and, as far as we know, not been played: at most lead frames. All of it belongs to Stream.mu.
type voice struct {
	tick  leg.Tick
	under leg.Background // nil: none
	mixed audio.Frame    // tick's with it

	ahead [lead + 1]audio.Frame // ring
	taken uint64                // frames ever taken from the queue, and given to the carrier unless they are silence
	told  uint64                // of these Played
	pause int                   // frames for which what is played waits: digits are sent by another way
}

// digitPause is the frames that a digit takes by another way than the sound: 250 ms and a pause.
const digitPause = 15

// forget takes back what was not told yet and will not be played: what is after that place.
func (v *voice) forget(played uint64) { v.taken = max(v.told, min(v.taken, played)) }

// step is one tick of the clock.
func (s *Stream) step(due time.Time) {
	if s.run.over.Load() {
		return
	}
	switch {
	case due.Sub(s.answered) >= s.limits.MaxDuration:
		s.Leave(parley.DurationLimit)
		return
	case s.sound.Quiet(due) >= s.limits.MediaTimeout || s.out.stalled(due):
		s.Leave(parley.MediaTimeout)
		return
	}
	s.sound.Tick(due, s.run.emit)
	slow := s.out.slow() // what is played waits
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.voice
	ev := leg.Event{Kind: leg.Played, At: s.at()}
	if v.told == v.taken && !slow {
		s.pull(due)
	}
	if v.told < v.taken {
		ev.Frame, ev.Edge = v.ahead[v.told%uint64(len(v.ahead))], time.Now()
		v.told++
	}
	s.feed.Push(&ev)
	for !slow && v.taken-v.told < lead && s.more() {
		s.pull(due)
	}
	s.marks.believe(due)
	s.hear(v.told)
	s.frames++
}

// more reports whether there is something to be sent besides silence.
func (s *Stream) more() bool {
	return s.sound.SendingDigits() || s.voice.pause == 0 && s.line.Queued() > 0
}

// pull takes what is to be played next and sends it. Silence is not sent: the carrier plays it by itself.
func (s *Stream) pull(due time.Time) {
	v := &s.voice
	t := &v.tick
	dialling := s.sound.SendingDigits()
	if dialling || v.pause > 0 {
		t.Frame, t.Queued, t.Marks, v.pause = audio.Frame{}, false, t.Marks[:0], max(0, v.pause-1)
	} else if s.line.Next(t); t.Digits != "" && s.digits != nil {
		s.digits(t.Digits)
		v.pause = digitPause * len(t.Digits)
	} else if t.Digits != "" {
		_ = s.sound.SendDigits(t.Digits) // SendDTMF took digits only, and not too many
		dialling = true
	}
	s.ask(t.Marks, due)
	out := &t.Frame
	if v.under != nil && !dialling {
		out = &v.mixed
		*out = t.Frame
		v.under.Under(out, t.Queued)
	}
	if t.Queued || dialling || v.under != nil {
		_ = s.sound.Send(out)
	}
	v.ahead[v.taken%uint64(len(v.ahead))] = t.Frame
	v.taken++
}

// marks are those the carrier was given and has not echoed. All of it belongs to Stream.mu.
type marks struct {
	names uint64 // the last that was given
	asked []asked
	ids   []uint64 // scratch
}

// An asked mark is heard once the carrier has echoed its name, and the frames before it have been told as Played.
type asked struct {
	name   uint64 // shared by those that stood at one place
	id     uint64
	after  uint64 // frames
	at     time.Time
	echoed bool
}

// ask gives the carrier one mark for those that are due now.
func (s *Stream) ask(ids []uint64, due time.Time) {
	if len(ids) == 0 {
		return
	}
	m := &s.marks
	m.names++
	s.out.put(s.run.writeMark) // without room the next one's echo speaks for it, or markPatience
	for _, id := range ids {
		m.asked = append(m.asked, asked{name: m.names, id: id, after: s.voice.taken, at: due})
	}
}

// echoed takes a mark that the carrier has played up to: those before it were played, too. Echoes of what Clear has forgotten mean nothing.
func (s *Stream) echoed(name uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name > s.marks.names {
		return
	}
	for i := range s.marks.asked {
		if a := &s.marks.asked[i]; a.name <= name {
			a.echoed = true
		}
	}
	s.hear(s.voice.told)
}

// hear tells of the marks up to that place that have been heard; mu is held.
func (s *Stream) hear(place uint64) {
	m := &s.marks
	n := 0
	m.ids = m.ids[:0]
	for ; n < len(m.asked) && m.asked[n].echoed && m.asked[n].after <= place; n++ {
		m.ids = append(m.ids, m.asked[n].id)
	}
	if n > 0 {
		m.asked = slices.Delete(m.asked, 0, n)
		s.feed.Marks(leg.Marked, m.ids, s.at())
	}
}

// believe takes marks for echoed that have waited for it too long.
func (m *marks) believe(now time.Time) {
	for i := range m.asked {
		if now.Sub(m.asked[i].at) < markPatience {
			return
		}
		m.asked[i].echoed = true
	}
}

// cut ends what was being said: marks that came back have been heard, and the others will not be; mu is held.
func (s *Stream) cut() {
	played := s.voice.told
	for _, a := range s.marks.asked {
		if a.echoed {
			played = max(played, a.after)
		}
	}
	s.hear(played)
	s.voice.forget(played)
	s.feed.Marks(leg.Dropped, s.marks.forget(), s.at())
}

// forget gives the marks that will not be heard.
func (m *marks) forget() []uint64 {
	m.ids = m.ids[:0]
	for _, a := range m.asked {
		m.ids = append(m.ids, a.id)
	}
	m.asked = m.asked[:0]
	return m.ids
}
