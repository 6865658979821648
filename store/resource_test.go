package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/secret"

	"github.com/parley-voice/parley"
)

func testResources(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	given := Doc{"id": "mine", "user_id": "mine", "label": "it's \"quoted\" ünïcode \x00", "content": "${x}", "unknown_field": []any{1.5, nil, true, Doc{"a": "b"}}, "description": nil}
	made, err := d.Create(ctx, env, Prompts, given)
	if err != nil {
		t.Fatal(err)
	}
	id := made["id"].(string)
	if id == "mine" || made["user_id"] != env || given["id"] != "mine" {
		t.Errorf("%v", made)
	}
	got, err := d.Get(ctx, env, Prompts, id)
	if err != nil {
		t.Fatal(err)
	}
	want := Doc{"id": id, "user_id": env, "label": given["label"], "content": "${x}", "unknown_field": given["unknown_field"], "description": nil}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept %#v, want %#v", got, want)
	}
	for name, f := range map[string]func() error{
		"another environment": func() error { _, err := d.Get(ctx, other, Prompts, id); return err },
		"another kind":        func() error { _, err := d.Get(ctx, env, Voices, id); return err },
		"no such id":          func() error { _, err := d.Get(ctx, env, Prompts, "no"); return err },
		"injection":           func() error { _, err := d.Get(ctx, env, Prompts, "' OR ''='"); return err },
		"update":              func() error { _, err := d.Update(ctx, other, Prompts, id, Doc{"content": "x"}); return err },
		"delete":              func() error { _, err := d.Delete(ctx, other, Prompts, id); return err },
		"internal":            func() error { _, err := d.Internal(ctx, other, Prompts, id); return err },
	} {
		if err := f(); status(err) != 404 {
			t.Errorf("%s: %v", name, err)
		}
	}
	changed, err := d.Update(ctx, env, Prompts, id, Doc{"id": "x", "user_id": "y", "content": "new", "label": nil})
	if err != nil || changed["content"] != "new" || changed["label"] != nil || changed["id"] != id || changed["user_id"] != env || changed["unknown_field"] == nil {
		t.Errorf("%v %v", changed, err)
	}
	if got, _ := d.Get(ctx, env, Prompts, id); !reflect.DeepEqual(got, changed) {
		t.Errorf("%v was answered, %v is stored", changed, got)
	}
	gone, err := d.Delete(ctx, env, Prompts, id)
	if err != nil || !reflect.DeepEqual(gone, changed) {
		t.Errorf("%v %v", gone, err)
	}
	if _, err := d.Get(ctx, env, Prompts, id); status(err) != 404 {
		t.Error(err)
	}
}

// TestVoiceOfAnotherType: what was set for one vendor does not reach the next.
func TestVoiceOfAnotherType(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	v, err := d.Create(t.Context(), env, Voices, Doc{"type": "voice_deepgram", "model": "aura", "label": "L", "api_key": "deepgram-secret-key"})
	if err != nil {
		t.Fatal(err)
	}
	v, err = d.Update(t.Context(), env, Voices, v["id"].(string), Doc{"type": "voice_local", "rate": 1.5})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Doc{"id": v["id"], "user_id": env, "type": "voice_local", "label": "L", "rate": 1.5}); !reflect.DeepEqual(v, want) {
		t.Errorf("%v, want %v", v, want)
	}
	p, _ := d.Create(t.Context(), env, Prompts, Doc{"type": "prompt", "content": "c"})
	if p, err = d.Update(t.Context(), env, Prompts, p["id"].(string), Doc{"type": "block"}); err != nil || p["content"] != "c" {
		t.Errorf("a prompt is no voice: %v %v", p, err)
	}
}

const (
	token  = "tok-0123456789-abcd"
	apiKey = "key-9876543210-wxyz"
)

func testSecrets(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	made, err := d.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_sip", "config": Doc{"credentials": apiKey},
		"credentials": Doc{"host": "pbx.example", "port": 5070.0, "username": "u", "password": token, "allowed_addresses": []any{"10.0.0.0/8"}, "nothing": nil}})
	if err != nil {
		t.Fatal(err)
	}
	id := made["id"].(string)
	seen, err := d.Get(ctx, env, AccountConnections, id)
	if err != nil || !reflect.DeepEqual(seen, made) {
		t.Fatal(seen, err)
	}
	shown := seen["credentials"].(map[string]any)
	if shown["password"] != "…abcd" || shown["username"] != "…" || shown["port"] != "…" || shown["nothing"] != nil || len(shown) != 6 {
		t.Errorf("%v", shown)
	}
	clear := func() map[string]any {
		t.Helper()
		doc, err := d.Internal(ctx, "", AccountConnections, id)
		if err != nil {
			t.Fatal(err)
		}
		return doc["credentials"].(map[string]any)
	}
	if c := clear(); c["password"] != token || c["port"] != 5070.0 {
		t.Errorf("%v", c)
	}
	var row string
	if err := d.r.NewRaw("SELECT doc FROM resources WHERE id = ?", id).Scan(ctx, &row); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(row, "0123456789") || strings.Contains(row, "9876543210") || strings.Contains(row, "pbx.example") {
		t.Errorf("the row has secrets in clear: %s", row)
	}
	// What was read may be posted back whole, with one thing changed.
	shown["password"] = "a-new-password-1234"
	if _, err := d.Update(ctx, env, AccountConnections, id, seen); err != nil {
		t.Fatal(err)
	}
	if c := clear(); c["password"] != "a-new-password-1234" || c["username"] != "u" || c["port"] != 5070.0 || !reflect.DeepEqual(c["allowed_addresses"], []any{"10.0.0.0/8"}) {
		t.Errorf("after posting masks back: %v", c)
	}
	if _, err := d.Create(ctx, env, Voices, Doc{"type": "voice_rime", "api_key": "…abcd"}); status(err) != 400 || !strings.Contains(err.Error(), "api_key") {
		t.Errorf("a mask was stored as a secret: %v", err)
	}
	if _, err := d.Update(ctx, env, AccountConnections, id, Doc{"credentials": Doc{"token": "…abcd"}}); status(err) != 400 {
		t.Errorf("a mask was stored as a secret: %v", err)
	}
	testSealedPlace(t, d, env, id)
	testShownOnce(t, d, env)
}

// testSealedPlace: a sealed value copied to another row does not open there.
func testSealedPlace(t *testing.T, d *DB, env, id string) {
	ctx := t.Context()
	other, err := d.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_sip", "credentials": Doc{"password": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.w.NewRaw("UPDATE resources SET doc = (SELECT doc FROM resources WHERE id = ?) WHERE id = ?", id, other["id"]).Exec(ctx); err != nil {
		t.Fatal(err)
	}
	if doc, err := d.Internal(ctx, env, AccountConnections, other["id"].(string)); err == nil {
		t.Errorf("it opened: %v", doc)
	}
	if _, err := d.w.NewRaw("DELETE FROM resources WHERE id = ?", other["id"]).Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

func testShownOnce(t *testing.T, d *DB, env string) {
	ctx := t.Context()
	made, err := d.Create(ctx, env, Webhooks, Doc{"url": "https://x.example", "subscriptions": []any{"event_message"}})
	if err != nil {
		t.Fatal(err)
	}
	secretText, id := made["signing_secret"].(string), made["id"].(string)
	if !strings.HasPrefix(secretText, "whsec_") {
		t.Errorf("%v", made)
	}
	if got, _ := d.Get(ctx, env, Webhooks, id); got["signing_secret"] == secretText || !secret.IsMasked(got["signing_secret"].(string)) {
		t.Errorf("shown again: %v", got)
	}
	if got, _ := d.Update(ctx, env, Webhooks, id, Doc{"label": "x"}); got["signing_secret"] == secretText {
		t.Errorf("shown again: %v", got)
	}
	if in, _ := d.Internal(ctx, env, Webhooks, id); in["signing_secret"] != secretText {
		t.Errorf("%v", in)
	}
	rotated, err := d.RotateWebhookSecret(ctx, env, id, "whsec_bmV3", "2030-01-01T00:00:00Z")
	if err != nil || rotated["signing_secret"] != "whsec_bmV3" {
		t.Errorf("%v %v", rotated, err)
	}
	if in, _ := d.Internal(ctx, env, Webhooks, id); in["previous_signing_secret"] != secretText || in["signing_secret"] != "whsec_bmV3" {
		t.Errorf("%v", in)
	}
	action, err := d.Create(ctx, env, Actions, Doc{"type": "action_external", "config": Doc{"url": "u",
		"input_schema": Doc{"properties": Doc{"api_key": "a word of a schema"}}}})
	if err != nil {
		t.Fatal(err)
	}
	config := action["config"].(map[string]any)
	if s, _ := config["signature_secret"].(string); !strings.HasPrefix(s, "whsec_") {
		t.Errorf("%v", config)
	}
	if got := at(action, "config.input_schema.properties.api_key"); got != "a word of a schema" {
		t.Errorf("a schema was masked: %v", got)
	}
}

func testLists(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	for i := range 25 {
		label := fmt.Sprintf("label %02d", i)
		if i%5 == 0 {
			label = fmt.Sprintf("100%%_Special %02d", i)
		}
		if _, err := d.Create(ctx, env, Actions, Doc{"type": "action_" + string(rune('a'+i%3)), "label": label}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Create(ctx, other, Actions, Doc{"type": "action_a", "label": "label 00"}); err != nil {
		t.Fatal(err)
	}
	labels := func(p Page) (got []string, l List[Doc]) {
		t.Helper()
		l, err := d.List(ctx, env, Actions, p)
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		for _, doc := range l.Items {
			got = append(got, doc["label"].(string))
		}
		return got, l
	}
	got, l := labels(Page{})
	if len(got) != 10 || l.Total != 25 || !l.HasMore || got[1] != "label 01" {
		t.Errorf("%v %d %v", got, l.Total, l.HasMore)
	}
	seen := map[string]bool{}
	for page := 1; ; page++ {
		got, l := labels(Page{Page: page, Size: 4, SortColumn: "type"})
		for _, s := range got {
			if seen[s] {
				t.Errorf("%s is on two pages", s)
			}
			seen[s] = true
		}
		if !l.HasMore {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 on all pages", len(seen))
	}
	if got, _ := labels(Page{SortColumn: "label", SortDesc: true, Size: 1}); got[0] != "label 24" {
		t.Error(got)
	}
	if got, l := labels(Page{Page: 9}); len(got) != 0 || l.HasMore || l.Total != 25 {
		t.Error(got, l)
	}
	for _, c := range []struct {
		f     Filter
		total int
	}{
		{Filter{"label", "eq", "label 01"}, 1}, {Filter{"label", "", "label 01"}, 1}, {Filter{"label", "ne", "label 01"}, 24},
		{Filter{"label", "contains", "100%_sPECIAL"}, 5}, {Filter{"label", "contains", "%"}, 5}, {Filter{"label", "contains", "_s"}, 5}, {Filter{"label", "contains", "' OR 1=1 --"}, 0},
		{Filter{"type", "in", []any{"action_a", "action_b"}}, 17}, {Filter{"label", "gte", "label 20"}, 4}, {Filter{"label", "lt", "label 02"}, 6},
		{Filter{"description", "eq", nil}, 25}, {Filter{"created_at", "lte", time.Now().Add(time.Hour).Format(time.RFC3339)}, 25},
		{Filter{"created_at", "gt", float64(time.Now().Add(time.Hour).Unix())}, 0}, {Filter{"label", "eq", "a\x00b"}, 0},
	} {
		if _, l := labels(Page{Filters: []Filter{c.f}}); l.Total != c.total {
			t.Errorf("%+v: %d, want %d", c.f, l.Total, c.total)
		}
	}
	if _, l := labels(Page{Filters: []Filter{{"type", "eq", "action_a"}, {"label", "contains", "special"}}}); l.Total != 2 {
		t.Errorf("two filters: %d", l.Total)
	}
	for _, p := range []Page{
		{SortColumn: "doc"}, {SortColumn: "label; DROP TABLE calls"}, {Size: 101}, {Size: -1}, {Filters: []Filter{{"content", "eq", "x"}}}, {Filters: []Filter{{"label", "like", "x"}}},
		{Filters: []Filter{{"label", "in", "x"}}}, {Filters: []Filter{{"label", "in", []any{}}}}, {Filters: []Filter{{"label", "eq", Doc{}}}}, {Filters: []Filter{{"label", "contains", 1.0}}},
		{Filters: []Filter{{"created_at", "gt", "yesterday"}}}, {Page: 1 << 40},
	} {
		if _, err := d.List(ctx, env, Actions, p); status(err) != 400 {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// testGists: prompts and webhooks are found by what they say, labelled or not, as they are now; also those of an earlier version.
func testGists(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	made := func(k Kind, doc Doc) string {
		t.Helper()
		got, err := d.Create(ctx, env, k, doc)
		if err != nil {
			t.Fatal(err)
		}
		return str(got, "id")
	}
	night := made(Prompts, Doc{"content": "You are the night desk of Hotel Aurora."})
	day := made(Prompts, Doc{"content": "You are the day desk.\n100% friendly.", "label": "Day"})
	odd := made(Prompts, Doc{"content": nil})
	hook := made(Webhooks, Doc{"url": "https://hooks.example/parley?a=1"})
	find := func(when string, k Kind, field, op string, v any, want ...string) {
		t.Helper()
		l, err := d.List(ctx, env, k, Page{Filters: []Filter{{field, op, v}}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, doc := range l.Items {
			got = append(got, str(doc, "id"))
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) || l.Total != len(want) {
			t.Errorf("%s: %s %s %s %v: %v, want %v", when, k, field, op, v, got, want)
		}
	}
	look := func(when string) {
		t.Helper()
		find(when, Prompts, "content", "contains", "AURORA", night)
		find(when, Prompts, "content", "contains", "desk", night, day)
		find(when, Prompts, "content", "contains", "100%", day)
		find(when, Prompts, "content", "", nil, odd)
		find(when, Webhooks, "url", "contains", "hooks.example/parley?", hook)
		find(when, Webhooks, "url", "contains", "aurora")
	}
	look("as they were made")
	if _, err := d.Update(ctx, env, Prompts, night, Doc{"content": "You are the bar of Hotel Borealis."}); err != nil {
		t.Fatal(err)
	}
	find("changed", Prompts, "content", "contains", "aurora")
	if _, err := d.Update(ctx, env, Prompts, night, Doc{"content": "The night desk of Aurora again."}); err != nil {
		t.Fatal(err)
	}
	look("as they were changed")
	for k, field := range map[Kind]string{Prompts: "url", Webhooks: "content", Voices: "content", Actions: "url", AccountConnections: "gist"} {
		if _, err := d.List(ctx, env, k, Page{Filters: []Filter{{field, "contains", "a"}}}); status(err) != 400 {
			t.Errorf("%s of %s: %v", field, k, err)
		}
	}
	nul := made(Prompts, Doc{"content": "north\x00wing"}) // which PostgreSQL cannot read out of a document
	find("with a NUL", Prompts, "content", "contains", "northwing", nul)
	for _, q := range []string{"DROP INDEX resources_gist", "ALTER TABLE resources DROP COLUMN gist", "ALTER TABLE resources DROP COLUMN gist_at", "DELETE FROM goose_db_version WHERE version_id IN (18, 20)"} {
		if _, err := d.w.ExecContext(ctx, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := d.migrate(ctx); err != nil {
		t.Fatal(err)
	}
	look("made by an earlier version")
	find("with a NUL, made by an earlier version", Prompts, "content", "contains", "northwing", nul)
}

// testGistsOfOlder: what an older node writes beside newer ones is found by what it says now, and no more by what it said.
func testGistsOfOlder(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	older := func(q string, args ...any) {
		t.Helper()
		if _, err := d.w.NewRaw(q, args...).Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	insert := func(k Kind, id, doc string, at int64) {
		t.Helper()
		older("INSERT INTO resources (id, environment_id, kind, type, label, description, owner_agent_id, doc, created_at, updated_at) VALUES (?, ?, ?, '', '', '', '', ?, ?, ?)", id, env, k, doc, at, at)
	}
	found := func(k Kind, p Page) string {
		t.Helper()
		l, err := d.List(ctx, env, k, p)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, doc := range l.Items {
			ids = append(ids, str(doc, "id"))
		}
		return strings.Join(ids, " ")
	}
	said := func(text string) Page { return Page{Filters: []Filter{{"content", "contains", text}}} }
	kept, err := d.Create(ctx, env, Prompts, Doc{"content": "The bar of Aurora."})
	if err != nil {
		t.Fatal(err)
	}
	p1, p2, h1 := newID(), newID(), newID()
	insert(Prompts, p1, `{"id":"`+p1+`","content":"The night desk.\u0000 Be brief."}`, now())
	insert(Prompts, p2, `{"id":"`+p2+`","content":"A NUL is written \\u0000."}`, now())
	insert(Webhooks, h1, `{"id":"`+h1+`","url":"https://hooks.example/one"}`, now())
	if got := found(Prompts, said("night desk. be")); got != p1 {
		t.Errorf("written by an older node: %q", got)
	}
	if got := found(Prompts, said(`\u0000`)); got != p2 {
		t.Errorf("written by an older node, with what looks like a NUL: %q", got)
	}
	if got := found(Webhooks, Page{Filters: []Filter{{"url", "contains", "/one"}}}); got != h1 {
		t.Errorf("a webhook written by an older node: %q", got)
	}
	older("UPDATE resources SET doc = ?, updated_at = ? WHERE id = ?", `{"id":"`+str(kept, "id")+`","content":"The day desk of Borealis."}`, now(), str(kept, "id"))
	if got := found(Prompts, said("aurora")); got != "" {
		t.Errorf("changed by an older node, it is found by what it said: %q", got)
	}
	if got := found(Prompts, said("borealis")); got != str(kept, "id") {
		t.Errorf("changed by an older node: %q", got)
	}
	many := 2*gistBatch + 1
	for i := range many {
		id := newID()
		insert(Prompts, id, fmt.Sprintf(`{"id":%q,"content":"Zone %04d"}`, id, i), now())
	}
	last, err := d.List(ctx, env, Prompts, Page{SortColumn: "content", SortDesc: true, Size: 1})
	if want := fmt.Sprintf("Zone %04d", many-1); err != nil || len(last.Items) != 1 || str(last.Items[0], "content") != want {
		t.Errorf("sorted by what they say: %v %v, want %s", last.Items, err, want)
	}
	var behind int
	if err := d.r.NewRaw("SELECT COUNT(*) FROM resources WHERE environment_id = ? AND gist_at <> updated_at", env).Scan(ctx, &behind); err != nil || behind != 0 {
		t.Errorf("%d are still to be brought up to date: %v", behind, err)
	}
	if _, err := d.Update(ctx, env, Prompts, p1, Doc{"content": "The lounge."}); err != nil {
		t.Fatal(err)
	}
	if got := found(Prompts, said("lounge")); got != p1 {
		t.Errorf("changed by this node: %q", got)
	}
}

func testTrunks(t *testing.T, d *DB) {
	ctx, a, b := t.Context(), environment(t, d), environment(t, d)
	for env, credentials := range map[string]Doc{
		a: {"host": "one.example", "port": 5070.0, "transport": "tcp", "username": "u", "password": token, "auth_username": "au", "realm": "r",
			"outbound_proxy": "p.example", "codecs": []any{"PCMA", "PCMU"}, "allowed_addresses": "10.0.0.0/8, 192.0.2.1"},
		b: {"host": "two.example", "port": "5080"},
	} {
		if _, err := d.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_sip", "credentials": credentials}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Create(ctx, a, AccountConnections, Doc{"type": "account_connection_openai", "credentials": Doc{"openai_api_key": "x"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(ctx, b, AccountConnections, Doc{"type": "account_connection_twilio", "credentials": Doc{"twilio_account_sid": "AC1", "twilio_auth_token": token}}); err != nil {
		t.Fatal(err)
	}
	trunks, err := d.Trunks(ctx)
	if err != nil || len(trunks) != 3 {
		t.Fatal(trunks, err)
	}
	if last := trunks[2]; last.Carrier != parley.CarrierTwilio || last.UserID != b || last.ID == "" {
		t.Errorf("%+v", last)
	}
	for _, got := range trunks[:2] {
		switch got.UserID {
		case a:
			if got.Host != "one.example" || got.Port != 5070 || got.Transport != "tcp" || got.Username != "u" || got.Password != token || got.AuthUsername != "au" || got.Realm != "r" ||
				got.OutboundProxy != "p.example" || !reflect.DeepEqual(got.Media.Codecs, []string{"PCMA", "PCMU"}) || !reflect.DeepEqual(got.AllowedAddresses, []string{"10.0.0.0/8", "192.0.2.1"}) || got.ID == "" {
				t.Errorf("%+v", got)
			}
		case b:
			if got.Host != "two.example" || got.Port != 5080 || got.Media.Codecs != nil {
				t.Errorf("%+v", got)
			}
		}
	}
}

func TestBlobs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "recordings")
	b, err := NewBlobs(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	w, err := b.Create("call-1.wav")
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("0123456789"))
	w.Seek(2, 0)
	w.Write([]byte("XX"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, size, err := b.Open("call-1.wav")
	if err != nil || size != 10 {
		t.Fatal(size, err)
	}
	got := make([]byte, 10)
	r.Read(got)
	r.Close()
	if string(got) != "01XX456789" {
		t.Errorf("%s", got)
	}
	path, err := b.Path("call-1.wav")
	if info, e := os.Stat(path); err != nil || e != nil || info.Mode().Perm() != 0o600 {
		t.Error(path, err, e, info)
	}
	if err := b.Delete("call-1.wav"); err != nil {
		t.Error(err)
	}
	if err := b.Delete("call-1.wav"); err != nil {
		t.Error("deleting what is not there:", err)
	}
	if _, _, err := b.Open("call-1.wav"); status(err) != 404 {
		t.Error(err)
	}
	os.WriteFile(filepath.Join(dir, "..", "secret"), []byte("x"), 0o600)
	os.Symlink("../secret", filepath.Join(dir, "link"))
	os.Mkdir(filepath.Join(dir, "folder"), 0o700)
	for _, name := range []string{"", ".", "..", "../secret", "a/b", `a\b`, "/etc/passwd", ".hidden", "a\x00b", "a b", strings.Repeat("a", 129), "link", "folder"} {
		if f, _, err := b.Open(name); err == nil {
			f.Close()
			t.Errorf("opened %q", name)
		}
		if f, err := b.Create(name); err == nil {
			f.Close()
			t.Errorf("created %q", name)
		}
	}
	if x, _ := os.ReadFile(filepath.Join(dir, "..", "secret")); string(x) != "x" {
		t.Error("a link was followed out")
	}
}

func FuzzMerge(f *testing.F) {
	f.Add(`{"credentials":{"a":"0123456789abc"}}`, `{"credentials":{"a":"…9abc","b":["x"]}}`)
	f.Add(`{"type":"voice_a","api_key":"k"}`, `{"type":"voice_b","api_key":null}`)
	f.Add(`{"a":[{"api_key":"0123456789abc"}]}`, `{"a":[{"api_key":"…"}],"":{"credentials":1}}`)
	k, _ := secret.NewKey(testKey)
	d := &DB{key: k}
	f.Fuzz(func(t *testing.T, a, b string) {
		var old, patch Doc
		if json.Unmarshal([]byte(a), &old) != nil || json.Unmarshal([]byte(b), &patch) != nil || old == nil || patch == nil {
			return
		}
		row, err := d.seal(old, "env", "id")
		if err != nil {
			t.Fatal(err)
		}
		back, err := d.unseal(row, "env", "id")
		if err != nil || !reflect.DeepEqual(back, old) {
			t.Fatalf("%v became %v, %v", old, back, err)
		}
		doc, err := merge(old, patch)
		if err != nil {
			if status(err) != 400 {
				t.Fatal(err)
			}
			return
		}
		masked(doc, false)
		if !reflect.DeepEqual(back, old) {
			t.Fatal("merge changed the old document")
		}
	})
}
