package conversation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn/answer"
)

const (
	judgeWait = 2 * time.Second // for the model; then the lists of words decide
	judgeAsks = 6               // questions at most, of one call
)

// A judge is the model, asked who answered by the words alone.
type judge struct {
	answers chan judgement
	busy    bool            // a question is open
	asked   time.Duration   // when
	n       int             // questions so far
	more    bool            // words came since it was asked
	finals  string          //
	said    string          // all words so far
	open    *answer.Verdict // what the lists say; it waits for the model
}

// A judgement is what the model says; "" where it cannot tell.
type judgement struct {
	class answer.Class
	of    string
	usage llm.Usage
}

// due is when the model has had its time.
func (j *judge) due() (time.Duration, bool) { return j.asked + judgeWait, j.busy && j.open != nil }

// judgements is where the model's come.
func (w *callee) judgements() <-chan judgement {
	if w == nil {
		return nil
	}
	return w.judge.answers
}

// askWho asks the model about the words so far.
func (c *loop) askWho(ctx context.Context, text string, final bool, now time.Duration) {
	j := &c.state.who.judge
	j.said = strings.TrimSpace(j.finals + " " + text)
	if !final {
		return
	}
	j.finals, j.more = j.said, true
	c.consultOn(ctx, now)
}

func (c *loop) consultOn(ctx context.Context, now time.Duration) {
	j := &c.state.who.judge
	if j.busy || j.n >= judgeAsks || j.said == "" || c.Think == nil {
		return
	}
	j.busy, j.asked, j.more = true, now, false
	j.n++
	if j.answers == nil {
		j.answers = make(chan judgement, 1) // one question at a time
	}
	to, of := j.answers, j.said
	c.wg.Go(func() {
		text, u := consult(ctx, &c.Setup, judgeWait, whoIsIt, of)
		select {
		case to <- judgement{classIn(text), of, u}:
		case <-ctx.Done():
		}
	})
}

// consult asks the model one thing; "" when it gives no answer in time.
func consult(ctx context.Context, s *Setup, limit time.Duration, orders, of string) (text string, u llm.Usage) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var b strings.Builder
	for d, err := range s.Think.Chat(ctx, s.Thinking.request([]llm.Message{{Role: llm.System, Text: orders}, {Role: llm.User, Text: of}})) {
		if err != nil || ctx.Err() != nil {
			return "", u
		}
		b.WriteString(d.Text)
		if d.Usage != nil {
			u.In += d.Usage.In
			u.Out += d.Usage.Out
		}
	}
	return b.String(), u
}

const whoIsIt = "You are given the first words heard after a phone call that was placed by us was answered, as a speech recogniser wrote them. Say who answered, in one word of this list: " +
	"human; voicemail (an answering machine or mailbox greeting); mailbox_full (no message can be left); ivr (a menu of choices); call_screening (an assistant asks who calls); " +
	"hold (a queue); sit (the number cannot be reached); unclear. Answer with that word alone."

// classIn is the class that a model's answer names; "" none.
func classIn(text string) answer.Class {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
	for _, w := range words {
		switch k := answer.Class(w); k {
		case answer.Human, answer.Voicemail, answer.MailboxFull, answer.IVR, answer.CallScreening, answer.Hold, answer.SIT:
			return k
		}
	}
	return ""
}

// judged reports whether a verdict of the lists may be acted on now: where the model is to judge, it is asked first.
func (c *loop) judged(ctx context.Context, v answer.Verdict, now time.Duration) bool {
	w := c.state.who
	j := &w.judge
	if !w.WordsOnly || w.stage != asking || v.Class == answer.Silence || j.said == "" {
		return true
	}
	if !j.busy && (j.n == 0 || j.more) {
		c.consultOn(ctx, now)
	}
	if !j.busy {
		return true
	}
	j.open = &v
	return false
}

// judgement takes the model's.
func (c *loop) judgement(ctx context.Context, g judgement) {
	w := c.state.who
	j := &w.judge
	now := c.clock.now()
	c.History.Usage.TokensIn += g.usage.In
	c.History.Usage.TokensOut += g.usage.Out
	late := !j.busy
	j.busy = false
	if late || w.stage != asking || w.listens == nil {
		return
	}
	switch {
	case g.class != "":
		j.open = nil
		v := answer.Verdict{Class: g.class, Confidence: 0.9, Evidence: []string{fmt.Sprintf("the model, of %q", g.of)}, At: now - w.from}
		w.listens.Take(v)
		w.heard = g.class
		v.At = now
		c.answered(ctx, v, now)
	case j.more:
		c.consultOn(ctx, now)
		fallthrough
	default:
		if !j.busy {
			c.unjudged(ctx, now)
		}
	}
}

// unjudged: the model has not said, and the lists have.
func (c *loop) unjudged(ctx context.Context, now time.Duration) {
	j := &c.state.who.judge
	v := j.open
	j.busy, j.open = false, nil
	if v != nil {
		c.answered(ctx, *v, now)
	}
}
