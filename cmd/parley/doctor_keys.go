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
			s, a := v.checked(spec, c)
			name := s.Env + "_API_KEY"
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

// checked is who a vendor is to one of its checks, and where, without a key.
func (v *vendors) checked(spec provider.Spec, c provider.Check) (s provider.Spec, a provider.Access) {
	if s = spec; slices.Contains(c.Skills, provider.Thinks) {
		s = spec.Thinks()
	}
	a.BaseURL = s.BaseURL
	if address := v.address(&s); address != "" {
		a.BaseURL = strings.TrimRight(address, "/")
	}
	return s, a
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
	each8(len(keys), func(i int) { out[i] = keys[i].try(ctx, patience) })
	return out
}

// each8 does f for 0 to n-1, eight at a time.
func each8(n int, f func(i int)) {
	slots := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			f(i)
		})
	}
	wg.Wait()
}

// skills are what the key is for: hears, speaks.
func (h held) skills() string {
	all := make([]string, len(h.check.Skills))
	for i, s := range h.check.Skills {
		all[i] = string(s)
	}
	return strings.Join(all, ", ")
}

// ask asks the vendor whether it takes the key.
func (h held) ask(ctx context.Context) (took time.Duration, err error) {
	began := time.Now()
	err = h.check.Ask(ctx, h.access)
	return time.Since(began).Round(time.Millisecond), err
}

func (h held) try(ctx context.Context, patience time.Duration) finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	what := h.vendor + " " + h.skills()
	took, err := h.ask(ctx)
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
