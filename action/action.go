// Package action is what an agent can do besides talk: one file per action, one table (Table). It starts no goroutine.
package action

import (
	"context"
	"encoding/json"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// An Action is one thing the agent of a call can do.
type Action interface {
	Describe() Info
	Tool() llm.Tool
	Run(ctx context.Context, in Input) (Result, error)
}

// Info identifies an action in events and on the call.
type Info struct{ ID, Type, Label string }

// Input is what the model asked for.
type Input struct {
	Args json.RawMessage
}

// A Result is what came of it. An error from Run is told to the model and the conversation goes on.
type Result struct {
	Data string          // what the model reads
	End  *parley.Outcome // set: the conversation ends once what was said has been heard
	DTMF string          // digits the conversation is to send
}
