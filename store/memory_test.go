package store

import (
	"reflect"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

func testMemories(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	const number = "+15550000001"
	if _, err := d.Recall(ctx, env, number, "a"); status(err) != 404 {
		t.Error(err)
	}
	m, err := d.Remember(ctx, parley.Memory{UserID: env, Number: number, AgentID: "a", CallID: "c1", Facts: []string{"has a dog", "likes \"tea\"\x00"}, Summary: "They called."})
	if err != nil || m.ID == "" || m.Created.IsZero() || !reflect.DeepEqual(m.Facts, []string{"has a dog", `likes "tea"`}) {
		t.Fatalf("%+v %v", m, err)
	}
	again, err := d.Remember(ctx, parley.Memory{UserID: env, Number: number, AgentID: "a", CallID: "c2", Summary: "And again."})
	if err != nil || again.ID != m.ID || !again.Created.Equal(m.Created) || again.Updated.Before(m.Updated) || len(again.Facts) != 0 || again.Facts == nil || again.CallID != "c2" {
		t.Errorf("%+v %v", again, err)
	}
	all, err := d.Remember(ctx, parley.Memory{UserID: env, Number: number, Facts: []string{"known to all"}})
	if err != nil || all.ID == m.ID {
		t.Fatal(all, err)
	}
	if _, err := d.Remember(ctx, parley.Memory{UserID: other, Number: number, AgentID: "a", Facts: []string{"of another environment"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Recall(ctx, env, number, "a"); err != nil || !reflect.DeepEqual(got, again) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := d.Recall(ctx, env, number, ""); err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := d.Recall(ctx, env, number, "b"); status(err) != 404 {
		t.Error("another agent's memory was read:", err)
	}
	if l, err := d.Memories(ctx, env, Page{Filters: []Filter{{"number", "eq", number}}}); err != nil || l.Total != 2 || l.Items[0].ID != m.ID {
		t.Errorf("%+v %v", l, err)
	}
	if _, err := d.Forget(ctx, other, m.ID); status(err) != 404 {
		t.Error("another environment's memory was erased:", err)
	}
	if gone, err := d.Forget(ctx, env, all.ID); err != nil || len(gone) != 1 || gone[0].ID != all.ID {
		t.Error(gone, err)
	}
	if _, err := d.Remember(ctx, parley.Memory{UserID: env, Number: number, Facts: []string{"once more"}}); err != nil {
		t.Fatal(err)
	}
	if gone, err := d.Forget(ctx, env, number); err != nil || len(gone) != 2 {
		t.Error(gone, err)
	}
	if l, err := d.Memories(ctx, env, Page{}); err != nil || l.Total != 0 {
		t.Errorf("%+v %v", l, err)
	}
	if l, err := d.Memories(ctx, other, Page{}); err != nil || l.Total != 1 {
		t.Errorf("%+v %v", l, err)
	}
}

func testMemoryLimits(t *testing.T, d *DB) {
	env := environment(t, d)
	many := make([]string, parley.MemoryFacts+1)
	for i := range many {
		many[i] = "x"
	}
	for field, m := range map[string]parley.Memory{
		"number": {Facts: []string{"x"}}, "facts": {Number: "1", Facts: many}, "facts.1": {Number: "1", Facts: []string{"x", ""}},
		"facts.0": {Number: "1", Facts: []string{strings.Repeat("é", parley.MemoryFact+1)}}, "summary": {Number: "1", Summary: strings.Repeat("é", parley.MemorySummary+1)},
	} {
		m.UserID = env
		if _, err := d.Remember(t.Context(), m); status(err) != 400 || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := d.Remember(t.Context(), parley.Memory{UserID: env, Number: "anonymous"}); status(err) != 400 {
		t.Errorf("a withheld number: %v", err)
	}
	full := parley.Memory{UserID: env, Number: "1", Facts: many[1:], Summary: strings.Repeat("é", parley.MemorySummary)}
	if _, err := d.Remember(t.Context(), full); err != nil {
		t.Error(err)
	}
}
