package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// A hook is a webhook as it is used: its secrets in clear.
type hook struct {
	id, env       string
	url, method   string
	secrets       []string // all sign; the newest first
	subscriptions map[parley.EventType]bool
	connection    string // account connection that supplies an Authorization header
	active        bool   // false: it answered 410, or was switched off
}

// inline marks the id of a webhook that exists in a call's snapshot only.
const inline = "inline:"

// readHook reads a webhook's document, secrets in clear.
func readHook(doc store.Doc, now time.Time) hook {
	text := func(k string) string { s, _ := doc[k].(string); return s }
	h := hook{id: text("id"), env: text("user_id"), url: text("url"), method: strings.ToUpper(text("method")),
		connection: text("account_connection_id"), active: doc["active"] != false, subscriptions: map[parley.EventType]bool{}}
	if h.method != "GET" {
		h.method = "POST"
	}
	if s := text("signing_secret"); s != "" {
		h.secrets = append(h.secrets, s)
	}
	if s := text("previous_signing_secret"); s != "" {
		if until, err := time.Parse(time.RFC3339, text("previous_valid_until")); err == nil && now.Before(until) {
			h.secrets = append(h.secrets, s)
		}
	}
	list, _ := doc["subscriptions"].([]any)
	for _, s := range list {
		switch s := s.(type) {
		case string:
			h.subscriptions[parley.EventType(s)] = true
		case map[string]any:
			for _, k := range []string{"type", "name", "event", "event_type"} {
				if t, ok := s[k].(string); ok {
					h.subscriptions[parley.EventType(t)] = true
					break
				}
			}
		}
	}
	return h
}

// stored reads a webhook as it is now.
func (d *Courier) stored(ctx context.Context, env, id string) (hook, error) {
	doc, err := d.DB.Internal(ctx, env, store.Webhooks, id)
	if err != nil {
		return hook{}, err
	}
	return readHook(doc, time.Now()), nil
}

// ofCall reads the webhook in the snapshot of a call's agent: nil when it has none. One with an id is only named there; what
// holds is what is stored under it.
func (d *Courier) ofCall(ctx context.Context, callID string) (*hook, error) {
	c, err := d.DB.Call(ctx, "", callID)
	if errors.Is(err, secret.ErrSealed) {
		d.Logger.Error("a call whose secrets do not open has no webhook", "call", callID, "error", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var agent struct {
		Webhook store.Doc `json:"webhook"`
	}
	if len(c.Agent) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(c.Agent, &agent); err != nil {
		// Reading it again would not help, and must not keep everybody else's webhooks waiting.
		d.Logger.Error("a call whose agent cannot be read has no webhook", "call", callID, "error", err)
		return nil, nil
	}
	if agent.Webhook == nil {
		return nil, nil
	}
	h := readHook(agent.Webhook, time.Now())
	h.env = c.UserID
	if h.id == "" {
		h.id = inline + callID
	}
	return &h, nil
}

// forDelivery finds where a delivery goes. Gone for good: parley.NotFound.
func (d *Courier) forDelivery(ctx context.Context, n store.Delivery) (hook, error) {
	if callID, ok := strings.CutPrefix(n.WebhookID, inline); ok {
		h, err := d.ofCall(ctx, callID)
		if err == nil && h == nil {
			err = parley.NotFound("webhook")
		}
		if err != nil {
			return hook{}, err
		}
		return *h, nil
	}
	return d.stored(ctx, n.EnvironmentID, n.WebhookID)
}

// authorization is the header that the webhook's account connection supplies: {header, api_key} of an external_api_key (the
// header is Authorization: Bearer unless it says otherwise), or username and password without token_url as Basic.
func (d *Courier) authorization(ctx context.Context, h hook) (name, value string, err error) {
	if h.connection == "" {
		return "", "", nil
	}
	doc, err := d.DB.Internal(ctx, h.env, store.AccountConnections, h.connection)
	if err != nil {
		return "", "", fmt.Errorf("account_connection_id: %w", err)
	}
	c, _ := doc["credentials"].(map[string]any)
	text := func(k string) string { s, _ := c[k].(string); return s }
	switch key, header := text("api_key"), text("header"); {
	case key != "" && header != "" && !strings.EqualFold(header, "Authorization"):
		return header, key, nil
	case key != "" && strings.Contains(key, " "):
		return "Authorization", key, nil
	case key != "":
		return "Authorization", "Bearer " + key, nil
	case text("username") != "" && text("token_url") == "":
		return "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(text("username")+":"+text("password"))), nil
	}
	return "", "", fmt.Errorf("account_connection_id: a connection of type %v supplies no Authorization header", doc["type"])
}
