package store

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// holdsSlot says whether a call counts towards its environment's maximum: one that is being dialled, rings or runs does; one that
// waits in the queue, was handed on to somebody else or is over does not.
func holdsSlot(c parley.Call) bool {
	open := c.Status == parley.NotStarted || c.Status == parley.InProgress
	return open && !c.Queued && c.Stage != parley.StageTransferStarted && c.Stage != parley.StageTransferSuccessful
}

// SlotsFreed has a value after this process ended a call, changed a limit or queued a call: Admit may find something to do. It is
// for one reader.
func (d *DB) SlotsFreed() <-chan struct{} { return d.slots }

// slotsAgain is when a client that found no free slot may ask again.
const slotsAgain = 5 * time.Second

// A room is how many calls an environment has and may have.
type room struct {
	most     int // 0: unlimited
	running  int // calls that hold a slot
	outbound int // of those
	reserved int // slots that outbound calls never take
}

// room counts the slots of an environment. When it has a maximum, nobody else takes one until the transaction ends.
func (d *DB) room(ctx context.Context, tx bun.Tx, env string) (r room, err error) {
	most := func(q *bun.SelectQuery) error {
		return q.Model((*environmentRow)(nil)).Column("max_calls").Where("id = ?", env).Scan(ctx, &r.most)
	}
	if err = most(tx.NewSelect()); err == nil && r.most > 0 && d.pg {
		err = most(tx.NewSelect().For("NO KEY UPDATE")) // it may have changed meanwhile; those who only name it are not kept out
	}
	if err != nil {
		return r, absent(err, "environment")
	}
	if r.most == 0 {
		return r, nil
	}
	var rows []struct {
		IsOutgoing bool
		N          int
	}
	err = tx.NewRaw("SELECT is_outgoing, COUNT(*) AS n FROM calls WHERE environment_id = ? AND slot GROUP BY is_outgoing", env).Scan(ctx, &rows)
	if err != nil {
		return r, fmt.Errorf("counting calls: %w", err)
	}
	for _, row := range rows {
		r.running += row.N
		if row.IsOutgoing {
			r.outbound = row.N
		}
	}
	err = tx.NewRaw("SELECT COALESCE(SUM(reserve), 0) FROM numbers WHERE environment_id = ? AND active AND reserve > 0", env).Scan(ctx, &r.reserved)
	return r, wrap(err, "counting reserved slots")
}

// free is how many more calls may begin.
func (r room) free(outgoing bool) int {
	if r.most == 0 {
		return math.MaxInt
	}
	free := r.most - r.running
	if outgoing {
		free = min(free, r.most-r.reserved-r.outbound)
	}
	return max(free, 0)
}

// refuse is the error for a call that has no room.
func (r room) refuse(outgoing bool) error {
	if r.free(outgoing) > 0 {
		return nil
	}
	said := fmt.Sprintf("%d calls are running, and this environment's maximum is %d", r.running, r.most)
	if r.running == 1 {
		said = fmt.Sprintf("1 call is running, and this environment's maximum is %d", r.most)
	}
	if outgoing && r.running < r.most {
		said += fmt.Sprintf(", of which %d are kept for calls that come in", min(r.reserved, r.most))
	}
	return parley.Full("too_many_calls", said, r.running, r.most, slotsAgain)
}
