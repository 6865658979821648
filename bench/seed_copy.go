package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
)

// moulds are calls that the store has written, to be copied: whatever else a row has, the copies have it too.
type moulds struct {
	calls     []string // ids, one for each sort
	snapshots []string // ids of calls, one for each agent
}

// copies writes the calls of the past in one transaction, and removes the moulds. A crash leaves a database that is of no use, and
// no seedFile.
func (p *past) copies(ctx context.Context, path string, m moulds) (err error) {
	db, err := bulk(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	calls, err := newCopier(ctx, db, "calls", "id", m.calls)
	if err != nil {
		return err
	}
	snapshots, err := newCopier(ctx, db, "snapshots", "call_id", m.snapshots)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for _, id := range append(m.calls, m.snapshots...) {
		for _, q := range []string{"DELETE FROM calls WHERE id = ?", "DELETE FROM snapshots WHERE call_id = ?"} {
			if _, err := tx.ExecContext(ctx, q, id); err != nil {
				return err
			}
		}
	}
	for _, c := range []*copier{calls, snapshots} {
		if c.insert, err = tx.PrepareContext(ctx, c.query); err != nil {
			return err
		}
		defer c.insert.Close()
	}
	for i := range p.Rows {
		f := p.fate(i)
		if err := calls.write(ctx, f.sort, p.changes(f)); err != nil {
			return err
		}
		if err := snapshots.write(ctx, f.agent, map[string]any{"call_id": f.id}); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// changes are the columns in which a call differs from its mould.
func (p *past) changes(f fate) map[string]any {
	c, at := sortOf(f.sort, f.created), f.created.UnixMicro()
	change := map[string]any{"id": f.id, "agent_id": p.Agents[f.agent], "telephony_id": f.telephonyID, "created_at": at, "end_at": c.End.UnixMicro()}
	if !c.Start.IsZero() {
		change["start_at"] = c.Start.UnixMicro()
	}
	if c.IsOutgoing {
		change["to_number"] = f.callee
	} else {
		change["from_number"] = f.callee
	}
	return change
}

// bulk opens a database for one writer that nobody reads along with.
func bulk(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, pragma := range []string{"journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"} {
		if _, err := db.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			db.Close()
			return nil, err
		}
	}
	return db, nil
}

// A copier writes rows that are like others.
type copier struct {
	columns []string
	moulds  [][]any
	query   string
	insert  *sql.Stmt
	row     []any
}

// newCopier reads the moulds of a table.
func newCopier(ctx context.Context, db *sql.DB, table, key string, ids []string) (*copier, error) {
	c := new(copier)
	for _, id := range ids {
		rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" WHERE "+key+" = ?", id)
		if err != nil {
			return nil, err
		}
		mould, err := c.read(rows)
		if err := errors.Join(err, rows.Close()); err != nil {
			return nil, fmt.Errorf("%s %s: %w", table, id, err)
		}
		c.moulds = append(c.moulds, mould)
	}
	c.row = make([]any, len(c.columns))
	c.query = "INSERT INTO " + table + " (" + strings.Join(c.columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(c.columns)-1) + ")"
	return c, nil
}

func (c *copier) read(rows *sql.Rows) ([]any, error) {
	var err error
	if c.columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	if !rows.Next() {
		return nil, errors.Join(rows.Err(), sql.ErrNoRows)
	}
	mould, into := make([]any, len(c.columns)), make([]any, len(c.columns))
	for i := range mould {
		into[i] = &mould[i]
	}
	return mould, rows.Scan(into...)
}

// write copies the n-th mould, but for some columns.
func (c *copier) write(ctx context.Context, n int, change map[string]any) error {
	copy(c.row, c.moulds[n])
	for name, v := range change {
		i := slices.Index(c.columns, name)
		if i < 0 {
			return fmt.Errorf("there is no column %s", name)
		}
		c.row[i] = v
	}
	_, err := c.insert.ExecContext(ctx, c.row...)
	return err
}

// delivered says of all deliveries that they have been made, so that the server has nothing to do when it starts.
func delivered(ctx context.Context, path string) error {
	db, err := bulk(ctx, path)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE deliveries SET state = 'delivered', attempts = 1")
	return errors.Join(err, db.Close())
}

// eventsOf are the events of a call, whose ids it already knows.
func eventsOf(f fate) (out []parley.Event) {
	c := sortOf(f.sort, f.created)
	add := func(t parley.EventType, payload any) {
		e := parley.NewEvent(f.id, t, payload)
		e.ID, e.Time = uuid.Must(uuid.NewV7()).String(), f.created
		out = append(out, e)
	}
	add(parley.EventCreated, map[string]any{"direction": "outbound", "from_number": c.From, "to_number": f.callee})
	if c.Start.IsZero() {
		add(parley.EventDidNotConnect, map[string]any{"telephony_status": c.Cause, "sip_code": c.SIPCode, "ended_reason": c.Cause})
		return out
	}
	add(parley.EventConnected, map[string]any{"to_number": f.callee, "from_number": c.From, "is_outgoing": c.IsOutgoing})
	for _, t := range c.Turns {
		add(parley.EventMessage, map[string]any{"text": t.Text, "sender": t.Who, "turn_id": t.ID})
	}
	add(parley.EventEnded, map[string]any{"ended_reason": c.Cause, "stage": c.Stage, "conversation_minutes": c.End.Sub(c.Start).Minutes()})
	return out
}
