package deepgram

import (
	"context"
	"strings"

	"github.com/parley-voice/parley/provider"
)

// check asks what the key is (GET /v1/auth/token, https://developers.deepgram.com/guides/fundamentals/authenticating).
func check(ctx context.Context, a provider.Access) error {
	base, header, err := open(a, "voice", nil, nil)
	if err != nil {
		return err
	}
	return a.Net.Get(ctx, vendor, base+"/v1/auth/token", header, nil)
}

// voices are the models that speak (https://developers.deepgram.com/reference/manage/models/list).
func voices(ctx context.Context, a provider.Access) (out []provider.Voice, err error) {
	base, header, err := open(a, "voice", nil, nil)
	if err != nil {
		return nil, err
	}
	var list struct {
		TTS []struct {
			Name      string
			Canonical string `json:"canonical_name"`
			Languages []string
			Metadata  struct {
				Sample string
				Tags   []string
			}
		}
	}
	if err := a.Net.Get(ctx, vendor, base+"/v1/models", header, &list); err != nil {
		return nil, err
	}
	for _, m := range list.TTS {
		v := provider.Voice{Options: map[string]any{"model": m.Canonical}, Name: m.Name, Language: strings.Join(m.Languages, ","), PreviewURL: m.Metadata.Sample}
		for _, tag := range m.Metadata.Tags {
			switch tag {
			case "feminine":
				v.Gender = "female"
			case "masculine":
				v.Gender = "male"
			}
		}
		out = append(out, v)
	}
	return out, nil
}
