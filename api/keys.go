package api

import (
	"context"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// keyStore keeps the hashes of keys.
type keyStore interface {
	CreateKey(ctx context.Context, k store.APIKey, hash [32]byte) (store.APIKey, error)
	Keys(ctx context.Context, env string, p store.Page) (store.List[store.APIKey], error)
	DeleteKey(ctx context.Context, env, id string) (store.APIKey, error)
}

func showKey(k store.APIKey) (any, error) {
	return map[string]any{
		"id": k.ID, "user_id": k.EnvironmentID, "environment_id": k.EnvironmentID, "prefix": k.Prefix, "label": orNull(k.Label),
		"role": k.Role, "created_at": when(k.Created), "last_used_at": when(k.LastUsed),
	}, nil
}

func (a *API) listKeys(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	rename(&p, "last_used_at", "last_used")
	l, err := a.Store.Keys(r.Context(), r.reach(), p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, showKey)
}

// createKey makes a key and shows it. Asked again with the same Idempotency-Key, the kept answer shows it again.
func (a *API) createKey(r *request) (any, error) {
	k := store.APIKey{EnvironmentID: r.env, Role: store.Member}
	k.Label, _ = r.body["label"].(string)
	if role, ok := r.body["role"].(string); ok {
		k.Role = store.Role(role)
	}
	if err := mayBe(r.key.Role, k.Role, "role: a key of role "+string(k.Role)); err != nil {
		return nil, err
	}
	if id, ok := r.body["environment_id"].(string); ok {
		k.EnvironmentID = strings.ToLower(id)
	}
	if env := r.reach(); env != "" && env != k.EnvironmentID {
		return nil, notFoundAt("environment_id", "environment")
	}
	test, _ := r.body["test"].(bool)
	key, prefix, hash := secret.NewAPIKey(!test)
	k.Prefix = prefix
	k, err := a.Store.CreateKey(r.Context(), k, hash)
	if parley.IsNotFound(err) {
		return nil, notFoundAt("environment_id", "environment")
	}
	if err != nil {
		return nil, err
	}
	doc, err := showKey(k)
	if made, ok := doc.(map[string]any); ok {
		made["key"] = key
	}
	return doc, err
}

func (a *API) deleteKey(r *request) (any, error) {
	k, err := a.Store.DeleteKey(r.Context(), r.reach(), r.id)
	if err != nil {
		return nil, err
	}
	return showKey(k)
}
