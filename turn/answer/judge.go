package answer

import (
	"fmt"
	"time"
)

const (
	short     = 2600 * time.Millisecond // a human says no more before waiting for an answer, mostly
	waits     = 560 * time.Millisecond  // silence after it that is waiting
	waitsWord = 420 * time.Millisecond  // and after words that are nothing but a greeting
	waitsLong = 900 * time.Millisecond  // and after a longer one without words for a machine
	least     = 140 * time.Millisecond  // of talk: less is a click
	long      = 3600 * time.Millisecond // of talk without waiting: a machine
	longer    = 4800 * time.Millisecond // with words that are none of a machine's so far
	mute      = 4 * time.Second         // of nothing at all
	music     = 3500 * time.Millisecond // of sound that holds its notes, without words
	notes     = 0.8
	afterBeep = 250 * time.Millisecond // a message begins
	noBeep    = 2200 * time.Millisecond
)

// judge looks at everything anew.
func (c *Classifier) judge(now time.Duration) {
	c.leaves(now)
	if c.verdict != nil && !c.o.Dynamic && c.verdict.Class != Silence {
		return
	}
	said := c.said()
	if c.byTones(now) || c.byWords(said, now) || c.o.WordsOnly && said == "" && now < 2*mute {
		return
	}
	c.byTalk(said, now)
}

// byTones: the network, a fax, or a beep after talk.
func (c *Classifier) byTones(now time.Duration) bool {
	s := &c.signal
	if c.o.WordsOnly {
		return false
	}
	if s.sit() {
		c.decide(SIT, 0.98, now, "special information tones")
		return true
	}
	if class, ok := s.cadence(); ok && c.talk.total < time.Second {
		c.decide(class, 0.9, now, fmt.Sprintf("a tone of %.0f Hz in the rhythm of a busy line", s.last(0).Hz))
		return true
	}
	if s.fax() && c.talk.total < 400*time.Millisecond {
		c.decide(Fax, 0.95, now, "the tone of a fax machine")
		return true
	}
	if t, ok := s.beep(c.talk.began + 400*time.Millisecond); ok && c.talk.total > 700*time.Millisecond && !networked(t) {
		c.decide(Voicemail, 0.9, now, fmt.Sprintf("a beep of %.0f Hz after %.1f s of talk", t.Hz, c.talk.total.Seconds()))
		return true
	}
	return false
}

// byWords: what was said settles it.
func (c *Classifier) byWords(said string, now time.Duration) bool {
	if said == "" {
		return false
	}
	for _, l := range c.words {
		for _, k := range []struct {
			class Class
			list  []string
			sure  float64
		}{{MailboxFull, l.full, 0.95}, {SIT, l.nobody, 0.9}, {CallScreening, l.screening, 0.9}, {IVR, l.menu, 0.9}, {Voicemail, l.machine, 0.9}, {Hold, l.hold, 0.85}} {
			p, ok := l.has(said, k.list)
			if !ok {
				continue
			}
			if h, human := l.has(said, l.human); human && c.talk.length() < short && k.class != CallScreening {
				c.human(0.7, now, fmt.Sprintf("said %q, and %q", p, h))
				return true
			}
			if k.class == Voicemail && c.talk.talks && now < c.talk.burst+long && c.verdict == nil {
				if _, full := l.has(said, l.full); !full && now < 4*time.Second { // what is yet to come may say more: full, a menu, who is calling
					return true
				}
			}
			c.decide(k.class, k.sure, now, fmt.Sprintf("said %q", p))
			return true
		}
	}
	return false
}

// byTalk: how long somebody talked, and whether they wait.
func (c *Classifier) byTalk(said string, now time.Duration) {
	t := &c.talk
	length, pause := t.length(), t.pause(now)
	if c.toned || c.signal.held.Hz > 0 {
		pause = 0 // who beeps does not wait
	}
	greets, asks := false, ""
	for _, l := range c.words {
		greets = greets || said != "" && l.greets(said)
		if p, ok := l.has(said, l.human); ok {
			asks = p
		}
	}
	switch {
	case t.total < least && c.signal.ringing():
	case t.total < least:
		if now >= mute {
			c.decide(Silence, 0.6, now, fmt.Sprintf("no sound for %s", mute))
		}
	case said == "" && t.total >= music && c.tones.Steady() > notes:
		c.decide(Hold, 0.7, now, "sound that holds its notes, and no words: music")
	case asks != "" && pause >= waitsWord:
		c.human(0.95, now, fmt.Sprintf("said %q and waits", asks))
	case greets && length <= short && pause >= waitsWord:
		c.human(0.95, now, "a greeting, and they wait")
	case length <= short && pause >= waits:
		c.human(0.85, now, fmt.Sprintf("%.1f s of talk, and they wait", length.Seconds()))
	case pause >= waitsLong && length < long+time.Second:
		c.human(0.7, now, fmt.Sprintf("%.1f s of talk without a word of a machine, and they wait", length.Seconds()))
	case pause < waits && asks == "" && (said == "" && length >= long || length >= longer):
		c.decide(Voicemail, 0.65, now, fmt.Sprintf("%.1f s of talk without waiting", length.Seconds()))
	}
}

func (c *Classifier) human(sure float64, now time.Duration, why string) {
	c.decide(Human, sure, now, why)
}

// leaves finds where a message is to begin.
func (c *Classifier) leaves(now time.Duration) {
	if c.leave > 0 || c.verdict == nil || c.verdict.Class != Voicemail {
		return
	}
	t, ok := c.signal.beep(c.talk.began + 400*time.Millisecond)
	switch {
	case ok && c.signal.held.Hz == 0 && t.End+time.Second > c.talk.last-hang:
		c.leave = max(t.End+afterBeep, now)
	case c.signal.held.Hz == 0 && c.talk.pause(now) >= noBeep:
		c.leave = now
	}
}
