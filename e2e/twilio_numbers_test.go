//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// owned are the emulator's numbers and where their calls go.
func owned(t *testing.T, at string) map[string]string {
	t.Helper()
	var list struct {
		Numbers []struct {
			Phone  string `json:"phone_number"`
			Voice  string `json:"voice_url"`
			Status string `json:"status_callback"`
		} `json:"incoming_phone_numbers"`
	}
	if err := emulatorHas(t, at, "IncomingPhoneNumbers", &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, n := range list.Numbers {
		all[n.Phone] = n.Voice + " " + n.Status
	}
	return all
}

// refusal is what the API says to what it does not do.
func (b *branch) refusal(method, path, body string, status int) string {
	b.t.Helper()
	a := asking{method: method, url: b.http + path, key: key}
	if body != "" {
		a.body = json.RawMessage(body)
	}
	is, said, err := a.answer(b.t.Context())
	if err != nil || is != status {
		b.t.Errorf("%s %s %s: %d %s %v, want %d", method, path, body, is, said, err, status)
	}
	return string(said)
}

// TestTwilioEmulatorNumbers: the emulator's numbers are bought, linked, let go and given back. It sells none by search: it has no
// AvailablePhoneNumbers.
func TestTwilioEmulatorNumbers(t *testing.T) {
	t.Parallel()
	b, at := emulator(t)
	const has, wanted = "+15551234567", "+14155550123"
	here := b.hook("voice") + " " + b.hook("status")
	agent, _ := b.agent(nil)
	var n m
	b.api("POST", "/v1/numbers/buy", m{"phone_number": wanted, "inbound_agent": agent}, &n)
	if n["active"] != true || n["carrier_status"] != nil || n["telephony_account_connection"] != b.connection || owned(t, at)[wanted] != here {
		t.Errorf("bought: %v, the emulator has %v", n, owned(t, at))
	}
	if said := b.refusal("POST", "/v1/numbers/buy", `{"phone_number":"`+wanted+`"}`, 409); !strings.Contains(said, `"exists"`) {
		t.Error(said)
	}
	if said := b.refusal("POST", "/v1/numbers/buy", `{"phone_number":"`+has+`"}`, 409); !strings.Contains(said, `"owned"`) {
		t.Error(said)
	}
	if said := b.refusal("POST", "/v1/numbers/link", `{"phone_number":"+14155550199","telephony_provider":"twilio"}`, 400); !strings.Contains(said, `"not_owned"`) {
		t.Error(said)
	}
	if said := b.refusal("GET", "/v1/numbers/available", "", 400); !strings.Contains(said, `"field":"filters"`) || !strings.Contains(said, "twilio: Not Found") {
		t.Error(said)
	}
	b.api("POST", "/v1/numbers/link", m{"phone_number": has, "telephony_provider": "twilio", "inbound_agent": agent}, &n)
	if n["carrier_status"] != nil || owned(t, at)[has] != here {
		t.Errorf("linked: %v, the emulator has %v", n, owned(t, at))
	}
	b.api("POST", "/v1/numbers/detach?phone_number=%2B15551234567", nil, nil)
	if to, kept := owned(t, at)[has]; !kept || strings.Contains(to, b.connection) {
		t.Errorf("let go: the emulator has %v", owned(t, at))
	}
	b.api("POST", "/v1/numbers/cancel?phone_number=%2B14155550123", nil, nil)
	if _, kept := owned(t, at)[wanted]; kept {
		t.Errorf("given back: the emulator has %v", owned(t, at))
	}
	b.api("POST", "/v1/account_connections/update?id="+b.connection, m{"credentials": m{"twilio_auth_token": "another"}}, nil)
	if said := b.refusal("POST", "/v1/numbers/buy", `{"phone_number":"`+wanted+`"}`, 400); !strings.Contains(said, `"field":"telephony_account_connection"`) {
		t.Error(said)
	}
}
