package store

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// Kinds of jobs for what is done once a call is over; their subject is the call. Package after runs them.
const (
	AfterCall   = "after_call"   // written with the event that tells of the call's end
	AfterAction = "after_action" // written by the former
)

// afterwards writes the jobs of calls whose end is being told and whose agents want something done then. A private call has none:
// nothing of its agent's wishes is left.
func afterwards(ctx context.Context, tx bun.IDB, calls []string) error {
	var rows []struct{ CallID, Agent string }
	err := tx.NewRaw(`SELECT call_id, agent FROM snapshots WHERE call_id IN ? AND (agent LIKE '%"post_call_%' OR agent LIKE '%"collect_fields"%'
		OR agent LIKE '%"memory_scope"%' OR agent LIKE '%"combine_last_call_context"%')`,
		bun.Tuple(calls)).Scan(ctx, &rows)
	if err != nil {
		return err
	}
	var jobs []Job
	for _, r := range rows {
		var a parley.Agent
		if json.Unmarshal([]byte(r.Agent), &a) != nil || !a.WantsAftermath() {
			continue
		}
		jobs = append(jobs, Job{Kind: AfterCall, Subject: r.CallID, DedupeKey: r.CallID})
	}
	return insertJobs(ctx, tx, jobs)
}
