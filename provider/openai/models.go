package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// maxModelList bounds a list of models, in bytes.
const maxModelList = 1 << 20

// otherUse are models that do not talk, as far as their names tell.
var otherUse = regexp.MustCompile(`(?i)whisper|embed|rerank|guard|moderation|\btts\b|-tts|image|flux|diffusion|dall-e`)

// served is which model was taken at an address for agents that name none.
var served provider.Learnt[string]

// named is the model to ask for. One's own server has other models than OpenAI: when none is named there, its list is asked once
// and the default taken if it is in it, else the first. A server that shows no list is asked for the default.
func (m *Model) named(ctx context.Context) (string, error) {
	if m.name != "" {
		return m.name, nil
	}
	if name, ok := served.Load(m.base); ok {
		return name, nil
	}
	all, ok, err := m.list(ctx, m.models(), m.header())
	if err != nil {
		return "", err
	}
	if !ok {
		served.Store(m.base, defaultModel)
		return defaultModel, nil
	}
	var ids []string
	for _, id := range all {
		if !otherUse.MatchString(id) {
			ids = append(ids, id)
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

// list is the models that a server has; ok is false when it shows none.
func (e endpoint) list(ctx context.Context, address string, header http.Header) (ids []string, ok bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, false, err
	}
	req.Header = header
	resp, err := e.net.Do(e.vendor, req)
	var v *parley.VendorError
	if errors.As(err, &v) && absent(v.Status) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer resp.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxModelList)).Decode(&list); err != nil {
		return nil, false, provider.BadOutput(e.vendor, "its list of models cannot be read: "+err.Error(), err)
	}
	for _, d := range list.Data {
		if d.ID != "" {
			ids = append(ids, d.ID)
		}
	}
	return ids, true, nil
}

// anyEar is asked for where no list is shown: many servers have one model and take any name for it.
const anyEar = "whisper-1"

// ears are models that transcribe, as far as their names tell.
var ears = regexp.MustCompile(`(?i)whisper|transcri|\basr\b|-asr|parakeet|canary|voxtral|moonshine`)

// hears is which model was taken at an address for agents that name none to hear.
var hears provider.Learnt[string]

// named is the model to ask for: of the server's list the first that seems to transcribe, a quick one before others.
func (u *Utterances) named(ctx context.Context) (string, error) {
	if u.options.Model != "" {
		return u.options.Model, nil
	}
	if name, ok := hears.Load(u.base); ok {
		return name, nil
	}
	ids, _, err := u.list(ctx, u.base+"/models", u.header())
	if err != nil {
		return "", err
	}
	name := anyEar
	if len(ids) == 1 {
		name = ids[0]
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !ears.MatchString(id) })
	for i, id := range ids {
		if i == 0 || strings.Contains(id, "turbo") && !strings.Contains(name, "turbo") {
			name = id
		}
	}
	hears.Store(u.base, name)
	return name, nil
}
