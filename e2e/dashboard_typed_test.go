//go:build e2e

package e2e

import (
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
	var v struct{ Fact, Kept, NoNumber, Held, Undone, Made, Broken, Rings, Ring, There, Removed, Lost string }
	person(t, s, "typed", m{"agent": agents.Items[0].ID}, "", &v)
	if v.Fact != "No. 2: must not be longer than 300 characters" || v.Made != "H1" || v.Kept != "has a dog\nhas a cat" {
		t.Errorf("%+v", v)
	}
	if v.NoNumber != "This is no number" || v.Held != "f-max_concurrent_calls" || v.Undone != "" {
		t.Errorf("%+v", v)
	}
	if !strings.HasPrefix(v.Broken, "This is no JSON") || v.Rings != "20" || v.Ring != "This is no number" || v.There != "/dial" {
		t.Errorf("%+v", v)
	}
	if calls := s.calls(); len(calls) > 0 {
		t.Errorf("%d calls were placed without what was typed", len(calls))
	}
	if !strings.Contains(v.Removed, "Take off") || !strings.Contains(v.Lost, "nothing at this address") {
		t.Errorf("%+v", v)
	}
}
