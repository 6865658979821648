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
	Data   string          // what the model reads
	End    *parley.Outcome // set: the conversation ends once what was said has been heard
	DTMF   string          // digits the conversation is to send
	Say    string          // what the agent says of it; "" what the model makes of Data
	Status int             // HTTP status of whoever was asked; 0: nobody was
}

// A Manner is how the conversation goes on around an action that takes its time.
type Manner struct {
	Lasts        bool   // it goes on when the caller interrupts, and its result is read with the next request
	Deaf         bool   // the caller interrupts nothing while it runs
	Waits        bool   // it begins once what was said before it has been heard, or was cut off
	SilentBefore bool   // nothing is said while it runs
	Before       string // said while it begins; "" nothing
	After        string // said when it has succeeded, in place of what the model would say; "" nothing
	SilentAfter  bool   // nothing is said when it is done
}

// Mannered is an Action that is not done in an instant.
type Mannered interface {
	Action
	Manner() Manner
}
