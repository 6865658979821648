package action

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// dtmf presses keys, for the machine at the other end.
type dtmf struct {
	info Info
	tool llm.Tool
}

// keys are what can be pressed at once, w and W being pauses.
var keys = regexp.MustCompile(`^[0-9*#A-DwW]{1,32}$`)

func newDTMF(a parley.Action, _ Site) (Action, error) {
	if err := config(a, &struct{}{}); err != nil {
		return nil, err
	}
	return &dtmf{info: info(a), tool: llm.Tool{
		Name: name(a),
		Description: describe("Presses keys of the telephone, such as a choice of a menu or an extension: 0-9 * # A-D, w is a pause of half a second, "+
			"W one of a second.", a),
		Schema:  json.RawMessage(`{"type":"object","properties":{"digits":{"type":"string","pattern":"` + keys.String() + `"}},"required":["digits"]}`),
		Phrases: phrases([]string{"press", "dial", "enter", "drücken", "wählen", "pulse", "marque", "appuyez", "tapez", "prema", "digiti", "aperte", "digite", "toets", "tekan", "दबाएं", "押して", "누르세요"}, a),
	}}, nil
}

func (d *dtmf) Describe() Info { return d.info }
func (d *dtmf) Tool() llm.Tool { return d.tool }

func (d *dtmf) Run(_ context.Context, in Input) (Result, error) {
	var args struct {
		Digits string `json:"digits"`
	}
	if err := json.Unmarshal(in.Args, &args); err != nil || !keys.MatchString(args.Digits) {
		return Result{}, errors.New("digits must be 1 to 32 of 0-9 * # A-D, with w and W as pauses")
	}
	return Result{Data: "The keys have been pressed.", DTMF: args.Digits}, nil
}
