package action

import (
	"context"
	"encoding/json"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// endConversation hangs up once the agent's last words have been heard.
type endConversation struct {
	info Info
	tool llm.Tool
}

// goodbyes are how callers end a call, in the contract's languages.
var goodbyes = []string{
	"goodbye", "good bye", "bye", "bye bye", "that's all", "that is all", "nothing else", "hang up", "end the call",
	"adiós", "hasta luego", "eso es todo", "auf wiederhören", "tschüss", "das war alles", "au revoir", "c'est tout",
	"arrivederci", "è tutto", "tchau", "adeus", "só isso", "tot ziens", "doei", "dat was alles", "sampai jumpa", "itu saja",
	"अलविदा", "बस इतना ही", "さようなら", "以上です", "안녕히 계세요", "이상입니다",
}

func newEndConversation(a parley.Action) (Action, error) {
	if err := config(a, &struct{}{}); err != nil {
		return nil, err
	}
	return &endConversation{info: info(a), tool: llm.Tool{
		Name: name(a),
		Description: describe("Ends the call: say goodbye in the same answer, then use this. For when the caller says goodbye, "+
			"or when nothing is left to do.", a),
		Schema:  json.RawMessage(`{"type":"object","properties":{}}`),
		Phrases: phrases(goodbyes, a),
	}}, nil
}

func (e *endConversation) Describe() Info { return e.info }
func (e *endConversation) Tool() llm.Tool { return e.tool }

func (e *endConversation) Run(context.Context, Input) (Result, error) {
	return Result{Data: "The call ends now.", End: &parley.Outcome{Cause: parley.AgentEnded}}, nil
}
