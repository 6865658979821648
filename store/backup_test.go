package store

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// dump is all that is in a database, once nothing is left that is added up by and by.
func dump(t testing.TB, d *DB) map[string][]string {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = d.fold(t.Context(), "", foldAtOnce); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string][]string{}
	for _, table := range tables {
		var rows []map[string]any
		if err := d.r.NewSelect().TableExpr(table).Scan(t.Context(), &rows); err != nil {
			t.Fatal(table, err)
		}
		for _, r := range rows {
			for k, v := range r {
				switch v {
				case true:
					r[k] = int64(1)
				case false:
					r[k] = int64(0)
				}
				if b, ok := v.([]byte); ok {
					r[k] = string(b)
				}
			}
			all[table] = append(all[table], fmt.Sprint(r))
		}
		slices.Sort(all[table])
	}
	return all
}

func fillWhole(t testing.TB, d *DB) (check func(d *DB) error) {
	t.Helper()
	ctx := t.Context()
	check = fill(t, d)
	env := environment(t, d)
	if _, err := d.CreateKey(ctx, APIKey{EnvironmentID: env, Label: "it's"}, [32]byte{7}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddDoNotCall(ctx, DoNotCall{EnvironmentID: env, Number: "+1", Reason: "a\\b'c\"?"}); err != nil {
		t.Fatal(err)
	}
	c := everything(env)
	c.Turns[0].Text = "? ?0 'quoted' \\ \u2028 ünïcode"
	if err := d.PlaceCall(ctx, c, []parley.Event{parley.NewEvent(c.ID, parley.EventCreated, map[string]string{"a": "?"})}, Job{Kind: "k", Subject: c.ID, Payload: json.RawMessage(`{"?":1}`)}); err != nil {
		t.Fatal(err)
	}
	for i := range 700 {
		d.Log().Append(parley.NewEvent(c.ID, parley.EventMessage, i))
	}
	flush(t, d)
	if err := d.KeepTrace(ctx, c.ID, []byte{0x1f, 0x8b, 0, '?'}); err != nil {
		t.Fatal(err)
	}
	if err := d.Advance(ctx, "webhooks", 0, 5000, []Delivery{{EnvironmentID: env, WebhookID: "w", CallID: c.ID}}); err != nil {
		t.Fatal(err)
	}
	return check
}

func openBackup(t testing.TB, path string) *DB {
	t.Helper()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := copyFile(path, copied); err != nil {
		t.Fatal(err)
	}
	return openAt(t, copied)
}

// testBackup: a backup of either database is an SQLite file that a server can be started on.
func testBackup(t *testing.T, d *DB) {
	check, dir := fillWhole(t, d), t.TempDir()
	path := filepath.Join(dir, "backup.db")
	want := dump(t, d)
	if err := d.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	b := openBackup(t, path)
	if got := dump(t, b); !reflect.DeepEqual(got, want) {
		for _, table := range tables {
			if !slices.Equal(got[table], want[table]) {
				t.Errorf("%s: %d rows, want %d\n%.500s\n%.500s", table, len(got[table]), len(want[table]), got[table], want[table])
			}
		}
	}
	if err := check(b); err != nil {
		t.Error(err)
	}
	if err := d.Backup(t.Context(), path); err == nil {
		t.Error("a file was overwritten")
	}
	if err := d.Backup(t.Context(), filepath.Join(dir, "none", "x.db")); err == nil {
		t.Error("a backup into nowhere")
	}
	if l, err := os.ReadDir(dir); err != nil || len(l) != 1 {
		t.Error("it leaves behind", l, err)
	}
	if _, err := d.r.Exec("DELETE FROM calls WHERE id = 'none'"); err == nil && !d.pg {
		t.Error("a reading connection may write now")
	}
}

// testRestore brings a backup back into this kind of database, and work goes on.
func testRestore(t *testing.T, d *DB) {
	other := openFile(t)
	check := fillWhole(t, other)
	want := dump(t, other)
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := other.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := d.Restore(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if got := dump(t, d); !reflect.DeepEqual(got, want) {
		for _, table := range tables {
			if !slices.Equal(got[table], want[table]) {
				t.Errorf("%s: %d rows, want %d\n%.500s\n%.500s", table, len(got[table]), len(want[table]), got[table], want[table])
			}
		}
	}
	if err := check(d); err != nil {
		t.Error(err)
	}
	d.Log().Append(parley.NewEvent("call-000", parley.EventMessage, nil))
	flush(t, d)
	if n, err := d.Log().Last(t.Context()); err != nil || n <= 5000 {
		t.Error("a new event has a position that a cursor has passed:", n, err)
	}
	if err := d.Restore(t.Context(), path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error("a database in use was overwritten:", err)
	}
	if got := dump(t, other); !reflect.DeepEqual(got, want) {
		t.Error("the original was changed")
	}
}

func testRestoreDialsNothing(t *testing.T, d *DB) {
	source := openFile(t)
	env := limited(t, source, 1)
	if err := source.PlaceCall(t.Context(), outbound(env, "due"), nil, Job{Kind: "dial", Subject: "due", Once: true}, Job{Kind: "post", Subject: "due"},
		Job{Kind: AfterCall, Subject: "due"}, Job{Kind: AfterAction, Subject: "due"}); err != nil {
		t.Fatal(err)
	}
	enqueue(t, source, queued(env, "queued"))
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := source.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := d.Restore(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	admit(t, d, 0)
	if got := dials(t, d); got != "" {
		t.Errorf("%s: dialled again", got)
	}
	if l, err := d.ClaimJobs(t.Context(), Claim{Owner: "o", Kind: "post", Limit: 9, Lease: time.Minute}); err != nil || len(l) != 1 {
		t.Error("work that may be done twice is lost:", l, err)
	}
	for _, kind := range []string{AfterCall, AfterAction} {
		if l, err := d.ClaimJobs(t.Context(), Claim{Owner: "o", Kind: kind, Limit: 9, Lease: time.Minute}); err != nil || len(l) != 0 {
			t.Error("done again after a call:", l, err)
		}
	}
	lost, err := d.ReconcileCalls(t.Context())
	if err != nil || len(lost) != 2 || lost[0].Cause != parley.Unknown || lost[1].Cause != parley.Unknown {
		t.Errorf("%+v %v", lost, err)
	}
}

// testTablesAreCopied: a new table is not forgotten.
func testTablesAreCopied(t *testing.T, d *DB) {
	q := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'"
	if d.pg {
		q = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose_%'"
	}
	var names []string
	if err := d.r.NewRaw(q).Scan(t.Context(), &names); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	want := slices.Sorted(slices.Values(tables))
	if !slices.Equal(names, want) {
		t.Errorf("the tables are %v, copied are %v", names, want)
	}
}

// TestBackupWhileCallsRun: it is of one moment, and nobody waits for it.
func TestBackupWhileCallsRun(t *testing.T) { backupWhileCallsRun(t, openFile(t)) }

func TestPostgresBackupWhileCallsRun(t *testing.T) {
	backupWhileCallsRun(t, postgres(t))
}

func backupWhileCallsRun(t *testing.T, d *DB) {
	env := environment(t, d)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprint(w, "-", i)
				err := d.PlaceCall(t.Context(), inbound(env, id), []parley.Event{parley.NewEvent(id, parley.EventCreated, nil)}, Job{Kind: "k", Subject: id})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 3 {
		path := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := d.Backup(t.Context(), path); err != nil {
			t.Error(err)
			break
		}
		b := openBackup(t, path)
		var odd int
		err := b.r.NewRaw("SELECT (SELECT COUNT(*) FROM calls WHERE id NOT IN (SELECT call_id FROM events)) + (SELECT COUNT(*) FROM jobs WHERE subject NOT IN (SELECT id FROM calls)) + "+
			"ABS((SELECT COUNT(*) FROM jobs) - (SELECT COUNT(*) FROM calls))").Scan(t.Context(), &odd)
		if err != nil || odd != 0 {
			t.Errorf("a backup of more than one moment: %d %v", odd, err)
		}
	}
	stop()
	wg.Wait()
}

func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	source := openFile(t)
	fill(t, source)
	good := filepath.Join(dir, "good.db")
	if err := source.Backup(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Repeat("no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	if err := copyFile(good, newer); err != nil {
		t.Fatal(err)
	}
	n := &DB{key: key(t)}
	if err := n.openSQLite(newer); err != nil {
		t.Fatal(err)
	}
	if _, err := n.w.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
	n.closePools()
	for _, name := range []string{"none", "text", "empty", "newer.db", "."} {
		d := openFile(t)
		if err := d.Restore(t.Context(), filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was restored", name)
		}
		if err := d.Restore(t.Context(), good); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	other, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), newKey(t, otherKey))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Restore(t.Context(), good); err == nil || !strings.Contains(err.Error(), "master key") {
		t.Error("secrets that nobody can open were restored:", err)
	}
}

// TestRestoreOfAnEarlierVersion: a backup is brought to this version on the way in.
func TestRestoreOfAnEarlierVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	old := &DB{key: key(t)}
	if err := old.openSQLite(path); err != nil {
		t.Fatal(err)
	}
	migrateTo(t, old, 2)
	err := old.tx(t.Context(), func(tx bun.Tx) error {
		for _, q := range []string{
			"INSERT INTO environments (id, name, max_calls, created_at) VALUES ('e', 'old', 3, 5)",
			"INSERT INTO api_keys (id, environment_id, prefix, hash, created_at) VALUES ('k', 'e', 'sk', 'h', 5)",
			`INSERT INTO numbers VALUES ('n', 'e', '100', '', '', '', TRUE, FALSE, '', '{"config":{"inbound_reserve":2}}', 5, 5), ('m', 'e', '200', '', '', '', TRUE, FALSE, '', '{"config":{"inbound_reserve":"x"}}', 5, 5)`,
			`INSERT INTO calls (id, environment_id, status, stage, is_outgoing, from_number, to_number, agent_id, telephony, telephony_id, cause, agent, doc, created_at, start_at, end_at)
			 VALUES ('c', 'e', 'ended', 'picked_up', TRUE, '+1', '+2', 'a', 'sip', 't', 'agent_ended', '{"name":"x"}', '{"recording":"c.wav"}', 5, 6, 7),
			        ('d', 'e', 'in_progress', 'created', FALSE, '+1', '+2', 'a', 'sip', 't', '', '', '{}', 5, 0, 0)`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.closePools(); err != nil {
		t.Fatal(err)
	}
	d := openFile(t)
	if err := d.Restore(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if c, err := d.Call(t.Context(), "e", "c"); err != nil || string(c.Agent) != `{"name":"x"}` || c.Recording != "c.wav" || c.End != fromMicros(7) {
		t.Errorf("%+v %v", c, err)
	}
	if k, err := d.Key(t.Context(), "e", "k"); err != nil || k.Role != Operator {
		t.Errorf("a key that could do everything cannot: %+v %v", k, err)
	}
	for number, want := range map[string]int{"100": 2, "200": 0} {
		if n, err := d.LookupNumber(t.Context(), "e", number); err != nil || n.Reserve != want {
			t.Errorf("%+v %v", n, err)
		}
	}
	for id, want := range map[string]callMarks{"c": {Audio: "wav", HasText: true}, "d": {Slot: true, HasText: true}} {
		if row, err := d.callRow(t.Context(), d.r, "e", id); err != nil || row.callMarks != want {
			t.Errorf("%s: %+v %v", id, row.callMarks, err)
		}
	}
}
