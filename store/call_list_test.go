package store

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"gopkg.in/yaml.v3"

	"github.com/parley-voice/parley"
)

// manyCalls fills an environment with calls as they are once they are over.
func manyCalls(t testing.TB, d *DB, env string, n int) {
	t.Helper()
	transcript := strings.Repeat("What are your opening hours? ", 60)
	began := time.Now().Add(-time.Duration(n) * time.Minute)
	var rows []callRow
	for i := range n {
		c := parley.Call{ID: newID(), UserID: env, Status: parley.Ended, From: fmt.Sprintf("+1555%07d", i), To: "+15550000000", AgentID: fmt.Sprint("agent-", i%7),
			Created: began.Add(time.Duration(i) * time.Minute), Start: began.Add(time.Duration(n-i) * time.Minute)}
		c.Turns = []parley.Turn{{ID: "1", Who: parley.Human, Text: transcript}}
		c.Agent = []byte(`{"prompt":{"content":"` + transcript + `"}}`)
		row := callRow{CreatedAt: micros(c.Created), callMarks: callMarks{HasText: true}}
		if err := row.set(d, c); err != nil {
			t.Fatal(err)
		}
		if rows = append(rows, row); len(rows) == 500 || i == n-1 {
			if err := d.tx(t.Context(), func(tx bun.Tx) error { _, err := tx.NewInsert().Model(&rows).Exec(t.Context()); return err }); err != nil {
				t.Fatal(err)
			}
			rows = rows[:0]
		}
	}
}

// plan is how SQLite goes about a query, step by step.
func plan(t testing.TB, d *DB, query string) (steps []string) {
	t.Helper()
	var rows []struct {
		ID, Parent, Notused int
		Detail              string
	}
	if err := d.r.NewRaw("EXPLAIN QUERY PLAN "+query).Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		steps = append(steps, r.Detail)
	}
	return steps
}

// TestListsOfCallsReadNoMoreThanTheyMust: what is commonly asked is found by an index; without one SQLite would read every
// call of the environment, and sort them.
func TestListsOfCallsReadNoMoreThanTheyMust(t *testing.T) {
	d := openFile(t)
	for name, q := range map[string]string{
		"newest":    "ORDER BY created_at DESC, id DESC",
		"by start":  "ORDER BY start_at ASC, created_at ASC, id ASC",
		"by status": "AND status = 'in_progress' ORDER BY created_at DESC, id DESC",
		"by agent":  "AND agent_id = 'x' ORDER BY created_at DESC, id DESC",
		"by callee": "AND to_number = '+15550000000' ORDER BY created_at DESC, id DESC",
		"by caller": "AND from_number = '+15550000000' ORDER BY created_at DESC, id DESC",
	} {
		for _, step := range plan(t, d, "SELECT * FROM calls WHERE environment_id = 'e' "+q+" LIMIT 10") {
			if strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

func testManyCallsInPages(t *testing.T, d *DB) {
	env, other := environment(t, d), environment(t, d)
	manyCalls(t, d, env, 237)
	manyCalls(t, d, other, 5)
	for name, p := range map[string]Page{
		"newest": {Size: 50}, "by start": {Size: 50, SortColumn: "start_time"}, "by caller, backwards": {Size: 50, SortColumn: "from_number", SortDesc: true},
	} {
		seen := map[string]bool{}
		var last parley.Call
		for p.Page = 1; ; p.Page++ {
			l, err := d.Calls(t.Context(), env, p)
			if err != nil || l.Total != 237 {
				t.Fatalf("%s: %d %v", name, l.Total, err)
			}
			for _, c := range l.Items {
				ordered := map[string]bool{"newest": !c.Created.After(last.Created), "by start": !c.Start.Before(last.Start),
					"by caller, backwards": c.From <= last.From}[name]
				if last.ID != "" && !ordered || seen[c.ID] || c.UserID != env {
					t.Fatalf("%s: %s after %s", name, c.ID, last.ID)
				}
				seen[c.ID], last = true, c
			}
			if !l.HasMore {
				break
			}
		}
		if len(seen) != 237 {
			t.Errorf("%s: %d of 237 calls", name, len(seen))
		}
	}
}

// testNumbersAsNumbers: a filter that gives a telephone number as a JSON number means its digits.
func testNumbersAsNumbers(t *testing.T, d *DB) {
	env := environment(t, d)
	for _, from := range []string{"15551234567", "+15551234567", "1"} {
		if err := d.CreateCall(t.Context(), parley.Call{ID: newID(), UserID: env, From: from}); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []any{15551234567.0, "15551234567", int64(15551234567)} {
		l, err := d.Calls(t.Context(), env, Page{Filters: []Filter{{Field: "from_number", Value: v}}})
		if err != nil || l.Total != 1 || l.Items[0].From != "15551234567" {
			t.Errorf("%T: %+v %v", v, l.Items, err)
		}
	}
}

// BenchmarkCalls lists calls of an environment that has 100,000.
func BenchmarkCalls(b *testing.B) {
	d := openFile(b)
	env := environment(b, d)
	manyCalls(b, d, env, 100_000)
	for name, p := range map[string]Page{
		"newest":  {},
		"deep":    {Page: 900, Size: 100},
		"sorted":  {SortColumn: "start_time", Size: 100},
		"running": {Filters: []Filter{{Field: "status", Value: "in_progress"}}},
		"agent":   {Filters: []Filter{{Field: "agent", Value: "agent-3"}}},
		"to":      {Filters: []Filter{{Field: "from_number", Op: "contains", Value: "99999"}}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Calls(b.Context(), env, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestCallsAreLookedForAsToldOf: what the contract says that calls are sorted and filtered by is what they are.
func TestCallsAreLookedForAsToldOf(t *testing.T) {
	text, err := os.ReadFile("../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var contract struct {
		Paths map[string]struct {
			Get struct {
				Fields []string `yaml:"x-fields"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &contract); err != nil {
		t.Fatal(err)
	}
	told := slices.Sorted(slices.Values(contract.Paths["/v1/calls/list"].Get.Fields))
	if is := slices.Sorted(maps.Keys(callColumns)); !slices.Equal(told, is) {
		t.Errorf("the contract tells of %q, there are %q", told, is)
	}
}
