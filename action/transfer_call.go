package action

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/number"
)

// transferCall gives the caller to somebody else once the agent's last words have been heard. To whom is the owner's to say: the model
// at most chooses among those who were named.
type transferCall struct {
	info Info
	tool llm.Tool
	to   []target
}

// A target is somebody who may be called.
type target struct {
	to, extension string // a text with variables that are not known yet is all in to
}

func (t target) String() string {
	if t.extension == "" || strings.ContainsAny(t.extension[:1], ",wW") {
		return t.to + t.extension
	}
	return t.to + ";ext=" + t.extension
}

// colleagues are how callers ask for somebody else, in the contract's languages.
var colleagues = []string{
	"speak to a human", "speak to a person", "speak to someone", "talk to a human", "talk to somebody", "real person", "transfer me", "put me through", "operator",
	"hablar con una persona", "páseme", "mit einem menschen sprechen", "verbinden sie mich", "parler à quelqu'un", "transférez-moi",
	"parlare con una persona", "mi passi", "falar com uma pessoa", "falar com um atendente", "iemand spreken", "verbind me door",
	"bicara dengan orang", "sambungkan saya", "किसी से बात", "担当者", "人と話したい", "상담원", "사람과 통화",
}

func newTransferCall(a parley.Action, s Site) (Action, error) {
	to, err := targets(a, s)
	if err != nil {
		return nil, err
	}
	whom, schema, err := choice(to, false)
	if err != nil {
		return nil, err
	}
	return &transferCall{info: info(a), to: to, tool: llm.Tool{
		Name:        name(a),
		Schema:      schema,
		Description: describe("Transfers the caller to "+whom+" and leaves the call: tell the caller in the same answer, then use this.", a),
		Phrases:     phrases(colleagues, a),
	}}, nil
}

func shown(all []target) (s []string) {
	for _, t := range all {
		s = append(s, t.String())
	}
	return s
}

// choice is how a tool's description names those who may be called, and its schema: of several the model names one. With strict it
// names nothing else.
func choice(to []target, strict bool) (whom string, schema json.RawMessage, err error) {
	type object map[string]any
	args := object{"type": "object", "properties": object{}}
	switch {
	case len(to) == 1:
		whom = to[0].String()
	case len(to) > 1:
		whom = "one of several numbers"
		args["properties"], args["required"] = object{"phone_number": object{"type": "string", "enum": shown(to)}}, []string{"phone_number"}
	}
	if strict {
		args["additionalProperties"] = false
	}
	schema, err = json.Marshal(args)
	return whom, schema, err
}

// chosen is whom the model has named, or the only one there is. There is one at least.
func chosen(to []target, in Input) (target, error) {
	if len(to) == 1 {
		return to[0], nil
	}
	var args struct {
		PhoneNumber string `json:"phone_number"`
	}
	all := shown(to)
	if err := json.Unmarshal(in.Args, &args); err != nil || !slices.Contains(all, args.PhoneNumber) {
		return target{}, fmt.Errorf("phone_number must be one of %s", strings.Join(all, ", "))
	}
	return to[slices.Index(all, args.PhoneNumber)], nil
}

// targets are whom an action may call: its phone_number, or without one its allowed_numbers. Its extension is that of all who have none
// of their own. The contract lets an action be saved without either; on a call that is an error.
func targets(a parley.Action, s Site) ([]target, error) {
	var c struct {
		PhoneNumber    *string  `json:"phone_number"`
		AllowedNumbers []string `json:"allowed_numbers"`
		Extension      *string  `json:"extension"`
	}
	if err := config(a, &c); err != nil {
		return nil, err
	}
	given, field := c.AllowedNumbers, "config.allowed_numbers"
	if p := strings.TrimSpace(text(c.PhoneNumber)); p != "" {
		given, field = []string{p}, "config.phone_number"
	}
	extension, err := extension(text(c.Extension), s)
	if err != nil {
		return nil, err
	}
	var to []target
	for _, n := range given {
		t, err := s.target(field, strings.TrimSpace(s.fill(field, n)), extension)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(to, t) {
			to = append(to, t)
		}
	}
	if len(to) == 0 && s.Fill != nil {
		return nil, parley.Invalid("config.phone_number", "config.phone_number: whom the caller is to be transferred to is missing; allowed_numbers would do, too")
	}
	return to, nil
}

// target reads a number that has been filled in; its own extension comes before the action's.
func (s Site) target(field, n, extension string) (target, error) {
	if s.Fill == nil && strings.Contains(n, "{") {
		return target{n, extension}, nil // known at the call only
	}
	at, own, err := number.Extended(field, n)
	if err != nil {
		return target{}, err
	}
	return target{at.Text, cmp.Or(own, extension)}, nil
}

// extension is what an action's configuration has pressed once somebody has answered; "" nothing.
func extension(given string, s Site) (string, error) {
	const field = "config.extension"
	keys := strings.TrimSpace(s.fill(field, given))
	if keys == "" || s.Fill == nil && strings.Contains(keys, "{") {
		return "", nil
	}
	return number.Keys(field, keys)
}

func (t *transferCall) Describe() Info { return t.info }
func (t *transferCall) Tool() llm.Tool { return t.tool }

func (t *transferCall) Run(_ context.Context, in Input) (Result, error) {
	if len(t.to) == 0 {
		return Result{}, errors.New("nobody is configured to transfer to")
	}
	to, err := chosen(t.to, in)
	if err != nil {
		return Result{}, err
	}
	return transferred(t.transfer(to)), nil
}

func (t *transferCall) transfer(to target) parley.Transfer {
	return parley.Transfer{To: to.to, Extension: to.extension, ActionID: t.info.ID}
}

func (t *transferCall) first() *parley.Transfer {
	if len(t.to) == 0 {
		return nil
	}
	to := t.transfer(t.to[0])
	return &to
}

// transferred is the result of an action that gives the caller away.
func transferred(t parley.Transfer) Result {
	return Result{Data: "The caller is being transferred to " + t.To + ".", End: &parley.Outcome{Cause: parley.Transferred, Transfer: &t}}
}
