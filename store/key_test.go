package store

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

func testKeys(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	_, prefix, hash := secret.NewAPIKey(true)
	made, err := d.CreateKey(ctx, APIKey{EnvironmentID: env, Prefix: prefix, Label: "laptop", Role: Admin}, hash)
	if err != nil || made.ID == "" || made.Created.IsZero() || !made.LastUsed.IsZero() {
		t.Fatal(made, err)
	}
	if got, err := d.Key(ctx, env, made.ID); err != nil || got != made || got.Label != "laptop" || got.Role != Admin || got.Prefix != prefix {
		t.Errorf("%+v %v", got, err)
	}
	if again, err := d.CreateKey(ctx, APIKey{EnvironmentID: other, Role: Operator}, hash); err != nil || again != made {
		t.Error("a known hash got another row", again, err)
	}
	_, _, second := secret.NewAPIKey(false)
	plain, err := d.CreateKey(ctx, APIKey{EnvironmentID: other}, second)
	if err != nil || plain.Role != Member {
		t.Error("a key of which nothing is said may do more than a member:", plain, err)
	}
	if k, err := d.LookupKey(ctx, hash); err != nil || k.ID != made.ID || k.EnvironmentID != env || k.Role != Admin {
		t.Errorf("%+v %v", k, err)
	}
	for env, want := range map[string]int{env: 1, other: 1, "": 2, "none": 0} {
		if l, err := d.Keys(ctx, env, Page{}); err != nil || l.Total != want || len(l.Items) != want {
			t.Errorf("%q: %+v %v", env, l, err)
		}
	}
	if l, err := d.Keys(ctx, "", Page{Filters: []Filter{{"role", "eq", "admin"}}}); err != nil || l.Total != 1 || l.Items[0].ID != made.ID {
		t.Errorf("%+v %v", l, err)
	}
	if _, err := d.LookupKey(ctx, secret.HashAPIKey("other")); status(err) != 404 {
		t.Error(err)
	}
	for _, k := range []APIKey{{EnvironmentID: env, Role: "root"}, {EnvironmentID: "none"}} {
		if _, err := d.CreateKey(ctx, k, [32]byte{1}); status(err) != 400 && status(err) != 404 {
			t.Errorf("%+v: %v", k, err)
		}
	}
	if _, err := d.Key(ctx, other, made.ID); status(err) != 404 {
		t.Error("another environment's key was read:", err)
	}
	if _, err := d.DeleteKey(ctx, other, made.ID); status(err) != 404 {
		t.Error("another environment's key was deleted:", err)
	}
	if gone, err := d.DeleteKey(ctx, env, made.ID); err != nil || gone.ID != made.ID {
		t.Error(gone, err)
	}
	if _, err := d.LookupKey(ctx, hash); status(err) != 404 {
		t.Error("a deleted key works:", err)
	}
}

func testLastOperatorKey(t *testing.T, d *DB) {
	ctx := t.Context()
	if _, _, err := d.EnsureDefaultEnvironment(ctx); err != nil {
		t.Fatal(err)
	}
	env := environment(t, d)
	first, err := d.CreateKey(ctx, APIKey{EnvironmentID: env, Role: Operator}, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	last := func(err error) bool {
		var e *parley.Error
		return errors.As(err, &e) && e.Status == 409 && e.Code == "last_operator"
	}
	if _, err := d.DeleteKey(ctx, "", first.ID); !last(err) {
		t.Error("the last operator key was deleted:", err)
	}
	if _, err := d.DeleteEnvironment(ctx, env); !last(err) {
		t.Error("the last operator key went with its environment:", err)
	}
	second, err := d.CreateKey(ctx, APIKey{EnvironmentID: environment(t, d), Role: Operator}, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 2)
	for _, id := range []string{first.ID, second.ID} {
		go func() { _, err := d.DeleteKey(ctx, "", id); gone <- err }()
	}
	if a, b := <-gone, <-gone; last(a) == last(b) {
		t.Error("of the last two keys deleted at once one must stay:", a, b)
	}
}

func testKeyUse(t *testing.T, d *DB) {
	ctx := t.Context()
	k, err := d.CreateKey(ctx, APIKey{EnvironmentID: environment(t, d)}, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	used := func() time.Time {
		t.Helper()
		if _, err := d.LookupKey(ctx, [32]byte{1}); err != nil {
			t.Fatal(err)
		}
		k, err := d.Key(ctx, "", k.ID)
		if err != nil {
			t.Fatal(err)
		}
		return k.LastUsed
	}
	first := used()
	if time.Since(first) > time.Minute {
		t.Error("used at", first)
	}
	if again := used(); again != first {
		t.Error("each use is a write:", again, first)
	}
	old := first.Add(-2 * time.Minute)
	if _, err := d.w.NewRaw("UPDATE api_keys SET last_used = ?", old.UnixMicro()).Exec(ctx); err != nil {
		t.Fatal(err)
	}
	d.used.at[k.ID] = old.UnixMicro()
	if later := used(); !later.After(old) {
		t.Error("a minute later:", later)
	}
}
