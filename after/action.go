package after

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// A want is one of an agent's post_call_actions.
type want struct {
	ID             string `json:"id"`
	Label          string `json:"label"`
	Type           string `json:"type"`
	ProviderConfig struct {
		DestinationID string `json:"destination_id"`
	} `json:"provider_config"`
	Config     json.RawMessage   `json:"config"`
	Conditions []json.RawMessage `json:"conditions"`
}

// Types of actions.
const (
	email     = "email"
	sms       = "sms"
	customAPI = "trigger_custom_api"
)

// wants are an agent's post_call_actions, and the two deprecated fields as such. Each has an id of its own.
func wants(a *parley.Agent) (list []want) {
	seen := map[string]bool{}
	add := func(w want, at string) {
		if w.ID == "" || seen[w.ID] {
			w.ID = at
		}
		seen[w.ID] = true
		list = append(list, w)
	}
	for i, raw := range a.PostCallActions {
		at := fmt.Sprintf("post_call_actions.%d", i)
		var w want
		if err := json.Unmarshal(raw, &w); err != nil {
			w = want{Type: "unknown"}
		}
		add(w, at)
	}
	for _, old := range []struct {
		field, kind string
		raw         json.RawMessage
	}{{"post_call_email", email, a.PostCallEmail}, {"post_call_sms", sms, a.PostCallSMS}} {
		var w want
		if len(old.raw) == 0 || json.Unmarshal(old.raw, &w) != nil || string(old.raw) == "null" {
			continue
		}
		add(want{Type: old.kind, ProviderConfig: w.ProviderConfig, Config: old.raw}, old.field)
	}
	return list
}

// plan says what becomes of each action of a call whose end, analysis and insights are known.
func plan(c *parley.Call, agent *parley.Agent, run string) (list []parley.AfterAction, warnings []string) {
	v := valuesOf(c, agent, nil)
	for _, w := range wants(agent) {
		out := parley.AfterAction{Key: key(c.ID, run, w.ID), ID: w.ID, Type: w.Type, Label: w.Label, State: parley.AfterWaiting}
		ok, why, err := holds(w.Conditions, v)
		switch {
		case w.Type != email && w.Type != sms && w.Type != customAPI:
			out.State, out.Error = parley.AfterSkipped, "this version does not send "+w.Type
			warnings = append(warnings, w.ID+": "+out.Error)
		case err != nil:
			out.State, out.Error = parley.AfterFailed, err.Error()
		case c.Start.IsZero() && !about(w.Conditions, "ended_reason"):
			out.State, out.Error = parley.AfterSkipped, "the call was not answered"
		case !ok:
			out.State, out.Error = parley.AfterSkipped, why
		}
		if out.State != parley.AfterWaiting {
			out.Ended = time.Now().UTC()
		}
		list = append(list, out)
	}
	return list, warnings
}

// errandJob is the payload of store.AfterAction: the action as it was when the job was written.
type errandJob struct {
	Key  string `json:"key"`
	Want want   `json:"want"`
}

// An errand is one attempt at an action.
type errand struct {
	call   *parley.Call
	want   want
	values values
	key    string // its Idempotency-Key
	report
}

// A report is what came of an attempt.
type report struct {
	status   int           // of HTTP or SMTP; 0: there was none
	err      error         // nil: it is done
	forGood  bool          // another attempt would fail as well
	after    time.Duration // what the far end asked to be waited
	warnings []string

	begun     bool   // it is written down that a message is about to be sent
	carrierID string // of a message
}

// ladder is how long an action waits after a failure; then it has failed.
var ladder = []time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// maxAfter is the longest Retry-After that is obeyed.
const maxAfter = 24 * time.Hour

// action is the job of an action.
func (c *Clerk) action(ctx context.Context, j job.Job) job.Result {
	var p errandJob
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Failed(fmt.Errorf("reading the action: %w", err))
	}
	row, agent, err := c.read(ctx, j.Subject, Order{})
	switch {
	case parley.IsNotFound(err) || errors.Is(err, secret.ErrSealed):
		return job.Failed(err)
	case err != nil:
		return again(ctx, err)
	}
	i := outcome(row, p.Key)
	if i < 0 || agent == nil {
		return job.Failed(errErased)
	}
	if out := row.After.Actions[i]; out.State != parley.AfterWaiting { // a crash came between that and the end of the job
		if err := c.announce(ctx, row.ID, out); err != nil {
			return again(ctx, err)
		}
		return job.Done
	}
	e := &errand{call: row, want: p.Want, values: valuesOf(row, agent, c.RecordingURL), key: p.Key}
	switch p.Want.Type {
	case email:
		c.email(ctx, e)
	case sms:
		c.sms(ctx, e, !row.After.Actions[i].Began.IsZero())
	default:
		c.request(ctx, e)
	}
	if e.err != nil && ctx.Err() != nil && !e.begun {
		return job.Again(0, nil) // cut short by the end of the process: it does not count
	}
	return c.settle(ctx, e)
}

var errErased = errors.New("the call's words were erased before")

// settle writes what came of an attempt on the call's row, and tells it when it was the last.
func (c *Clerk) settle(ctx context.Context, e *errand) job.Result {
	ctx = context.WithoutCancel(ctx) // it is done, whatever else ends
	var out parley.AfterAction
	for try := 1; ; try++ {
		err := c.Store.UpdateCall(ctx, e.call.ID, func(r *parley.Call) error {
			i := outcome(r, e.key)
			if i < 0 {
				return errErased
			}
			out = e.outcome(r.After.Actions[i], time.Now().UTC())
			r.After.Actions[i] = out
			r.Warnings = addTo(r.Warnings, e.warnings...)
			return nil
		})
		if err == nil {
			break
		}
		if errors.Is(err, errErased) || parley.IsNotFound(err) {
			return job.Failed(err)
		}
		c.Logger.Error("the outcome of an action was not written", "call", e.call.ID, "action", e.want.ID, "try", try, "error", err)
		if try == settleTries {
			return job.Again(storeWait, err)
		}
		time.Sleep(time.Duration(try) * time.Second)
	}
	if out.State == parley.AfterWaiting {
		return job.Again(time.Until(out.Next), e.err)
	}
	if err := c.announce(ctx, e.call.ID, out); err != nil {
		return job.Again(storeWait, err)
	}
	return job.Result{Err: e.err}
}

const settleTries = 3

// outcome is what the call says of the action after this attempt.
func (e *errand) outcome(a parley.AfterAction, now time.Time) parley.AfterAction {
	a.Attempts++
	a.Status, a.Error, a.Next, a.Began, a.CarrierID = e.status, "", time.Time{}, time.Time{}, e.carrierID
	switch {
	case e.err == nil:
		a.State, a.Ended = parley.AfterDone, now
	case e.forGood || a.Attempts > len(ladder):
		a.State, a.Ended, a.Error = parley.AfterFailed, now, clip(e.err.Error(), maxError)
	default:
		a.Error = clip(e.err.Error(), maxError)
		a.Next = now.Add(max(ladder[a.Attempts-1], min(e.after, maxAfter)))
	}
	return a
}

const maxError = 500 // bytes

func (c *Clerk) announce(ctx context.Context, callID string, out parley.AfterAction) error {
	if err := c.ended(ctx, callID, out); err != nil {
		return err
	}
	return c.Log.Flush(ctx)
}

// fail ends the attempt; for good unless more says otherwise.
func (e *errand) fail(forGood bool, err error) { e.err, e.forGood = err, forGood }

// fill fills a template of the action's, warning of what is missing.
func (e *errand) fill(field, template string, esc escape) string {
	s, missing := fill(template, e.values, esc)
	e.warnings = addTo(e.warnings, missingOf(e.want.ID+"."+field, missing)...)
	return s
}

// connection is the account that the action goes out by.
func (c *Clerk) connection(ctx context.Context, e *errand) (account, bool) {
	id := e.want.ProviderConfig.DestinationID
	doc, err := c.Store.Internal(ctx, e.call.UserID, store.AccountConnections, id)
	switch {
	case id == "" || parley.IsNotFound(err):
		e.fail(true, fmt.Errorf("provider_config.destination_id: there is no account connection %q", id))
		return account{}, false
	case err != nil:
		e.fail(errors.Is(err, secret.ErrSealed), fmt.Errorf("provider_config.destination_id: %w", err))
		return account{}, false
	}
	kind, _ := doc["type"].(string)
	credentials, _ := doc["credentials"].(map[string]any)
	return account{id: id, kind: kind, credentials: credentials}, true
}

// An account is an account connection, its secrets in clear.
type account struct {
	id, kind    string
	credentials map[string]any
}

func (a account) text(field string) string { s, _ := a.credentials[field].(string); return s }
