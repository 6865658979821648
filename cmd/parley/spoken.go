package main

import (
	"context"
	"encoding/json"

	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/tts"
	"github.com/parley-voice/parley/tts/kept"
	"github.com/parley-voice/parley/tts/spoken"
)

// wordy has each of vs say words for figures, and an environment's words as its dictionary has them. A dictionary that cannot be
// read costs a warning: a call is worth more than a name.
func (v *vendors) wordy(ctx context.Context, env string, r *call.Ready, vs []tts.Vendor) []tts.Vendor {
	d, err := v.dictionary(ctx, env)
	if err != nil {
		r.Warnings = append(r.Warnings, "voice: the pronunciations could not be read: "+err.Error())
	}
	for i := range vs {
		vs[i].Synthesizer = spoken.Voice(vs[i].Synthesizer, d)
	}
	return vs
}

// keeping is s, with fixed words out of what the process has kept of the same voice of the same environment.
func (v *vendors) keeping(env string, p picked, options json.RawMessage, s tts.Synthesizer) tts.Synthesizer {
	return kept.Voice(v.said, s, env, p.breaker(), p.access.Language, string(options))
}

func (v *vendors) dictionary(ctx context.Context, env string) (*spoken.Dictionary, error) {
	if v.db == nil {
		return nil, nil
	}
	docs, err := v.db.Dictionary(ctx, env)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	words := make([]spoken.Word, len(docs))
	for i, doc := range docs {
		words[i] = word(doc)
	}
	return spoken.NewDictionary(words), nil
}

func word(doc store.Doc) spoken.Word {
	text := func(field string) string {
		s, _ := doc[field].(string)
		return s
	}
	exact, _ := doc["case_sensitive"].(bool)
	return spoken.Word{Word: text("word"), Respelling: text("respelling"), IPA: text("ipa"), Language: text("language"), CaseSensitive: exact}
}
