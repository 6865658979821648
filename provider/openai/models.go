package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// maxModelList bounds a list of models, in bytes.
const maxModelList = 1 << 20

// otherUse are models that do not talk, as far as their names tell.
var otherUse = regexp.MustCompile(`(?i)whisper|embed|rerank|guard|moderation|\btts\b|-tts|image|flux|diffusion|dall-e`)

// served is which model was taken at an address for agents that name none.
var served sync.Map // base → string

// named is the model to ask for. One's own server has other models than OpenAI: when none is named there, its list is asked once
// and the default taken if it is in it, else the first. A server that shows no list is asked for the default.
func (m *Model) named(ctx context.Context) (string, error) {
	if m.name != "" {
		return m.name, nil
	}
	if name, ok := served.Load(m.base); ok {
		return name.(string), nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.models(), nil)
	if err != nil {
		return "", err
	}
	req.Header = m.header()
	resp, err := m.net.Do(m.vendor, req)
	var v *parley.VendorError
	if errors.As(err, &v) && absent(v.Status) {
		served.Store(m.base, defaultModel)
		return defaultModel, nil
	}
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxModelList)).Decode(&list); err != nil {
		return "", provider.BadOutput(m.vendor, "its list of models cannot be read: "+err.Error(), err)
	}
	var ids []string
	for _, d := range list.Data {
		if d.ID != "" && !otherUse.MatchString(d.ID) {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) == 0 {
		return "", &parley.VendorError{Vendor: m.vendor, Code: parley.VendorRefused, Message: m.base + " has no models: load one, or name it in the agent's model"}
	}
	name := ids[0]
	if slices.Contains(ids, defaultModel) {
		name = defaultModel
	}
	served.Store(m.base, name)
	return name, nil
}
