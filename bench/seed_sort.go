package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/parley-voice/parley"
)

// seedSorts is how many sorts of calls there are: three of four were answered and are conversations of different lengths.
const seedSorts = 80

var seedLines = []string{
	"Hello, this is the bicycle shop. How can I help?", "Could you tell me what your opening hours are today please?",
	"We are open from nine in the morning until six in the evening.", "And how long would it take to have a wheel straightened?",
	"That takes two working days. Shall I have a mechanic call you back?", "Yes please, on this number, any time after four.",
	"I have noted that. Is there anything else?", "No, that was all, thank you.",
}

var unansweredBy = []struct {
	cause parley.Cause
	code  int
}{{parley.NoAnswer, 480}, {parley.NoAnswer, 487}, {parley.Busy, 486}, {parley.Declined, 603}, {parley.Unreachable, 503}}

// sortOf is a call of the n-th sort, without what tells one call from another.
func sortOf(n int, created time.Time) parley.Call {
	c := parley.Call{
		Stage: parley.StageCreated, IsOutgoing: n%5 != 0, From: "+15551000001", To: "+15551000001", Created: created,
		Context: map[string]string{"customer": "Jane Doe", "order": "A-1042"}, Media: parley.Media{Telephony: "sip"},
	}
	if n%4 == 0 {
		why := unansweredBy[n/4%len(unansweredBy)]
		c.IsOutgoing, c.Cause, c.SIPCode, c.End = true, why.cause, why.code, created.Add(20*time.Second)
		c.Status = c.Cause.Status()
		return c
	}
	c.Stage, c.Cause, c.Start = parley.StagePickedUp, parley.CallerHungUp, created.Add(8*time.Second)
	switch {
	case n%3 == 0:
		c.Cause = parley.AgentEnded
	case n%17 == 0:
		c.Cause, c.ErrorMessage = parley.ProviderFailed, "the model did not answer"
	}
	rng, at := rand.New(rand.NewPCG(uint64(n), 7)), time.Second
	for i := range 3 + n%14 {
		t := parley.Turn{ID: fmt.Sprintf("turn-%d", i), Who: parley.Bot, Text: seedLines[i%len(seedLines)], Start: at, End: at + 3*time.Second}
		if i%2 == 1 {
			t.Who = parley.Human
		} else {
			t.Latency = &parley.Latency{Endpointing: time.Millisecond, STT: 301 * time.Millisecond, LLM: 203 * time.Millisecond, TTS: 151 * time.Millisecond,
				Playout: 10 * time.Millisecond, Total: 666 * time.Millisecond}
		}
		at = t.End + 500*time.Millisecond + time.Duration(rng.Int64N(int64(time.Second)))
		c.Turns = append(c.Turns, t)
	}
	c.End, c.Status = c.Start.Add(at), c.Cause.Status()
	c.Usage = parley.Usage{STTSeconds: at.Seconds(), LLMTokensIn: 900, LLMTokensOut: 80, TTSCharacters: 300, TelephonySeconds: at.Seconds()}
	return c
}
