package answer

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/tones"
)

const (
	least     = 240 * time.Millisecond  // of talk: less is a click
	short     = 2600 * time.Millisecond // a human says no more before waiting for an answer, mostly
	waits     = 540 * time.Millisecond  // silence after it that is waiting
	waitsWord = 320 * time.Millisecond  // and after words that are nothing but a greeting, or a question
	waitsLong = 900 * time.Millisecond  // and where a machine might go on
	waitsMute = 1400 * time.Millisecond // and of whose talk the transcriber made no word
	wordless  = 1500 * time.Millisecond // of talk of which the transcriber makes no word: more is no talk
	settled   = 1200 * time.Millisecond // without a new word: it was the last, whatever else is heard
	closes    = 260 * time.Millisecond  // of silence, at least, before a transcriber makes a final
	long      = 4400 * time.Millisecond // of talk without waiting: a machine
	soon      = 4000 * time.Millisecond // since answer: what may become clearer still is decided by then
	mute      = 4 * time.Second         // of nothing at all
	musical   = 3 * time.Second         // of sound that holds its notes, without words
	notes     = 0.75
	unsteady  = 0.5
	afterBeep = 250 * time.Millisecond // a message begins
	oneBeep   = 400 * time.Millisecond // a shorter beep may be one of several
	afterTwo  = 620 * time.Millisecond // and then it begins
	voiced20  = 6                      // frames in which a voice is heard
	surely    = 160 * time.Millisecond // without it, and it is over
	noBeep    = 2200 * time.Millisecond
)

// judge looks at everything anew.
func (c *Classifier) judge(now time.Duration) {
	c.settle(now)
	c.guess(now)
}

func (c *Classifier) settle(now time.Duration) {
	if v := c.verdict; !c.open() && !c.o.Dynamic && v.Class != Silence && (now >= Revisable || v.Class != Human && v.Confidence >= 0.9) {
		if m := c.found.machine; m != nil && m.class == MailboxFull {
			c.decide(m.class, m.sure, now, fmt.Sprintf("said %q", m.phrase))
		}
		return
	}
	if c.byTones(now) || c.byMusic(now) || c.byWords(now) || c.o.WordsOnly && c.found.said == "" && now < 2*mute {
		return
	}
	c.byTalk(now)
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
	if s.fax(c.found.said == "") && (c.talk.total < 400*time.Millisecond || c.found.said == "") {
		c.decide(Fax, 0.95, now, "the tone of a fax machine")
		return true
	}
	if t, ok := s.beep(c.talk.began + 400*time.Millisecond); ok && c.talk.total > 700*time.Millisecond && !networked(t) && c.beeps(t) {
		c.decide(Voicemail, 0.9, now, fmt.Sprintf("a beep of %.0f Hz after %.1f s of talk", t.Hz, c.talk.total.Seconds()))
		return true
	}
	return false
}

// byMusic: who was taken for a human plays music, and says no more.
func (c *Classifier) byMusic(now time.Duration) bool {
	if c.open() || c.verdict.Class != Human || c.heard.music < musical || now-c.wordsAt < musical {
		return false
	}
	c.decide(Hold, 0.8, now, fmt.Sprintf("%s of sound that holds its notes: music", c.heard.music.Round(100*time.Millisecond)))
	return true
}

// beeps reports whether a tone may be a machine's beep though a human has been heard: a beep follows an announcement, no question and
// no bare greeting.
func (c *Classifier) beeps(t tones.Tone) bool {
	now := c.heard.now
	if now < t.End+surely || c.signal.held.Hz > 0 || c.tones.Steady() > notes || c.talk.last > t.End+hang+surely && c.tones.Steady() > unsteady {
		return false // it goes on: music
	}
	if t.Amid && (c.found.hints == 0 || c.found.machine != nil && c.found.machine.class == Hold) {
		return false // music and voices hold their notes now and then
	}
	human := !c.open() && c.verdict.Class == Human
	return !human || !c.found.greets && (c.found.person == "" || c.found.hints > 0) && t.Start-c.talk.last < 3*time.Second && c.talk.last <= t.End+hang
}

// A finding is a phrase of a machine's that was said.
type finding struct {
	class  Class
	sure   float64
	phrase string
	person string // and one that only people say
}

// found is what there is in the words so far. It is looked for when words come, not with every frame.
type found struct {
	said    string   // all of them, plain
	machine *finding // nil: nothing of one's
	person  string   // what only people say; "": nothing
	greets  bool     // there is nothing but how people answer
	company bool     // it begins as people and menus of companies do, and nobody has told their name
	welcome bool     // likewise, as menus do and people do not
	hints   int      // of an announcement, by its stems
	opener  opener   // how it begins
	words   int      // after "hello" and the like
}

// find looks for what the lexicons know.
func (c *Classifier) find(said string) found {
	f := found{said: said}
	if said == "" {
		return f
	}
	f.opener, f.words = c.words[0].opening(said, c.opens)
	for i, l := range c.words {
		person, _ := l.has(said, l.human)
		if person != "" {
			f.person = person
		}
		f.greets = f.greets || l.greets(said)
		_, thanks := l.has(said, l.company)
		_, welcome := l.has(said, l.welcome)
		if (thanks || welcome) && !introduced(said) {
			f.company, f.welcome = true, f.welcome || welcome
		}
		for _, k := range [...]struct {
			class Class
			list  []string
			sure  float64
		}{{MailboxFull, l.full, 0.95}, {IVR, l.menu, 0.9}, {CallScreening, l.screening, 0.9}, {Voicemail, l.machine, 0.9}, {Hold, l.hold, 0.9}, {SIT, l.nobody, 0.85}, {Voicemail, l.weak, 0.8}} {
			if p, ok := l.has(said, k.list); ok && f.machine == nil {
				f.machine = &finding{k.class, k.sure, p, person}
			}
		}
		if i >= len(c.stems) {
			continue
		}
		class, most, all := c.stems[i].weigh(said, l.unspaced)
		if f.hints = max(f.hints, all); f.machine == nil && most >= announced {
			f.machine = &finding{class, 0.78, strings.TrimSpace(said), person}
		}
	}
	return f
}

// byWords: what was said settles it, or will: then nothing else does.
func (c *Classifier) byWords(now time.Duration) bool {
	m := c.found.machine
	switch {
	case m == nil:
		return false
	case m.person != "" && c.talk.length() < short && m.class != CallScreening:
		c.decide(Human, 0.7, now, fmt.Sprintf("said %q, and %q", m.phrase, m.person))
	case m.sure < 0.9 && now < soon && c.pause(now) < waitsLong: // what is yet to come may say more: that it is full, a menu, who is calling
	default:
		c.decide(m.class, m.sure, now, fmt.Sprintf("said %q", m.phrase))
	}
	return true
}

// pause is how long nobody has talked. Who beeps does not wait; and where there is noise that sounds like talk, words that have ended count.
func (c *Classifier) pause(now time.Duration) time.Duration {
	if c.toned || c.signal.held.Hz > 0 {
		return 0
	}
	p := c.talk.pause(now)
	if c.wordsAt > 0 && now-c.wordsAt >= settled {
		p = max(p, now-c.wordsAt)
	}
	if c.finalAt > 0 && c.partial == "" {
		p = max(p, now-c.finalAt+closes)
	}
	if c.overAt > 0 && c.overAt >= c.wordsAt && c.talk.last <= c.overAt {
		p = max(p, waits)
	}
	if c.wordsAt > 0 && now-c.wordsAt < 200*time.Millisecond && c.partial != "" {
		p = min(p, now-c.wordsAt+300*time.Millisecond) // a word that came just now was said just now
	}
	return p
}

// length is how long they talked: by the words where there are any, for noise has none.
func (c *Classifier) length() time.Duration {
	l := c.talk.length()
	if c.wordsAt > 0 {
		l = min(l, c.wordsAt-c.firstWord+600*time.Millisecond)
	}
	return l
}

// byTalk: how long somebody talked, and whether they wait.
func (c *Classifier) byTalk(now time.Duration) {
	t, said, asks, greets, company := &c.talk, c.found.said, c.found.person, c.found.greets, c.found.company
	length, pause := c.length(), c.pause(now)
	switch {
	case said == "" && t.total < least && c.ringing():
	case said == "" && t.total < least:
		if now >= mute {
			c.decide(Silence, 0.6, now, fmt.Sprintf("no sound for %s", mute))
		}
	case said == "":
		c.byWordless(now, length, pause)
	case asks != "" && (pause >= waitsWord || c.found.hints == 0 && !company):
		c.decide(Human, 0.95, now, fmt.Sprintf("said %q", asks))
	case greets && pause >= waitsWord:
		c.decide(Human, 0.95, now, "a greeting, and they wait")
	case !company && c.found.hints < hinted && length <= short+time.Second && pause >= waits:
		c.decide(Human, 0.85, now, fmt.Sprintf("%.1f s of talk, and they wait", length.Seconds()))
	case pause >= waitsLong:
		c.decide(Human, 0.7, now, fmt.Sprintf("%.1f s of talk without a word of a machine, and they wait", length.Seconds()))
	case length >= long && asks == "" && company:
		c.decide(IVR, 0.6, now, fmt.Sprintf("%.1f s of a company's talk without waiting", length.Seconds()))
	case length >= long && asks == "":
		c.decide(Voicemail, 0.65, now, fmt.Sprintf("%.1f s of talk without waiting", length.Seconds()))
	}
}

// byWordless: there is sound, and the transcriber makes no words of it.
func (c *Classifier) byWordless(now, length, pause time.Duration) {
	t := &c.talk
	switch {
	case t.total >= musical && c.tones.Steady() > notes:
		c.decide(Hold, 0.7, now, "sound that holds its notes, and no words: music")
	case c.heard.voices < voiced20:
		if now >= mute && !c.ringing() {
			c.decide(Silence, 0.55, now, "sounds, and no voice")
		}
	case length <= wordless && pause >= waitsMute && !c.ringing():
		c.decide(Human, 0.7, now, fmt.Sprintf("%.1f s of a voice, and they wait", length.Seconds()))
	case t.sound >= long && !c.ringing() || now-t.began >= 2*mute && !c.ringing(): // a machine would have said words
		c.decide(Silence, 0.55, now, "sounds, and no words")
	}
}

// ringing reports whether a phone rings on behind the answer, and nobody has talked since.
func (c *Classifier) ringing() bool {
	return c.signal.ringing() && (c.signal.held.Hz > 0 || c.talk.total < least || c.talk.last-hang < c.signal.last(0).End)
}

// introduced reports whether what was said ends with a name of who speaks: "this is Amy".
func introduced(said string) bool {
	f := strings.Fields(said)
	for i := max(len(f)-4, 0); i+2 < len(f); i++ {
		switch f[i] + " " + f[i+1] {
		case "this is", "my name", "mein name", "je suis", "me llamo", "le atiende", "mi chiamo", "sono la", "meu nome", "aqui é", "mijn naam", "u spreekt", "nama saya":
			return true
		}
	}
	return false
}

// leaves finds where a message is to begin.
func (c *Classifier) leaves(now time.Duration) {
	if c.leave > 0 || c.open() || c.verdict.Class != Voicemail {
		return
	}
	t, ok := c.signal.beep(c.talk.began + 400*time.Millisecond)
	begins := t.End + afterBeep
	if t.Dur() < oneBeep {
		begins = t.End + afterTwo
	}
	switch {
	case ok && !c.tones.Begun() && t.End+time.Second > c.talk.last-hang && now >= max(t.End+surely, begins-audio.FrameDur/2):
		c.leave = now
	case c.signal.held.Hz == 0 && c.pause(now) >= noBeep && now-c.wordsAt >= noBeep-closes:
		c.leave = now
	}
}
