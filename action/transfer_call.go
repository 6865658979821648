package action

import (
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
	to   []string
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
	t := &transferCall{info: info(a), to: to, tool: llm.Tool{
		Name:    name(a),
		Schema:  json.RawMessage(`{"type":"object","properties":{}}`),
		Phrases: phrases(colleagues, a),
	}}
	whom := strings.Join(to, "")
	if len(to) > 1 {
		whom = "one of several numbers"
		one, err := json.Marshal(to)
		if err != nil {
			return nil, err
		}
		t.tool.Schema = json.RawMessage(`{"type":"object","properties":{"phone_number":{"type":"string","enum":` + string(one) + `}},"required":["phone_number"]}`)
	}
	t.tool.Description = describe("Transfers the caller to "+whom+" and leaves the call: tell the caller in the same answer, then use this.", a)
	return t, nil
}

// targets are whom an action may call, as they are dialled: its phone_number, or without one its allowed_numbers. The contract lets an
// action be saved without either; on a call that is an error.
func targets(a parley.Action, s Site) ([]string, error) {
	var c struct {
		PhoneNumber    *string  `json:"phone_number"`
		AllowedNumbers []string `json:"allowed_numbers"`
	}
	if err := config(a, &c); err != nil {
		return nil, err
	}
	given, field := c.AllowedNumbers, "config.allowed_numbers"
	if p := strings.TrimSpace(text(c.PhoneNumber)); p != "" {
		given, field = []string{p}, "config.phone_number"
	}
	var to []string
	for _, n := range given {
		n = strings.TrimSpace(s.fill(field, n))
		if s.Fill == nil && strings.Contains(n, "{") {
			to = append(to, n) // known at the call only
			continue
		}
		at, err := number.Target(field, n)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(to, at.Text) {
			to = append(to, at.Text)
		}
	}
	if len(to) == 0 && s.Fill != nil {
		return nil, parley.Invalid("config.phone_number", "config.phone_number: whom the caller is to be transferred to is missing; allowed_numbers would do, too")
	}
	return to, nil
}

func (t *transferCall) Describe() Info { return t.info }
func (t *transferCall) Tool() llm.Tool { return t.tool }

func (t *transferCall) Run(_ context.Context, in Input) (Result, error) {
	var to string
	switch len(t.to) {
	case 0:
		return Result{}, errors.New("nobody is configured to transfer to")
	case 1:
		to = t.to[0]
	default:
		var args struct {
			PhoneNumber string `json:"phone_number"`
		}
		if err := json.Unmarshal(in.Args, &args); err != nil || !slices.Contains(t.to, args.PhoneNumber) {
			return Result{}, fmt.Errorf("phone_number must be one of %s", strings.Join(t.to, ", "))
		}
		to = args.PhoneNumber
	}
	return transferred(t.transfer(to)), nil
}

func (t *transferCall) transfer(to string) parley.Transfer {
	return parley.Transfer{To: to, ActionID: t.info.ID}
}

// transferred is the result of an action that gives the caller away.
func transferred(t parley.Transfer) Result {
	return Result{Data: "The caller is being transferred to " + t.To + ".", End: &parley.Outcome{Cause: parley.Transferred, Transfer: &t}}
}
