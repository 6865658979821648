package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/after"
	"github.com/parley-voice/parley/store"
)

// TestAnalyzeAgain: a job is written for a call of which there is something to analyse, and for no other.
func TestAnalyzeAgain(t *testing.T) {
	h := newHouse(t)
	for name, c := range map[string]struct {
		change func(*parley.Call)
		erase  bool
		status int
		code   string
	}{
		"answered":    {change: func(c *parley.Call) { c.Status = parley.Ended }, status: 200},
		"unanswered":  {change: func(c *parley.Call) { c.Status, c.Start = parley.Ended, time.Time{} }, status: 409, code: "not_answered"},
		"private":     {change: func(c *parley.Call) { c.Status, c.Private = parley.Ended, true }, status: 409, code: "private"},
		"in progress": {change: func(c *parley.Call) { c.Status = parley.InProgress }, status: 409, code: "running"},
		"erased":      {change: func(c *parley.Call) { c.Status = parley.Ended }, erase: true, status: 409, code: "erased"},
	} {
		id := h.call(h.a, c.change)
		if c.erase {
			if err := h.db.EraseText(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		r := h.do(h.a, "POST", "/v1/calls/analyze?id="+id, `{"actions":true}`)
		if code, _ := r.object()["code"].(string); r.status != c.status || code != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		jobs, err := h.db.ClaimJobs(t.Context(), store.Claim{Owner: "x", Kind: store.AfterCall, Limit: 9, Lease: time.Hour})
		if err != nil || len(jobs) != map[bool]int{true: 1}[c.status == 200] {
			t.Fatalf("%s: %+v %v", name, jobs, err)
		}
		var o after.Order
		if len(jobs) == 1 && (json.Unmarshal(jobs[0].Payload, &o) != nil || jobs[0].Subject != id || !o.Actions || !o.Now || o.Run == "") {
			t.Errorf("%s: %+v %s", name, jobs[0], jobs[0].Payload)
		}
	}
}
