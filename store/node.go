package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// States of a node.
const (
	NodeUp       = "up"
	NodeDraining = "draining" // it takes no new calls and ends when the last is over
	NodeGone     = "gone"     // it ended, or others took it for dead: nothing is its any more
)

// A Node is a process that works on the database, and the calls that run in it. What tells that it lives is that Beat grows: clocks
// of machines are not compared.
type Node struct {
	bun.BaseModel `bun:"table:nodes" json:"-"`
	ID            string `bun:",pk"` // the same in all its lives
	Run           string // this life
	State         string
	Beat          int64
	Version       string
	Roles         string // with commas between; "": all
	StartedAt     int64
	SeenAt        int64  // by its own clock, for people
	Name          string // of its machine
	Address       string // where carriers reach it by SIP
	URL           string // where browsers reach it; "": that is not known
	Most          int    // calls that it takes at once; 0: no limit was given
}

// ErrGone is for a node that others took for dead: the calls that it had have been ended.
var ErrGone = errors.New("this node was taken for dead by others: its calls have been ended")

// ErrReplaced is for a process in whose node's place another one has begun: the calls that it had have been ended. There is no way back.
var ErrReplaced = errors.New("another process has begun with the id of this node: the calls of this one have been ended")

// Earlier is the node of an id as its last life left it; nil: it had none, or that one ended in order.
func (d *DB) Earlier(ctx context.Context, id string) (*Node, error) {
	var nodes []Node
	err := d.r.NewSelect().Model(&nodes).Where("id = ? AND run <> ? AND state <> ?", clean(id), d.run, NodeGone).Scan(ctx)
	if err != nil || len(nodes) == 0 {
		return nil, wrap(err, "reading the nodes")
	}
	return &nodes[0], nil
}

// Join makes this process a node: from now on calls that begin here are its. On SQLite there is no other. ErrReplaced: it was one
// before, and is another process now.
func (d *DB) Join(ctx context.Context, n Node) error {
	n.ID = clean(n.ID)
	err := d.tx(ctx, func(tx bun.Tx) error {
		if !d.pg {
			if _, err := tx.NewRaw("UPDATE nodes SET state = ? WHERE id <> ?", NodeGone, n.ID).Exec(ctx); err != nil {
				return err
			}
		}
		var earlier []string
		if err := tx.NewRaw("SELECT run FROM nodes WHERE id = ? AND run <> ?", n.ID, d.run).Scan(ctx, &earlier); err != nil {
			return err
		}
		for _, run := range earlier {
			if d.node != "" {
				return ErrReplaced
			}
			if err := d.silence(ctx, run); err != nil {
				return err
			}
		}
		if _, err := tx.NewRaw("DELETE FROM lines WHERE run NOT IN (SELECT run FROM nodes WHERE state <> ? AND id <> ?) AND run <> ?", NodeGone, n.ID, d.run).Exec(ctx); err != nil {
			return err
		}
		at := now()
		n.Run, n.State, n.Beat, n.StartedAt, n.SeenAt = d.run, NodeUp, at, at, at
		_, err := tx.NewInsert().Model(&n).On("CONFLICT (id) DO UPDATE").Set("run = EXCLUDED.run").Set("state = EXCLUDED.state").
			Set("beat = node.beat + 1").Set("version = EXCLUDED.version").Set("roles = EXCLUDED.roles").
			Set("name = EXCLUDED.name").Set("address = EXCLUDED.address").Set("most = EXCLUDED.most").Set("url = EXCLUDED.url").
			Set("started_at = EXCLUDED.started_at").Set("seen_at = EXCLUDED.seen_at").Exec(ctx)
		return err
	})
	if err == nil && d.node != n.ID { // others read it
		d.node = n.ID
	}
	return wrap(err, "joining the nodes of this database")
}

// Beat tells the others that this node lives, and in which state. ErrGone: they do not think so; it may Join again once it has
// let go of what was its. ErrReplaced: it may not, for another process has its place.
func (d *DB) Beat(ctx context.Context, state string) error {
	res, err := d.pulse.NewRaw("UPDATE nodes SET beat = beat + 1, seen_at = ?, state = ? WHERE id = ? AND run = ? AND state <> ?",
		now(), state, d.node, d.run, NodeGone).Exec(ctx)
	if err != nil {
		return fmt.Errorf("telling the other nodes of this one: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n > 0 {
		return err
	}
	var run string
	if err = d.pulse.NewRaw("SELECT COALESCE(MAX(run), '') FROM nodes WHERE id = ?", d.node).Scan(ctx, &run); err != nil {
		return fmt.Errorf("telling the other nodes of this one: %w", err)
	}
	if run != "" && run != d.run {
		return ErrReplaced
	}
	return ErrGone
}

// SetMost has the others know how many calls this node takes at once.
func (d *DB) SetMost(ctx context.Context, most int) error {
	_, err := d.pulse.NewRaw("UPDATE nodes SET most = ? WHERE id = ? AND run = ?", most, d.node, d.run).Exec(ctx)
	return wrap(err, "telling the other nodes of this one's limit")
}

// Nodes are those that are not gone, by id.
func (d *DB) Nodes(ctx context.Context) (nodes []Node, err error) {
	err = d.pulse.NewSelect().Model(&nodes).Where("state <> ?", NodeGone).OrderExpr("id").Scan(ctx)
	return nodes, wrap(err, "reading the nodes")
}

// Has reports whether a node has a role.
func (n Node) Has(role string) bool {
	return n.Roles == "" || slices.Contains(strings.Split(n.Roles, ","), role)
}

// Connected reports whether a life of a node, or what is left of one that is dead, has connections to PostgreSQL.
func (d *DB) Connected(ctx context.Context, run string) (is bool, err error) {
	if !d.pg {
		return false, nil
	}
	err = d.r.NewRaw("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = ?)", appName(run)).Scan(ctx, &is)
	return is, wrap(err, "reading the connections of the database")
}

// Self is the id of this node, "" before it joined.
func (d *DB) Self() string { return d.node }

// Shared reports whether other processes may work on the database, too.
func (d *DB) Shared() bool { return d.pg }

// Leave ends this node's part: its duties are others' and nothing runs in it any more.
func (d *DB) Leave(ctx context.Context) error {
	_, err := d.w.NewRaw("UPDATE nodes SET state = ? WHERE id = ? AND run = ?", NodeGone, d.node, d.run).Exec(ctx)
	return wrap(err, "leaving the nodes")
}

// CallNode is the node in which a call runs or ran; "": it has not begun to. Unknown: parley.NotFound.
func (d *DB) CallNode(ctx context.Context, id string) (node string, err error) {
	err = d.r.NewSelect().Model((*callRow)(nil)).Column("node").Where("id = ?", clean(id)).Scan(ctx, &node)
	if err != nil {
		return "", absent(err, "call")
	}
	return node, nil
}

// Bereave declares a node gone whose beat others have not seen grow, and ends its calls as ReconcileCalls does, which says what is
// returned; its jobs are due again, or in doubt. It does nothing when the node has beaten since n was read, or somebody was quicker.
func (d *DB) Bereave(ctx context.Context, n Node) (lost []parley.Call, err error) {
	err = d.pulse.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error {
		lost = nil
		res, err := tx.NewRaw("UPDATE nodes SET state = ? WHERE id = ? AND run = ? AND beat = ? AND state <> ?", NodeGone, n.ID, n.Run, n.Beat, NodeGone).Exec(ctx)
		if err != nil {
			return err
		}
		if took, err := res.RowsAffected(); err != nil || took == 0 {
			return err
		}
		if err = d.silence(ctx, n.Run); err != nil {
			return err
		}
		if err = d.log.lock(ctx, tx); err != nil { // whatever of the node's comes into the log after this commit finds it gone
			return err
		}
		if lost, err = d.endOf(ctx, tx, widow{"= ?", n.ID, false}); err != nil {
			return err
		}
		if _, err = tx.NewRaw("UPDATE jobs SET lease_until = 1 WHERE state = 'running' AND owner = ?", n.ID).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw("UPDATE answers SET owner = '' WHERE status = 0 AND owner = ?", n.Run).Exec(ctx)
		return err
	})
	if err == nil && lost != nil {
		d.slotsFreed()
		d.jobsAdded()
	}
	return lost, wrap(err, "ending the calls of a node that is gone")
}

// silenceWait bounds how long is waited for what a dead process has on its way.
const silenceWait = 10 * time.Second

// silence ends what a process that is gone has on its way: PostgreSQL carries out a COMMIT that has reached it though nobody waits
// for the answer any more, and a machine that was cut off may have left a transaction open. Afterwards nothing of it is written.
func (d *DB) silence(ctx context.Context, run string) error {
	if !d.pg {
		return nil // with the process its transactions are gone
	}
	for over := time.Now().Add(silenceWait); ; time.Sleep(20 * time.Millisecond) {
		var left int
		err := d.pulse.NewRaw("SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ?) AS t", appName(run)).Scan(ctx, &left)
		if err != nil || left == 0 {
			return err
		}
		if time.Now().After(over) {
			return fmt.Errorf("%d connections of a process that is gone do not end", left)
		}
	}
}

// appName is how the connections of a life are known to PostgreSQL.
func appName(run string) string { return "parley " + run }
