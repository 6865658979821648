package turns

import (
	"fmt"

	"github.com/parley-voice/parley/turn"
)

// dialled sets the agent's dials by the names of the contract.
func dialled(set []string) (o turn.Options, err error) {
	if err = o.Set(set...); err != nil {
		err = fmt.Errorf("--set %w", err)
	}
	return o, err
}
