package conversation

import (
	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/turn/answer"
)

// likely is the confidence from which on a guess is a result.
const likely = 0.75

// detected tells who it is, or may be.
func (c *loop) detected(v answer.Verdict) {
	w := c.state.who
	was := w.seen
	if w.seen = v; v.Class == was.Class && (doubtful(v) || !doubtful(was)) {
		return
	}
	var result any
	switch {
	case doubtful(v):
	case v.Class == answer.Human:
		c.History.Human, result = "human", "human"
	case v.Class.Machine() || v.Class == answer.IVR:
		c.History.Human, result = "no_human", "no_human"
	}
	c.log(parley.EventHumanDetection, map[string]any{
		"result": result, "classification": string(v.Class), "confidence": v.Confidence, "evidence": v.Evidence, "at_ms": v.At.Milliseconds(),
	})
}

// doubtful: a guess of which no result is told.
func doubtful(v answer.Verdict) bool { return v.Guess && v.Confidence < likely }

// answered is what happens when it is settled who it is.
func (r *reflexes) answered(by answer.Class) {
	switch by {
	case answer.Human:
		r.happened(HumanDetected)
	case answer.Voicemail, answer.MailboxFull:
		r.happened(VoicemailDetected)
	}
}
