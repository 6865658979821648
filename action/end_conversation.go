package action

import (
	"context"
	"encoding/json"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// endConversation hangs up once the agent's last words have been heard.
type endConversation struct {
	info  Info
	tool  llm.Tool
	onEnd *parley.Transfer // who takes the caller then; nil: nobody
}

// goodbyes are how callers end a call, in the contract's languages.
var goodbyes = []string{
	"goodbye", "good bye", "bye", "bye bye", "that's all", "that is all", "nothing else", "hang up", "end the call",
	"adiós", "hasta luego", "eso es todo", "auf wiederhören", "tschüss", "das war alles", "au revoir", "c'est tout",
	"arrivederci", "è tutto", "tchau", "adeus", "só isso", "tot ziens", "doei", "dat was alles", "sampai jumpa", "itu saja",
	"अलविदा", "बस इतना ही", "さようなら", "以上です", "안녕히 계세요", "이상입니다",
}

func newEndConversation(a parley.Action, s Site) (Action, error) {
	if err := config(a, &struct{}{}); err != nil {
		return nil, err
	}
	what := "Ends the call: say goodbye in the same answer, then use this. For when the caller says goodbye, or when nothing is left to do."
	if s.OnEnd != nil {
		what = "Ends your part of the call: the caller is put through to a colleague. Tell them in the same answer, then use this when nothing is left for you to do."
	}
	return &endConversation{info: info(a), onEnd: s.OnEnd, tool: llm.Tool{
		Name:        name(a),
		Description: describe(what, a),
		Schema:      json.RawMessage(`{"type":"object","properties":{}}`),
		Phrases:     phrases(goodbyes, a),
	}}, nil
}

func (e *endConversation) Describe() Info { return e.info }
func (e *endConversation) Tool() llm.Tool { return e.tool }

func (e *endConversation) Run(context.Context, Input) (Result, error) {
	if e.onEnd != nil {
		return transferred(*e.onEnd), nil
	}
	return Result{Data: "The call ends now.", End: &parley.Outcome{Cause: parley.AgentEnded}}, nil
}
