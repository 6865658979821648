package call

import (
	"context"
	"slices"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/knowledge"
)

// Documents are all that an environment's agents may look up. *knowledge.Library is one.
type Documents interface {
	Find(ctx context.Context, env string, q knowledge.Query) ([]parley.Passage, error)
	// Open reads what the first lookup needs.
	Open(ctx context.Context, env string) error
}

// attached is what one agent looks up.
type attached struct {
	documents Documents
	env       string
	which     parley.Knowledge
}

func (s attached) Find(ctx context.Context, said, asked string) ([]parley.Passage, error) {
	return s.documents.Find(ctx, s.env, knowledge.Query{Said: said, Asked: asked, Knowledge: s.which})
}

// knowledge is what a call's agent looks up; nil: nothing.
func (s *Switchboard) knowledge(line *line) conversation.Knowledge {
	if s.Documents == nil || line.script.papers.None() {
		return nil
	}
	return attached{s.Documents, line.call.UserID, line.script.papers}
}

// readAhead has the documents that an agent looks up read while the phone rings.
func (s *Switchboard) readAhead(line *line) {
	if s.knowledge(line) == nil {
		return
	}
	line.ready.Warm = append(slices.Clip(line.ready.Warm), Warming{Skill: "knowledge", Vendor: "parley", Do: func(ctx context.Context) (parley.Warmth, error) {
		began := time.Now()
		err := s.Documents.Open(ctx, line.call.UserID)
		took := float64(time.Since(began).Microseconds()/100) / 10
		return parley.Warmth{TookMS: took, SavedMS: took}, err
	}})
}
