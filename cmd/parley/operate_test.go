package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// operate runs a command line; its error is what was said of the failure.
func operate(t *testing.T, args ...string) error {
	t.Helper()
	if code, said := command(t, args...); code != 0 {
		return errors.New(said)
	}
	return nil
}

// furnished starts a server on a new folder, with an account whose secret is known and a recording.
func furnished(t *testing.T, dir string) (h *house, connection string) {
	t.Helper()
	h, _ = serve(t, dir)
	doc, err := h.db.Create(t.Context(), h.env, store.AccountConnections, store.Doc{"type": "account_connection_openai", "config": store.Doc{},
		"credentials": store.Doc{"openai_api_key": "sk-canary-123456789"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, recordingsFolder, "a.wav"), []byte("sound"), 0o600); err != nil {
		t.Fatal(err)
	}
	return h, doc["id"].(string)
}

// secretOf reads the account's secret in an installation whose server is stopped.
func secretOf(t *testing.T, dir, connection string) string {
	t.Helper()
	db, _, err := store.OpenFolder(context.Background(), filepath.Join(dir, databaseFile), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	doc, err := db.Internal(t.Context(), "", store.AccountConnections, connection)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := doc["credentials"].(map[string]any)
	s, _ := c["openai_api_key"].(string)
	return s
}

// holds reports whether a text is anywhere in a folder's files.
func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || bytes.Contains(b, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestBackupOfARunningServer(t *testing.T) {
	t.Chdir(t.TempDir())
	_, connection := furnished(t, "data")
	for _, args := range [][]string{{"plain"}, {"whole", "--recordings", "--with-key"}} {
		if err := operate(t, append([]string{"backup", "--data", "data"}, args...)...); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(args[0]); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v %v", args[0], info, err)
		}
		if holds(t, args[0], "sk-canary") {
			t.Errorf("%s has a credential in clear", args[0])
		}
	}
	if _, err := os.Stat(filepath.Join("plain", secret.KeyFile)); err == nil || isDir(filepath.Join("plain", recordingsFolder)) {
		t.Error("a plain backup has the master key or the recordings in it")
	}

	if err := operate(t, "restore", "--data", "other", "plain"); err == nil || !strings.Contains(err.Error(), filepath.Join("other", secret.KeyFile)) {
		t.Errorf("restoring without the master key: %v", err)
	}
	if err := operate(t, "restore", "--data", "again", "whole"); err != nil {
		t.Fatal(err)
	}
	if got := secretOf(t, "again", connection); got != "sk-canary-123456789" {
		t.Errorf("the restored secret is %q", got)
	}
	if b, err := os.ReadFile(filepath.Join("again", recordingsFolder, "a.wav")); err != nil || string(b) != "sound" {
		t.Errorf("the recording is %q, %v", b, err)
	}
	if err := operate(t, "restore", "--data", "again", "whole"); err == nil || !strings.Contains(err.Error(), "in use already") {
		t.Errorf("restoring over what is there: %v", err)
	}
	if h, _ := serve(t, "again"); h.env == "" {
		t.Error("the restored installation has no environment")
	}
}

func TestRotateKey(t *testing.T) {
	t.Chdir(t.TempDir())
	var connection string
	t.Run("while the server runs", func(t *testing.T) {
		_, connection = furnished(t, "data")
		if err := operate(t, "rotate-key", "--data", "data"); err == nil || !strings.Contains(err.Error(), "another parley runs") {
			t.Errorf("it was rotated: %v", err)
		}
	})
	before, err := os.ReadFile(filepath.Join("data", secret.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := operate(t, "rotate-key", "--data", "data"); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join("data", secret.KeyFile))
	if err != nil || bytes.Equal(before, after) {
		t.Errorf("the key is the same: %v", err)
	}
	if got := secretOf(t, "data", connection); got != "sk-canary-123456789" {
		t.Errorf("the secret is %q", got)
	}
	if err := os.WriteFile(filepath.Join("data", secret.KeyFile), before, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.OpenFolder(t.Context(), filepath.Join("data", databaseFile), "data", ""); err == nil {
		t.Error("the old key still opens the database")
	}
}

func TestOperatingWrongly(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("taken", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PARLEY_MASTER_KEY", "")
	for _, row := range []struct {
		args []string
		says string
	}{
		{[]string{"backup", "--data", "nowhere", "b"}, "there is no database at nowhere/parley.db"},
		{[]string{"backup", "--data", "nowhere"}, `expected "<to>"`},
		{[]string{"rotate-key", "--data", "nowhere"}, "there is no database at"},
		{[]string{"restore", "--data", "new", "taken"}, "master key of the backup is needed"},
		{[]string{"restore", "--data", "new", "--master-key", "a long master key", "taken"}, "taken/parley.db"},
		{[]string{"restore", "--data", "new", "missing"}, "missing"},
	} {
		if err := operate(t, row.args...); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%v: %v, want %q in it", row.args, err, row.says)
		}
	}
	if _, err := os.Stat("nowhere"); err == nil {
		t.Error("a folder was made for an installation that is not there")
	}
	furnished(t, "data")
	if err := operate(t, "backup", "--data", "data", "taken"); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("a folder that is there was taken: %v", err)
	}
	if err := operate(t, "backup", "--data", "data", "--master-key", "another long master key", "b"); err == nil || isDir("b") {
		t.Errorf("with another master key: %v; half a backup is left: %t", err, isDir("b"))
	}
}
