package store

import (
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// What takes away from versions before it, or refuses what they write; in a migration without comments, in one line.
var contracting = []struct {
	what  string
	found *regexp.Regexp
}{
	{"takes a table away", regexp.MustCompile(`(?i)\bDROP\s+TABLE\b`)},
	{"takes a column away", regexp.MustCompile(`(?i)\bDROP\s+(COLUMN\b|[a-z_]+\s*(;|,|$))`)},
	{"gives another name", regexp.MustCompile(`(?i)\bRENAME\b`)},
	{"alters a column", regexp.MustCompile(`(?i)\bALTER\s+COLUMN\b`)},
	{"adds a constraint", regexp.MustCompile(`(?i)\bADD\s+(CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY)\b`)},
	{"adds a trigger", regexp.MustCompile(`(?i)\bCREATE\s+(OR\s+REPLACE\s+)?TRIGGER\b`)},
	{"deletes rows", regexp.MustCompile(`(?i)\bDELETE\s+FROM\b|\bTRUNCATE\b`)},
}

var (
	comment   = regexp.MustCompile(`--[^\n]*`)
	statement = regexp.MustCompile(`[^;]+`)
	addition  = regexp.MustCompile(`(?i)\bADD\s+COLUMN\s+(IF\s+NOT\s+EXISTS\s+)?[a-z_]+\s+(.*)`)
	unique    = regexp.MustCompile(`(?i)\bCREATE\s+UNIQUE\s+INDEX\s+[a-z_]+\s+ON\s+([a-z_]+)`)
	created   = regexp.MustCompile(`(?i)\bCREATE\s+TABLE\s+([a-z_]+)`)
	raising   = regexp.MustCompile(`(?i)INSERT\s+INTO\s+settings.*'oldest_reader'\s*,\s*'(\d+)'`)
)

// contracts says what an older version would meet of a migration, and what it raises oldestReader to.
func contracts(text string) (how []string, raises int) {
	text = comment.ReplaceAllString(text, "")
	own := map[string]bool{}
	for _, c := range created.FindAllStringSubmatch(text, -1) {
		own[c[1]] = true
	}
	for _, s := range statement.FindAllString(text, -1) {
		s = strings.Join(strings.Fields(s), " ")
		for _, c := range contracting {
			if c.found.MatchString(s) {
				how = append(how, c.what+": "+s)
			}
		}
		for _, add := range addition.FindAllStringSubmatch(s, -1) {
			if d := strings.ToUpper(add[2]); strings.Contains(d, "NOT NULL") && !strings.Contains(d, "DEFAULT") || strings.Contains(d, "UNIQUE") || strings.Contains(d, "CHECK") {
				how = append(how, "adds a column that others do not fill in as it wants: "+s)
			}
		}
		if u := unique.FindStringSubmatch(s); u != nil && !own[u[1]] {
			how = append(how, "refuses rows that others may write: "+s)
		}
		if r := raising.FindStringSubmatch(s); r != nil {
			raises, _ = strconv.Atoi(r[1])
		}
	}
	return how, raises
}

// TestMigrationsExpand: since there are clusters, migrations only add, unless they say which versions cannot work on the database any more; none
// says so of what is not there yet.
func TestMigrationsExpand(t *testing.T) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		files, err := fs.Glob(migrations, "migrations/"+dialect+"/*.sql")
		if err != nil || len(files) < expandSince {
			t.Fatal(files, err)
		}
		for _, f := range files {
			number, _, _ := strings.Cut(filepath.Base(f), "_")
			n, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(f, err)
			}
			if n < expandSince {
				continue
			}
			text, err := fs.ReadFile(migrations, f)
			if err != nil {
				t.Fatal(err)
			}
			how, raises := contracts(string(text))
			if raises > n {
				t.Errorf("%s: no version knows migration %d yet", f, raises)
			}
			if raises > expandSince {
				continue
			}
			for _, h := range how {
				t.Errorf("%s %s\nOlder nodes run on it meanwhile: see CONTRIBUTING.md, \"Change the database\"", f, h)
			}
		}
	}
}

// TestContracts: each thing that an older version would meet is found, and nothing else.
func TestContracts(t *testing.T) {
	for text, want := range map[string]int{
		"ALTER TABLE calls DROP COLUMN agent;":                                                              1,
		"ALTER TABLE calls\n  DROP agent;":                                                                  1,
		"DROP TABLE calls;":                                                                                 1,
		"ALTER TABLE calls RENAME COLUMN a TO b;":                                                           1,
		"ALTER TABLE calls ALTER COLUMN a SET NOT NULL;":                                                    1,
		"ALTER TABLE calls ADD COLUMN a TEXT NOT NULL;":                                                     1,
		"ALTER TABLE calls ADD COLUMN a TEXT UNIQUE;":                                                       1,
		"ALTER TABLE calls ADD CONSTRAINT x CHECK (a > 0);":                                                 1,
		"CREATE UNIQUE INDEX x ON calls (a);":                                                               1,
		"DELETE FROM calls;":                                                                                1,
		"ALTER TABLE calls ADD COLUMN a TEXT NOT NULL DEFAULT '';":                                          0,
		"ALTER TABLE calls ADD COLUMN a TEXT; -- DROP TABLE":                                                0,
		"DROP INDEX calls_list;\nCREATE INDEX calls_list ON calls (a);":                                     0,
		"CREATE TABLE new (a TEXT NOT NULL CHECK (a <> ''));\nCREATE UNIQUE INDEX new_a ON new (a);":        0,
		"UPDATE calls SET a = b;":                                                                           0,
		"INSERT INTO settings (name, value) VALUES ('oldest_reader', '20') ON CONFLICT (name) DO NOTHING; ": 0,
	} {
		if how, _ := contracts(text); len(how) != want {
			t.Errorf("%s: %v", text, how)
		}
	}
	if _, raises := contracts("INSERT INTO settings (name, value) VALUES ('oldest_reader', '20');"); raises != 20 {
		t.Errorf("raises to %d", raises)
	}
}

// testOpenNewer: a database that a newer version has added to is worked on as before, by what this version knows; one from which it has taken away
// is refused. What must reach all there is, is left to the newer one.
func testOpenNewer(t *testing.T, d *DB) {
	ctx, at := t.Context(), where(t, d)
	again := func() (*DB, error) { return Open(ctx, at, key(t)) }
	exec := func(q string) {
		t.Helper()
		if _, err := d.w.ExecContext(ctx, q); err != nil {
			t.Fatal(q, err)
		}
	}
	env := environment(t, d)
	applied := "1"
	if d.pg {
		applied = "TRUE"
	}
	exec("ALTER TABLE resources ADD COLUMN later TEXT NOT NULL DEFAULT 'x'")
	exec("CREATE TABLE later (a TEXT NOT NULL)")
	exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, " + applied + ")")
	old, err := again()
	if err != nil {
		t.Fatal("one that was added to:", err)
	}
	if _, err := old.Create(ctx, env, Prompts, Doc{"content": "as before"}); err != nil {
		t.Error(err)
	}
	if l, err := old.List(ctx, env, Prompts, Page{}); err != nil || l.Total != 1 {
		t.Error(l, err)
	}
	if err := old.Rotate(ctx, newKey(t, otherKey)); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Error("its secrets were sealed anew:", err)
	}
	if err := old.Backup(ctx, filepath.Join(t.TempDir(), "b.db")); d.pg && (err == nil || !strings.Contains(err.Error(), "newer")) || !d.pg && err != nil {
		t.Error("a backup:", err)
	}
	old.Close()
	for value, refused := range map[string]bool{"1": false, "899": true} {
		exec("INSERT INTO settings (name, value) VALUES ('oldest_reader', '" + value + "') ON CONFLICT (name) DO UPDATE SET value = excluded.value")
		old, err := again()
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "newer version") {
			t.Errorf("oldest reader %s: %v", value, err)
		}
		if err == nil {
			old.Close()
		}
	}
}

// TestOpenAtOnce: nodes that start at one time migrate a new database once.
func TestOpenAtOnce(t *testing.T) {
	server := postgres(t)
	u, err := url.Parse(where(t, server))
	if err != nil {
		t.Fatal(err)
	}
	name := "parley_test_" + strings.ReplaceAll(newID(), "-", "")
	if _, err := server.w.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			d, err := Open(t.Context(), u.String(), key(t))
			if err != nil {
				t.Error(err)
				return
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := server.w.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
		t.Error(err)
	}
}
