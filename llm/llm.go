// Package llm decides what to say: one interface, its request, and the wrapper that changes vendor when one fails.
// The wrapper's goroutines end with the loop over its stream.
package llm

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/parley-voice/parley"
)

// A Role is who a Message is from.
type Role string

const (
	System    Role = "system"
	User      Role = "user"
	Assistant Role = "assistant"
	ToolRole  Role = "tool"
)

// A Message of the conversation so far.
type Message struct {
	Role   Role
	Text   string
	Calls  []Call // Assistant: the tools it asked for
	CallID string // ToolRole: the call this answers
}

// A Tool is an action as the model sees it.
type Tool struct {
	Name, Description string
	Schema            json.RawMessage // JSON Schema of the arguments, an object
	Phrases           []string        // words of the caller's that ask for it; for models without judgement
	Questions         []Question      // what is to be asked so that it can be called; for models that cannot put it in words
}

// A Question is a value of a tool's field argument, and the sentence that asks for what belongs to it.
type Question struct{ Value, Text string }

// A Call is a tool the model asks for, whole: never half a JSON document.
type Call struct {
	ID, Name string
	Args     json.RawMessage
}

// Rules begins what a system message says that is for a model's judgement alone: what answers by the words of its prompt leaves off there.
const Rules = "\n\n# Rules of this call\n\n"

// A Request is one turn of thinking. What a model does not accept is left out.
type Request struct {
	Messages        []Message
	Tools           []Tool
	Temperature     *float64
	ReasoningEffort string // minimal, low, medium, high
	Verbosity       string // low, medium, high
	Seed            *int64 // the same one gives much the same answers; nil: by chance
}

// A Delta is the next piece of the answer: words, a tool to run, or the count of tokens.
type Delta struct {
	Text   string
	Call   *Call
	Usage  *Usage
	Vendor string          // who thought it, set on the first delta
	Busy   bool            // nothing yet, but a tool call is being written, or the model reasons: a sign of life
	Notice string          // the vendor changed: why, in one sentence
	Failed parley.Failures // and who was passed over
}

// Usage is what the answer cost. An answer may tell it in parts, which add up.
type Usage struct{ In, Out int } // tokens

// A Model thinks. The stream lasts as long as the loop over it; an error ends it.
type Model interface {
	Chat(ctx context.Context, r Request) iter.Seq2[Delta, error]
}

// Func is a Model made of a function.
type Func func(context.Context, Request) iter.Seq2[Delta, error]

func (f Func) Chat(ctx context.Context, r Request) iter.Seq2[Delta, error] { return f(ctx, r) }
