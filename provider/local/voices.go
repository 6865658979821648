package local

import (
	"context"
	"maps"
	"slices"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local/flite"
)

// voices are flite's, of English, and espeak-ng's, one of each other language, which the agent's language chooses.
func voices(context.Context, provider.Access) (out []provider.Voice, err error) {
	for _, name := range flite.Voices() {
		gender := "male"
		if name == "slt" {
			gender = "female"
		}
		out = append(out, provider.Voice{Options: map[string]any{"voice": name}, Name: name, Language: "en", Gender: gender})
	}
	for _, code := range slices.Sorted(maps.Keys(espeakVoices)) {
		out = append(out, provider.Voice{Options: map[string]any{}, Name: "espeak-ng " + code, Language: code})
	}
	return out, nil
}
