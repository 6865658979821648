package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/provider"
)

// want is what is looked for: a vendor by name, or any that can.
type want struct {
	skill   string          // the agent's field, for messages
	name    string          // "": the server's default
	account string          // id of an account connection, "" for the environment's only one
	key     string          // its own, with which it needs no other
	able    []provider.Spec // who has the skill, the one to take by default first
}

type picked struct {
	spec    *provider.Spec
	access  provider.Access
	instead bool            // another than the agent asked for, because that has no key
	lacks   error           // the one asked for, and what it has not; nil: nobody is missing
	model   string          // of a standby
	options json.RawMessage // of a standby
}

// breaker is what the vendor's breaker goes by: a key that is refused is no reason to shun the vendor for others.
func (p picked) breaker() string {
	sum := sha256.Sum256([]byte(p.access.BaseURL + "\n" + p.access.Key))
	return p.spec.Name + " " + hex.EncodeToString(sum[:8])
}

// missing is the vendor that was asked for and has no key.
func missing(s *provider.Spec, w want) error {
	return &parley.VendorError{Vendor: s.Name, Code: parley.VendorUnauthorized,
		Message: fmt.Sprintf("%s: there is no key: add an %s, or set %s_API_KEY", w.skill, s.ConnectionType, s.Env)}
}

func (v *vendors) pick(ctx context.Context, env string, w want, r *call.Ready) (picked, error) {
	if w.name == "" {
		for i := range w.able {
			s := &w.able[i]
			a, ok, err := v.access(ctx, env, s, "")
			if err == nil && (!ok || w.skill != "provider" && thinksOnly(s, a)) {
				continue
			}
			return picked{spec: s, access: a}, err
		}
		return picked{}, fmt.Errorf("%s: no vendor is set up", w.skill)
	}
	s := named(w.able, w.name)
	if s == nil {
		return v.instead(w, r)
	}
	a, ok, err := v.access(ctx, env, s, w.account)
	if err != nil {
		return picked{}, fmt.Errorf("%s: %w", w.skill, err)
	}
	if ok || w.key != "" {
		return picked{spec: s, access: a}, nil
	}
	lacks := missing(s, w)
	if b := v.ready(ctx, env, w.skill, w.able, s.Name); len(b) > 0 {
		b[0].lacks = lacks
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %s has no key (add an %s, or set %s_API_KEY); %s stood in",
			w.skill, s.Title, s.ConnectionType, s.Env, b[0].spec.Title))
		return b[0], nil
	}
	here := named(w.able, "local")
	if here == nil {
		return picked{}, fmt.Errorf("%s: %s has no key: add an %s, or set %s_API_KEY", w.skill, s.Title, s.ConnectionType, s.Env)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %s has no key (add an %s, or set %s_API_KEY); local speech and thinking stood in",
		w.skill, s.Title, s.ConnectionType, s.Env))
	return picked{spec: here, instead: true, lacks: lacks}, nil
}

// instead has this machine stand in for a vendor that the contract names and this version does not reach.
func (v *vendors) instead(w want, r *call.Ready) (picked, error) {
	s, here := named(v.specs, w.name), named(w.able, "local")
	if s == nil || here == nil || !skilled(s, w.skill) {
		return picked{}, fmt.Errorf("%s: %q is not among the vendors of this version", w.skill, w.name)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s: this version does not reach %s; local speech and thinking stood in", w.skill, s.Title))
	return picked{spec: here, instead: true}, nil
}

// skilled reports whether a vendor has what an agent's field wants, in this version or not.
func skilled(s *provider.Spec, field string) bool {
	switch field {
	case "transcriber":
		return s.Hearing != nil
	case "provider":
		return s.Thinking != nil
	}
	return s.Speaking != nil
}

// speaker is the vendor of a type of voice.
func (v *vendors) speaker(voiceType string) string {
	for _, s := range v.specs {
		if s.Speaking != nil && s.VoiceType() == voiceType {
			return s.Name
		}
	}
	return strings.TrimPrefix(voiceType, "voice_")
}

// thinksOnly reports whether a vendor is a server of one's own that stands in for OpenAI's models: it is not taken to hear and
// speak, too, unless an agent says so, because Ollama and llama.cpp do not.
func thinksOnly(s *provider.Spec, a provider.Access) bool {
	return s.Name == "openai_compatible" || s.Name == "openai" && a.BaseURL != s.BaseURL
}

func named(specs []provider.Spec, name string) *provider.Spec {
	for i := range specs {
		if specs[i].Name == name {
			return &specs[i]
		}
	}
	return nil
}
