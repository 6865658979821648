package spool

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/spool/spooltest"
	"github.com/parley-voice/parley/store"
)

// What tells this program that it is a node which is going to be killed: a folder, a database and a storage.
const victim = "PARLEY_TEST_SPOOL"

func TestMain(m *testing.M) {
	if at := strings.Split(os.Getenv(victim), "|"); len(at) == 3 {
		serve(at[0], at[1], at[2])
	}
	os.Exit(m.Run())
}

// serve is that node's whole life.
func serve(dir, database, url string) {
	fail := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	key, err := secret.NewKey(strings.Repeat("k", 32))
	fail(err)
	db, err := store.Open(context.Background(), database, key)
	fail(err)
	o, err := NewBucket(S3{URL: url, Region: spooltest.Region, AccessKey: spooltest.AccessKey, SecretKey: spooltest.SecretKey})
	fail(err)
	s, err := New(Config{Dir: dir, Objects: o, Rows: db})
	fail(err)
	fail(s.Run(context.Background()))
}

// TestKilled: a node that is killed while it uploads, at each of the requests that make an upload in parts, stores all in its next life, and
// nothing of the first attempt is left.
func TestKilled(t *testing.T) {
	t.Parallel()
	for i, at := range []string{"POST uploads=", "PUT partNumber=1", "PUT partNumber=2", "PUT partNumber=3", "POST uploadId=", "HEAD "} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			key, err := secret.NewKey(strings.Repeat("k", 32))
			if err != nil {
				t.Fatal(err)
			}
			database := filepath.Join(t.TempDir(), "parley.db")
			c := &company{T: t, storage: storage(t)}
			if c.db, err = store.Open(t.Context(), database, key); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.db.Close() })
			e, err := c.db.CreateEnvironment(t.Context(), store.Environment{Name: "e"})
			if err != nil {
				t.Fatal(err)
			}
			c.env = e.ID
			dir, large := t.TempDir(), noise(2*partSize+100+i)
			id := c.call()
			if err := os.WriteFile(filepath.Join(dir, id+wav), large, 0o600); err != nil {
				t.Fatal(err)
			}
			c.ends(id)

			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), victim+"="+strings.Join([]string{dir, database, c.storage.URL}, "|"))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var once sync.Once
			killed := make(chan struct{})
			method, query, _ := strings.Cut(at, " ")
			c.storage.Set(spooltest.Fault{Before: func(m, q string) {
				if m == method && strings.Contains(q, query) && (m != http.MethodPost || strings.HasPrefix(q, query)) {
					once.Do(func() {
						_ = cmd.Process.Kill()
						_ = cmd.Wait()
						close(killed)
					})
				}
			}})
			<-killed
			c.storage.Set(spooltest.Fault{})
			if waits, kept := has(&node{Spool: &Spool{Config: Config{Dir: dir}}}, id+wav); !waits || kept {
				t.Errorf("after the kill: waits %v, kept %v", waits, kept)
			}
			n := c.node(dir)
			c.until("stored, whole", func() bool { return bytes.Equal(c.storage.Object(id+wav), large) && n.Waiting().Files == 0 })
			if c.storage.Half() != 0 {
				t.Errorf("%d uploads are left over", c.storage.Half())
			}
		})
	}
}
