package cartesia

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/parley-voice/parley/provider"
)

const listPages = 10 // of 100 voices, the most there are on one

// check asks for one voice.
func check(ctx context.Context, a provider.Access) error {
	return list(ctx, a, url.Values{"limit": {"1"}}, nil)
}

// voices are those that the key may use, all pages of GET /voices (https://docs.cartesia.ai/api-reference/voices/list).
func voices(ctx context.Context, a provider.Access) (out []provider.Voice, err error) {
	q := url.Values{"limit": {"100"}, "expand[]": {"preview_file_url"}}
	for range listPages {
		var page struct {
			Data []struct {
				ID, Name, Language, Gender string
				Preview                    string `json:"preview_file_url"`
			}
			More bool `json:"has_more"`
		}
		if err := list(ctx, a, q, &page); err != nil {
			return nil, err
		}
		for _, x := range page.Data {
			gender := map[string]string{"masculine": "male", "feminine": "female"}[x.Gender]
			out = append(out, provider.Voice{Options: map[string]any{"voice_id": x.ID}, Name: x.Name, Language: x.Language, Gender: cmp.Or(gender, x.Gender), PreviewURL: x.Preview})
		}
		if !page.More || len(page.Data) == 0 {
			break
		}
		q.Set("starting_after", page.Data[len(page.Data)-1].ID)
	}
	return out, nil
}

func list(ctx context.Context, a provider.Access, q url.Values, into any) error {
	if _, err := NewVoice(a, nil); err != nil { // says what is missing
		return err
	}
	base := strings.TrimRight(cmp.Or(a.BaseURL, defaultBase), "/")
	return a.Net.Get(ctx, vendor, base+"/voices?"+q.Encode(), http.Header{"Cartesia-Version": {version}, "Authorization": {"Bearer " + a.Key}}, into)
}
