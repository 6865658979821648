package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/store"
)

// CheckVoice tries a voice. Of vendors that need a key it is opened with one that is none, so that they read the options; nothing
// is asked of them.
func (v *vendors) CheckVoice(doc store.Doc) error {
	kind, _ := doc["type"].(string)
	s := named(v.specs, v.speaker(kind))
	if s == nil || s.Speaking == nil || s.Speaking.Open == nil {
		return nil
	}
	return try(s, "voice", doc, func(a provider.Access, options json.RawMessage) (any, error) { return s.Speaking.Open(a, options) })
}

// CheckTranscriber tries a transcriber as CheckVoice does a voice.
func (v *vendors) CheckTranscriber(doc store.Doc) error {
	kind, _ := doc["type"].(string)
	s := named(v.specs, strings.TrimPrefix(kind, "transcriber_"))
	if s == nil || s.Hearing == nil || s.Hearing.Open == nil {
		return nil
	}
	return try(s, "transcriber", doc, func(a provider.Access, options json.RawMessage) (any, error) { return s.Hearing.Open(a, options) })
}

// try opens what an agent names. The error of a vendor that needs a key counts when it is about the options alone: whether
// the key and the address are right is another matter.
func try(s *provider.Spec, field string, doc store.Doc, open func(provider.Access, json.RawMessage) (any, error)) error {
	options, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	a := provider.Access{}
	if s.Env != "" {
		a = provider.Access{Key: "stand-in", BaseURL: cmp.Or(s.BaseURL, "https://stand-in.invalid"), Extra: map[string]string{"user_id": "stand-in"}}
	}
	x, err := open(a, options)
	if c, ok := x.(io.Closer); ok && err == nil {
		_ = c.Close()
	}
	var wrong *parley.Error
	if s.Env == "" || errors.As(err, &wrong) && (wrong.Field == field || strings.HasPrefix(wrong.Field, field+".")) {
		return err
	}
	return nil
}
