package store

import (
	"reflect"
	"testing"

	"github.com/parley-voice/parley"
)

func testAudit(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	for _, c := range []parley.Call{{ID: "c1", UserID: env, Status: parley.Ended}, {ID: "c2", UserID: env, Status: parley.Ended}, {ID: "c3", UserID: other, Status: parley.Ended}} {
		if err := d.CreateCall(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	write := func(e AuditEntry) string {
		t.Helper()
		id, err := d.Audit(ctx, e)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	said := write(AuditEntry{EnvironmentID: env, CallID: "c1", Key: "sk_live_ab", Act: "say", Details: map[string]string{"text": "hello\x00"}})
	write(AuditEntry{EnvironmentID: env, CallID: "c2", Key: "sk_live_cd", Act: "listen"})
	write(AuditEntry{EnvironmentID: other, CallID: "c3", Key: "sk_live_ef", Act: "mute"})
	if err := d.Audited(ctx, said, 409, "busy"); err != nil {
		t.Error(err)
	}
	list := func(p Page) []AuditEntry {
		t.Helper()
		l, err := d.AuditEntries(ctx, env, p)
		if err != nil {
			t.Fatal(err)
		}
		return l.Items
	}
	all := list(Page{})
	if len(all) != 2 || all[0].At.IsZero() {
		t.Fatalf("%+v", all)
	}
	at := all[0].At
	want := AuditEntry{ID: said, EnvironmentID: env, CallID: "c1", Key: "sk_live_ab", Act: "say", Details: map[string]string{"text": "hello"}, Status: 409, Code: "busy", At: at}
	if !reflect.DeepEqual(all[0], want) {
		t.Errorf("%+v, want %+v", all[0], want)
	}
	if all[1].Act != "listen" || all[1].Status != 0 || len(all[1].Details) != 0 {
		t.Errorf("%+v", all[1])
	}
	for field, value := range map[string]any{"call_id": "c1", "key": "sk_live_ab", "act": "say", "status": float64(409), "code": "busy"} {
		if got := list(Page{Filters: []Filter{{Field: field, Op: "eq", Value: value}}}); len(got) != 1 || got[0].ID != said {
			t.Errorf("by %s: %+v", field, got)
		}
	}
	if err := d.EraseText(ctx, "c1"); err != nil {
		t.Fatal(err)
	}
	if got := list(Page{})[0]; len(got.Details) != 0 || got.Act != "say" || got.Key != "sk_live_ab" {
		t.Errorf("of a call whose text was erased: %+v", got)
	}
	if _, err := d.DeleteCall(ctx, env, "c1"); err != nil {
		t.Fatal(err)
	}
	if got := list(Page{}); len(got) != 1 || got[0].CallID != "c2" {
		t.Errorf("after the call was deleted: %+v", got)
	}
	if _, err := d.Audit(ctx, AuditEntry{EnvironmentID: "nobody", CallID: "c", Act: "say"}); err == nil {
		t.Error("an entry of no environment")
	}
}
