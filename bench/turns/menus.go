package turns

import (
	"fmt"
	"io"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/menu"
)

// choosing is how long who is asked for the way takes.
const choosing = 600 * time.Millisecond

// A way is what became of a menu: with somebody to ask, who knows the right key, and with nobody.
type way struct{ asked, alone pressed }

// pressed is what was done about a menu.
type pressed struct {
	kind  menu.Kind // of the first thing done; None: nothing was
	key   string
	by    menu.By
	after time.Duration // the end of what was read out; negative: before it
	more  int           // keys pressed besides
}

// What became of a menu.
const (
	rightKey  = "right key"
	wrongKey  = "wrong key"
	tooEarly  = "pressed before the end"
	operator  = "operator's key"
	noneAtAll = "none"
)

func (p pressed) outcome(key string) string {
	switch {
	case p.kind != menu.Press:
		return noneAtAll
	case p.after < 0:
		return tooEarly
	case p.by == menu.ByOperator && p.key != key:
		return operator
	case p.key != key || p.more > 0:
		return wrongKey
	}
	return rightKey
}

// hearMenu plays a menu to a guide, as a conversation does that looks for the way. Who is asked says that key is the right one; "" does
// not answer.
func hearMenu(it *Item, sc *scene, dials turn.Options, o Options, r *Result, words []told, key string) (done pressed) {
	dials.Language = it.Lang
	d, g := turn.New(dials), menu.New(menu.Options{Language: it.Lang, Speed: dials.Speed, Purpose: it.Asked})
	g.Begin(0)
	w := newWire(it.Seed, o.Loss)
	var asked menu.Step
	var answers time.Duration // when who was asked does
	note := func(now time.Duration, what, more string) {
		if o.Trace {
			r.Trace = append(r.Trace, fmt.Sprintf("%8.3f  %-12s %s", now.Seconds(), what, more))
		}
	}
	step := func(s menu.Step, now time.Duration) {
		if s.Kind == menu.None {
			return
		}
		note(now, "menu", fmt.Sprintf("kind %d %q by %s: %s", s.Kind, s.Text, s.By, s.Why))
		switch {
		case s.Kind == menu.Ask:
			asked, answers = s, now+choosing
		case done.kind == menu.None:
			done = pressed{kind: s.Kind, key: s.Text, by: s.By, after: now - sc.end()}
		case s.Kind == menu.Press:
			done.more++
		}
	}
	decide := func(s turn.Signal, now time.Duration) {
		if s.Kind == turn.TurnEnd || s.Kind == turn.Backchannel {
			note(now, "piece", s.Text)
			step(g.Piece(menu.Piece{Text: s.Text, Start: s.Start, End: s.SpeechEnd}), now)
		}
	}
	var f audio.Frame
	for n := 0; (n+1)*audio.Samples <= len(sc.near); n++ {
		end := time.Duration(n+1) * audio.FrameDur
		for ; len(words) > 0 && words[0].at < end; words = words[1:] {
			t := words[0]
			g.Words(t.Text, t.at)
			decide(d.Heard(t.Words, t.at), t.at)
		}
		if due, ok := d.Due(); ok && due < end {
			decide(d.Tick(max(due, end-audio.FrameDur)), end)
		}
		copy(f[:], sc.near[n*audio.Samples:])
		w.carry(&f)
		decide(d.Frame(&f, end), end)
		if answers > 0 && answers <= end {
			answers = 0
			c := menu.Choice{}
			if key != "" {
				c = menu.Choice{Kind: menu.Press, Text: key}
			}
			step(g.Answer(asked.Ask, c), end)
		}
		if due, ok := g.Due(d.LastSpeech(), d.Pending()); ok && due <= end {
			step(g.Tick(end, d.LastSpeech(), d.Pending()), end)
		}
	}
	return done
}

// Menus are the figures of the way through menus.
type Menus struct {
	Items        int
	Asked, Alone map[string]int // with a model that knows the right key, and with none: how often it came to what
	P50, P95     time.Duration  // of the right key, after the end of what was read out, with a model that takes 0.6 s
	after        []time.Duration
}

func (m *Menus) add(x *Result) {
	if m.Items++; m.Asked == nil {
		m.Asked, m.Alone = map[string]int{}, map[string]int{}
	}
	what := x.Way.asked.outcome(x.Item.Key)
	m.Asked[what]++
	m.Alone[x.Way.alone.outcome(x.Item.Key)]++
	if what == rightKey {
		m.after = append(m.after, x.Way.asked.after)
	}
}

func (m *Menus) settle() { m.P50, m.P95 = percentile(m.after, 0.5), percentile(m.after, 0.95) }

func (m *Menus) print(w io.Writer) {
	if m.Items == 0 {
		return
	}
	fmt.Fprintf(w, "\nmenus: %d\n%-24s %12s %12s\n", m.Items, "", "model asked", "no model")
	for _, what := range []string{rightKey, wrongKey, tooEarly, operator, noneAtAll} {
		fmt.Fprintf(w, "%-24s %10.4g %% %10.4g %%\n", what, share(m.Asked[what], m.Items), share(m.Alone[what], m.Items))
	}
	fmt.Fprintf(w, "the right key after the end of the menu, p50 / p95: %d / %d ms\n", m.P50.Milliseconds(), m.P95.Milliseconds())
}
