package store

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func testPrivateCalls(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	c := outbound(env, "p")
	c.Private, c.Agent, c.Context = true, json.RawMessage(`{"prompt": {"content":"ask for the diagnosis"}}`), map[string]string{"patient": "Zoë"}
	if err := d.CreateCall(ctx, c); err != nil {
		t.Fatal(err)
	}
	clear := func() string {
		t.Helper()
		var agent, doc string
		if err := d.r.NewRaw("SELECT s.agent, c.doc FROM calls AS c JOIN snapshots AS s ON s.call_id = c.id WHERE c.id = 'p'").Scan(ctx, &agent, &doc); err != nil {
			t.Fatal(err)
		}
		return agent + doc
	}
	if row := clear(); strings.Contains(row, "diagnosis") || strings.Contains(row, "Zoë") {
		t.Errorf("a private call lies in clear: %s", row)
	}
	if err := d.UpdateCall(ctx, "p", func(c *parley.Call) error { c.Warnings = []string{"x"}; return nil }); err != nil {
		t.Fatal(err)
	}
	if row := clear(); strings.Contains(row, "diagnosis") || strings.Contains(row, "Zoë") {
		t.Errorf("after a change it lies in clear: %s", row)
	}
	got, err := d.Call(ctx, env, "p")
	if err != nil || !got.Private || string(got.Agent) != string(c.Agent) || got.Context["patient"] != "Zoë" {
		t.Errorf("%+v %v", got, err)
	}
	if l, err := d.Calls(ctx, env, Page{}); err != nil || len(l.Items) != 1 || !l.Items[0].Private || l.Items[0].Context["patient"] != "Zoë" {
		t.Errorf("%+v %v", l, err)
	}
}

// testPrivateCallsEnd: of a private call that is over nothing is kept that it needed while it ran, whoever ended it.
func testPrivateCallsEnd(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	for id, queue := range map[string]bool{"cancelled": true, "expired": true, "lost": false, "talks": false} {
		c := outbound(env, id)
		c.Private, c.Agent, c.Context = true, json.RawMessage(`{"id":"a","prompt":{"content":"words"},"webhook":{"id":"w"}}`), map[string]string{"x": "words"}
		if c.Queued = queue; id == "expired" {
			c.NotAfter = time.Now().Add(-time.Second)
		}
		if id == "talks" {
			c.Status = parley.InProgress
		}
		enqueue(t, d, c)
	}
	left := func(id string) (string, map[string]string) {
		t.Helper()
		c, err := d.Call(ctx, env, id)
		if err != nil {
			t.Fatal(err)
		}
		return string(c.Agent), c.Context
	}
	if err := d.UpdateCall(ctx, "talks", func(c *parley.Call) error { c.Warnings = []string{"x"}; return nil }); err != nil {
		t.Error(err)
	}
	if agent, context := left("talks"); !strings.Contains(agent, "words") || context == nil {
		t.Errorf("while it runs: %s %v", agent, context)
	}
	if err := d.UpdateCall(ctx, "cancelled", func(c *parley.Call) error {
		c.Status, c.Cause, c.Queued = parley.Ended, parley.Cancelled, false
		return nil
	}); err != nil {
		t.Error(err)
	}
	if a, err := d.Admit(ctx); err != nil || len(a.Expired) != 1 {
		t.Errorf("%+v %v", a, err)
	}
	if err := d.UpdateCall(ctx, "lost", func(c *parley.Call) error { c.Status = parley.InProgress; return nil }); err != nil {
		t.Error(err)
	}
	if _, err := d.ReconcileCalls(ctx); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"cancelled", "expired", "lost", "talks"} {
		if agent, context := left(id); agent != `{"id":"a","webhook":{"id":"w"}}` || context != nil {
			t.Errorf("%s: %s %v", id, agent, context)
		}
	}
}

// testCallColumns: what a call has beside what it always had is kept as it is.
func testCallColumns(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	c := everything(env)
	cost := 0.25
	c.NotBefore, c.NotAfter = moment0(1), moment0(2)
	c.Usage = parley.Usage{STTSeconds: 1.5, LLMTokensIn: 2, LLMTokensOut: 3, TTSCharacters: 4, TelephonySeconds: 5.25, Cost: &cost}
	if err := d.CreateCall(ctx, c); err != nil {
		t.Fatal(err)
	}
	got, err := d.Call(ctx, env, c.ID)
	got.Agent = c.Agent
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("kept\n%+v\nwant\n%+v %v", got, c, err)
	}
	long := inbound(env, "long")
	long.From = "sip:" + strings.Repeat("é", 4000)
	long.TelephonyID = strings.Repeat("x", 20_000)
	if err := d.CreateCall(ctx, long); err != nil {
		t.Error("a stranger's long name keeps a call out:", err)
	}
}

func testMinutes(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	from := moment0(0)
	for id, at := range map[string]struct{ start, end time.Duration }{
		"before": {-time.Second, time.Minute}, "first": {0, 90 * time.Second}, "second": {time.Hour, time.Hour + 30*time.Second},
		"running": {time.Hour, -1}, "after": {2 * time.Hour, 3 * time.Hour}, "unanswered": {-1, time.Minute},
	} {
		c := parley.Call{ID: id, UserID: env, Status: parley.Ended, Start: from.Add(at.start), End: from.Add(at.end)}
		if at.end == -1 {
			c.End = time.Time{}
		}
		if at.start == -1 {
			c.Start = time.Time{}
		}
		if err := d.CreateCall(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.MinutesUsed(ctx, env, from, from.Add(2*time.Hour)); err != nil || n != 2 {
		t.Error(n, err)
	}
	if n, err := d.MinutesUsed(ctx, environment(t, d), from, from.Add(2*time.Hour)); err != nil || n != 0 {
		t.Error(n, err)
	}
	if n, err := d.MinutesUsed(ctx, env, time.Time{}, from); err != nil || n <= 0 {
		t.Error(n, err)
	}
}
