package gladia

import (
	"context"

	"github.com/parley-voice/parley/provider"
)

// check asks for one job of the list of recordings (https://docs.gladia.io/api-reference/v2/pre-recorded/list): a session would count
// against those that may run at once.
func check(ctx context.Context, a provider.Access) error {
	t, err := NewTranscriber(a, nil)
	if err != nil {
		return err
	}
	return t.net.Get(ctx, vendor, t.base+"/v2/pre-recorded?limit=1", t.header, nil)
}
