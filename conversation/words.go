package conversation

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
)

// A word with its place in the call.
type word struct {
	text string
	parley.Span
}

// A splice is where in the call a frame of the transcriber's stream was said, and those after it.
type splice struct {
	frame int
	at    time.Duration
}

// most splices are kept, the newest: words come soon after their sound.
const splices = 64

// A timeline says where in the call what the transcriber was given was said.
type timeline struct {
	mu      sync.Mutex // guards all below
	splices []splice
	next    time.Duration // where the next frame is when nothing is missing before it
}

// note: a frame of the stream begins at.
func (t *timeline) note(frame int, at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if gap := at - t.next; len(t.splices) == 0 || gap > audio.FrameDur || gap < -audio.FrameDur {
		if n := len(t.splices); n > 0 && t.splices[n-1].frame == frame { // a frame that was lost
			t.splices = t.splices[:n-1]
		}
		if len(t.splices) == splices {
			t.splices = slices.Delete(t.splices, 0, 1)
		}
		t.splices = append(t.splices, splice{frame, at})
	}
	t.next = at + audio.FrameDur
}

// place is where in the call something in the stream is.
func (t *timeline) place(in time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(t.splices) - 1; i >= 0; i-- {
		s := t.splices[i]
		if from := time.Duration(s.frame) * audio.FrameDur; from <= in || i == 0 {
			return max(0, s.at+in-from)
		}
	}
	return in
}

// timings are those words of the caller that the transcriber has timed, of turns that are not written down. They belong to Run.
type timings struct {
	final   []word
	partial []word // of the segment that is not closed
}

// mostTimed is how many of a turn have their places: an hour of talk.
const mostTimed = 10_000

func (w *timings) take(e *stt.Event, t *timeline) {
	if e.Text == "" {
		return
	}
	w.partial = w.partial[:0]
	for _, x := range e.Words {
		placed := word{x.Text, parley.Span{Start: t.place(x.Start), End: t.place(max(x.Start, x.End))}}
		switch {
		case len(w.final) >= mostTimed:
		case e.Final:
			w.final = append(w.final, placed)
		default:
			w.partial = append(w.partial, placed)
		}
	}
}

// turn gives the places of the words of a turn, and forgets what was said until it was over. nil: nobody timed them.
func (w *timings) turn(text string, start, end time.Duration) []parley.Span {
	known := slices.Concat(w.final, w.partial)
	later := func(x word) bool { return x.Start > end }
	w.final = slices.DeleteFunc(w.final, func(x word) bool { return !later(x) })
	w.partial = slices.DeleteFunc(w.partial, func(x word) bool { return !later(x) })
	known = slices.DeleteFunc(known, func(x word) bool { return x.Start < start-late || x.End > end+astray })
	return among(known, text, start, end)
}

const (
	// A word may stand so far after the turn as the detector heard it, and so far before: a transcriber that is behind tells of sound that has long passed.
	astray = 2 * time.Second
	late   = 30 * time.Second
	// wordsAhead is how many words that were timed may have no part in the text, in a row: numbers, for one, are often written in figures.
	wordsAhead = 12
)

// among finds the words of a text among those that were timed. One that is not there stands between its neighbours, by its letters. nil: most are not.
func among(known []word, text string, start, end time.Duration) []parley.Span {
	fields := strings.Fields(text)
	spans, found := make([]parley.Span, len(fields)), make([]bool, len(fields))
	count := 0
	for i, f := range fields {
		f = spelt(f)
		for k := range min(wordsAhead, len(known)) {
			if f != "" && spelt(known[k].text) == f {
				spans[i], found[i] = known[k].Span, true
				known = known[k+1:]
				count++
				break
			}
		}
	}
	if count == 0 || 2*count < len(fields) {
		return nil
	}
	from := min(start, spans[slices.Index(found, true)].Start)
	for i := 0; i < len(spans); {
		if found[i] {
			spans[i].Start = max(spans[i].Start, from)
			spans[i].End = max(spans[i].End, spans[i].Start)
			from = spans[i].End
			i++
			continue
		}
		next := i + 1
		for next < len(spans) && !found[next] {
			next++
		}
		to := max(end, from)
		if next < len(spans) {
			to = max(spans[next].Start, from)
		}
		spread(fields[i:next], spans[i:next], from, to)
		from, i = to, next
	}
	return spans
}

// spread gives words the time that their letters take of a stretch.
func spread(fields []string, spans []parley.Span, from, to time.Duration) {
	all, done := max(1, letters(strings.Join(fields, ""))), 0
	for i, f := range fields {
		spans[i].Start = from + (to-from)*time.Duration(done)/time.Duration(all)
		done += letters(f)
		spans[i].End = from + (to-from)*time.Duration(done)/time.Duration(all)
	}
}

// spelt is a word without what writers put around it.
func spelt(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// An utterance is what was heard of a reply: its text, and when which piece of it was, on the line on which the leg counts its frames, as a recording does.
type utterance struct {
	strings.Builder
	pieces []piece
	sounds bool          // the next piece has begun to sound
	from   time.Duration // then
}

type piece struct {
	text string
	parley.Span
}

// take adds frames that were heard, the last of them until at. It reports whether there were words among them.
func (u *utterance) take(frames []kept, at time.Duration) (words bool) {
	for i := range frames {
		k := &frames[i]
		begun := max(0, at-time.Duration(len(frames)-i)*audio.FrameDur)
		if !u.sounds && (k.text != "" || audible(&k.frame)) {
			u.sounds, u.from = true, begun
		}
		if k.text == "" {
			continue
		}
		u.WriteString(k.text)
		u.pieces = append(u.pieces, piece{k.text, parley.Span{Start: u.from, End: begun + audio.FrameDur}})
		u.sounds, words = false, true
	}
	return words
}

// words are the places of the words of all that was heard: each begins and ends with the pieces that hold its letters.
func (u *utterance) words() []parley.Span {
	var spans []parley.Span
	within := false // a word
	last := time.Duration(0)
	for _, p := range u.pieces {
		from := max(p.Start, last) // marks of a leg by a websocket come when they come
		to := max(p.End, from)
		last = to
		all, done := max(1, letters(p.text)), 0
		for _, r := range p.text {
			if unicode.IsSpace(r) {
				within = false
				continue
			}
			if !within {
				spans = append(spans, parley.Span{Start: from + (to-from)*time.Duration(done)/time.Duration(all)})
			}
			within = true
			done++
			spans[len(spans)-1].End = from + (to-from)*time.Duration(done)/time.Duration(all)
		}
	}
	return spans
}
