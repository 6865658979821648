package turns

import (
	"testing"
	"time"

	"github.com/parley-voice/parley/turn"
)

// TestEarly: an answer is begun once for the same words, thrown away when they change, and at most three times in a turn.
func TestEarly(t *testing.T) {
	const ms = time.Millisecond
	d := turn.New(turn.Options{})
	var e early
	say := func(text string, now time.Duration) {
		d.Heard(turn.Words{Text: text, Eager: true}, now)
		e.look(d, now)
	}
	say("Tomorrow", 100*ms)
	say("tomorrow.", 150*ms) // the same words
	if e.begun != 1 || e.dropped != 0 {
		t.Errorf("%+v after the same words twice", e)
	}
	for i, text := range []string{"tomorrow at", "tomorrow at ten", "tomorrow at ten or", "tomorrow at ten or so"} {
		say(text, time.Duration(200+100*i)*ms)
	}
	if e.begun != mostEarly || e.dropped != mostEarly {
		t.Errorf("%+v after five kinds of words", e)
	}
	e.end("tomorrow at ten or so", time.Second)
	say("tomorrow at ten or so", 1100*ms)
	e.end("Tomorrow, at ten or so.", 1300*ms)
	say("why", 2*time.Second)
	e.end("why not", 2100*ms)
	var sum earlies
	sum.add(&e)
	if sum.turns != 3 || len(sum.ahead) != 1 || sum.ahead[0] != 200*ms || sum.dropped != 4 || sum.begun != 5 {
		t.Errorf("%+v in all", sum)
	}
	if bars := sum.bars("finished"); len(bars) != 4 || bars[1].Value != 80 || bars[2].Value != 200 {
		t.Errorf("%+v", bars)
	}
	if bars := new(earlies).bars("finished"); bars != nil {
		t.Errorf("%+v of nothing", bars)
	}
}
