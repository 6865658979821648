package conversation

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/llm"
)

// fillerAfter is how long a caller hears nothing, while an errand takes its time, before they are told to wait.
const fillerAfter = 800 * time.Millisecond

// An errand is a tool that the model has asked for.
type errand struct {
	call   llm.Call
	action action.Action // nil: it is not run
	info   action.Info
	manner action.Manner
	wrong  string // what is wrong with the request
	res    action.Result
	ok     bool // it succeeded

	discreet bool // it began while nothing was to be written down
}

func mannerOf(a action.Action) action.Manner {
	if m, ok := a.(action.Mannered); ok {
		return m.Manner()
	}
	return action.Manner{}
}

// An outing is what errands need of the reply they are run for.
type outing struct {
	life  context.Context       // of the conversation: errands that last outlive the reply
	quiet func() time.Duration  // for which the caller has heard nothing of the reply
	aired func(context.Context) // waits until what the reply has said so far was heard
	deaf  atomic.Int32          // errands during which the caller interrupts nothing
}

// begun is what the model reads of an errand that the caller has interrupted.
func (e *errand) begun() string {
	if e.manner.Lasts && e.action != nil {
		return "It is not done yet: the caller spoke meanwhile. The result will follow."
	}
	return "error: " + errInterrupted.Error()
}

// errands are what a model's calls come to. What is wrong with a request is told to the model, and nothing runs.
func (b *toolbox) errands(c *loop, calls []llm.Call) []errand {
	all := make([]errand, len(calls))
	for i, call := range calls {
		e := &all[i]
		if len(strings.TrimSpace(string(call.Args))) == 0 {
			call.Args = json.RawMessage("{}")
		}
		e.call = call
		a, err := b.find(c, call.Name, call.Args)
		if err != nil {
			e.wrong = "error: " + err.Error()
			continue
		}
		e.action, e.info = a, a.Describe()
		e.manner = mannerOf(a)
	}
	return all
}

// effect is what the tools of a round did besides giving back results.
type effect struct {
	end   *parley.Outcome
	acted bool // the caller hears or will hear something of it
	done  bool // nothing is left for the model to say
}

// late is an errand that was done after the reply it was run for.
func (e *errand) late(read string) reaction {
	r := reaction{info: e.info, read: read, discreet: e.discreet, late: true, told: e.ok && e.manner.SilentAfter}
	if e.ok && !r.told {
		r.res.Say = e.say()
		r.told = r.res.Say != ""
	}
	return r
}

// say is what is said of an errand that has succeeded; "" what the model makes of it.
func (e *errand) say() string {
	if e.res.Say != "" {
		return e.res.Say
	}
	return e.manner.After
}

// announce says what is to be said while errands begin.
func (m *mind) announce(ctx context.Context, all []errand) {
	for i := range all {
		if all[i].action != nil && all[i].manner.Before != "" {
			m.write(ctx, all[i].manner.Before)
			m.flush(ctx)
		}
	}
}

// carryOut runs all errands of the model's last round at once, and returns what the model is to read of them, in their order. When
// the caller interrupts, those that last go on: Run takes their results.
func (c *loop) carryOut(ctx context.Context, m *mind, all []errand) ([]string, effect) {
	round, reply := m.round(), ctx
	read := make([]string, len(all))
	var wg sync.WaitGroup
	for i := range all {
		e := &all[i]
		if e.action == nil {
			read[i] = e.wrong
			m.result(round, i, e.wrong)
			continue
		}
		c.log(parley.EventActionStart, started(e.info, e.call.Args))
		log := c.log
		if e.discreet = c.Discretion.On(); e.discreet {
			log = c.logDiscreetly
		}
		one := func(ctx context.Context) (late bool) {
			if e.manner.Waits {
				m.out.aired(reply)
			}
			e.res, read[i], e.ok = perform(ctx, log, e.action, e.info, e.call.Args)
			return !m.result(round, i, read[i])
		}
		if e.action == action.Action(c.state.collect) { // in their order: each says what is still to be asked for
			one(ctx)
			continue
		}
		if !e.manner.Lasts {
			wg.Go(func() { one(ctx) })
			continue
		}
		if e.manner.Deaf {
			m.out.deaf.Add(1)
		}
		wg.Add(1)
		c.wg.Go(func() {
			late := one(m.out.life)
			if e.manner.Deaf {
				m.out.deaf.Add(-1)
			}
			if late {
				select {
				case c.state.reflexes.done <- e.late(read[i]):
				case <-m.out.life.Done():
				}
			}
			wg.Done()
		})
	}
	if !c.await(ctx, m, &wg, all) {
		return nil, effect{}
	}
	return read, c.effects(ctx, m, all, read)
}

// await returns when all errands are done; false: the caller has interrupted before. Who waits for long is told so.
func (c *loop) await(ctx context.Context, m *mind, wg *sync.WaitGroup, all []errand) bool {
	done := make(chan struct{})
	c.wg.Go(func() {
		wg.Wait()
		close(done)
	})
	t := time.NewTimer(fillerAfter)
	defer t.Stop()
	filler := t.C
	if !patient(all) {
		filler = nil
	}
	for {
		select {
		case <-done:
			return true
		case <-ctx.Done():
			return false
		case <-filler:
			if left := fillerAfter - m.out.quiet(); left > 0 {
				t.Reset(left)
				continue
			}
			filler = nil
			m.write(ctx, c.texts.moment)
			m.flush(ctx)
		}
	}
}

// patient reports whether whoever waits for errands may be told to.
func patient(all []errand) bool {
	lasts := false
	for i := range all {
		m := &all[i].manner
		if m.SilentBefore || m.Before != "" {
			return false
		}
		lasts = lasts || m.Lasts
	}
	return lasts
}

// effects does what errands that are done ask for.
func (c *loop) effects(ctx context.Context, m *mind, all []errand, read []string) effect {
	f := effect{done: true}
	for i := range all {
		e := &all[i]
		if keys := e.res.DTMF; keys != "" {
			f.acted = true
			if err := press(ctx, c.leg, keys); err != nil {
				read[i] = "error: the digits could not be sent: " + err.Error()
				m.result(m.round(), i, read[i])
			}
		}
		if e.res.End != nil && f.end == nil {
			f.end = e.res.End
		}
		switch say := e.say(); {
		case !e.ok:
			f.done = false
		case e.manner.SilentAfter:
		case say != "":
			m.write(ctx, say)
			m.flush(ctx)
		default:
			f.done = false
		}
	}
	if q := c.state.collect.question(); q != "" { // the caller is to answer before anything else is said, unless something went wrong
		f.done = f.done || !slices.ContainsFunc(all, func(e errand) bool { return !e.ok })
		m.write(ctx, q)
		m.flush(ctx)
	}
	return f
}
