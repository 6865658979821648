package openai

import (
	"context"
	"errors"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// checks is the list of models, which every key may read. OpenRouter shows its list to everybody, and has an address for keys
// (https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key).
func checks(vendor string, skills ...provider.Skill) []provider.Check {
	return []provider.Check{{Skills: skills, Ask: func(ctx context.Context, a provider.Access) error {
		e, err := newEndpoint(vendor, a)
		if err != nil {
			return err
		}
		if e.base == presets["openrouter"] {
			return e.net.Get(ctx, vendor, e.base+"/key", e.header(), nil)
		}
		return reached(e.net.Get(ctx, vendor, e.base+"/models", e.header(), nil))
	}}}
}

// reached is no error where a server merely shows no list.
func reached(err error) error {
	var v *parley.VendorError
	if errors.As(err, &v) && absent(v.Status) {
		return nil
	}
	return err
}

// Check asks for the list of models.
func (m *Model) Check(ctx context.Context) error {
	return reached(m.net.Get(ctx, m.vendor, m.models(), m.header(), nil))
}

// Checks is the one of a vendor that thinks in a flavour.
func (f Flavour) Checks() []provider.Check {
	return []provider.Check{{Skills: []provider.Skill{provider.Thinks}, Ask: func(ctx context.Context, a provider.Access) error {
		m, err := f.Open(a, "")
		if err != nil {
			return err
		}
		return m.Check(ctx)
	}}}
}

// voices are those of OpenAI's guide (https://platform.openai.com/docs/guides/text-to-speech): no endpoint lists them. All speak
// every language, and have no gender.
func voices(context.Context, provider.Access) (out []provider.Voice, err error) {
	for _, name := range []string{"alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar"} {
		out = append(out, provider.Voice{Options: map[string]any{"voice": name}, Name: name})
	}
	return out, nil
}
