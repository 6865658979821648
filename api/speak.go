package api

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/store"
)

const (
	speakWithin = 20 * time.Second // that a vendor may take for a sample
	longestTalk = 60 * time.Second // of sound; what is longer is cut
	speaksFirst = 10               // samples at once by one key
	speaksEvery = 2                // seconds; then one
)

// newSpeakLimits holds keys to so many samples of voices: each costs something.
func newSpeakLimits() *limits {
	return limited(1.0/speaksEvery, speaksFirst, "this key has voices speak too often")
}

// speakVoice answers with a text, spoken by a voice: a WAV.
func (a *API) speakVoice(w http.ResponseWriter, r *request) error {
	text, _ := r.body["text"].(string)
	if strings.TrimSpace(text) == "" {
		return parley.Invalid("text", "text has no words to be spoken")
	}
	agent, err := a.voiceOf(r)
	if err != nil {
		return err
	}
	if a.Vendors == nil {
		return refused(http.StatusBadRequest, "not_supported", "this server lets no voice speak but on calls")
	}
	if err := a.speaks.take(r.key.ID); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), speakWithin)
	defer cancel()
	sound := audio.WAVHeader(audio.Rate, 1)
	head, most := len(sound), int(longestTalk/(20*time.Millisecond))
	for f, err := range a.Vendors.Say(ctx, r.env, agent, text) {
		if err != nil {
			if r.Context().Err() == nil && ctx.Err() != nil {
				return refused(http.StatusBadGateway, "vendor_failed", "the vendor did not speak it within 20 s")
			}
			var own *parley.Error
			if errors.As(err, &own) {
				return optionAt("voice", "voice", err)
			}
			return vendorRefusal(err)
		}
		for _, s := range f {
			sound = binary.LittleEndian.AppendUint16(sound, uint16(s))
		}
		if most--; most == 0 {
			break
		}
	}
	if len(sound) == head {
		return refused(http.StatusBadGateway, "vendor_failed", "the vendor spoke nothing")
	}
	binary.LittleEndian.PutUint32(sound[4:], uint32(len(sound)-8))
	binary.LittleEndian.PutUint32(sound[head-4:], uint32(len(sound)-head))
	h := w.Header()
	h.Set("Content-Type", "audio/wav")
	h.Set("Content-Length", strconv.Itoa(len(sound)))
	h.Set("Cache-Control", "private, no-store")
	_, err = w.Write(sound)
	return err
}

// voiceOf is an agent with the voice of a request and nothing else.
func (a *API) voiceOf(r *request) (parley.Agent, error) {
	given := store.Doc{"prompt": map[string]any{}, "actions": []any{}, "voice": map[string]any{}, "language": "en"}
	for _, field := range []string{"voice", "language"} {
		if v, ok := r.body[field]; ok && v != nil {
			given[field] = v
		}
	}
	if err := a.checkRef(r.Context(), r.env, store.Voices, given, "voice", nil, "voice"); err != nil {
		return parley.Agent{}, err
	}
	agent, err := a.Store.AssembleAgent(r.Context(), r.env, map[string]any(given))
	if parley.IsNotFound(err) {
		return agent, notFoundAt("voice", "voice")
	}
	return agent, err
}
