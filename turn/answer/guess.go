package answer

import (
	"fmt"
	"strings"
	"time"
)

const (
	stops     = 100 * time.Millisecond  // of silence after a word: mostly longer than a consonant closes the mouth within one
	briefly   = 900 * time.Millisecond  // of a voice: an announcement begins with more
	wellKnown = 2800 * time.Millisecond // since answer: a machine's phrase that people use, too, would have been followed by a question
	unmarked  = 3300 * time.Millisecond // and nothing of a machine was said until then
	forced    = 3900 * time.Millisecond // and then it is said who it may be, whatever is known
)

// guess says who it may be while they still talk: by how they begin, and at last by what little else there is. Its confidences are how often
// it was right on the tuning part of the corpus, in which every second call is answered by a human. In doubt it is a human.
func (c *Classifier) guess(now time.Duration) {
	f := &c.found
	if !c.o.Guess || !c.open() {
		return
	}
	if f.said == "" {
		c.guessSound(now)
		return
	}
	machine := f.machine != nil || f.hints > 0 || f.company || f.opener == sentence
	switch {
	case f.machine != nil && (f.opener == sentence || now >= wellKnown):
		c.suppose(f.machine.class, 0.85, now, "said %q", f.machine.phrase)
	case f.welcome && f.person == "" && now >= unmarked:
		c.suppose(IVR, 0.7, now, "welcomes as menus do: %q", f.said)
	case machine && now >= forced:
		c.suppose(Human, 0.5, now, "nothing that only machines say in %q", f.said)
	case machine:
	case f.opener == telephone:
		c.suppose(Human, 0.95, now, "begins as only people do: %q", f.said)
	case f.opener == named:
		c.suppose(Human, 0.8, now, "begins with a name: %q", f.said)
	case f.opener == greeting:
		c.suppose(Human, 0.65, now, "begins with a greeting: %q", f.said)
	case now >= unmarked:
		c.suppose(Human, 0.6, now, "no word of a machine in %q", f.said)
	}
}

// guessSound: a word or two, and a pause. It is heard before the transcriber has made words of it.
func (c *Classifier) guessSound(now time.Duration) {
	t := &c.talk
	length := t.loud - t.began
	if c.heard.voices >= voiced20 && t.total >= least && t.bursts == 1 && length <= briefly && now-t.loud >= stops && !c.toned && c.signal.held.Hz == 0 && !c.ringing() {
		c.suppose(Human, 0.6, now, "%s of a voice, and a pause", length.Round(100*time.Millisecond).String())
	}
}

// suppose keeps a guess. Another takes its place only if more speaks for it.
func (c *Classifier) suppose(class Class, confidence float64, now time.Duration, evidence, words string) {
	if v := c.verdict; v != nil && v.Confidence >= confidence {
		return
	}
	c.verdict = &Verdict{Class: class, Confidence: confidence, Evidence: []string{fmt.Sprintf(evidence, strings.TrimSpace(words))}, At: now, Guess: true}
}
