package elevenlabs

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// check asks whose key it is (https://elevenlabs.io/docs/api-reference/user/get). A key that may speak and not read that is right, too.
func check(ctx context.Context, a provider.Access) error {
	v, err := NewVoice(a, nil)
	if err != nil {
		return err
	}
	err = v.net.Get(ctx, vendor, v.base+"/v1/user", v.header, nil)
	var e *parley.VendorError
	if errors.As(err, &e) && e.Status == 401 && strings.Contains(e.Message, "missing the permission") {
		return nil
	}
	return err
}

const (
	listPages = 10 // of 100 voices, the most there are on one
)

// voices are those of the account, all pages of GET /v2/voices (https://elevenlabs.io/docs/api-reference/voices/search).
func voices(ctx context.Context, a provider.Access) (out []provider.Voice, err error) {
	v, err := NewVoice(a, nil)
	if err != nil {
		return nil, err
	}
	q := url.Values{"page_size": {"100"}}
	for range listPages {
		var list struct {
			Voices []struct {
				ID       string `json:"voice_id"`
				Name     string
				Labels   map[string]string
				Preview  string                      `json:"preview_url"`
				Verified []struct{ Language string } `json:"verified_languages"`
			}
			More bool   `json:"has_more"`
			Next string `json:"next_page_token"`
		}
		if err := v.net.Get(ctx, vendor, v.base+"/v2/voices?"+q.Encode(), v.header, &list); err != nil {
			return nil, err
		}
		for _, x := range list.Voices {
			languages := x.Labels["language"]
			for _, l := range x.Verified {
				if l.Language != "" && !strings.Contains(languages, l.Language) {
					languages = strings.TrimPrefix(languages+","+l.Language, ",")
				}
			}
			out = append(out, provider.Voice{Options: map[string]any{"voice_id": x.ID}, Name: x.Name, Language: languages, Gender: x.Labels["gender"], PreviewURL: x.Preview})
		}
		if !list.More || list.Next == "" || len(list.Voices) == 0 {
			break
		}
		q.Set("next_page_token", list.Next)
	}
	return out, nil
}
