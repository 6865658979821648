package store

import (
	"encoding/json"
	"strings"
	"testing"
)

// inlineAgent is an agent for one call, with the webhook and the actions given.
func inlineAgent(webhook any, actions ...any) Doc {
	return Doc{"prompt": Doc{"content": "x"}, "voice": Doc{"type": "voice_local"}, "webhook": webhook, "actions": append([]any{}, actions...)}
}

func testInlineWebhookCanSign(t *testing.T, d *DB) {
	env := environment(t, d)
	hook := Doc{"url": "https://example.com", "subscriptions": []any{"event_error"}}
	a, err := d.AssembleAgent(t.Context(), env, inlineAgent(hook))
	if err != nil {
		t.Fatal(err)
	}
	if a.Webhook == nil || a.Webhook.ID != "" || !strings.HasPrefix(a.Webhook.SigningSecret, "whsec_") {
		t.Errorf("%+v", a.Webhook)
	}
	b, err := d.AssembleAgent(t.Context(), env, inlineAgent(hook))
	if err != nil || b.Webhook.SigningSecret == a.Webhook.SigningSecret {
		t.Errorf("two calls share a secret: %v", err)
	}
	if l, err := d.List(t.Context(), env, Webhooks, Page{}); err != nil || l.Total != 0 {
		t.Errorf("an inline webhook was kept: %+v %v", l, err)
	}
}

// testStoredWebhookOfACall: the stored webhook as it is follows its later changes; one that a call changes is the call's own,
// and signs with the same secret.
func testStoredWebhookOfACall(t *testing.T, d *DB) {
	env := environment(t, d)
	made, err := d.Create(t.Context(), env, Webhooks, Doc{"url": "https://example.com", "subscriptions": []any{"event_error"}, "label": "L"})
	if err != nil {
		t.Fatal(err)
	}
	id, secret := made["id"], made["signing_secret"]
	shown, err := d.Get(t.Context(), env, Webhooks, id.(string))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		given  any
		stored bool
		url    string
	}{
		"by id":              {id, true, "https://example.com"},
		"by id in an object": {Doc{"id": id}, true, "https://example.com"},
		"as it was got":      {shown, true, "https://example.com"},
		"another address":    {Doc{"id": id, "url": "https://elsewhere.example"}, false, "https://elsewhere.example"},
		"other events":       {Doc{"id": id, "subscriptions": []any{"event_message"}}, false, "https://example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := d.AssembleAgent(t.Context(), env, inlineAgent(c.given))
			if err != nil {
				t.Fatal(err)
			}
			if (a.Webhook.ID == id) != c.stored || a.Webhook.URL != c.url || a.Webhook.SigningSecret != secret {
				t.Errorf("%+v", a.Webhook)
			}
		})
	}
	if now, err := d.Get(t.Context(), env, Webhooks, id.(string)); err != nil || now["url"] != "https://example.com" {
		t.Errorf("a call changed the stored webhook: %v %v", now, err)
	}
}

func testInlineExternalActionCanSign(t *testing.T, d *DB) {
	env := environment(t, d)
	a, err := d.AssembleAgent(t.Context(), env, inlineAgent(nil, Doc{"type": "action_external", "config": Doc{"url": "https://example.com"}}, Doc{"type": "action_dtmf"}))
	if err != nil || len(a.Actions) != 2 {
		t.Fatal(a.Actions, err)
	}
	var config struct {
		Secret string `json:"signature_secret"`
		URL    string
	}
	if err := json.Unmarshal(a.Actions[0].Config, &config); err != nil || !strings.HasPrefix(config.Secret, "whsec_") || config.URL != "https://example.com" {
		t.Errorf("%s %v", a.Actions[0].Config, err)
	}
	if strings.Contains(string(a.Actions[1].Config), "secret") {
		t.Errorf("an action that signs nothing has a secret: %s", a.Actions[1].Config)
	}
}

// testConnectionInUse: whatever names an account connection keeps it, wherever the name stands.
func testConnectionInUse(t *testing.T, d *DB) {
	for name, use := range map[string]func(d *DB, env, id string) (Doc, error){
		"agent \"Ada\"": func(d *DB, env, id string) (Doc, error) {
			return d.CreateAgent(t.Context(), env, Doc{"name": "Ada", "prompt": Doc{}, "voice": Doc{}, "actions": []any{}, "account_connection": id})
		},
		"agent \"Bob\"": func(d *DB, env, id string) (Doc, error) {
			return d.CreateAgent(t.Context(), env, Doc{"name": "Bob", "prompt": Doc{}, "voice": Doc{}, "actions": []any{}, "llm_fallback": Doc{"account_connection": id}})
		},
		"agent \"Eve\"": func(d *DB, env, id string) (Doc, error) {
			return d.CreateAgent(t.Context(), env, Doc{"name": "Eve", "prompt": Doc{}, "voice": Doc{}, "actions": []any{}, "openai_account_connection": id})
		},
		"voice ": func(d *DB, env, id string) (Doc, error) {
			return d.Create(t.Context(), env, Voices, Doc{"type": "voice_local", "account_connection": id})
		},
		"webhook ": func(d *DB, env, id string) (Doc, error) {
			return d.Create(t.Context(), env, Webhooks, Doc{"url": "https://example.com", "account_connection_id": id})
		},
		"number +15550001111": func(d *DB, env, id string) (Doc, error) {
			return d.LinkNumber(t.Context(), env, Doc{"number": "+15550001111", "telephony_account_connection": id})
		},
	} {
		t.Run(name, func(t *testing.T) {
			env, other := environment(t, d), environment(t, d)
			c, err := d.Create(t.Context(), env, AccountConnections, Doc{"type": "account_connection_openai", "credentials": Doc{"openai_api_key": "sk-0123456789"}})
			if err != nil {
				t.Fatal(err)
			}
			id := c["id"].(string)
			if _, err := d.Create(t.Context(), other, Prompts, Doc{"content": "x", "label": id}); err != nil { // another tenant's words hold nothing
				t.Fatal(err)
			}
			if _, err := use(d, env, id); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Delete(t.Context(), env, AccountConnections, id); status(err) != 409 || !strings.Contains(err.Error(), "used by "+name) {
				t.Errorf("deleting it: %v", err)
			}
			if _, err := d.Get(t.Context(), env, AccountConnections, id); err != nil {
				t.Errorf("it is gone: %v", err)
			}
		})
	}
	env, other := environment(t, d), environment(t, d)
	c, err := d.Create(t.Context(), env, AccountConnections, Doc{"type": "account_connection_openai", "credentials": Doc{}})
	if err != nil {
		t.Fatal(err)
	}
	id := c["id"].(string)
	if _, err := d.Create(t.Context(), other, Voices, Doc{"type": "voice_local", "account_connection": id}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Delete(t.Context(), env, AccountConnections, id); err != nil {
		t.Errorf("another tenant keeps it from being deleted: %v", err)
	}
}
