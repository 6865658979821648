package anthropic

import (
	"context"

	"github.com/parley-voice/parley/provider"
)

// check asks for one model of the list (https://platform.claude.com/docs/en/api/models-list).
func check(ctx context.Context, a provider.Access) error {
	m, err := NewModel(a, "")
	if err != nil {
		return err
	}
	return m.net.Get(ctx, vendor, m.base+"/v1/models?limit=1", m.header(), nil)
}
