package api

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// The hosted API's published Python SDK (vocode-api) parses each answer by models of its own and raises where one does not fit. It is
// known by a header it always sends. What differs for it: nested objects in lists are ids, a twilio account connection is whole where
// one thing is read, what only SIP has is null, call times are epoch seconds, and an agent without actions has none.
const (
	sdkHeader = "X-Fern-SDK-Name"
	hostedSDK = "vocode-api"
)

// fromSDK reports whether the hosted API's SDK asks.
func (r *request) fromSDK() bool { return r.Header.Get(sdkHeader) == hostedSDK }

// completeForSDK puts into a body what the SDK leaves out and the contract requires.
func completeForSDK(path string, body map[string]any) {
	agents := []any{body["agent"], body["inbound_agent"]}
	if strings.HasPrefix(path, "/v1/agents/") {
		agents = []any{body}
	}
	for _, x := range agents {
		agent, ok := x.(map[string]any)
		if _, given := agent["actions"]; ok && !given && agent["id"] == nil && path != "/v1/agents/update" {
			agent["actions"] = []any{}
		}
	}
}

// shapeForSDK is an answer as the SDK's models have it.
func (a *API) shapeForSDK(r *request, v any) (any, error) {
	switch v := v.(type) {
	case listPage:
		for i, x := range v.Items {
			if call, ok := x.(*callJSON); ok {
				x = call.doc()
			}
			if doc, ok := x.(map[string]any); ok {
				v.Items[i] = flat(doc)
			}
		}
		return v, nil
	case *callJSON:
		return a.withTwilio(r.Context(), r.env, v.doc())
	case map[string]any:
		return a.withTwilio(r.Context(), r.env, v)
	}
	return v, nil
}

// doc is a call to be changed.
func (v *callJSON) doc() (doc map[string]any) {
	d := json.NewDecoder(bytes.NewReader(marshal(v)))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		panic("api: a call: " + err.Error())
	}
	return doc
}

// flat is a thing in a list: what is nested in it is an id.
func flat(doc map[string]any) map[string]any {
	for _, field := range []string{"prompt", "voice", "webhook", "agent", "inbound_agent", "openai_account_connection"} {
		if nested, ok := doc[field].(map[string]any); ok {
			doc[field] = nested["id"]
		}
	}
	if agent, ok := doc["agent"]; ok && agent == nil {
		doc["agent"] = "" // of a call whose agent was given inline
	}
	if l, ok := doc["actions"].([]any); ok {
		for i, x := range l {
			if nested, ok := x.(map[string]any); ok {
				l[i] = nested["id"]
			}
		}
	}
	return withoutSIP(doc)
}

// withoutSIP leaves out metadata of a kind that the SDK does not know.
func withoutSIP(doc map[string]any) map[string]any {
	if m, ok := doc["telephony_metadata"].(map[string]any); ok && m["type"] != "telephony_metadata_twilio" {
		doc["telephony_metadata"] = nil
	}
	return doc
}

// withTwilio is one thing with its twilio account connection whole; of another type the SDK knows none.
func (a *API) withTwilio(ctx context.Context, env string, doc map[string]any) (any, error) {
	const field = "telephony_account_connection"
	id, ok := doc[field].(string)
	if !ok {
		return withoutSIP(doc), nil
	}
	connection, err := a.Store.Get(ctx, env, store.AccountConnections, id)
	if err != nil && !parley.IsNotFound(err) {
		return nil, err
	}
	doc[field] = nil
	if connection["type"] == "account_connection_twilio" {
		doc[field] = connection
	}
	return withoutSIP(doc), nil
}
