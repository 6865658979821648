package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// testAfterCalls: what is to be done is written with the end: one job, with the event that tells of it, and only where something is wanted.
func testAfterCalls(t *testing.T, d *DB) {
	env := environment(t, d)
	for name, c := range map[string]struct {
		agent   string
		private bool
		typ     parley.EventType
		want    int
	}{
		"an analysis":        {`{"prompt":{},"post_call_prompt":"Sum up"}`, false, parley.EventEnded, 1},
		"insights":           {`{"prompt":{},"post_call_insights":[{"name":"a"}]}`, false, parley.EventEnded, 1},
		"unanswered":         {`{"prompt":{},"post_call_actions":[{"type":"email"}]}`, false, parley.EventDidNotConnect, 1},
		"the old e-mail":     {`{"prompt":{},"post_call_email":{"to_email":"a@b.c"},"voice":{"api_key":"secret"}}`, false, parley.EventEnded, 1},
		"collected":          {`{"prompt":{"collect_fields":["name"]}}`, false, parley.EventEnded, 1},
		"private":            {`{"prompt":{},"post_call_prompt":"Sum up"}`, true, parley.EventEnded, 0},
		"nothing":            {`{"prompt":{"content":"say \"post_call_prompt\""}}`, false, parley.EventEnded, 0},
		"nothing, at length": {`{"prompt":{},"post_call_prompt":"","post_call_actions":[],"post_call_email":null}`, false, parley.EventEnded, 0},
		"not over":           {`{"prompt":{},"post_call_prompt":"Sum up"}`, false, parley.EventMessage, 0},
	} {
		call := parley.Call{ID: newID(), UserID: env, Status: parley.InProgress, Agent: json.RawMessage(c.agent), Private: c.private, Start: time.Now()}
		if err := d.CreateCall(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if c.typ != parley.EventMessage {
			if err := d.UpdateCall(t.Context(), call.ID, func(c *parley.Call) error { c.Status = parley.Ended; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-d.JobsAdded():
		default:
		}
		d.Log().Append(parley.NewEvent(call.ID, c.typ, map[string]any{}))
		if err := d.Log().Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		jobs, err := d.ClaimJobs(t.Context(), Claim{Owner: "x", Kind: AfterCall, Limit: 9, Lease: time.Hour})
		if err != nil || len(jobs) != c.want || c.want == 1 && jobs[0].Subject != call.ID {
			t.Errorf("%s: %+v %v", name, jobs, err)
		}
		if c.want == 1 {
			select {
			case <-d.JobsAdded():
			default:
				t.Errorf("%s: nobody was told of the job", name)
			}
		}
	}
}

// testAftermath: it is kept, and erased with the call's words.
func testAftermath(t *testing.T, d *DB) {
	want := parley.Aftermath{Run: "end", Analysis: "They called.", Insights: map[string]json.RawMessage{"n": json.RawMessage("1")}, Support: map[string][]string{"n": {"t1"}},
		Actions: []parley.AfterAction{{Key: "k", ID: "a", Type: "email", State: parley.AfterWaiting, Attempts: 1, Status: 451, Error: "later", Next: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}}
	c := parley.Call{ID: newID(), UserID: environment(t, d), Status: parley.Ended, Record: parley.Record{After: want, Warnings: []string{"w"}}}
	if err := d.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got, err := d.Call(t.Context(), "", c.ID)
	a, _ := json.Marshal(got.After)
	b, _ := json.Marshal(want)
	if err != nil || string(a) != string(b) || len(got.Warnings) != 1 {
		t.Errorf("%s\n%s %v", a, b, err)
	}
	if err := d.EraseText(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if got, err = d.Call(t.Context(), "", c.ID); err != nil || got.After.Run != "end" || got.After.Analysis != "" || got.After.Actions != nil || got.After.Insights != nil {
		t.Errorf("%+v %v", got.After, err)
	}
}
