package api

import (
	"context"
	"strings"

	"github.com/parley-voice/parley/store"
)

// nodeStore knows which processes work on the database.
type nodeStore interface {
	BusyNodes(ctx context.Context) ([]store.BusyNode, error)
}

func (a *API) nodes(r *request) (any, error) {
	all, err := a.Store.BusyNodes(r.Context())
	if err != nil {
		return nil, err
	}
	items := make([]map[string]any, len(all))
	for i, n := range all {
		var most any
		if n.Most > 0 {
			most = n.Most
		}
		roles := []string{"api", "media", "jobs"}
		if n.Roles != "" {
			roles = strings.Split(n.Roles, ",")
		}
		items[i] = map[string]any{"id": n.ID, "name": n.Name, "address": n.Address, "version": n.Version, "roles": roles, "calls": n.Calls, "max_calls": most,
			"draining": n.State == store.NodeDraining, "started_at": when(n.Started()), "last_seen_at": when(n.Seen())}
	}
	return map[string]any{"items": items}, nil
}
