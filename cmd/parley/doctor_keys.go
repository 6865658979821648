package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/store"
)

// A held key is an access to a vendor, and what tells whether it serves.
type held struct {
	vendor, from string // OpenAI, OPENAI_API_KEY
	check        provider.Check
	access       provider.Access
}

// held are the keys of the environment and of the account connections of all environments.
func (v *vendors) held(ctx context.Context) (out []held, err error) {
	for _, spec := range v.specs {
		for _, c := range spec.Checks {
			s := spec
			if slices.Contains(c.Skills, provider.Thinks) {
				s = spec.Thinks()
			}
			a := provider.Access{BaseURL: s.BaseURL}
			name := s.Env + "_API_KEY"
			if address := v.address(&s); address != "" {
				a.BaseURL = strings.TrimRight(address, "/")
			}
			if v.getenv(name) != "" || v.address(&s) != "" {
				own := a
				own.Key, own.Extra = v.getenv(name), v.vars(&s)
				if own.Key == "" {
					name = s.Env + "_BASE_URL"
				}
				out = append(out, held{s.Title, name, c, own})
			}
			if v.db == nil || s.ConnectionType == "" {
				continue
			}
			docs, err := v.db.InternalByType(ctx, "", store.AccountConnections, s.ConnectionType)
			if err != nil {
				return out, err
			}
			for _, d := range docs {
				out = append(out, held{s.Title, connectionName(d), c, credentials(a, &s, d, v.guarded)})
			}
		}
	}
	return out, nil
}

// connectionName is how its owner knows an account connection.
func connectionName(d store.Doc) string {
	name := fmt.Sprintf("account connection %v", d["id"])
	if label, _ := d["label"].(string); label != "" {
		name += " " + fmt.Sprintf("%q", label)
	}
	return name + fmt.Sprintf(" of environment %v", d["user_id"])
}

// try8 tries keys, eight at a time, and tells in their order.
func try8(ctx context.Context, keys []held, patience time.Duration) []finding {
	out := make([]finding, len(keys))
	slots := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i, k := range keys {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out[i] = k.try(ctx, patience)
		})
	}
	wg.Wait()
	return out
}

func (h held) try(ctx context.Context, patience time.Duration) finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	skills := make([]string, len(h.check.Skills))
	for i, s := range h.check.Skills {
		skills[i] = string(s)
	}
	what := h.vendor + " " + strings.Join(skills, ", ")
	began := time.Now()
	err := h.check.Ask(ctx, h.access)
	took := time.Since(began).Round(time.Millisecond)
	var v *parley.VendorError
	switch {
	case err == nil:
		return finding{fine, what, fmt.Sprintf("%s (%s)", took, h.from)}
	case errors.Is(err, context.DeadlineExceeded):
		return finding{wrong, what, fmt.Sprintf("no answer within %s (%s)", patience, h.from)}
	case errors.As(err, &v) && v.Code == parley.VendorUnauthorized:
		return finding{wrong, what, fmt.Sprintf("does not take the key of %s: %s (%d, %s)", h.from, v.Message, v.Status, took)}
	}
	return finding{wrong, what, fmt.Sprintf("%v (%s, %s)", err, h.from, took)}
}
