//go:build e2e

package e2e

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// payloads are the fields of each event's payload that a webhook gets: all of them, and none besides but those after the bar.
var payloads = map[string]string{
	"event_message":                    "text sender timestamp turn_id interrupted | latency vendors",
	"event_action":                     "event_type timestamp action_id action_type action_label parameters result",
	"event_phone_call_connected":       "to_number from_number is_outgoing",
	"event_phone_call_ended":           "ended_reason fault stage stage_outcome conversation_minutes | media",
	"event_phone_call_did_not_connect": "telephony_status sip_code ended_reason",
	"event_transcript":                 "transcript turns",
	"event_recording":                  "recording_url",
}

// TestPayloads: what webhooks get of a call that was answered, in which the agent acted, and of one that nobody took.
func TestPayloads(t *testing.T) {
	receiver := listen(t)
	s := serve(t)
	id, _ := s.agent(m{"webhook": m{"url": receiver.URL, "subscriptions": slices.Collect(maps.Keys(payloads))},
		"initial_message": "Good day.", "actions": []m{{"type": "action_end_conversation", "label": "bye", "config": m{}}}})
	if out, code := s.ring(2*time.Minute, "sip:"+id+"@"+s.sip, "--deaf", "--say", "Thank you, goodbye."); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	s.api("POST", "/v1/calls/create", m{"from_number": "+15550001111", "to_number": "sip:nobody@127.0.0.1:9", "agent": id,
		"telephony_params": m{"ring_timeout_seconds": "2"}}, nil)
	s.until("each kind of event arrives", 60*time.Second, func() bool {
		receiver.mu.Lock()
		defer receiver.mu.Unlock()
		return len(receiver.told) == len(payloads)
	})
	for kind, fields := range payloads {
		for _, p := range receiver.of(kind) {
			announced(t, kind, fields, p)
		}
	}
	if r := receiver.of("event_recording")[0]["recording_url"].(string); !strings.Contains(r, "signature=") {
		t.Errorf("the recording's address is not signed: %s", r)
	} else if res, err := http.Get(r); err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "audio/mpeg" {
		t.Errorf("%s: %v %v", r, res, err)
	}
	if p := receiver.of("event_action")[0]; p["event_type"] != "action_completed" || p["action_type"] != "action_end_conversation" || p["action_label"] != "bye" {
		t.Errorf("%v", p)
	}
}

// announced checks a payload against its fields.
func announced(t *testing.T, kind, fields string, p m) {
	t.Helper()
	must, may, _ := strings.Cut(fields, "|")
	for _, f := range strings.Fields(must) {
		if _, ok := p[f]; !ok {
			t.Errorf("%s lacks %s: %v", kind, f, p)
		}
	}
	for f := range p {
		if !slices.Contains(strings.Fields(must+may), f) {
			t.Errorf("%s has %s, which nobody announced: %v", kind, f, p)
		}
	}
}
