package store

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

func testLogins(t *testing.T, d *DB) {
	ctx := t.Context()
	key := func() APIKey {
		_, prefix, hash := secret.NewAPIKey(true)
		k, err := d.CreateKey(ctx, APIKey{EnvironmentID: environment(t, d), Prefix: prefix, Role: Operator}, hash)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	k, other := key(), key()
	in := func(s string) [32]byte { return sha256.Sum256([]byte(s)) }
	until := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	for _, l := range []struct {
		who   APIKey
		what  string
		until time.Time
	}{{k, "a", until}, {k, "b", until}, {other, "c", until}, {k, "over", time.Now().Add(-time.Second)}} {
		if err := d.OpenLogin(ctx, l.who.ID, in(l.what), l.until); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, want APIKey) {
		t.Helper()
		got, ends, err := d.Login(ctx, in(what))
		if want.ID == "" {
			if !parley.IsNotFound(err) {
				t.Errorf("%s: %+v, %v", what, got, err)
			}
			return
		}
		if err != nil || got.ID != want.ID || got.EnvironmentID != want.EnvironmentID || got.Prefix != want.Prefix || got.Role != Operator || !ends.Equal(until) {
			t.Errorf("%s: %+v until %v, %v", what, got, ends, err)
		}
	}
	is("a", k)
	is("b", k)
	is("c", other)
	is("over", APIKey{})
	is("nobody", APIKey{})
	if err := d.CloseLogin(ctx, in("a")); err != nil {
		t.Error(err)
	}
	if err := d.CloseLogin(ctx, in("a")); err != nil {
		t.Error(err)
	}
	is("a", APIKey{})
	is("b", k)
	if _, err := d.DeleteKey(ctx, "", k.ID); err != nil {
		t.Fatal(err)
	}
	is("b", APIKey{})
	is("c", other)
	if err := d.OpenLogin(ctx, k.ID, in("late"), until); !parley.IsNotFound(err) {
		t.Errorf("with a key that was revoked: %v", err)
	}
	if used, err := d.Key(ctx, "", other.ID); err != nil || used.LastUsed.IsZero() {
		t.Errorf("%+v: a login's use is not its key's: %v", used, err)
	}
	if n, err := d.r.NewSelect().Model((*loginRow)(nil)).Count(ctx); err != nil || n != 1 {
		t.Errorf("%d logins are kept: %v", n, err)
	}
}
