package rime

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/parley-voice/parley/provider"
)

// check has one letter said: Rime shows its voices to everybody.
func check(ctx context.Context, a provider.Access) error {
	v, err := NewVoice(a, nil)
	if err != nil {
		return err
	}
	body, err := json.Marshal(v.request("a", "en"))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+"/v1/rime-tts", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = v.header.Clone()
	return v.net.Ask(vendor, req, nil)
}

// voices are those of GET /data/voices/voice_details.json (https://docs.rime.ai/api-reference/data/voice-details).
func voices(ctx context.Context, a provider.Access) (out []provider.Voice, err error) {
	base := strings.TrimRight(a.BaseURL, "/")
	if base == "" {
		base = defaultBase
	}
	var all []struct{ Speaker, Gender, ModelID, Lang string }
	if err := a.Net.Get(ctx, vendor, base+"/data/voices/voice_details.json", http.Header{}, &all); err != nil {
		return nil, err
	}
	for _, x := range all[:min(len(all), provider.MaxVoices)] {
		out = append(out, provider.Voice{Options: map[string]any{"speaker": x.Speaker, "model_id": x.ModelID}, Name: x.Speaker + " (" + x.ModelID + ")", Language: x.Lang, Gender: strings.ToLower(x.Gender)})
	}
	return out, nil
}
