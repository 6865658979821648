// Package store keeps what must outlive the process: entities, calls, the event log, jobs and files. SQLite by default,
// PostgreSQL by URL, one code path.
//
// An entity is a JSON document beside the few columns that are searched, so that every field of the contract is kept as it
// was given and a new one needs no migration. Secrets inside documents are sealed with the master key before they are
// written. Times are microseconds since 1970 UTC in integer columns on both databases.
//
// On SQLite one connection writes and others read, so nobody meets a locked database; one process owns the file.
// Goroutines: the event log has one that commits in groups, one adds up calls for the
// overview, and one may count a long list; Close joins them.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver

	"github.com/parley-voice/parley/secret"
)

//go:embed migrations
var migrations embed.FS

// A DB is the open store. Its methods may be called from any goroutine.
type DB struct {
	w, r  *bun.DB // on PostgreSQL the same
	pulse *bun.DB // by which nodes tell that they live; on SQLite w
	path  string  // of the SQLite file
	pg    bool
	newer bool // a newer version has migrated it: set by migrate
	key   *secret.Key
	log   *Log
	run   string // this opening of the store, among those of other processes and of earlier lives
	node  string // of the process: set by Join, before anything else is asked

	company atomic.Pointer[Company] // nil: there is none

	jobs  chan struct{} // see JobsAdded
	slots chan struct{} // see SlotsFreed
	used  lastUses

	lasting *lasting // nil: PostgreSQL

	surveys *surveys
	minutes sums
	folding *folding
}

// readers is how many connections read an SQLite file at once, pgConns and pulseConns how many a PostgreSQL server is asked for.
const (
	readers = 4
	pgConns = 16
	// pulseConns are apart: a node whose other connections all wait for somebody's row lives all the same, and sees who does not.
	pulseConns = 2
)

// Open opens (and migrates) the database at url: a file path, or postgres://… . A database whose secrets were sealed with
// another master key is refused.
func Open(ctx context.Context, url string, key *secret.Key) (*DB, error) {
	d := &DB{key: key, jobs: make(chan struct{}, 1), slots: make(chan struct{}, 1), run: newID(), surveys: newSurveys()}
	err := d.connect(url)
	if err != nil {
		return nil, err
	}
	if err = d.migrate(ctx); err == nil {
		err = d.checkKey(ctx)
	}
	if path := d.path; err == nil && path != "" { // the names of the file and of its log
		err = syncPath(filepath.Dir(path))
	}
	if err == nil {
		err = d.Settle()
	}
	if err != nil {
		d.closePools()
		return nil, err
	}
	d.log = newLog(d)
	d.startFolding()
	return d, nil
}

// connect opens the pools, and looks at nothing.
func (d *DB) connect(url string) (err error) {
	switch scheme, _, has := strings.Cut(url, "://"); {
	case has && (scheme == "postgres" || scheme == "postgresql"):
		err = d.openPostgres(url)
	case has && scheme != "sqlite":
		return fmt.Errorf("a database at %s://… is not known: give postgres://…, or the path of an SQLite file", scheme)
	default:
		err = d.openSQLite(url)
	}
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	return nil
}

// Behind reports whether a database was made by an older version: Open would migrate it, under a server of that version that may run on it.
func Behind(ctx context.Context, url string) (bool, error) {
	d := &DB{}
	if err := d.connect(url); err != nil {
		return false, err
	}
	defer d.closePools()
	p, err := d.migrations()
	if err == nil {
		var is bool
		if is, err = p.HasPending(ctx); err == nil {
			return is, nil
		}
	}
	return false, fmt.Errorf("reading the database's version: %w", err)
}

func (d *DB) openPostgres(url string) error {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	// bun writes values into the text of a query: preparing each would cost a round trip and fill the statement cache.
	c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	c.RuntimeParams["application_name"] = appName(d.run)
	impatient(c)
	pool := stdlib.OpenDB(*c)
	pool.SetMaxOpenConns(pgConns)
	pool.SetMaxIdleConns(pgConns / 2)
	d.w = bun.NewDB(pool, pgdialect.New())
	d.r, d.pg = d.w, true
	pulse := stdlib.OpenDB(*c)
	pulse.SetMaxOpenConns(pulseConns)
	d.pulse = bun.NewDB(pulse, pgdialect.New())
	return nil
}

func (d *DB) openSQLite(path string) error {
	path = strings.TrimPrefix(path, "sqlite://")
	if err := MakeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it readable for all
	if err != nil {
		return err
	}
	f.Close()
	dsn := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)" +
		"&_pragma=cache_size(-4096)&_pragma=secure_delete(1)" // the system keeps pages, too: each connection would fill what it may have; what is erased is not to be found in the file
	w, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return err
	}
	r, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		w.Close()
		return err
	}
	w.SetMaxOpenConns(1)
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	d.path, d.lasting = path, newLasting(path)
	d.w = bun.NewDB(w, sqlitedialect.New()).WithQueryHook(d.lasting)
	d.r = bun.NewDB(r, sqlitedialect.New())
	d.pulse = d.w
	return nil
}

// canary is sealed into the settings of a new database, to tell a wrong master key at start rather than at the first call.
const canary = "parley"

func (d *DB) checkKey(ctx context.Context) error {
	sealed, err := d.setting(ctx, "canary")
	if errors.Is(err, sql.ErrNoRows) {
		_, err = d.w.NewRaw("INSERT INTO settings (name, value) VALUES ('canary', ?) ON CONFLICT (name) DO NOTHING",
			d.key.Seal([]byte(canary), "settings", "canary")).Exec(ctx)
		if err == nil {
			sealed, err = d.setting(ctx, "canary")
		}
	}
	if err != nil {
		return fmt.Errorf("reading the database's settings: %w", err)
	}
	if _, err := d.key.Open(sealed, "settings", "canary"); err != nil {
		return ErrOtherKey
	}
	return nil
}

func (d *DB) setting(ctx context.Context, name string) (value string, err error) {
	err = d.w.NewRaw("SELECT value FROM settings WHERE name = ?", name).Scan(ctx, &value)
	return value, err
}

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.r.PingContext(ctx) }

// Close commits what the event log holds and closes the database.
func (d *DB) Close() error {
	d.surveys.close()
	d.folding.close()
	d.log.close()
	return d.closePools()
}

func (d *DB) closePools() error {
	err := d.w.Close()
	for _, other := range []*bun.DB{d.r, d.pulse} {
		if other != d.w {
			err = errors.Join(other.Close(), err)
		}
	}
	return err
}

// tx runs f in one transaction. On SQLite it holds the only writing connection: f must use the tx alone.
func (d *DB) tx(ctx context.Context, f func(tx bun.Tx) error) error {
	return d.w.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error { return f(tx) })
}

// synced is tx whose commit is on the disk when it returns, even if the power fails right after.
func (d *DB) synced(ctx context.Context, f func(tx bun.Tx) error) error {
	if err := d.tx(ctx, f); err != nil {
		return err
	}
	return d.Settle()
}

// forUpdate locks the rows a transaction is about to change; on SQLite the transaction itself does.
func (d *DB) forUpdate(q *bun.SelectQuery) *bun.SelectQuery {
	if d.pg {
		return q.For("UPDATE")
	}
	return q
}

// find reads the row with an id, of an environment unless env is "". In a transaction the row stays as it is until the end. None:
// a NotFound of what.
func (d *DB) find(ctx context.Context, db bun.IDB, row any, env, id, what string) error {
	q := db.NewSelect().Model(row).Where("id = ?", clean(id))
	if env != "" {
		q.Where("environment_id = ?", clean(env))
	}
	if _, inTx := db.(bun.Tx); inTx {
		q = d.forUpdate(q)
	}
	if err := q.Scan(ctx); err != nil {
		return absent(err, what)
	}
	return nil
}

// newID makes an id that sorts by time of creation.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func now() int64 { return time.Now().UnixMicro() }
