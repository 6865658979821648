package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asSDK asks as the hosted API's Python SDK does. What it gets is not what the contract says, and is not held against it.
func (h *house) asSDK(n *tenant, method, path, body string) (int, map[string]any) {
	h.t.Helper()
	req := httptest.NewRequestWithContext(h.t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+n.key)
	req.Header.Set(sdkHeader, hostedSDK)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, req)
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		h.t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
	}
	return w.Code, doc
}

func (h *house) firstItem(n *tenant, path string) map[string]any {
	h.t.Helper()
	status, doc := h.asSDK(n, http.MethodGet, path, "")
	items, _ := doc["items"].([]any)
	if status != 200 || len(items) == 0 {
		h.t.Fatalf("%s: %d %v", path, status, doc)
	}
	return items[0].(map[string]any)
}

func TestSDKListsHaveIDs(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	agent := h.firstItem(h.a, "/v1/agents/list?sort_column=name&sort_desc=True")
	for _, field := range []string{"prompt", "voice", "webhook"} {
		if _, ok := agent[field].(string); !ok {
			t.Errorf("%s in a list is %v, want an id", field, agent[field])
		}
	}
	if l, _ := agent["actions"].([]any); len(l) != 1 {
		t.Errorf("actions %v", agent["actions"])
	} else if _, ok := l[0].(string); !ok {
		t.Errorf("an action in a list is %v, want an id", l[0])
	}
	if number := h.firstItem(h.a, "/v1/numbers/list"); number["inbound_agent"] != h.a.ids["agents"] {
		t.Errorf("inbound_agent in a list is %v, want %s", number["inbound_agent"], h.a.ids["agents"])
	}
	if whole := h.do(h.a, "GET", "/v1/agents/list", "").object(); !strings.Contains(string(marshal(whole)), `"content":"Be kind."`) {
		t.Error("others do not get nested objects whole any more")
	}
}

func TestSDKConnectionsAreWhole(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	_, twilio := h.asSDK(h.a, "POST", "/v1/account_connections/create",
		`{"type":"account_connection_twilio","credentials":{"twilio_account_sid":"AC123456789","twilio_auth_token":"a secret token"}}`)
	id, _ := twilio["id"].(string)
	status, number := h.asSDK(h.a, "POST", "/v1/numbers/link", `{"phone_number":"+15558889999","telephony_account_connection":"`+id+`"}`)
	whole, _ := number["telephony_account_connection"].(map[string]any)
	if status != 201 || whole["id"] != id {
		t.Fatalf("%d %v", status, number)
	}
	if strings.Contains(string(marshal(number)), "secret") {
		t.Error("the connection's token is shown")
	}
	_, call := h.asSDK(h.a, "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"+15552223333","agent":"`+h.a.ids["agents"]+
		`","telephony_account_connection":"`+h.a.ids["account_connections"]+`"}`)
	if v, given := call["telephony_account_connection"]; !given || v != nil || call["telephony_metadata"] != nil {
		t.Errorf("a SIP trunk reaches the SDK: %v %v", v, call["telephony_metadata"])
	}
}

func TestSDKLeavesActionsOut(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	const agent = `{"prompt":{"content":"x"},"voice":{"type":"voice_local"}}`
	if status, doc := h.asSDK(h.a, "POST", "/v1/agents/create", agent); status != 201 || len(doc["actions"].([]any)) != 0 {
		t.Errorf("%d %v", status, doc)
	}
	if status, doc := h.asSDK(h.a, "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","agent":`+agent+`}`); status != 201 {
		t.Errorf("%d %v", status, doc)
	}
	if call := h.firstItem(h.a, "/v1/calls/list"); call["agent"] != "" {
		t.Errorf("the agent of a call with an inline one is %v, want a text", call["agent"])
	}
	if status, doc := h.asSDK(h.a, "POST", "/v1/agents/update?id="+h.a.ids["agents"], `{"label":"x"}`); status != 201 || len(doc["actions"].([]any)) != 1 {
		t.Errorf("an update without actions took them away: %d %v", status, doc)
	}
	if r := h.do(h.a, "POST", "/v1/agents/create", agent); r.status != 400 {
		t.Errorf("others need not send actions: %d", r.status)
	}
}
