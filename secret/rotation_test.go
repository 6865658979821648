package secret

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRotationOfTheKeyFile(t *testing.T) {
	dir := t.TempDir()
	old, err := LoadKey(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if k, there, err := PendingKey(dir); k != nil || there || err != nil {
		t.Fatal(k, there, err)
	}
	if err := FinishRotation(dir); err == nil {
		t.Error("a rotation that nobody began was finished")
	}
	next, err := NextKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	sealed := next.Seal([]byte("x"), "place")
	if _, err := old.Open(sealed, "place"); err == nil {
		t.Error("the next key is the old one")
	}
	if info, err := os.Stat(filepath.Join(dir, nextFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	again, err := NextKey(dir) // after a crash
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(sealed, "place"); err != nil {
		t.Error("the key of the first attempt is lost, and what was sealed with it")
	}
	if now, err := LoadKey(dir, ""); err != nil || !now.Verify("m", old.Sign("m")) {
		t.Error("the old key is in force until the end:", err)
	}
	if err := FinishRotation(dir); err != nil {
		t.Fatal(err)
	}
	now, err := LoadKey(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := now.Open(sealed, "place"); err != nil {
		t.Error("the next key is not in force:", err)
	}
	if l, err := os.ReadDir(dir); err != nil || len(l) != 1 {
		t.Error("it leaves behind", l, err)
	}
}

func TestBadNextKeyFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, nextFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := PendingKey(dir); err == nil {
		t.Error("a key that is too short was taken")
	}
	if _, err := NextKey(dir); err == nil {
		t.Error("a key that is too short was taken")
	}
}
