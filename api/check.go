package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// A part is a sub-resource as a body gives it: new (stored is nil), or changes to one that is stored.
type part struct {
	kind   store.Kind
	given  store.Doc // filled up in place, where the contract leaves something out
	stored store.Doc // masked
	path   string    // of the object in the body
	inline bool      // within another object
}

// checkPart says whether a part can be what it would become: the rules that a schema does not hold.
func (a *API) checkPart(ctx context.Context, env string, p part) error {
	if p.stored == nil && !(p.inline && p.kind == store.Voices) {
		if bad := explain(a.contract.schema("Create"+partSchema[p.kind]+"Dto"), p.given, p.path); len(bad) > 0 {
			return bad
		}
	}
	switch p.kind {
	case store.Actions:
		return a.checkAction(p)
	case store.Voices:
		return a.checkVoice(ctx, env, p)
	case store.Webhooks:
		if err := a.mayFetch(join(p.path, "url"), p.given["url"]); err != nil {
			return err
		}
		return a.checkConnection(ctx, env, join(p.path, "account_connection_id"), p.given["account_connection_id"])
	case store.Prompts:
		return a.mayFetch(join(p.path, "context_endpoint"), p.given["context_endpoint"])
	case store.AccountConnections:
		return a.checkCredentials(p)
	case store.Pronunciations:
		return checkPronunciation(p)
	}
	return nil
}

// notPhonemes are characters that the International Phonetic Alphabet has not, beside those that the contract's pattern refuses.
const notPhonemes = "?!@#$%*=~`\\_,;"

// phoneme says whether a character is one, and not a mark of how others are spoken (ˈ ː ʰ).
func phoneme(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Lm, r) }

// spoken says whether a character has a sound of its own; symbols such as € and & have.
func spoken(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) || strings.ContainsRune("&%@#§‰†*/", r)
}

// checkPronunciation wants a word that voices are told anything of.
func checkPronunciation(p part) error {
	doc := p.merged()
	if word, _ := doc["word"].(string); strings.TrimSpace(word) == "" || p.given["word"] != nil && !strings.ContainsFunc(word, spoken) {
		return parley.Invalid(join(p.path, "word"), "word must be the word as it is written, such as Siobhan")
	}
	if ipa, _ := p.given["ipa"].(string); strings.TrimSpace(ipa) != "" && (!strings.ContainsFunc(ipa, phoneme) || strings.ContainsAny(ipa, notPhonemes)) {
		return parley.Invalid(join(p.path, "ipa"), "ipa must be phonemes of the International Phonetic Alphabet such as ʃɪˈvɔːn")
	}
	respelling, _ := doc["respelling"].(string)
	if ipa, _ := doc["ipa"].(string); strings.TrimSpace(respelling+ipa) == "" {
		return parley.Invalid(join(p.path, "respelling"), "respelling or ipa must say how the word is spoken, such as Shivawn, or ʃɪˈvɔːn")
	}
	return nil
}

// mayFetch says whether the server may be made to fetch an address.
func (a *API) mayFetch(field string, url any) error {
	s, ok := url.(string)
	if !ok || s == "" || a.CheckURL == nil {
		return nil
	}
	return a.CheckURL(field, s)
}

// merged is the part as it would become.
func (p part) merged() store.Doc {
	doc := maps.Clone(p.stored)
	if doc == nil {
		doc = store.Doc{}
	}
	maps.Copy(doc, p.given)
	return doc
}

func (a *API) checkAction(p part) error {
	if p.stored == nil && p.given["config"] == nil {
		p.given["config"] = store.Doc{}
	}
	if err := a.checkActionConfig(p); err != nil {
		return err
	}
	if a.CheckAction == nil {
		return nil
	}
	b, err := json.Marshal(p.merged())
	if err != nil {
		return fmt.Errorf("reading an action: %w", err)
	}
	var action parley.Action
	if err := json.Unmarshal(b, &action); err != nil {
		return parley.Invalid(p.path, join(p.path, "config")+" does not have the form of an action's")
	}
	if err := a.CheckAction(action); err != nil {
		field := join(p.path, "config")
		return parley.Invalid(field, field+": "+err.Error())
	}
	return nil
}

func (a *API) checkVoice(ctx context.Context, env string, p part) error {
	doc := p.given
	if t, ok := doc["type"].(string); p.stored != nil && (!ok || t == p.stored["type"]) {
		doc = p.merged()
	}
	if _, ok := doc["type"]; !ok && p.inline {
		return nil // the server's own voice
	}
	stored := p.stored
	if stored["type"] != doc["type"] {
		stored = nil // nothing of it stays
	}
	if bad := a.named.speaking.check(doc, stored, everyVoice, p.path); len(bad) > 0 {
		return bad
	}
	if a.Vendors != nil {
		if err := a.Vendors.CheckVoice(doc); err != nil {
			return optionAt("voice", p.path, err)
		}
	}
	return a.checkConnection(ctx, env, join(p.path, "account_connection"), p.given["account_connection"])
}

// optionAt puts what a vendor says of its options, which it calls voice.… or transcriber.…, at their place in the body.
func optionAt(what, path string, err error) error {
	field, said := path, ": "+err.Error()
	var e *parley.Error
	if errors.As(err, &e) {
		if name, ok := strings.CutPrefix(e.Field, what+"."); ok {
			field = join(path, name)
		}
		if rest, ok := strings.CutPrefix(e.Message, e.Field); ok {
			said = rest
		}
	}
	if field == "" {
		field = what
	}
	return parley.Invalid(field, field+said)
}

// checkConnection says whether an account connection that is named by its id is there: another environment's is not.
func (a *API) checkConnection(ctx context.Context, env, field string, id any) error {
	s, ok := id.(string)
	if !ok {
		return nil
	}
	_, err := a.Store.Get(ctx, env, store.AccountConnections, strings.ToLower(s))
	if parley.IsNotFound(err) {
		return notFoundAt(field, "account connection")
	}
	return err
}
