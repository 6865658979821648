package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
)

// A Reflex is an action that is run because something has happened, whatever the model thinks of it.
type Reflex struct {
	On     Happening
	Who    parley.Who      // PhraseSaid: by whom
	Phrase string          // PhraseSaid: what their turn is to contain; case and punctuation count for nothing. KeyPressed: the key
	After  time.Duration   // TimeElapsed: since answer
	Action action.Action   //
	Args   json.RawMessage // what it is called with; {} when nil
}

// Happening is what a reflex waits for.
type Happening string

const (
	CallConnected     Happening = "call_connected"
	HumanDetected     Happening = "human_detected"     // on an outbound call, also one who comes to the telephone later
	VoicemailDetected Happening = "voicemail_detected" // and any other machine that takes messages
	CallerIdle        Happening = "caller_idle"        // the agent asks whether they are there
	TimeElapsed       Happening = "time_elapsed"
	PhraseSaid        Happening = "phrase_said"
	KeyPressed        Happening = "key_pressed" // the one that Phrase names; what is being said is cut off, and the model does not read it
)

// mostRuns is how often one reflex is run on a call: a phrase that the agent says because of its reflex runs in circles.
const mostRuns = 10

// reflexes wait for what happens. They belong to Run; done is what the goroutines of their actions tell.
type reflexes struct {
	all  []reflex
	ran  map[int]int // how often each of all has been run
	due  []int       // of all, to be run
	done chan reaction
}

type reflex struct {
	Reflex
	needle string // Phrase as it is looked for
}

// A reaction is what a reflex's action did.
type reaction struct {
	info action.Info
	res  action.Result
	read string
	late bool // the model had asked for it, before the caller interrupted
	told bool // late: the model need not speak of it

	discreet bool // it began while nothing was to be written down
}

func newReflexes(all []Reflex, h *History) reflexes {
	if h.ran == nil {
		h.ran = map[int]int{}
	}
	r := reflexes{ran: h.ran, done: make(chan reaction, 1)}
	for _, x := range all {
		r.all = append(r.all, reflex{Reflex: x, needle: needle(x.Phrase)})
	}
	return r
}

// needle is a phrase as it stands in turn.Plain's text: whole words, but for scripts that do not part them.
func needle(phrase string) string {
	n := turn.Plain(phrase)
	if strings.ContainsFunc(n, func(r rune) bool { return r >= 0x2E80 }) {
		n = strings.TrimSpace(n)
	}
	return n
}

// happened notes which reflexes are to be run.
func (r *reflexes) happened(what Happening) {
	for i := range r.all {
		if r.all[i].On == what && (what != CallConnected || r.ran[i] == 0) {
			r.due = append(r.due, i)
		}
	}
}

// said is happened for a turn that is over.
func (r *reflexes) said(who parley.Who, text string) {
	plain := ""
	for i := range r.all {
		x := &r.all[i]
		if x.On != PhraseSaid || x.Who != who || strings.TrimSpace(x.needle) == "" {
			continue
		}
		if plain == "" {
			plain = turn.Plain(text)
		}
		if strings.Contains(plain, x.needle) {
			r.due = append(r.due, i)
		}
	}
}

// pressed is happened for a key; false: none waits for it.
func (r *reflexes) pressed(key byte) (waited bool) {
	for i := range r.all {
		if x := &r.all[i]; x.On == KeyPressed && x.Phrase == string(rune(key)) {
			r.due, waited = append(r.due, i), true
		}
	}
	return waited
}

// at is when the next reflex of TimeElapsed is due; false: there is none.
func (r *reflexes) at() (at time.Duration, ok bool) {
	for i := range r.all {
		if x := &r.all[i]; x.On == TimeElapsed && r.ran[i] == 0 && (!ok || x.After < at) {
			at, ok = x.After, true
		}
	}
	return at, ok
}

func elapsed(c *loop, ctx context.Context, now time.Duration) {
	for i := range c.state.reflexes.all {
		if x := &c.state.reflexes.all[i]; x.On == TimeElapsed && c.state.reflexes.ran[i] == 0 && x.After <= now {
			c.state.reflexes.due = append(c.state.reflexes.due, i)
		}
	}
	c.react(ctx)
}

// react runs what is due. The conversation goes on meanwhile.
func (c *loop) react(ctx context.Context) {
	r := &c.state.reflexes
	for len(r.due) > 0 {
		i := r.due[0]
		r.due = r.due[1:]
		x := &r.all[i]
		if r.ran[i]++; r.ran[i] > mostRuns {
			if r.ran[i] == mostRuns+1 {
				c.warn("reflexes", fmt.Sprintf("what happens on the call has run an action %d times; it is not run again: %s", mostRuns, x.Action.Describe().Type))
			}
			continue
		}
		args, info := x.args(), x.Action.Describe()
		if err := fits(args, x.Action.Tool().Schema); err != nil {
			c.warn("bad_arguments", "an action could not be run by what happened on the call: "+info.Type+": "+err.Error())
			continue
		}
		c.log(parley.EventActionStart, started(info, args))
		got, log := reaction{info: info, discreet: c.Discretion.On()}, c.log
		if got.discreet {
			log = c.logDiscreetly
		}
		c.wg.Go(func() {
			got.res, got.read, _ = perform(ctx, log, x.Action, info, args)
			select {
			case r.done <- got:
			case <-ctx.Done():
			}
		})
	}
}

// reacted takes what a reflex's action did. The agent's model is told.
func (c *loop) reacted(ctx context.Context, got reaction) {
	name := strings.TrimPrefix(got.info.Type, "action_")
	if got.info.Label != "" {
		name += " (" + got.info.Label + ")"
	}
	told := "By a rule of the call " + name + " was run. Its result: "
	if got.late {
		told = "What you asked " + name + " for before the caller spoke has come: "
	}
	if got.discreet && !c.Discretion.On() {
		got.read = digitless(got.read)
	}
	c.History.Messages = append(c.History.Messages, llm.Message{Role: llm.System, Text: told + got.read})
	if got.res.DTMF != "" {
		c.keys(ctx, got.res.DTMF)
	}
	if got.res.Say != "" && len(c.state.lines) < maxLines {
		c.state.lines = append(c.state.lines, got.res.Say)
	}
	if got.late && !got.told {
		c.state.unanswered = true
	}
	if got.res.End != nil {
		c.leave(ctx, got.res.End)
	}
	c.next(ctx)
}

func (x *Reflex) args() json.RawMessage {
	if len(x.Args) == 0 {
		return json.RawMessage("{}")
	}
	return x.Args
}

// RunAfter runs the action of a reflex when the conversation is over: what it would do to the call is left undone.
func RunAfter(ctx context.Context, log parley.Log, callID string, x Reflex) {
	tell := func(t parley.EventType, payload any) { log.Append(parley.NewEvent(callID, t, payload)) }
	args, info := x.args(), x.Action.Describe()
	if err := fits(args, x.Action.Tool().Schema); err != nil {
		tell(parley.EventWarning, map[string]string{"code": "bad_arguments", "message": "an action could not be run at the end of the call: " + info.Type + ": " + err.Error()})
		return
	}
	tell(parley.EventActionStart, started(info, args))
	perform(ctx, tell, x.Action, info, args)
}
