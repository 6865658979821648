package store

import (
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// factual makes a call that is over, whose answers took so many milliseconds, each thought by the vendor.
func factual(env, id, vendor string, cost *float64, interrupted bool, took ...int) parley.Call {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := parley.Call{ID: id, UserID: env, Created: at, Start: at, End: at.Add(time.Minute), Status: parley.Ended}
	c.Cause, c.Usage = parley.CallerHungUp, parley.Usage{Cost: cost}
	for i, ms := range took {
		c.Turns = append(c.Turns, parley.Turn{Who: parley.Human, Text: "Hello?", Vendors: &parley.Credits{Hearing: parley.Given("deepgram", nil)}},
			parley.Turn{Who: parley.Bot, Text: "Hello.", Interrupted: interrupted && i == 0, Latency: &parley.Latency{Total: time.Duration(ms) * time.Millisecond}, Vendors: &parley.Credits{Thinking: parley.Given(vendor, nil)}})
	}
	return c
}

// testCallsByFacts: calls are found by how long their answers took, whose they were, what they cost and how often the agent was interrupted; by nothing
// while they run.
func testCallsByFacts(t *testing.T, d *DB) {
	env := environment(t, d)
	cheap, dear := 0.0, 0.25
	for _, c := range []parley.Call{
		factual(env, "slow", "openai", &dear, true, 900, 1000, 1100, 3000), factual(env, "fast", "groq", &cheap, false, 300, 310), factual(env, "mute", "", nil, false),
		factual(env, "odd", "a%c", nil, false, 500), factual(env, "both", "open", nil, true, 700, 800),
	} {
		c.ID += env
		if err := d.CreateCall(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	running := factual(env, "runs"+env, "openai", &dear, true, 5000)
	running.Status, running.End, running.Cause = parley.InProgress, time.Time{}, ""
	if err := d.CreateCall(t.Context(), running); err != nil {
		t.Fatal(err)
	}
	both := factual(env, "", "groq", nil, true, 700, 800)
	if err := d.UpdateCall(t.Context(), "both"+env, func(c *parley.Call) error { c.Turns = append(c.Turns, both.Turns...); return nil }); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		for _, c := range []struct {
			field, op string
			value     any
			want      []string
		}{
			{"heard_latency_p95", "gte", 1000.0, []string{"slow"}}, {"heard_latency_p50", "gte", 700.0, []string{"both", "slow"}}, {"heard_latency_p50", "lt", 600.0, []string{"fast", "odd"}},
			{"heard_latency_p95", "ne", nil, []string{"both", "fast", "odd", "slow"}}, {"heard_latency_p95", "eq", nil, []string{"mute", "runs"}},
			{"thinking_vendor", "eq", "groq", []string{"both", "fast"}}, {"thinking_vendor", "eq", "open", []string{"both"}}, {"thinking_vendor", "eq", "a%c", []string{"odd"}},
			{"thinking_vendor", "eq", "a_c", nil}, {"hearing_vendor", "eq", "openai", nil}, {"thinking_vendor", "in", []any{"openai", "groq"}, []string{"both", "fast", "slow"}},
			{"hearing_vendor", "ne", nil, []string{"both", "fast", "odd", "slow"}}, {"speaking_vendor", "", nil, []string{"both", "fast", "mute", "odd", "runs", "slow"}},
			{"thinking_vendor", "ne", "groq", []string{"mute", "odd", "runs", "slow"}},
			{"cost", "ne", nil, []string{"fast", "slow"}}, {"cost", "gte", 0.25, []string{"slow"}}, {"cost", "lt", 0.25, []string{"fast"}}, {"cost", "", nil, []string{"both", "mute", "odd", "runs"}},
			{"interruptions", "gt", 0.0, []string{"both", "slow"}},
		} {
			l, err := d.Calls(t.Context(), env, Page{Filters: []Filter{{c.field, c.op, c.value}}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, x := range l.Items {
				got = append(got, x.ID[:len(x.ID)-len(env)])
			}
			if slices.Sort(got); !slices.Equal(got, c.want) || l.Total != len(c.want) {
				t.Errorf("%s: %s %s %v: %v, want %v", when, c.field, c.op, c.value, got, c.want)
			}
		}
	}
	look("as they ended")
	if err := d.EraseText(t.Context(), "slow"+env); err != nil {
		t.Fatal(err)
	}
	look("after words were erased")
	err := d.tx(t.Context(), func(tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE calls SET latency_p50 = -1, latency_p95 = 0, interruptions = 0, cost = -1, vendors = '' WHERE environment_id = ?", env).Exec(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n > 0; {
		if n, err = d.lookAtEarlier(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
	}
	look("made by an earlier version")
	for _, f := range []Filter{{"thinking_vendor", "contains", "open"}, {"thinking_vendor", "gt", "a"}, {"thinking_vendor", "eq", 7.0}, {"heard_latency_p50", "gt", "fast"}, {"heard_latency_p50", "gt", -1.0}, {"cost", "eq", "dear"}, {"hearing_vendor", "in", []any{}}} {
		if _, err := d.Calls(t.Context(), env, Page{Filters: []Filter{f}}); err == nil {
			t.Errorf("%+v is no filter", f)
		}
	}
}
