//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestDashboardTyped: what is typed counts before its field is left, what cannot be sent is not lost, a fault of one of many stands at their field,
// the focus is where it was, or on the heading, and where nothing is there is a page.
func TestDashboardTyped(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var agents struct{ Items []struct{ ID string } }
	s.api("GET", "/v1/agents/list", nil, &agents)
	var v struct{ Fact, Kept, NoNumber, Held, Undone, Broken, Stands, Rings, Ring, There, Stays, Removed, Lost string }
	person(t, s, "typed", m{"agent": agents.Items[0].ID}, "", &v)
	if v.Fact != "Line 3: must not be longer than 300 characters" || v.Kept != "has a dog\nhas a cat" {
		t.Errorf("%+v", v)
	}
	if v.NoNumber != "This is no number" || v.Held != "f-max_concurrent_calls" || v.Undone != "false Undo all" {
		t.Errorf("%+v", v)
	}
	if !strings.HasPrefix(v.Broken, "This is no JSON") || v.Stands != `{"X-Ref": 12` || v.Rings != "20" || v.Ring != "This is no number" || v.There != "/dial" {
		t.Errorf("%+v", v)
	}
	if calls := s.calls(); len(calls) > 0 {
		t.Errorf("%d calls were placed without what was typed", len(calls))
	}
	if v.Stays == "" || !strings.Contains(v.Removed, v.Stays) || !strings.Contains(v.Lost, "nothing at this address") {
		t.Errorf("%+v", v)
	}
}

// TestDashboardForms: what is made up of more has fields, what they do not show is kept, what cannot be sent goes where its item goes, and the focus
// is never lost.
func TestDashboardForms(t *testing.T) {
	t.Parallel()
	s := serve(t)
	id, _ := s.agent(m{"name": "Desk", "actions": []m{
		{"type": "action_external", "label": "Book", "config": m{"name": "book", "url": "https://hooks.example/book", "input_schema": m{"type": "object", "properties": m{"seats": m{"type": "integer"}}, "required": []string{"seats"}}}},
		{"type": "action_end_conversation", "label": "Good bye"},
	}, "post_call_insights": []m{{"name": "dishes", "type": "array", "minItems": 1}}})
	var v struct {
		Rest, Added, Stays, Row1, Twice, Broken, Set, Took, Save string
		Row, Moved, Kept, Undone                                 []any
		JSON                                                     map[string]any
	}
	person(t, s, "forms", m{"agent": id}, "", &v)
	if !strings.Contains(v.Rest, `"minItems": 1`) || v.Added != "f-post_call_insights-1-type" || v.Stays != "f-post_call_insights-1-name" {
		t.Errorf("insights: %+v", v)
	}
	if fmt.Sprint(v.Row) != "[seats integer true]" || v.Row1 != "f-actions-0-config-input_schema-rows-1-name" || v.Twice != "Another is called that" {
		t.Errorf("rows: %+v", v)
	}
	if fmt.Sprint(v.JSON) != "map[properties:map[area:map[enum:[inside terrace] type:string] seats:map[type:integer]] required:[seats] type:object]" {
		t.Errorf("rows as JSON: %v", v.JSON)
	}
	if fmt.Sprint(v.Moved) != `[{"type":  Good bye]` || !strings.HasPrefix(v.Broken, "This is no JSON") || fmt.Sprint(v.Kept) != `[{"type":  One field is not right.]` {
		t.Errorf("moved: %q, %q, %q", v.Moved, v.Broken, v.Kept)
	}
	if fmt.Sprint(v.Undone) != "[Undo all 2]" || v.Set != "f-guard_rails-allowed_topics" || v.Took != "Set guard rails" || v.Save != "Save" {
		t.Errorf("focus: %q, %q, %q, %q", v.Undone, v.Set, v.Took, v.Save)
	}
	var a struct {
		Name     string
		Insights []m `json:"post_call_insights"`
	}
	s.api("GET", "/v1/agents?id="+id, nil, &a)
	if a.Name != "Table desk" || len(a.Insights) != 2 || a.Insights[0]["minItems"] != 1.0 || a.Insights[1]["name"] != "wants_callback" || a.Insights[1]["type"] != "boolean" {
		t.Errorf("%+v", a)
	}
	var l struct {
		Unasked int
		To      string
		Asked   []string
	}
	person(t, s, "forms_left", m{"agent": id}, "", &l)
	if l.Unasked != 0 || l.To != "+15551234567" || fmt.Sprint(l.Asked) != "[confirm /dial confirm /dial confirm /numbers/link]" {
		t.Errorf("%+v", l)
	}
}
