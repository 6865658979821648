package azure

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

var checks = []provider.Check{
	{Skills: []provider.Skill{provider.Thinks}, Ask: func(ctx context.Context, a provider.Access) error {
		m, err := NewModel(a, "")
		if err != nil {
			return err
		}
		return m.Check(ctx)
	}},
	{Skills: []provider.Skill{provider.Hears, provider.Speaks}, Ask: token},
}

// token asks for one of ten minutes, which nobody uses (https://learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech
// #authentication). A container has none to give.
func token(ctx context.Context, a provider.Access) error {
	v, err := NewVoice(a, nil)
	if err != nil {
		return err
	}
	u, err := url.Parse(strings.TrimSuffix(v.speech, "/cognitiveservices/v1"))
	if err != nil {
		return err
	}
	if r, ok := strings.CutSuffix(u.Host, ".tts.speech.microsoft.com"); ok {
		u.Host = r + ".api.cognitive.microsoft.com"
	}
	u.Path = strings.TrimSuffix(u.Path, "/tts") + "/sts/v1.0/issueToken"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header = v.credentials()
	err = v.net.Ask(vendor, req, nil)
	var e *parley.VendorError
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// credentials are the headers of a request for no sound.
func (v *Voice) credentials() http.Header {
	return http.Header{"Ocp-Apim-Subscription-Key": v.header["Ocp-Apim-Subscription-Key"], "User-Agent": v.header["User-Agent"]}
}

// voices are all of the region (https://learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech#get-a-list-of-voices).
func voices(ctx context.Context, a provider.Access) (out []provider.Voice, err error) {
	v, err := NewVoice(a, nil)
	if err != nil {
		return nil, err
	}
	var all []struct{ ShortName, DisplayName, Locale, Gender string }
	if err := v.net.Get(ctx, vendor, v.voices, v.credentials(), &all); err != nil {
		return nil, err
	}
	for _, x := range all[:min(len(all), provider.MaxVoices)] {
		out = append(out, provider.Voice{Options: map[string]any{"voice_name": x.ShortName}, Name: cmp.Or(x.DisplayName, x.ShortName), Language: x.Locale, Gender: strings.ToLower(x.Gender)})
	}
	return out, nil
}
