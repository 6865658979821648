package assemblyai

import (
	"context"

	"github.com/parley-voice/parley/provider"
)

// check asks for a token of a minute (https://www.assemblyai.com/docs/streaming/api-spec/generate-streaming-token), which nobody uses.
func check(ctx context.Context, a provider.Access) error {
	t, err := NewTranscriber(a, nil)
	if err != nil {
		return err
	}
	return t.net.Get(ctx, vendor, t.base+"/v3/token?expires_in_seconds=60", t.header, nil)
}
