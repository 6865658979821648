// Package responder x.
package responder

import (
	"context"
	"iter"

	"github.com/parley-voice/parley/llm"
)

// Name is what it is called wherever a person may read it.
const Name = "built-in responder (no language model)"

type M struct{}

func New() M { return M{} }

func (M) Chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] { return nil }
