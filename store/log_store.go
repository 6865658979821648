package store

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

type eventRow struct {
	bun.BaseModel `bun:"table:events"`
	Position      int64 `bun:",pk,autoincrement"`
	ID            string
	CallID        string
	Sequence      int64
	Type          parley.EventType
	At            int64
	Payload       string
}

func (r eventRow) event() parley.Event {
	return parley.Event{ID: r.ID, CallID: r.CallID, Sequence: r.Sequence, Type: r.Type, Time: fromMicros(r.At), Payload: json.RawMessage(r.Payload)}
}

// maxCounted is how many calls' sequences are remembered; beyond it they are read again from the database.
const maxCounted = 4096

// appendLock is the advisory lock that makes the commits of several processes on one PostgreSQL database follow each
// other: positions become visible in order, so a tail that has seen one has seen all before it.
const appendLock = 0x7061726c6579

// store writes a group in one transaction and gives each event its id, time and sequence. again: it was tried before, and may
// even have been committed, if the answer was lost. kept are those of the group that are not left out (see taken).
func (l *Log) store(ctx context.Context, group []parley.Event, again bool) (kept []parley.Event, err error) {
	rows := make([]eventRow, 0, len(group))
	next := map[string]int64{}
	for i := range group {
		fit(&group[i])
	}
	err = l.db.tx(ctx, func(tx bun.Tx) error {
		rows, kept = rows[:0], make([]parley.Event, 0, len(group))
		clear(next)
		if err := l.lock(ctx, tx); err != nil {
			return err
		}
		taken, err := l.taken(ctx, tx, group)
		if err != nil {
			return err
		}
		known := map[string]int64{}
		if again {
			var err error
			if known, err = stored(ctx, tx, group); err != nil {
				return err
			}
		}
		for _, e := range group {
			if taken[e.CallID] {
				continue
			}
			if e.Type == parley.EventPartial {
				kept = append(kept, e)
				continue
			}
			if n, ok := known[e.ID]; ok {
				e.Sequence = n
				kept = append(kept, e)
				continue
			}
			last, err := l.last(ctx, tx, next, e.CallID)
			if err != nil {
				return err
			}
			e.Sequence = last + 1
			next[e.CallID] = e.Sequence
			known[e.ID] = e.Sequence
			kept = append(kept, e)
			rows = append(rows, newEventRow(e))
		}
		return insertEvents(ctx, tx, rows)
	})
	if err == nil && (again || len(rows) > 0) { // partial ones alone need no disk
		err = l.db.Settle()
	}
	if err != nil {
		clear(l.next) // another process may have written to these calls
		return nil, fmt.Errorf("appending events: %w", err)
	}
	if n := len(group) - len(kept); n > 0 {
		slog.Warn("this node was taken for dead: what it has still to tell of calls that others have ended is left out", "events", n)
	}
	if len(l.next) > maxCounted {
		clear(l.next)
	}
	maps.Copy(l.next, next)
	if slices.ContainsFunc(rows, func(r eventRow) bool { return tellsEnd(r.Type) }) {
		l.db.jobsAdded()
	}
	return kept, nil
}

// taken are those calls of a group whose end is others' to tell, or was told by them: they took this node for dead. What is left here of
// such calls stands behind that end, and is left out. A node that lives has none.
func (l *Log) taken(ctx context.Context, tx bun.IDB, group []parley.Event) (map[string]bool, error) {
	d := l.db
	if !d.pg || d.node == "" {
		return nil, nil
	}
	var lives bool
	if err := tx.NewRaw("SELECT EXISTS (SELECT 1 FROM nodes WHERE id = ? AND run = ? AND state <> 'gone')", d.node, d.run).Scan(ctx, &lives); err != nil || lives {
		return nil, err
	}
	var ids []string
	for _, e := range group {
		ids = append(ids, e.CallID)
	}
	slices.Sort(ids)
	var over []string
	err := tx.NewRaw("SELECT id FROM calls WHERE id IN ? AND status IN ? AND NOT EXISTS (SELECT 1 FROM untold WHERE call_id = calls.id AND node = ?)",
		bun.Tuple(slices.Compact(ids)), bun.Tuple([]parley.Status{parley.Ended, parley.Failed}), d.node).Scan(ctx, &over)
	taken := make(map[string]bool, len(over))
	for _, id := range over {
		taken[id] = true
	}
	return taken, err
}

func newEventRow(e parley.Event) eventRow {
	return eventRow{ID: e.ID, CallID: e.CallID, Sequence: e.Sequence, Type: e.Type, At: micros(e.Time), Payload: string(e.Payload)}
}

func insertEvents(ctx context.Context, tx bun.IDB, rows []eventRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).ExcludeColumn("position").Returning("NULL").Exec(ctx)
	if err != nil {
		return err
	}
	return told(ctx, tx, rows)
}

// lock keeps other processes from committing events until the transaction ends.
func (l *Log) lock(ctx context.Context, tx bun.IDB) error {
	if !l.db.pg {
		return nil // the transaction itself does
	}
	_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?)", appendLock).Exec(ctx)
	return err
}

// begin writes the first events of a call within the transaction that makes it; tell shows them after the commit.
func (l *Log) begin(ctx context.Context, tx bun.IDB, callID string, events []parley.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := l.lock(ctx, tx); err != nil {
		return err
	}
	rows := make([]eventRow, len(events))
	for i := range events {
		e := &events[i]
		fit(e)
		e.CallID, e.Sequence = callID, int64(i+1)
		rows[i] = newEventRow(*e)
	}
	return insertEvents(ctx, tx, rows)
}

// stored finds those events of a group that are in the log, and their sequences. An event appended twice with one id is one.
func stored(ctx context.Context, tx bun.IDB, group []parley.Event) (map[string]int64, error) {
	ids := make([]string, len(group))
	for i, e := range group {
		ids[i] = e.ID
	}
	var rows []eventRow
	if err := tx.NewSelect().Model(&rows).Column("id", "sequence").Where("id IN ?", bun.Tuple(ids)).Scan(ctx); err != nil {
		return nil, err
	}
	known := make(map[string]int64, len(rows))
	for _, r := range rows {
		known[r.ID] = r.Sequence
	}
	return known, nil
}

// fit makes an event fit to be stored: it has an id, and JSON for a payload.
func fit(e *parley.Event) {
	if e.ID == "" {
		e.ID = newID()
	}
	e.ID, e.CallID, e.Type = clean(e.ID), clean(e.CallID), parley.EventType(clean(string(e.Type)))
	e.Time = e.Time.UTC()
	if e.Time.IsZero() {
		e.Time = fromMicros(now())
	}
	if len(e.Payload) == 0 {
		e.Payload = json.RawMessage("{}")
	} else if !json.Valid(e.Payload) {
		e.Payload, _ = json.Marshal(map[string]string{"text": clean(string(e.Payload))})
	}
}

// last is the sequence of the newest event of a call.
func (l *Log) last(ctx context.Context, tx bun.IDB, next map[string]int64, callID string) (int64, error) {
	if n, ok := next[callID]; ok {
		return n, nil
	}
	if n, ok := l.next[callID]; ok && !l.db.pg {
		return n, nil
	}
	var n int64
	err := tx.NewSelect().Model((*eventRow)(nil)).ColumnExpr("COALESCE(MAX(sequence), 0)").Where("call_id = ?", callID).Scan(ctx, &n)
	return n, err
}

// eventsMost is how many events are read at once unless asked for less.
const eventsMost = 1000

// Events reads the stored events of a call whose sequence is above after, in order, limit at most (0: 1000).
func (l *Log) Events(ctx context.Context, callID string, after int64, limit int) ([]parley.Event, error) {
	if limit <= 0 || limit > eventsMost {
		limit = eventsMost
	}
	var rows []eventRow
	err := l.db.r.NewSelect().Model(&rows).Where("call_id = ? AND sequence > ?", clean(callID), after).
		OrderExpr("sequence").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	events := make([]parley.Event, len(rows))
	for i, r := range rows {
		events[i] = r.event()
	}
	return events, nil
}

// A Placed event is one with its place in the log of all calls.
type Placed struct {
	Position int64 // grows with every event, with gaps
	parley.Event
}

// Last is the position of the newest event, 0 when there is none.
func (l *Log) Last(ctx context.Context) (position int64, err error) {
	if err = l.db.r.NewRaw("SELECT COALESCE(MAX(position), 0) FROM events").Scan(ctx, &position); err != nil {
		return 0, fmt.Errorf("reading the event log: %w", err)
	}
	return position, nil
}

// Tail reads the events of all calls after a position, in order of commit, and waits until there is one; ctx bounds the
// wait. Partial events are not in it. Those that another process wrote to a PostgreSQL database are found within 5 s.
func (l *Log) Tail(ctx context.Context, after int64, limit int) ([]Placed, error) {
	for {
		l.mu.Lock()
		changed := l.changed
		l.mu.Unlock()
		var rows []eventRow
		err := l.db.r.NewSelect().Model(&rows).Where("position > ?", after).OrderExpr("position").Limit(int64(limit)).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the event log: %w", err)
		}
		if len(rows) > 0 {
			events := make([]Placed, len(rows))
			for i, r := range rows {
				events[i] = Placed{r.Position, r.event()}
			}
			return events, l.db.Settle() // they leave the house
		}
		if err := l.await(ctx, changed); err != nil {
			return nil, err
		}
	}
}

// await waits for something new in the log.
func (l *Log) await(ctx context.Context, changed <-chan struct{}) error {
	var others <-chan time.Time
	if l.db.pg {
		t := time.NewTimer(othersEvery)
		defer t.Stop()
		others = t.C
	}
	select {
	case <-changed:
	case <-others:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
