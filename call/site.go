package call

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
)

// site is the call as its agent's actions reach it.
func (s *Switchboard) site(line *line) *action.Site {
	return &action.Site{Fetch: s.Fetch, Line: company{line}, Steer: func(ctx context.Context, t parley.Transfer) error {
		_, err := s.steered(ctx, line, t)
		return err
	}}
}
