package main

import (
	"testing"

	"github.com/parley-voice/parley/store"
)

// TestWhose: two environments with the same carrier have its calls from the same addresses; each gets its own.
func TestWhose(t *testing.T) {
	h := newTown(t)
	ctx := t.Context()
	e, err := h.db.CreateEnvironment(ctx, store.Environment{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	trunk := func(env string, c store.Doc) string {
		t.Helper()
		c["host"] = "sip.example.com"
		d, err := h.db.Create(ctx, env, store.AccountConnections, store.Doc{"type": "account_connection_sip", "config": store.Doc{}, "credentials": c})
		if err != nil {
			t.Fatal(err)
		}
		return d["id"].(string)
	}
	link := func(env, number, trunk string) {
		t.Helper()
		if _, err := h.db.LinkNumber(ctx, env, store.Doc{"number": number, "telephony_account_connection": trunk}); err != nil {
			t.Fatal(err)
		}
	}
	first, second := trunk(h.env, store.Doc{}), trunk(h.env, store.Doc{})
	theirs := trunk(e.ID, store.Doc{"number_format": "national", "country": "DE"})
	agent, err := h.db.CreateAgent(ctx, e.ID, demoAgent())
	if err != nil {
		t.Fatal(err)
	}
	link(h.env, "+15557770001", second)
	link(e.ID, "+493012345678", theirs)
	link(e.ID, "+15557770001", theirs) // it is somebody's already
	all := []string{first, second, theirs}
	for _, row := range []struct {
		to       string
		accounts []string
		want     string
	}{
		{"+15557770001", all, second},
		{"15557770001", all, second},
		{"+15557770001", []string{first, theirs}, first},
		{"+15557770001", []string{theirs}, theirs},
		{"+493012345678", all, theirs},
		{"03012345678", all, theirs},
		{"+15551234567", all, first},
		{agent["id"].(string), all, theirs},
		{h.agent, all, first},
		{"+19998887777", all, ""},
		{"nobody", all, ""},
		{"+493012345678", []string{first, "gone"}, ""},
		{"+493012345678", nil, ""},
	} {
		if got := h.Whose(ctx, row.to, row.accounts); got != row.want {
			t.Errorf("%s of %q: %q, want %q", row.to, row.accounts, got, row.want)
		}
	}
}
