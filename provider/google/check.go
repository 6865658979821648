package google

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// checks are of each API by itself: a key may be allowed to use one and not another. Speech-to-Text has nothing over HTTP that an API
// key may ask for cheaply.
var checks = []provider.Check{
	{Skills: []provider.Skill{provider.Thinks}, Ask: func(ctx context.Context, a provider.Access) error {
		return get(ctx, a, thinkingBase, "/v1beta/models?pageSize=1", nil) // https://ai.google.dev/api/models
	}},
	{Skills: []provider.Skill{provider.Speaks}, Ask: func(ctx context.Context, a provider.Access) error {
		return get(ctx, a, speakingBase, "/v1/voices?languageCode=ko-KR", nil) // https://cloud.google.com/text-to-speech/docs/reference/rest/v1/voices/list
	}},
}

// voices are all of Cloud Text-to-Speech.
func voices(ctx context.Context, a provider.Access) (out []provider.Voice, err error) {
	var list struct {
		Voices []struct {
			Name   string
			Codes  []string `json:"languageCodes"`
			Gender string   `json:"ssmlGender"`
		}
	}
	if err := get(ctx, a, speakingBase, "/v1/voices", &list); err != nil {
		return nil, err
	}
	for _, x := range list.Voices[:min(len(list.Voices), provider.MaxVoices)] {
		if !localeOf.MatchString(x.Name) { // a style without a language, which has a name in each as well
			continue
		}
		v := provider.Voice{Options: map[string]any{"voice_name": x.Name}, Name: x.Name, Language: strings.Join(x.Codes, ",")}
		if g := strings.ToLower(x.Gender); g == "male" || g == "female" || g == "neutral" {
			v.Gender = g
		}
		out = append(out, v)
	}
	return out, nil
}

// get asks one of the APIs. Google answers a wrong key with a 400.
func get(ctx context.Context, a provider.Access, own, path string, into any) error {
	e, err := newEndpoint(a, own)
	if err != nil {
		return err
	}
	err = e.net.Get(ctx, vendor, e.base+path, e.header, into)
	var v *parley.VendorError
	if errors.As(err, &v) && v.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(v.Message), "api key") {
		return provider.StatusError(vendor, http.StatusUnauthorized, nil)
	}
	return err
}
