package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A BusyNode is a node and how many calls run in it.
type BusyNode struct {
	Node
	Calls int
}

// BusyNodes are those that are not gone, by id, with how many calls run in each.
func (d *DB) BusyNodes(ctx context.Context) ([]BusyNode, error) {
	nodes, err := d.Nodes(ctx)
	if err != nil || len(nodes) == 0 {
		return nil, err
	}
	var rows []struct {
		Node string
		N    int
	}
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	if err = d.r.NewRaw("SELECT node, COUNT(*) AS n FROM calls WHERE status = ? AND node IN ? GROUP BY node", parley.InProgress, bun.Tuple(ids)).Scan(ctx, &rows); err != nil {
		return nil, wrap(err, "counting the calls of nodes")
	}
	calls := map[string]int{}
	for _, r := range rows {
		calls[r.Node] = r.N
	}
	all := make([]BusyNode, len(nodes))
	for i, n := range nodes {
		if !d.pg { // alone it does not beat: that it answers is the sign
			n.SeenAt = now()
		}
		all[i] = BusyNode{n, calls[n.ID]}
	}
	return all, nil
}

// Started is when this life of a node began, by its own clock.
func (n Node) Started() time.Time { return fromMicros(n.StartedAt) }

// Seen is when it beat last, by its own clock.
func (n Node) Seen() time.Time { return fromMicros(n.SeenAt) }
