package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// rank orders the roles: each may do what those below it may.
var rank = map[store.Role]int{"": 1, store.Member: 1, store.Admin: 2, store.Operator: 3}

// key is the key that the Authorization header carries. It is looked up for each request, so one that is revoked is so at once.
func (a *API) key(ctx context.Context, header string) (store.APIKey, error) {
	kind, key, _ := strings.Cut(header, " ")
	if key = strings.TrimSpace(key); !strings.EqualFold(kind, "Bearer") || key == "" {
		return store.APIKey{}, refused(http.StatusUnauthorized, "unauthorized", "send the header Authorization: Bearer <key>")
	}
	row, err := a.Store.LookupKey(ctx, secret.HashAPIKey(key))
	if parley.IsNotFound(err) {
		return row, refused(http.StatusUnauthorized, "unauthorized", "this key is not known here")
	}
	if err != nil {
		return row, fmt.Errorf("looking up a key: %w", err)
	}
	return row, nil
}

// admit lets a request in by its key, or by the login that stands for one: one that is known, may do this, and has not asked too often.
func (a *API) admit(r *request, rt *route) error {
	key, err := a.asks(r)
	if err != nil {
		return err
	}
	r.key, r.env = key, key.EnvironmentID
	if err := a.limits.take(key.ID); err != nil {
		return err
	}
	return mayBe(key.Role, rt.role, "this operation")
}

// asks is the key that a request comes with, or that its login stands for.
func (a *API) asks(r *request) (store.APIKey, error) {
	if login, ok := cookieOf(r.Request); ok && r.Header.Get("Authorization") == "" {
		return a.byCookie(r, login)
	}
	return a.key(r.Context(), r.Header.Get("Authorization"))
}

// mayBe refuses a role that is less than what something wants.
func mayBe(is, wants store.Role, what string) error {
	if rank[is] >= rank[wants] {
		return nil
	}
	return refused(http.StatusForbidden, "forbidden", fmt.Sprintf("%s wants a key of role %s, and this one's is %s", what, wants, is))
}

// reach is the environment that a key's look-ups are kept to; "" is all.
func (r *request) reach() string {
	if r.key.Role == store.Operator {
		return ""
	}
	return r.env
}
