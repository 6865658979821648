package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

const otherKey = "another master key for tests only"

func newKey(t testing.TB, text string) *secret.Key {
	t.Helper()
	k, err := secret.NewKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// fill writes one of everything that holds a secret, and check reads them all.
func fill(t testing.TB, d *DB) (check func(d *DB) error) {
	t.Helper()
	ctx, env := t.Context(), environment(t, d)
	conn, err := d.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_openai", "credentials": Doc{"api_key": token}})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := d.CreateAgent(ctx, env, Doc{"name": "a", "transcriber": Doc{"api_key": token}, "webhook": Doc{"url": "https://a.test"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = d.LinkNumber(ctx, env, Doc{"number": "100", "config": Doc{"api_key": token}}); err != nil {
		t.Fatal(err)
	}
	var calls []parley.Call
	for i := range resealAtOnce + 20 {
		c := parley.Call{ID: fmt.Sprintf("call-%03d", i), UserID: env, Status: parley.Ended, Private: i%3 == 0,
			Agent: json.RawMessage(`{"transcriber":{"api_key":"` + token + `"}}`), Context: map[string]string{"name": "Zoë"}}
		if i%3 == 1 {
			c.Agent = json.RawMessage(`{"name":"no secret"}`)
		}
		calls = append(calls, c)
		if err = d.CreateCall(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		key := fmt.Sprint("answer", i)
		if _, err = d.BeginRequest(ctx, env, key, "r"); err != nil {
			t.Fatal(err)
		}
		if err = d.EndRequest(ctx, env, key, 201, []byte("what was answered")); err != nil {
			t.Fatal(err)
		}
	}
	return func(d *DB) error {
		if doc, err := d.Internal(ctx, env, AccountConnections, str(conn, "id")); err != nil || !strings.Contains(fmt.Sprint(doc), token) {
			return fmt.Errorf("connection: %v %w", doc, err)
		}
		if a, err := d.InternalAgent(ctx, env, str(agent, "id")); err != nil || !strings.Contains(string(a.Transcriber), token) || !strings.HasPrefix(a.Webhook.SigningSecret, "whsec_") {
			return fmt.Errorf("agent: %+v %w", a, err)
		}
		if n, err := d.numberRow(ctx, d.r, env, "100"); err != nil {
			return err
		} else if doc, err := d.unseal(n.Doc, env, n.ID); err != nil || !strings.Contains(fmt.Sprint(doc), token) {
			return fmt.Errorf("number: %v %w", doc, err)
		}
		for _, want := range calls {
			c, err := d.Call(ctx, env, want.ID)
			if err != nil || string(c.Agent) != string(want.Agent) || c.Context["name"] != "Zoë" {
				return fmt.Errorf("call: %+v %w", c, err)
			}
		}
		for i := range 3 {
			if b, err := d.BeginRequest(ctx, env, fmt.Sprint("answer", i), "r"); err != nil || string(b.Body) != "what was answered" {
				return fmt.Errorf("answer: %s %w", b.Body, err)
			}
		}
		return nil
	}
}

func testRotate(t *testing.T, d *DB) {
	check := fill(t, d)
	old := d.key
	if err := d.Rotate(t.Context(), newKey(t, otherKey)); err != nil {
		t.Fatal(err)
	}
	if err := check(d); err != nil {
		t.Error("with the new key:", err)
	}
	if err := d.checkKey(t.Context()); err != nil {
		t.Error(err)
	}
	d.key = old
	if err := d.checkKey(t.Context()); !errors.Is(err, ErrOtherKey) {
		t.Error("the old key still opens the database:", err)
	}
	if n := opens(t, d, old); n > 0 {
		t.Errorf("%d texts are still sealed with the old key", n)
	}
}

// opens is how many rows have a text that a key opens, wherever it lies.
func opens(t testing.TB, d *DB, k *secret.Key) (n int) {
	t.Helper()
	was := d.key
	defer func() { d.key = was }()
	d.key = k
	for _, c := range sealedColumns {
		var rows []struct{ A, Env, Text string }
		err := d.r.NewRaw("SELECT "+c.key[0]+" AS a, "+c.env+" AS env, "+c.column+" AS text FROM "+c.table+" WHERE "+c.column+" LIKE '%sealed:v1:%'").Scan(t.Context(), &rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if _, err := c.again(d, d, r.Env, []string{r.A}, r.Text); err == nil {
				n++
			}
		}
	}
	return n
}

// testRotateAllOrNothing: one text that does not open, and everything stays as it was.
func testRotateAllOrNothing(t *testing.T, d *DB) {
	check := fill(t, d)
	all := opens(t, d, d.key)
	if all < resealAtOnce/2 {
		t.Fatalf("only %d sealed texts", all)
	}
	if _, err := d.w.NewRaw("INSERT INTO answers (environment_id, idempotency_key, request, subject, owner, status, body, created_at) VALUES ('e', 'zz', '', '', '', 200, ?, ?)",
		newKey(t, "a third master key").Seal([]byte("x"), "e", "answer", "zz"), now()).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Rotate(t.Context(), newKey(t, otherKey)); err == nil || !strings.Contains(err.Error(), "zz") {
		t.Error("what cannot be opened was lost:", err)
	}
	if n := opens(t, d, d.key); n != all {
		t.Errorf("%d of %d texts are as they were", n, all)
	}
	if err := check(d); err != nil {
		t.Error(err)
	}
}

// folder is an installation whose key is a file.
func folder(t testing.TB) (dir, url string, check func() error) {
	t.Helper()
	dir = t.TempDir()
	url = filepath.Join(dir, "parley.db")
	d, _, err := OpenFolder(t.Context(), url, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	read := fill(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, url, func() error {
		d, k, err := OpenFolder(t.Context(), url, dir, "")
		if err != nil {
			return err
		}
		defer d.Close()
		if k != d.key {
			return errors.New("the key is not the database's")
		}
		return read(d)
	}
}

func keyFiles(t testing.TB, dir string) (now, next string) {
	t.Helper()
	a, _ := os.ReadFile(filepath.Join(dir, secret.KeyFile))
	b, _ := os.ReadFile(filepath.Join(dir, secret.KeyFile+".new"))
	return string(a), string(b)
}

// TestRotationSurvivesACrash ends the process after each step of a rotation.
func TestRotationSurvivesACrash(t *testing.T) {
	begin := func(t *testing.T, dir, url string) (*DB, *secret.Key) {
		t.Helper()
		d, _, err := OpenFolder(t.Context(), url, dir, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() }) // of the process that died, once the test is over
		next, err := secret.NextKey(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d, next
	}
	for name, crash := range map[string]func(t *testing.T, dir, url string) (finished bool){
		"before anything": func(*testing.T, string, string) bool { return false },
		"with the new key beside the old": func(t *testing.T, dir, url string) bool {
			begin(t, dir, url)
			return false
		},
		"with everything sealed anew": func(t *testing.T, dir, url string) bool {
			d, next := begin(t, dir, url)
			if err := d.Rotate(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			return true
		},
		"with the new key in its place": func(t *testing.T, dir, url string) bool {
			if err := RotateKey(t.Context(), url, dir, "", ""); err != nil {
				t.Fatal(err)
			}
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, url, check := folder(t)
			before, _ := keyFiles(t, dir)
			finished := crash(t, dir, url)
			if err := check(); err != nil {
				t.Fatal("after the crash:", err)
			}
			after, next := keyFiles(t, dir)
			if finished && (after == before || next != "") || !finished && after != before {
				t.Error("which key is in force?")
			}
			if err := RotateKey(t.Context(), url, dir, "", ""); err != nil {
				t.Fatal("the rotation after it:", err)
			}
			if last, next := keyFiles(t, dir); last == before || last == after || next != "" {
				t.Error("the key was not replaced")
			}
			if err := check(); err != nil {
				t.Error("after the rotation:", err)
			}
		})
	}
}

func TestRotationByHand(t *testing.T) {
	dir := t.TempDir()
	url := filepath.Join(dir, "parley.db")
	d, _, err := OpenFolder(t.Context(), url, dir, testKey)
	if err != nil {
		t.Fatal(err)
	}
	check := fill(t, d)
	d.Close()
	for name, keys := range map[string][2]string{"no new key": {testKey, ""}, "the same key": {testKey, " " + testKey}, "short": {testKey, "short"}, "wrong": {"not the master key", otherKey}, "a file's": {"", otherKey}} {
		if err := RotateKey(t.Context(), url, dir, keys[0], keys[1]); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for range 2 { // again, as after a crash whose outcome nobody knows
		if err := RotateKey(t.Context(), url, dir, testKey, otherKey); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := OpenFolder(t.Context(), url, dir, testKey); !errors.Is(err, ErrOtherKey) {
		t.Error("the old key still opens the database:", err)
	}
	d, _, err = OpenFolder(t.Context(), url, dir, otherKey)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := check(d); err != nil {
		t.Error(err)
	}
}

// TestWrongKeyFileIsNoRotation: a next key that opens nothing is not put into force.
func TestWrongKeyFileIsNoRotation(t *testing.T) {
	dir, url, _ := folder(t)
	for _, name := range []string{secret.KeyFile, secret.KeyFile + ".new"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("the key of another house: "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := OpenFolder(t.Context(), url, dir, ""); !errors.Is(err, ErrOtherKey) {
		t.Error(err)
	}
	if now, next := keyFiles(t, dir); !strings.HasSuffix(now, secret.KeyFile) || next == "" {
		t.Error("the files were changed")
	}
}
