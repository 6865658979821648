package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/store"
)

// access finds key and address: the account connection named, else the environment's only one of the type, else the process's
// environment variables. ok is false when there is neither key nor an address of one's own.
func (v *vendors) access(ctx context.Context, env string, s *provider.Spec, account string) (a provider.Access, ok bool, err error) {
	a.BaseURL = s.BaseURL
	if s.Env == "" {
		return a, true, nil
	}
	o := v.now() // key and address are of one reading: a new key never goes to an old address
	if url := o.address(s); url != "" {
		a.BaseURL, ok = strings.TrimRight(url, "/"), true
	}
	if account != "" {
		doc, err := v.db.Internal(ctx, env, store.AccountConnections, account)
		if err != nil {
			return a, false, fmt.Errorf("account_connection %s: %w", account, err)
		}
		return credentials(a, s, doc, v.guarded), true, nil
	}
	if s.ConnectionType != "" {
		docs, err := v.db.InternalByType(ctx, env, store.AccountConnections, s.ConnectionType)
		switch {
		case err != nil:
			return a, false, err
		case len(docs) == 1:
			return credentials(a, s, docs[0], v.guarded), true, nil
		case len(docs) > 1:
			return a, false, severalAccounts(s, docs)
		}
	}
	a.Key, a.Extra = o.getenv(s.Env+"_API_KEY"), o.vars(s)
	return a, ok || a.Key != "", nil
}

// vars are a vendor's further credentials from the environment.
func (o *operator) vars(s *provider.Spec) map[string]string {
	out := map[string]string{}
	for _, name := range s.Vars {
		if text := o.getenv(s.Env + "_" + strings.ToUpper(name)); text != "" {
			out[name] = text
		}
	}
	return out
}

// address is where the operator says that a vendor is, "" when nowhere. Some vendors call it their endpoint.
func (o *operator) address(s *provider.Spec) string {
	url := o.getenv(s.Env + "_BASE_URL")
	if url == "" && slices.Contains(s.Vars, "endpoint") {
		url = o.getenv(s.Env + "_ENDPOINT")
	}
	return url
}

func severalAccounts(s *provider.Spec, docs []store.Doc) error {
	var ids []string
	for _, d := range docs {
		ids = append(ids, fmt.Sprint(d["id"]))
	}
	return fmt.Errorf("there are several %s: name one in account_connection: %s", s.ConnectionType, strings.Join(ids, ", "))
}

// credentials are those of an account connection. An address in it is a tenant's, and is connected to by guarded.
func credentials(a provider.Access, s *provider.Spec, doc store.Doc, guarded *provider.Net) provider.Access {
	c, _ := doc["credentials"].(map[string]any)
	a.Extra = map[string]string{}
	if preset, _ := c["preset"].(string); s.Presets[preset] != "" {
		a.BaseURL, a.Net = s.Presets[preset], guarded
	}
	for k, x := range c {
		text, _ := x.(string)
		switch {
		case k == s.KeyField || k == "api_key":
			a.Key = text
		case (k == "base_url" || k == "endpoint" && slices.Contains(s.Vars, k)) && text != "":
			a.BaseURL = strings.TrimRight(text, "/")
			a.Net = guarded
		default:
			a.Extra[k] = text
		}
	}
	if a.Extra["region"] != "" && a.Net == nil && slices.Contains(s.Vars, "region") {
		a.BaseURL = s.BaseURL // not the operator's, who may have a resource in another
	}
	return a
}
