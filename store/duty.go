package store

import (
	"context"
	"fmt"
)

// A Duty is what one node does for all.
type Duty struct {
	Name string
	Role string // a node that has it can do the duty, and one that says of no roles
}

// TakeDuty makes a duty this node's, and says whether it is. It is kept by taking it again. It is taken from nobody but a node that is
// gone, or one of silent: others, as they were when their beat was last seen to grow. A node that drains takes none while another is up
// that could.
func (d *DB) TakeDuty(ctx context.Context, duty Duty, silent ...Node) (bool, error) {
	free := "duties.node NOT IN (SELECT id FROM nodes WHERE state <> 'gone')"
	args := []any{duty.Name, d.node}
	for _, n := range silent {
		free += " OR EXISTS (SELECT 1 FROM nodes WHERE id = duties.node AND id = ? AND run = ? AND beat = ?)"
		args = append(args, n.ID, n.Run, n.Beat)
	}
	args = append(args, d.node, d.node, "%,"+duty.Role+",%")
	res, err := d.pulse.NewRaw("INSERT INTO duties (name, node) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET node = excluded.node "+
		"WHERE duties.node = excluded.node OR ("+free+") AND (EXISTS (SELECT 1 FROM nodes WHERE id = ? AND state = 'up') OR "+
		"NOT EXISTS (SELECT 1 FROM nodes WHERE id <> ? AND state = 'up' AND (roles = '' OR ',' || roles || ',' LIKE ?)))", args...).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("taking a duty: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// HasDuty reports whether a duty is this node's now: one that stood still may have lost it meanwhile.
func (d *DB) HasDuty(ctx context.Context, name string) (mine bool, err error) {
	err = d.r.NewRaw("SELECT EXISTS (SELECT 1 FROM duties JOIN nodes ON nodes.id = duties.node WHERE duties.name = ? AND nodes.id = ? AND nodes.run = ? AND nodes.state <> ?)",
		name, d.node, d.run, NodeGone).Scan(ctx, &mine)
	return mine, wrap(err, "looking whose a duty is")
}

// GiveDuty leaves a duty of this node to whoever takes it. What was done for it has ended, and stands in the database.
func (d *DB) GiveDuty(ctx context.Context, duty Duty) error {
	_, err := d.pulse.NewRaw("UPDATE duties SET node = '' WHERE name = ? AND node = ?", duty.Name, d.node).Exec(ctx)
	return wrap(err, "giving a duty back")
}
