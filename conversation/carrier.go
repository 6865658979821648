package conversation

import (
	"context"
	"time"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/turn/answer"
)

// carrierSure is how sure the carrier's detector is taken to be: less than words that were understood, more than the length of a talk.
const carrierSure = 0.75

var carrierClasses = map[leg.Answerer]answer.Class{leg.HumanAnswered: answer.Human, leg.MachineAnswered: answer.Voicemail, leg.FaxAnswered: answer.Fax}

// carrierSays is one more word on who answered: it settles what is open, and corrects what is less sure. To an agent that judges by the
// words alone it is nothing.
func (c *loop) carrierSays(ctx context.Context, who leg.Answerer, now time.Duration) {
	w := c.state.who
	class, known := carrierClasses[who]
	if !known || w == nil || w.listens == nil || w.WordsOnly || w.navigates() || w.stage != asking && !w.unproven() {
		return
	}
	if v, ok := w.listens.Verdict(); ok && !v.Guess && (v.Class == class || v.Confidence >= carrierSure) {
		return
	}
	w.listens.Take(answer.Verdict{Class: class, Confidence: carrierSure, Evidence: []string{"the carrier's own detector"}, At: max(now-w.from, 1)})
	c.verdict(ctx, now)
}
