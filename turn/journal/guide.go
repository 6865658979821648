package journal

import (
	"fmt"
	"time"

	"github.com/parley-voice/parley/turn/menu"
)

// A Guide is a menu.Guide whose steps are told, and of which everything that it is told is written down.
type Guide struct {
	*menu.Guide
	d  *Detector
	id int
}

// guided is what a guide is told. What is not zero is written down.
type guided struct {
	ID      int           `json:"id"`
	Do      string        `json:"do"`
	Options menu.Options  `json:"options,omitzero"`
	Text    string        `json:"text,omitempty"`
	Piece   menu.Piece    `json:"piece,omitzero"`
	Sound   time.Duration `json:"sound,omitempty"`
	Talking bool          `json:"talking,omitempty"`
	Ask     int           `json:"ask,omitempty"`
	Choice  menu.Choice   `json:"choice,omitzero"`
}

// What guided.Do says: the methods of a Guide.
const (
	doNew     = "new"
	doBegin   = "begin"
	doStop    = "stop"
	doWords   = "words"
	doPiece   = "piece"
	doBeep    = "beep"
	doTick    = "tick"
	doAnswer  = "answer"
	doPressed = "pressed"
)

// Guide makes a guide through menus.
func (d *Detector) Guide(o menu.Options) *Guide {
	g := &Guide{d: d}
	if d.w != nil {
		g.id = d.w.guides
		d.w.guides++
	}
	g.do(guided{Do: doNew, Options: o}, d.time())
	return g
}

// Begin: a machine reads out choices.
func (g *Guide) Begin(now time.Duration) { g.do(guided{Do: doBegin}, now) }

// Stop: somebody talks who is no machine.
func (g *Guide) Stop() { g.do(guided{Do: doStop}, g.d.time()) }

// Words: more is being said, and so far this is understood of it.
func (g *Guide) Words(partial string, now time.Duration) {
	g.do(guided{Do: doWords, Text: partial}, now)
}

// Piece takes what was said until a pause.
func (g *Guide) Piece(p menu.Piece) menu.Step { return g.do(guided{Do: doPiece, Piece: p}, g.d.time()) }

// Beep: there was one.
func (g *Guide) Beep(now time.Duration) menu.Step { return g.do(guided{Do: doBeep}, now) }

// Tick decides what has become due by now.
func (g *Guide) Tick(now, sound time.Duration, talking bool) menu.Step {
	return g.do(guided{Do: doTick, Sound: sound, Talking: talking}, now)
}

// Answer takes what was chosen by whom question n asked.
func (g *Guide) Answer(n int, c menu.Choice) menu.Step {
	return g.do(guided{Do: doAnswer, Ask: n, Choice: c}, g.d.time())
}

// Pressed: somebody outside has pressed keys.
func (g *Guide) Pressed(keys string, now time.Duration) menu.Step {
	return g.do(guided{Do: doPressed, Text: keys}, now)
}

// do writes down what the guide is told, tells it, and tells of the step that follows.
func (g *Guide) do(t guided, now time.Duration) menu.Step {
	t.ID = g.id
	g.d.w.json(opMenu, now, t)
	s := g.told(t, now)
	if s.Kind != menu.None {
		g.d.tell(stepped(s, now))
	}
	return s
}

func (g *Guide) told(t guided, now time.Duration) (s menu.Step) {
	switch t.Do {
	case doNew:
		g.Guide = menu.New(t.Options)
	case doBegin:
		g.Guide.Begin(now)
	case doStop:
		g.Guide.Stop()
	case doWords:
		g.Guide.Words(t.Text, now)
	case doPiece:
		s = g.Guide.Piece(t.Piece)
	case doBeep:
		s = g.Guide.Beep(now)
	case doTick:
		s = g.Guide.Tick(now, t.Sound, t.Talking)
	case doAnswer:
		s = g.Guide.Answer(t.Ask, t.Choice)
	case doPressed:
		s = g.Guide.Pressed(t.Text, now)
	}
	return s
}

var steps = map[menu.Kind]string{menu.Press: "press", menu.Say: "say", menu.Wait: "wait", menu.Person: "person", menu.Ask: "ask", menu.End: "end"}

// stepped is a step of a guide's. What was said, by either side, is in Text and Evidence alone.
func stepped(s menu.Step, now time.Duration) Decision {
	d := Decision{What: Menu, At: now.Milliseconds(), Class: steps[s.Kind], Text: s.Text, Why: string(s.By), Confidence: round(s.Sure, 100)}
	if s.Kind == menu.Is {
		d.Class = string(s.Class)
	}
	if s.Choice.Why != "" {
		d.Evidence = append(d.Evidence, s.Choice.Why)
	}
	if s.Place != nil {
		d.Menu = s.Place.N
		if s.Kind == menu.Ask {
			d.Evidence = append(d.Evidence, s.Place.Text)
		}
	}
	return d
}

// guide plays what a guide was told. What it was told to wait for is as it was on the call: the agent's dials are none of its.
func (p *player) guide(rec *record) error {
	t, err := decode[guided](rec)
	if err != nil {
		return err
	}
	g := p.guides[t.ID]
	if t.Do == doNew {
		d := p.d
		if p.other != nil {
			d = p.other
		}
		g = &Guide{d: d, id: t.ID}
		delete(p.guides, t.ID-keptWhos)
		p.guides[t.ID] = g
	}
	if g == nil {
		return fmt.Errorf("%w: nobody finds a way as %d", ErrBroken, t.ID)
	}
	g.do(t, rec.at)
	return nil
}
