package playht

import (
	"context"
	"net/http"

	"github.com/parley-voice/parley/provider"
)

// check asks for the voices of one's own, which are few.
func check(ctx context.Context, a provider.Access) error { return list(ctx, a, "cloned-voices", nil) }

// voices are PlayHT's, by GET /api/v2/voices, and those of one's own, by GET /api/v2/cloned-voices (https://docs.play.ht/reference).
func voices(ctx context.Context, a provider.Access) (out []provider.Voice, err error) {
	for _, which := range []string{"cloned-voices", "voices"} {
		var all []struct {
			ID, Name, Gender, Sample string
			Language                 string `json:"language_code"`
			Engine                   string `json:"voice_engine"`
		}
		if err := list(ctx, a, which, &all); err != nil {
			return nil, err
		}
		for _, x := range all {
			v := provider.Voice{Options: map[string]any{"voice_id": x.ID}, Name: x.Name, Language: x.Language, Gender: x.Gender, PreviewURL: x.Sample}
			if x.Engine != "" {
				v.Options["version"] = x.Engine
			}
			out = append(out, v)
		}
	}
	return out, nil
}

func list(ctx context.Context, a provider.Access, which string, into any) error {
	v, err := NewVoice(a, nil)
	if err != nil {
		return err
	}
	return v.net.Get(ctx, vendor, v.base+"/api/v2/"+which, http.Header{"Authorization": v.header["Authorization"], "X-User-Id": v.header["X-User-Id"], "Accept": {"application/json"}}, into)
}
