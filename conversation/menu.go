package conversation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
	"github.com/parley-voice/parley/turn/journal"
	"github.com/parley-voice/parley/turn/menu"
)

// conversed is how many turns of theirs make whoever was greeted somebody who converses: no menu.
const conversed = 2

// A pathfinder looks for the way through menus to a human. A nil one does not.
type pathfinder struct {
	*journal.Guide
	ways  chan way
	unask context.CancelFunc // of the question that is open
}

// A way is what the model chose; Kind None where it did not.
type way struct {
	ask    int
	choice menu.Choice
	usage  llm.Usage
}

func newPathfinder(s *Setup, by *journal.Detector) *pathfinder {
	o := menu.Options{Language: s.Turns.Language, Speed: s.Turns.Speed, Purpose: s.Prompt + " " + s.Greeting}
	return &pathfinder{Guide: by.Guide(o), ways: make(chan way), unask: func() {}}
}

// over: no way is looked for any more, and nobody is asked.
func (f *pathfinder) over() {
	f.Stop()
	f.unask()
}

// navigates reports whether the way through menus is being looked for.
func (w *callee) navigates() bool { return w != nil && w.finder != nil && w.stage == menus }

// ways is where the model's choices come.
func (w *callee) ways() <-chan way {
	if w == nil || w.finder == nil {
		return nil
	}
	return w.finder.ways
}

// menu: choices are read out.
func (c *loop) menu(ctx context.Context, now time.Duration) {
	w := c.state.who
	switch {
	case w.finder != nil:
		c.navigate(ctx, now)
	case w.HangUp && (w.stage != open || w.unproven()):
		c.nobody(parley.NoAnswer)
	case w.stage == asking || w.unproven():
		c.ungreet(ctx)
		w.listens = nil
		w.enter(menus, now)
	}
}

// navigate: from now on the way is looked for. Whoever was greeted was no human, and who is found will be greeted.
func (c *loop) navigate(ctx context.Context, now time.Duration) {
	w := c.state.who
	if w.stage == menus {
		return
	}
	c.takeBack()
	if w.stage == recorder { // what is ready is the message
		c.drop(w.ready)
		w.ready = nil
	}
	if w.ready == nil && c.Greeting != "" {
		w.ready = c.prepare(ctx, c.Greeting)
	}
	w.greeted, w.turns, w.owed = 0, 0, false
	w.judge.open = nil
	w.enter(menus, now)
	w.tones(now)
	w.finder.Begin(now)
}

// tones begins to listen anew for what the network and machines tell without words.
func (w *callee) tones(now time.Duration) {
	w.listens = w.by.Who(answer.Options{Language: w.language, Dynamic: true}, now)
	w.from, w.heard = now, ""
}

// toned acts on what the classifier makes of the sound alone, on the way.
func (c *loop) toned(ctx context.Context, v answer.Verdict, now time.Duration) {
	switch v.Class {
	case answer.Voicemail:
		if v.Confidence >= 0.9 { // a beep
			c.step(ctx, c.state.who.finder.Beep(now), now)
		}
	case answer.SIT, answer.Busy, answer.Fax:
		c.answered(ctx, v, now)
	}
}

// turnsMenu: words of a menu come from somebody who was taken for a human, and has not conversed.
func (c *loop) turnsMenu(ctx context.Context, text string, now time.Duration) {
	w := c.state.who
	if w.finder == nil || w.stage != open || w.turns >= conversed || c.state.leave != nil || c.outcome != nil {
		return
	}
	if g := answer.GistOf(w.language, text); g.Class == answer.IVR && g.Person == "" {
		c.answered(ctx, answer.Verdict{Class: answer.IVR, Confidence: g.Sure, Evidence: []string{fmt.Sprintf("said %q", g.Phrase)}, At: now}, now)
	}
}

// piece gives the finder what was understood until a pause.
func (c *loop) piece(ctx context.Context, s turn.Signal) {
	w := c.state.who
	if w.finder == nil || w.stage == open && w.turns >= conversed {
		return
	}
	step := w.finder.Piece(menu.Piece{Text: s.Text, Start: s.Start, End: s.SpeechEnd, Waits: asksToWait(w.language, s.Text)})
	if w.navigates() {
		c.step(ctx, step, c.clock.now())
	}
}

// menuAt is when the finder is to decide. While the agent says something to a machine it is not.
func (c *loop) menuAt() (time.Duration, bool) {
	if c.state.muted || c.cur != nil {
		return 0, false
	}
	return c.state.who.finder.Due(c.detect.LastSpeech(), c.detect.Pending())
}

func (c *loop) menuDue(ctx context.Context, now time.Duration) {
	c.step(ctx, c.state.who.finder.Tick(now, c.detect.LastSpeech(), c.detect.Pending()), now)
}

// step does what the finder has decided.
func (c *loop) step(ctx context.Context, s menu.Step, now time.Duration) {
	w := c.state.who
	switch s.Kind {
	case menu.Ask:
		c.askWay(ctx, s)
	case menu.Press, menu.Say, menu.Wait:
		c.choose(ctx, s, now)
	case menu.Person:
		w.finder.over()
		c.answered(ctx, answer.Verdict{Class: answer.Human, Confidence: s.Sure, Evidence: []string{s.Why}, At: now}, now)
	case menu.Is:
		v := answer.Verdict{Class: s.Class, Confidence: s.Sure, Evidence: []string{s.Why}, At: now}
		w.finder.over()
		w.listens.Take(v)
		c.answered(ctx, v, now)
	case menu.End:
		c.deadEnd(s, "end")
		w.finder.over()
		c.nobody(parley.NoAnswer)
		c.outcome.Detail = "the menus led to nobody"
	}
}

// deadEnd tells that the way leads nowhere, and what is done then: operator, or end.
func (c *loop) deadEnd(s menu.Step, then string) {
	payload := map[string]any{"why": s.Why, "then": then}
	if s.Place != nil {
		payload["menu"], payload["text"] = s.Place.N, s.Place.Text
	}
	c.log(parley.EventMenuDeadEnd, payload)
}

// choose does what was chosen, tells of it, and writes it down.
func (c *loop) choose(ctx context.Context, s menu.Step, now time.Duration) {
	w := c.state.who
	if s.By == menu.ByOperator {
		c.deadEnd(s, "operator")
	}
	done := map[string]any{"menu": s.Place.N, "times": s.Place.Times, "text": s.Place.Text, "by": string(s.By), "why": s.Why}
	w.tones(now)
	c.state.unanswered = false
	if g := answer.GistOf(w.language, s.Place.Text); g.Class == answer.IVR && w.seen.Class != answer.IVR {
		c.detected(answer.Verdict{Class: answer.IVR, Confidence: g.Sure, Evidence: []string{fmt.Sprintf("said %q", g.Phrase)}, At: now})
	}
	switch s.Kind {
	case menu.Press:
		done["pressed"] = s.Text
		c.keys(ctx, s.Text)
		c.pressedKeys(s.Text, now)
	case menu.Say:
		done["said"] = s.Text
		c.begin(ctx, &reply{text: s.Text, insists: true})
	case menu.Wait:
		done["waited"] = true
		c.readOut("")
	}
	c.log(parley.EventMenuChosen, done)
}

// keys sends digits.
func (c *loop) keys(ctx context.Context, digits string) {
	c.wg.Go(func() {
		if err := press(ctx, c.leg, digits); err != nil && ctx.Err() == nil {
			c.warn("dtmf", "the digits were not sent: "+err.Error())
		}
	})
}

// pressedKeys writes a turn of the agent's that was keys.
func (c *loop) pressedKeys(digits string, now time.Duration) {
	text := c.texts.pressed + " " + strings.Join(strings.Split(digits, ""), " ")
	c.turns++
	c.write(parley.Turn{ID: fmt.Sprintf("t%d", c.turns), Who: parley.Bot, Text: text, Start: now, End: now}, c.Discretion.On())
	c.readOut(", and you pressed " + digits)
}

// readOut tells the model that what was said last was no human's.
func (c *loop) readOut(then string) {
	c.History.Messages = append(c.History.Messages, llm.Message{Role: llm.System, Text: "An automatic telephone system read that out" + then + "."})
}

// pressed: somebody outside has pressed keys, perhaps in a menu.
func (w *callee) pressed(digits string, now time.Duration) {
	if w.navigates() {
		w.finder.Pressed(digits, now)
		w.tones(now)
	}
}
