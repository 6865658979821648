package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// tables are all tables, in an order in which their rows may be written.
var tables = []string{
	"settings", "environments", "api_keys", "logins", "do_not_call", "memories", "libraries", "documents", "resources", "agents", "agent_links", "numbers", "number_tags", "number_calls",
	"calls", "snapshots", "waiting", "untold", "traces", "audit", "overview_counts", "overview_latency", "overview_news", "events", "jobs", "deliveries", "cursors", "answers", "nodes", "duties", "lines",
}

// copyAtOnce is how many rows one statement writes, and about how many bytes.
const (
	copyAtOnce = 200
	copyBytes  = 1 << 20
)

// copyAll writes every row that one database shows in a transaction into another that has none. The schemas are the same; both are
// of this version.
func copyAll(ctx context.Context, from bun.Tx, to bun.Tx, toPostgres bool) error {
	for _, table := range tables {
		if err := copyTable(ctx, from, to, table, toPostgres); err != nil {
			return fmt.Errorf("copying %s: %w", table, err)
		}
	}
	return skipPositions(ctx, to, toPostgres)
}

func copyTable(ctx context.Context, from, to bun.Tx, table string, toPostgres bool) (err error) {
	rows, err := from.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	head := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ")"
	if toPostgres && table == "events" {
		head += " OVERRIDING SYSTEM VALUE" // a position is what a cursor means
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	var values []any
	n, size := 0, 0
	write := func() error {
		if n == 0 {
			return nil
		}
		_, err := to.NewRaw(head+" VALUES "+strings.TrimSuffix(strings.Repeat(one+", ", n), ", "), values...).Exec(ctx)
		values, n, size = values[:0], 0, 0
		return err
	}
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range row {
			switch v := v.(type) {
			case string:
				size += len(v)
			case int64: // SQLite has no other form of true and false
				if types[i].DatabaseTypeName() == "BOOLEAN" {
					row[i] = v != 0
				}
			}
		}
		values = append(values, row...)
		if n++; n == copyAtOnce || size > copyBytes {
			if err := write(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return write()
}

// skipPositions makes sure that no event gets a position that a cursor has passed already, or that another event had.
func skipPositions(ctx context.Context, to bun.Tx, toPostgres bool) error {
	var last int64
	err := to.NewRaw("SELECT COALESCE(MAX(p), 0) FROM (SELECT MAX(position) AS p FROM events UNION ALL SELECT MAX(position) FROM cursors) AS t").Scan(ctx, &last)
	if err != nil || last == 0 {
		return err
	}
	if toPostgres {
		_, err = to.NewRaw("SELECT setval(pg_get_serial_sequence('events', 'position'), ?)", last).Exec(ctx)
		return err
	}
	res, err := to.NewRaw("UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", last).Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		_, err = to.NewRaw("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", last).Exec(ctx)
	}
	return err
}

// snapshotTx runs f in a transaction that sees the database as it is at one moment, and writes nothing.
func (d *DB) snapshotTx(ctx context.Context, f func(tx bun.Tx) error) error {
	o := &sql.TxOptions{ReadOnly: true}
	if d.pg {
		o.Isolation = sql.LevelRepeatableRead
	}
	return d.r.RunInTx(ctx, o, func(_ context.Context, tx bun.Tx) error {
		if d.pg { // what is read is written elsewhere meanwhile, however slow that is; no row is locked
			if _, err := tx.NewRaw("SET LOCAL " + idleTxName + " = 0").Exec(ctx); err != nil {
				return err
			}
		}
		return f(tx)
	})
}
