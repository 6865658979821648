package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// id is the id at a path of a document.
func id(t *testing.T, doc Doc, path string) string {
	t.Helper()
	s, ok := at(doc, path+".id").(string)
	if path == "" {
		s, ok = doc["id"].(string)
	}
	if !ok {
		t.Fatalf("no id at %q of %v", path, doc)
	}
	return s
}

func count(t *testing.T, d *DB, table string) (n int) {
	t.Helper()
	if err := d.r.NewRaw("SELECT COUNT(*) FROM "+table).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func full(prompt, voice any) Doc {
	return Doc{
		"name": "Ada", "language": "en", "prompt": prompt, "voice": voice, "llm_temperature": 0.5, "unknown": "kept",
		"actions":                   []any{Doc{"type": "action_end_conversation", "config": Doc{}}, Doc{"type": "action_external", "config": Doc{"url": "https://x.example"}}},
		"webhook":                   Doc{"url": "https://hook.example", "subscriptions": []any{"event_message"}},
		"openai_account_connection": Doc{"type": "account_connection_openai", "credentials": Doc{"openai_api_key": apiKey}, "config": Doc{}},
		"transcriber":               Doc{"type": "transcriber_deepgram", "api_key": token},
	}
}

func testAgents(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	voice, err := d.Create(ctx, env, Voices, Doc{"type": "voice_local", "rate": 1.0})
	if err != nil {
		t.Fatal(err)
	}
	made, err := d.CreateAgent(ctx, env, full(Doc{"content": "Hello ${name}"}, voice["id"]))
	if err != nil {
		t.Fatal(err)
	}
	aid := id(t, made, "")
	if s, _ := at(made, "webhook.signing_secret").(string); !strings.HasPrefix(s, "whsec_") {
		t.Errorf("the secret of a webhook made inline is not shown: %v", made["webhook"])
	}
	if s, _ := at(made, "actions.1.config.signature_secret").(string); !strings.HasPrefix(s, "whsec_") {
		t.Errorf("the secret of an action made inline is not shown: %v", made["actions"])
	}
	if at(made, "openai_account_connection.credentials.openai_api_key") != "…wxyz" || at(made, "transcriber.api_key") != "…abcd" {
		t.Errorf("secrets are not masked: %v", made)
	}
	got, err := d.Agent(ctx, env, aid)
	if err != nil {
		t.Fatal(err)
	}
	if got["unknown"] != "kept" || got["user_id"] != env || at(got, "prompt.content") != "Hello ${name}" || id(t, got, "voice") != voice["id"] ||
		at(got, "actions.0.type") != "action_end_conversation" || at(got, "actions.1.type") != "action_external" || len(got["actions"].([]any)) != 2 {
		t.Errorf("%v", got)
	}
	if s := at(got, "webhook.signing_secret"); s == at(made, "webhook.signing_secret") {
		t.Errorf("shown twice: %v", s)
	}
	if doc, err := d.Get(ctx, env, Prompts, id(t, got, "prompt")); err != nil || doc["content"] != "Hello ${name}" {
		t.Error("a nested prompt is no prompt of its own:", doc, err)
	}
	a, err := d.InternalAgent(ctx, "", aid)
	if err != nil {
		t.Fatal(err)
	}
	if *a.Prompt.Content != "Hello ${name}" || a.Voice.Type() != "voice_local" || len(a.Actions) != 2 || a.Webhook.SigningSecret != at(made, "webhook.signing_secret") ||
		!strings.Contains(string(a.OpenAIAccountConnection), apiKey) || !strings.Contains(string(a.Transcriber), token) || *a.Temperature != 0.5 || a.UserID != env {
		t.Errorf("%+v", a)
	}
	if _, err := d.Agent(ctx, other, aid); status(err) != 404 {
		t.Error(err)
	}
	if _, err := d.InternalAgent(ctx, other, aid); status(err) != 404 {
		t.Error(err)
	}
	var rows []string
	if err := d.r.NewRaw("SELECT doc FROM agents UNION ALL SELECT doc FROM resources").Scan(ctx, &rows); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(rows, "\n"); strings.Contains(all, token) || strings.Contains(all, apiKey) || strings.Contains(all, "whsec_") {
		t.Error("a secret lies in the database in clear")
	}
	testAgentsRefused(t, d, env, other, voice)
	testAgentList(t, d, env, aid)
}

func testAgentsRefused(t *testing.T, d *DB, env, other string, voice Doc) {
	ctx := t.Context()
	agents, resources := count(t, d, "agents"), count(t, d, "resources")
	foreign, _ := d.Create(ctx, other, Prompts, Doc{"content": "theirs"})
	resources++
	for field, c := range map[string]struct {
		doc  Doc
		want int
	}{
		"prompt":    {Doc{"prompt": "00000000-0000-0000-0000-000000000000"}, 404},
		"voice":     {Doc{"prompt": Doc{"content": "x"}, "voice": foreign["id"]}, 404},
		"actions.1": {Doc{"prompt": Doc{}, "actions": []any{Doc{"type": "x"}, "none"}}, 404},
		"webhook":   {Doc{"webhook": 5.0}, 400},
		"actions":   {Doc{"actions": Doc{}}, 400},
		"openai_account_connection.credentials.k": {Doc{"openai_account_connection": Doc{"credentials": Doc{"k": "…abcd"}}}, 400},
	} {
		_, err := d.CreateAgent(ctx, env, c.doc)
		if status(err) != c.want || !strings.Contains(err.Error(), strings.Split(field, ".")[0]) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := d.CreateAgent(ctx, env, Doc{"prompt": Doc{"id": foreign["id"], "content": "mine now"}}); status(err) != 404 {
		t.Error(err)
	}
	if p, _ := d.Get(ctx, other, Prompts, foreign["id"].(string)); p["content"] != "theirs" {
		t.Error("another environment's prompt was written")
	}
	if count(t, d, "agents") != agents || count(t, d, "resources") != resources {
		t.Error("a refused agent left something behind")
	}
	_ = voice
}

func testAgentList(t *testing.T, d *DB, env, aid string) {
	ctx := t.Context()
	for i := range 12 {
		if _, err := d.CreateAgent(ctx, env, Doc{"name": fmt.Sprintf("agent %02d", i), "prompt": Doc{"content": fmt.Sprint(i)}, "actions": []any{}}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := d.Agents(ctx, env, Page{Size: 100, SortColumn: "name"})
	if err != nil || l.Total != 13 || len(l.Items) != 13 || l.HasMore {
		t.Fatal(l.Total, err)
	}
	for i, a := range l.Items[1:] {
		if a["name"] != fmt.Sprintf("agent %02d", i) || at(a, "prompt.content") != fmt.Sprint(i) {
			t.Errorf("%d: %v", i, a)
		}
	}
	one, _ := d.Agent(ctx, env, aid)
	if !reflect.DeepEqual(l.Items[0], one) {
		t.Errorf("listed %v\nread %v", l.Items[0], one)
	}
	b, _ := json.Marshal(l.Items)
	if strings.Contains(string(b), "whsec_") || strings.Contains(string(b), "sealed:") || strings.Contains(string(b), apiKey) {
		t.Error("the list shows secrets")
	}
}

func testAgentUpdates(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	made, err := d.CreateAgent(ctx, env, full(Doc{"content": "one"}, Doc{"type": "voice_local"}))
	if err != nil {
		t.Fatal(err)
	}
	aid, prompt, connection := id(t, made, ""), id(t, made, "prompt"), id(t, made, "openai_account_connection")
	update := func(patch Doc) Doc {
		t.Helper()
		doc, err := d.UpdateAgent(ctx, env, aid, patch)
		if err != nil {
			t.Fatalf("%v: %v", patch, err)
		}
		if read, _ := d.Agent(ctx, env, aid); at(read, "prompt.content") != at(doc, "prompt.content") || len(read["actions"].([]any)) != len(doc["actions"].([]any)) {
			t.Fatalf("answered %v, stored %v", doc, read)
		}
		return doc
	}
	if a := update(Doc{"name": "Eve"}); a["name"] != "Eve" || a["language"] != "en" || id(t, a, "prompt") != prompt || len(a["actions"].([]any)) != 2 {
		t.Errorf("%v", a)
	}
	if a := update(Doc{"prompt": Doc{"content": "two"}}); at(a, "prompt.content") != "two" || id(t, a, "prompt") != prompt {
		t.Errorf("an inline prompt edits the attached one: %v", a["prompt"])
	}
	other, _ := d.Create(ctx, env, Prompts, Doc{"content": "three"})
	if a := update(Doc{"prompt": other["id"]}); at(a, "prompt.content") != "three" {
		t.Errorf("%v", a["prompt"])
	}
	if a := update(Doc{"prompt": Doc{"id": prompt, "label": "L"}}); at(a, "prompt.content") != "two" || at(a, "prompt.label") != "L" {
		t.Errorf("%v", a["prompt"])
	}
	if p, _ := d.Get(ctx, env, Prompts, other["id"].(string)); p["content"] != "three" {
		t.Errorf("attaching another wrote to the old one: %v", p)
	}
	if a := update(Doc{"webhook": nil, "openai_account_connection": nil, "llm_temperature": nil}); a["webhook"] != nil || a["openai_account_connection"] != nil || a["llm_temperature"] != nil {
		t.Errorf("null does not clear: %v", a)
	}
	if a, _ := d.InternalAgent(ctx, env, aid); a.Webhook != nil || a.Temperature != nil {
		t.Errorf("%+v", a)
	}
	first := at(made, "actions.0.id")
	a := update(Doc{"actions": []any{Doc{"type": "action_dtmf", "config": Doc{}}, first}, "openai_account_connection": connection})
	if at(a, "actions.0.type") != "action_dtmf" || at(a, "actions.1.id") != first {
		t.Errorf("%v", a["actions"])
	}
	// The whole fetched agent may be posted back: nothing changes.
	read, _ := d.Agent(ctx, env, aid)
	before, _ := d.InternalAgent(ctx, env, aid)
	back := update(read)
	after, _ := d.InternalAgent(ctx, env, aid)
	if !reflect.DeepEqual(before, after) {
		t.Errorf("posting it back changed it:\n%+v\n%+v", before, after)
	}
	if back["user_id"] != env || back["id"] != aid {
		t.Errorf("%v", back)
	}
	if a := update(Doc{"actions": []any{}}); len(a["actions"].([]any)) != 0 {
		t.Errorf("%v", a["actions"])
	}
	if _, err := d.UpdateAgent(ctx, env, "none", Doc{}); status(err) != 404 {
		t.Error(err)
	}
	if _, err := d.UpdateAgent(ctx, env, aid, Doc{"name": "Half", "prompt": "none"}); status(err) != 404 {
		t.Error(err)
	}
	if a, _ := d.Agent(ctx, env, aid); a["name"] != "Eve" {
		t.Error("a refused update was half written")
	}
}

func testAgentDeletion(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	a, err := d.CreateAgent(ctx, env, full(Doc{"content": "x"}, Doc{"type": "voice_local"}))
	if err != nil {
		t.Fatal(err)
	}
	aid, prompt, voice := id(t, a, ""), id(t, a, "prompt"), id(t, a, "voice")
	b, err := d.CreateAgent(ctx, env, Doc{"name": "B", "prompt": prompt, "voice": Doc{"type": "voice_local"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Delete(ctx, env, Prompts, prompt); status(err) != 409 || !strings.Contains(err.Error(), "Ada") || !strings.Contains(err.Error(), id(t, b, "")) {
		t.Errorf("a prompt in use: %v", err)
	}
	n, err := d.LinkNumber(ctx, env, Doc{"number": "+15551234567", "inbound_agent": aid})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeleteAgent(ctx, env, aid); status(err) != 409 || !strings.Contains(err.Error(), "+15551234567") {
		t.Errorf("an agent in use: %v", err)
	}
	if _, err := d.UnlinkNumber(ctx, env, n["id"].(string)); err != nil {
		t.Fatal(err)
	}
	gone, err := d.DeleteAgent(ctx, env, aid)
	if err != nil || gone["name"] != "Ada" || at(gone, "prompt.content") != "x" {
		t.Fatal(gone, err)
	}
	if _, err := d.Agent(ctx, env, aid); status(err) != 404 {
		t.Error(err)
	}
	if _, err := d.Get(ctx, env, Voices, voice); status(err) != 404 {
		t.Errorf("a voice made inline outlived its agent: %v", err)
	}
	if _, err := d.Get(ctx, env, Prompts, prompt); err != nil {
		t.Errorf("a shared prompt went with one of its agents: %v", err)
	}
	own, _ := d.Create(ctx, env, Voices, Doc{"type": "voice_local"})
	c, err := d.CreateAgent(ctx, env, Doc{"voice": own["id"]})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeleteAgent(ctx, env, id(t, c, "")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Delete(ctx, env, Voices, own["id"].(string)); err != nil {
		t.Errorf("a voice of its own went with an agent, or is still in use: %v", err)
	}
}

func testInlineAgents(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	stored, err := d.CreateAgent(ctx, env, full(Doc{"content": "stored"}, Doc{"type": "voice_local"}))
	if err != nil {
		t.Fatal(err)
	}
	aid := id(t, stored, "")
	before := fmt.Sprint(count(t, d, "agents"), count(t, d, "resources"))
	a, err := d.AssembleAgent(ctx, env, aid)
	if err != nil || *a.Prompt.Content != "stored" {
		t.Fatal(a, err)
	}
	read, _ := d.Agent(ctx, env, aid) // masked: a client posts what it fetched, with changes
	read["name"] = "Eve"
	read["prompt"].(map[string]any)["content"] = "for this call"
	a, err = d.AssembleAgent(ctx, env, read)
	if err != nil || *a.Name != "Eve" || *a.Prompt.Content != "for this call" || a.ID != aid || a.Webhook.SigningSecret != at(stored, "webhook.signing_secret") ||
		!strings.Contains(string(a.OpenAIAccountConnection), apiKey) || !strings.Contains(string(a.Transcriber), token) {
		t.Errorf("%+v %v", a, err)
	}
	a, err = d.AssembleAgent(ctx, env, Doc{"prompt": Doc{"content": "all new"}, "voice": id(t, stored, "voice"), "webhook": nil, "actions": []any{Doc{"type": "action_dtmf", "config": Doc{}}}})
	if err != nil || a.ID != "" || *a.Prompt.Content != "all new" || a.Voice.Type() != "voice_local" || a.Actions[0].Type != "action_dtmf" || a.UserID != env {
		t.Errorf("%+v %v", a, err)
	}
	if after := fmt.Sprint(count(t, d, "agents"), count(t, d, "resources")); after != before {
		t.Error("an agent for one call was stored")
	}
	if got, _ := d.Agent(ctx, env, aid); got["name"] != "Ada" || at(got, "prompt.content") != "stored" {
		t.Errorf("it was written back: %v", got)
	}
	foreign := environment(t, d)
	for _, given := range []any{nil, 5.0, "none", Doc{"id": "none"}, Doc{"prompt": "none"}, Doc{"prompt": 5.0}, Doc{"transcriber": Doc{"api_key": "…abcd"}}, Doc{"initial_message": Doc{}}} {
		if a, err := d.AssembleAgent(ctx, env, given); status(err) == 0 {
			t.Errorf("%v: %+v %v", given, a, err)
		}
	}
	if _, err := d.AssembleAgent(ctx, foreign, aid); status(err) != 404 {
		t.Error(err)
	}
	if _, err := d.AssembleAgent(ctx, foreign, Doc{"prompt": id(t, stored, "prompt")}); status(err) != 404 {
		t.Error(err)
	}
}

func testNumbers(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	agent, err := d.CreateAgent(ctx, env, Doc{"name": "A"})
	if err != nil {
		t.Fatal(err)
	}
	aid := id(t, agent, "")
	n, err := d.LinkNumber(ctx, env, Doc{"number": "+15551234567", "label": "Main", "inbound_agent": aid, "tags": []any{"x"}, "config": Doc{"fallback_number": "+1"}})
	if err != nil || n["active"] != true || n["user_id"] != env {
		t.Fatal(n, err)
	}
	if _, err := d.LinkNumber(ctx, other, Doc{"number": "100", "active": false, "outbound_only": true}); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"+15551234567", n["id"].(string)} {
		if got, err := d.Number(ctx, env, ref); err != nil || !reflect.DeepEqual(got, n) {
			t.Errorf("%s: %v %v", ref, got, err)
		}
		if _, err := d.Number(ctx, other, ref); status(err) != 404 {
			t.Error(err)
		}
	}
	for dialled, want := range map[string]string{"+15551234567": "+15551234567", "15551234567": "+15551234567", "100": "100", "+100": "100"} {
		if got, err := d.LookupNumber(ctx, "", dialled); err != nil || got.Number != want {
			t.Errorf("%s: %+v %v", dialled, got, err)
		}
	}
	got, err := d.LookupNumber(ctx, env, "+15551234567")
	if err != nil || got.InboundAgent != aid || !got.Active || got.OutboundOnly || got.Label != "Main" || got.UserID != env || got.ID != n["id"] {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := d.LookupNumber(ctx, other, "100"); err != nil || got.Active || !got.OutboundOnly {
		t.Errorf("%+v %v", got, err)
	}
	for _, miss := range [][2]string{{env, "100"}, {"", "1"}, {"", ""}, {other, "+15551234567"}, {"", "1000\x00"}} {
		if got, err := d.LookupNumber(ctx, miss[0], miss[1]); status(err) != 404 {
			t.Errorf("%v: %+v %v", miss, got, err)
		}
	}
	for _, c := range []struct {
		doc  Doc
		want int
	}{{Doc{"number": "+15551234567"}, 409}, {Doc{}, 400}, {Doc{"number": "1", "inbound_agent": "none"}, 404}, {Doc{"number": "1", "inbound_agent": Doc{}}, 400}} {
		if _, err := d.LinkNumber(ctx, env, c.doc); status(err) != c.want {
			t.Errorf("%v: %v", c.doc, err)
		}
	}
	if _, err := d.LinkNumber(ctx, other, Doc{"number": "2", "inbound_agent": aid}); status(err) != 404 {
		t.Errorf("another environment's agent was attached: %v", err)
	}
	u, err := d.UpdateNumber(ctx, env, "+15551234567", Doc{"number": "+19999999999", "inbound_agent": nil, "label": "New", "active": false})
	if err != nil || u["number"] != "+15551234567" || u["inbound_agent"] != nil || u["label"] != "New" || u["tags"] == nil {
		t.Errorf("%v %v", u, err)
	}
	if got, _ := d.LookupNumber(ctx, env, "+15551234567"); got.InboundAgent != "" || got.Active {
		t.Errorf("%+v", got)
	}
	l, err := d.Numbers(ctx, env, Page{Filters: []Filter{{"active", "eq", false}, {"inbound_agent", "eq", nil}}})
	if err != nil || l.Total != 1 || l.Items[0]["label"] != "New" {
		t.Error(l, err)
	}
	if _, err := d.UnlinkNumber(ctx, other, "+15551234567"); status(err) != 404 {
		t.Error(err)
	}
	if gone, err := d.UnlinkNumber(ctx, env, "+15551234567"); err != nil || gone["label"] != "New" {
		t.Error(gone, err)
	}
	if _, err := d.LookupNumber(ctx, "", "+15551234567"); status(err) != 404 {
		t.Error(err)
	}
}
