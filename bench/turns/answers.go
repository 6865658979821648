package turns

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
)

// answered is what was decided about who answered.
type answered struct {
	Verdict answer.Verdict // the first
	Decided bool
	Stands  answer.Verdict // the last: what is heard later may revise it
	Settled time.Duration  // when there was a verdict that is no guess; 0: never
	Machine bool           // it was one for a while at least
	Delay   time.Duration  // a human's first turn was over, and who they are was not known yet
	Sound   time.Duration  // the first sound of whoever answered
	Beep    time.Duration  // the end of the beep; 0: none
	Leave   time.Duration  // where the message began
	Left    bool
}

// hearAnswer plays a call's first seconds to a classifier, and beside it to the detector that would have let a human wait for
// nothing else.
func hearAnswer(it *Item, sc *scene, dials turn.Options, o Options, r *Result, words []told) {
	dials.Language = it.Lang
	c, d := answer.New(answer.Options{Language: it.Lang, Guess: true}), turn.New(dials)
	w := newWire(it.Seed, o.Loss)
	var f audio.Frame
	var turnOver time.Duration
	a := &r.Answer
	note := func(now time.Duration, what, more string) {
		if o.Trace {
			r.Trace = append(r.Trace, fmt.Sprintf("%8.3f  %-12s %s", now.Seconds(), what, more))
		}
	}
	greeted := time.Duration(0)
	look := func(now time.Duration) {
		v, ok := c.Verdict()
		if greeted == 0 && ok && v.Class == answer.Human && !v.Guess && c.Waits() {
			greeted = now
		}
		if ok && !v.Guess && a.Settled == 0 {
			a.Settled = now
		}
		if !ok || a.Decided && v.Class == a.Stands.Class {
			return
		}
		if a.Stands = v; !a.Decided {
			a.Verdict, a.Decided = v, true
		}
		a.Machine = a.Machine || v.Class != answer.Human && v.Class != answer.Silence
		note(now, "verdict", fmt.Sprintf("%s %.2f: %s", v.Class, v.Confidence, strings.Join(v.Evidence, "; ")))
	}
	over := func(now time.Duration) {
		note(now, "turn end", "")
		if c.Over(now); turnOver == 0 {
			turnOver = now
		}
	}
	for n := 0; (n+1)*audio.Samples <= len(sc.near); n++ {
		end := time.Duration(n+1) * audio.FrameDur
		for len(words) > 0 && words[0].at < end {
			t := words[0]
			words = words[1:]
			note(t.at, "heard", fmt.Sprintf("%q final=%v", t.Text, t.Final))
			if t.Text != "" {
				c.Heard(answer.Words{Text: t.Text, Final: t.Final}, t.at)
			}
			if s := d.Heard(t.Words, t.at); s.Kind == turn.TurnEnd {
				over(t.at)
			}
			look(t.at)
		}
		if due, ok := d.Due(); ok && due < end {
			if s := d.Tick(max(due, end-audio.FrameDur)); s.Kind == turn.TurnEnd {
				over(end)
			}
		}
		copy(f[:], sc.near[n*audio.Samples:])
		w.carry(&f)
		r.Frames++
		began := time.Now()
		c.Frame(&f, end)
		r.CPU += time.Since(began)
		d.Frame(&f, end)
		look(end)
		if at, ok := c.Leave(); ok && !a.Left {
			a.Leave, a.Left = at, true
			note(end, "leave", at.String())
		}
	}
	a.Sound = sc.begin()
	if turnOver > 0 && greeted > 0 {
		a.Delay = max(0, greeted-turnOver)
	}
	for i, p := range sounding(it.Parts) {
		if strings.HasPrefix(p.Sound, "tone:") && i > 0 && it.Class == "voicemail" {
			a.Beep = sc.spans[i].End
			note(a.Beep, "beep ends", "")
		}
	}
}

// missed reports whether it is not known in the end who answered, or a human was taken for a machine, or a message began in the wrong place.
func (r *Result) missed() bool {
	a, class := &r.Answer, answer.Class(r.Item.Class)
	return !a.Decided || a.Stands.Class != class || class == answer.Human && a.Machine || a.Beep > 0 && !a.aligned()
}

// sounding are the parts with sound, as a scene's spans are.
func sounding(parts []Part) []Part {
	var out []Part
	for _, p := range parts {
		if p.Say != "" || p.Sound != "" {
			out = append(out, p)
		}
	}
	return out
}
