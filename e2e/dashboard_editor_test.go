//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// TestDashboardEditor: a prompt is written with variables completed and checked, a voice is heard before it is saved, and parts that are stored are taken.
func TestDashboardEditor(t *testing.T) {
	t.Parallel()
	s := serve(t)
	id, _ := s.agent(m{"name": "Front desk", "prompt": m{"content": "You are the receptionist. The caller is ${name|a stranger}."}, "voice": m{"type": "voice_local"}})
	var prompt, voice, action, hook struct{ ID string }
	s.api("POST", "/v1/prompts/create", m{"label": "Opening hours", "content": "This one is stored elsewhere."}, &prompt)
	s.api("POST", "/v1/voices/create", m{"label": "Slow", "type": "voice_local", "rate": 0.8}, &voice)
	s.api("POST", "/v1/actions/create", m{"label": "Good bye", "type": "action_end_conversation"}, &action)
	s.api("POST", "/v1/webhooks/create", m{"label": "Office", "url": "https://hooks.example/parley", "subscriptions": []string{"event_message"}}, &hook)
	var v struct {
		Shown, Broken, Colour, Ink, Cannot, Voice string
		Proposed, Marks                           []string
		Left                                      bool
		Heard                                     []any
	}
	person(t, s, "editor", m{"agent": id, "prompt": "Opening hours – This one is stored elsewhere.", "voice": "Slow – Local", "action": "Good bye – End conversation", "webhook": "Office – https://hooks.example/parley"}, "", &v)
	if !strings.Contains(v.Shown, "You are the receptionist.") || len(v.Proposed) == 0 || !strings.Contains(v.Proposed[0], "from_number") {
		t.Errorf("%q, proposed %q", v.Shown, v.Proposed)
	}
	if !strings.Contains(v.Broken, "${two words}") || !slices.Contains(v.Marks, "${from_number}") || !slices.Contains(v.Marks, "${name|a stranger}") || v.Colour == v.Ink || !v.Left {
		t.Errorf("%+v", v)
	}
	if len(v.Heard) != 3 || v.Heard[0] != 200.0 || v.Heard[1] != "audio/wav" || v.Heard[2].(float64) < 5000 || !strings.Contains(v.Cannot, "key") && !strings.Contains(v.Cannot, "equired") || v.Voice != "voice_local" {
		t.Errorf("heard %v, cannot %q, voice %q", v.Heard, v.Cannot, v.Voice)
	}
	var a struct {
		Prompt  struct{ ID, Content string }
		Voice   struct{ ID string }
		Actions []struct{ ID string }
		Webhook struct{ ID string }
	}
	s.api("GET", "/v1/agents?id="+id, nil, &a)
	if a.Prompt.ID != prompt.ID || a.Voice.ID != voice.ID || len(a.Actions) != 1 || a.Actions[0].ID != action.ID || a.Webhook.ID != hook.ID {
		t.Errorf("%+v", a)
	}
}
