package turns

import (
	"time"

	"github.com/parley-voice/parley/turn"
)

// mostEarly is how many answers a conversation begins, at most, before a turn is over.
const mostEarly = 3

// early is what a conversation does about answers that are begun before the turn is over.
type early struct {
	text    string        // whose answer has been begun; "": none
	at      time.Duration // when
	n       int           // in this turn
	turns   int           // that ended
	begun   int
	dropped int
	ahead   []time.Duration // of those that were used
}

// look begins an answer, and throws one away whose words are no longer those of the turn.
func (e *early) look(d *turn.Detector, now time.Duration) {
	said := turn.Plain(d.Said())
	if e.text != "" && e.text != said {
		e.text = ""
		e.dropped++
	}
	if at, ok := d.Likely(); ok && at <= now && e.text == "" && e.n < mostEarly {
		e.text, e.at = said, now
		e.n++
		e.begun++
	}
}

// end is that of the turn.
func (e *early) end(text string, now time.Duration) {
	switch {
	case e.text == "":
	case e.text == turn.Plain(text):
		e.ahead = append(e.ahead, now-e.at)
	default:
		e.dropped++
	}
	e.text, e.n = "", 0
	e.turns++
}

// earlies sums up what became of answers that were begun in the turns of a class.
type earlies struct {
	turns, begun, dropped int
	ahead                 []time.Duration
}

func (e *earlies) add(v *early) {
	e.turns += v.turns
	e.begun += v.begun
	e.dropped += v.dropped
	e.ahead = append(e.ahead, v.ahead...)
}

// bars are the figures; what they are of is named.
func (e *earlies) bars(of string) []Bar {
	if e.turns == 0 {
		return nil
	}
	name := func(s string) string { return "begun early, " + of + ": " + s }
	ms := func(p float64) float64 { return float64(percentile(e.ahead, p).Milliseconds()) }
	return []Bar{
		{name("used"), share(len(e.ahead), e.turns), "%", -1, e.turns},
		{name("discarded"), share(e.dropped, e.begun), "%", -1, e.begun},
		{name("ahead, p50"), ms(0.5), "ms", -1, len(e.ahead)},
		{name("ahead, p95"), ms(0.95), "ms", -1, len(e.ahead)},
	}
}
