package store

import (
	"maps"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/secret"
)

// A Doc is an entity as the contract writes it, every field as it was given, with id and user_id set by the store. What a
// public read returns has its secrets masked (secret.Mask); Internal… reads give them in clear.
type Doc = map[string]any

// A Kind names a sort of sub-resource, in the spelling of its route.
type Kind string

const (
	Prompts            Kind = "prompts"
	Actions            Kind = "actions"
	Voices             Kind = "voices"
	Webhooks           Kind = "webhooks"
	AccountConnections Kind = "account_connections"
	VectorDatabases    Kind = "vector_databases"
	Pronunciations     Kind = "pronunciations" // with their words as labels, and their languages as types
)

// singular is what one entity of the kind is called in messages.
var singular = map[Kind]string{
	Prompts: "prompt", Actions: "action", Voices: "voice", Webhooks: "webhook", AccountConnections: "account connection",
	VectorDatabases: "vector database", Pronunciations: "pronunciation",
}

// str is a text field of a document, "" when it has none.
func str(doc Doc, field string) string {
	s, _ := doc[field].(string)
	return clean(s)
}

// merge lays what a request says over a document; null stays null: that is how a field is cleared. A voice of another type
// is another voice: the fields of the old one do not stay behind, except those every type has.
func merge(old, patch Doc) (Doc, error) {
	given, err := restore(patch, old, "")
	if err != nil {
		return nil, err
	}
	doc := maps.Clone(old)
	if t := str(patch, "type"); strings.HasPrefix(t, "voice_") && t != str(old, "type") {
		for k := range doc {
			if k != "label" && k != "description" && k != "id" && k != "user_id" {
				delete(doc, k)
			}
		}
	}
	for k, v := range given.(Doc) {
		if k != "id" && k != "user_id" {
			doc[k] = v
		}
	}
	return doc, nil
}

// complete makes the secrets that a new document of the kind has of its own.
func complete(k Kind, doc Doc) {
	switch {
	case k == Webhooks && str(doc, "signing_secret") == "":
		doc["signing_secret"] = secret.NewWebhookSecret()
	case k == Actions && str(doc, "type") == "action_external":
		config, _ := doc["config"].(map[string]any)
		if str(config, "signature_secret") != "" {
			return
		}
		config = maps.Clone(config)
		if config == nil {
			config = Doc{}
		}
		config["signature_secret"] = secret.NewWebhookSecret()
		doc["config"] = config
	}
}

// at is what stands at a path like a.0.b, nil when there is nothing.
func at(v any, path string) any {
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}
