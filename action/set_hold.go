package action

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// setHold has the first party of the call wait with music, or takes it off hold. What of the two is the owner's to say, or the model's, or
// else the one that it is not.
type setHold struct {
	info Info
	tool llm.Tool
	on   *bool
	line Line
}

// waits are how callers and agents speak of it, in the contract's languages.
var waits = []string{
	"hold", "on hold", "hold on", "back on the line", "bring them in", "espera", "en espera", "warteschleife", "bleiben sie dran", "en attente", "patientez", "in attesa", "attenda",
	"em espera", "aguarde", "in de wacht", "een ogenblik", "mohon tunggu", "tunggu sebentar", "होल्ड", "保留", "お待ちください", "대기", "잠시만",
}

// busyWith is the manner of what changes who hears the agent: whoever hears the sentence before it hears it whole, and nobody talks it away.
var busyWith = Manner{Lasts: true, Deaf: true, Waits: true, SilentBefore: true}

func newSetHold(a parley.Action, s Site) (Action, error) {
	var c struct {
		On *bool `json:"on"`
	}
	if err := config(a, &c); err != nil {
		return nil, err
	}
	h := &setHold{info: info(a), on: c.On, line: s.Line, tool: llm.Tool{
		Name:    name(a),
		Schema:  schemaOf(dropOthers),
		Phrases: phrases(waits, a),
	}}
	what := "Puts the caller on hold, where they hear music and neither hear you nor are heard, or takes them off hold again. Tell them in the same answer before you put them on hold."
	switch {
	case c.On == nil:
		h.tool.Schema = schemaOf(`"on":{"type":"boolean","description":"true: on hold, false: off hold. Without it, the one that the caller is not."},` + dropOthers)
	case *c.On:
		h.tool.Schema = schemaOf("")
		what = "Puts the caller on hold, where they hear music and neither hear you nor are heard. Tell them in the same answer before you do."
	default:
		what = "Takes the caller off hold: everybody on the call hears you, and each other, from then on."
	}
	h.tool.Description = describe(what, a)
	return h, nil
}

// dropOthers lets an agent come back to the caller without a voicemail that answered, or somebody who does not want to join.
const dropOthers = `"drop_others":{"type":"boolean","description":"Together with taking the caller off hold. true: hang up on everybody else first, such as a voicemail that answered or somebody who does not want to join."}`

// schemaOf is that of a tool with these properties and no others.
func schemaOf(properties string) json.RawMessage {
	return json.RawMessage(`{"type":"object","properties":{` + properties + `},"additionalProperties":false}`)
}

func (h *setHold) Describe() Info { return h.info }
func (h *setHold) Tool() llm.Tool { return h.tool }
func (h *setHold) Manner() Manner { return busyWith }

func (h *setHold) Run(ctx context.Context, in Input) (Result, error) {
	if h.line == nil {
		return Result{}, errors.New("nobody can be put on hold here")
	}
	var args struct {
		On   *bool `json:"on"`
		Drop bool  `json:"drop_others"`
	}
	if err := json.Unmarshal(in.Args, &args); err != nil {
		return Result{}, errors.New("on and drop_others must be true or false")
	}
	on := h.on
	if on == nil {
		on = args.On
	}
	if args.Drop && on != nil && *on {
		return Result{}, errors.New("drop_others takes the caller off hold: nobody would be left who hears you")
	} else if args.Drop {
		if _, err := h.line.Dismiss(ctx); err != nil {
			return Result{}, err
		}
		on = new(bool)
	}
	who, err := h.line.Hold(ctx, on)
	if err != nil {
		return Result{}, err
	}
	return Result{Data: told(who)}, nil
}

// told is what the model reads of who hears it now.
func told(who Company) string {
	switch {
	case who.Held && who.Others > 0:
		return "The caller is on hold: they hear music, and neither you nor the others. You talk with the others alone."
	case who.Held:
		return "The caller is on hold: they hear music, and nobody hears you. Do what you wanted to do, then take them off hold; until then say nothing."
	case who.Others > 0:
		return "The caller is off hold. Everybody hears you and each other now."
	}
	return "The caller is off hold and hears you."
}
