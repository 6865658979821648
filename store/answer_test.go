package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func testAnswerIsGivenAgain(t *testing.T, d *DB) {
	env, other := environment(t, d), environment(t, d)
	first, err := d.BeginRequest(t.Context(), env, "k", "asked")
	if err != nil || first.Status != 0 || first.Subject == "" {
		t.Fatalf("%+v %v", first, err)
	}
	if _, err := d.BeginRequest(t.Context(), env, "k", "asked"); status(err) != 409 {
		t.Errorf("while it runs: %v", err)
	}
	if _, err := d.BeginRequest(t.Context(), env, "k", "another"); status(err) != 422 {
		t.Errorf("another request while it runs: %v", err)
	}
	if err := d.EndRequest(t.Context(), env, "k", 201, []byte(`{"id":1}`)); err != nil {
		t.Fatal(err)
	}
	again, err := d.BeginRequest(t.Context(), env, "k", "asked")
	if err != nil || again.Status != 201 || string(again.Body) != `{"id":1}` || again.Subject != first.Subject {
		t.Errorf("again: %+v %v", again, err)
	}
	if _, err := d.BeginRequest(t.Context(), env, "k", "another"); status(err) != 422 || !strings.Contains(err.Error(), "Idempotency-Key") {
		t.Errorf("another request: %v", err)
	}
	if b, err := d.BeginRequest(t.Context(), other, "k", "another"); err != nil || b.Status != 0 || b.Subject == first.Subject {
		t.Errorf("another environment shares keys: %+v %v", b, err)
	}
}

func testRefusalFreesTheKey(t *testing.T, d *DB) {
	env := environment(t, d)
	for _, asked := range []string{"wrong", "wrong again", "right"} {
		if b, err := d.BeginRequest(t.Context(), env, "k", asked); err != nil || b.Status != 0 {
			t.Fatalf("%s: %+v %v", asked, b, err)
		}
		if err := d.EndRequest(t.Context(), env, "k", 400, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func testFailureLeavesTheSubject(t *testing.T, d *DB) {
	env := environment(t, d)
	var subject string
	for i, came := range []int{500, 0, 503} {
		b, err := d.BeginRequest(t.Context(), env, "k", "asked")
		if err != nil || b.Status != 0 {
			t.Fatalf("%d: %+v %v", i, b, err)
		}
		if subject == "" {
			subject = b.Subject
		}
		if b.Subject != subject {
			t.Errorf("attempt %d would make something else: %s, %s", i, b.Subject, subject)
		}
		if err := d.EndRequest(t.Context(), env, "k", came, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.BeginRequest(t.Context(), env, "k", "another"); status(err) != 422 {
		t.Errorf("another request after a failure: %v", err)
	}
}

func TestCrashLeavesTheSubject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	d, err := Open(t.Context(), path, key(t))
	if err != nil {
		t.Fatal(err)
	}
	env := environment(t, d)
	before, err := d.BeginRequest(t.Context(), env, "k", "asked")
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	d = openAt(t, path)
	after, err := d.BeginRequest(t.Context(), env, "k", "asked")
	if err != nil || after.Subject != before.Subject || after.Status != 0 {
		t.Errorf("after a crash: %+v %v, before it %+v", after, err, before)
	}
	if _, err := d.BeginRequest(t.Context(), env, "k", "asked"); status(err) != 409 {
		t.Errorf("taken on again, and then: %v", err)
	}
}

func testAnswersAreForgotten(t *testing.T, d *DB) {
	env := environment(t, d)
	for _, age := range []time.Duration{keepAnswers - time.Minute, keepAnswers + time.Minute} {
		key := age.String()
		if _, err := d.BeginRequest(t.Context(), env, key, "asked"); err != nil {
			t.Fatal(err)
		}
		if err := d.EndRequest(t.Context(), env, key, 201, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if _, err := d.w.NewRaw("UPDATE answers SET created_at = created_at - ? WHERE idempotency_key = ?", age.Microseconds(), key).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		b, err := d.BeginRequest(t.Context(), env, key, "asked")
		if kept := b.Status == 201; err != nil || kept != (age < keepAnswers) {
			t.Errorf("%v old: %+v %v", age, b, err)
		}
	}
}

// testOneOfManyRuns: of many requests at once with one key one is begun, and the others are told to wait.
func testOneOfManyRuns(t *testing.T, d *DB) {
	env := environment(t, d)
	var mu sync.Mutex
	var wg sync.WaitGroup
	begun, told := 0, 0
	for range 20 {
		wg.Go(func() {
			_, err := d.BeginRequest(t.Context(), env, "k", "asked")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				begun++
			case status(err) == 409:
				told++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if begun != 1 || told != 19 {
		t.Errorf("%d begun, %d told to wait", begun, told)
	}
}

// TestAnswersAreSealed: the answer to a request may show a secret once; the file must not.
func TestAnswersAreSealed(t *testing.T) {
	dir := t.TempDir()
	d := openAt(t, filepath.Join(dir, "parley.db"))
	env := environment(t, d)
	if _, err := d.BeginRequest(t.Context(), env, "k", "asked"); err != nil {
		t.Fatal(err)
	}
	if err := d.EndRequest(t.Context(), env, "k", 201, []byte(`{"signing_secret":"canary-in-the-mine"}`)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("canary-in-the-mine")) {
			t.Errorf("%s has the secret in clear", filepath.Base(f))
		}
	}
}
