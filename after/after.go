// Package after does what an agent wants done once a call is over: the model reads the transcript and answers post_call_prompt,
// draws post_call_insights from it, and post_call_actions go out: e-mail by SMTP or SendGrid, text messages by a carrier, requests to other systems.
//
// All of it is jobs. The first of a call is written by the store in the transaction that tells of the call's end; it analyses, and
// writes one for each action. A job that a crash cut short runs again: what is on the call's row by then is not done twice, and
// an action that went out and whose outcome was not written goes out again under the same Idempotency-Key; a text message, of which
// no carrier knows that it has had it, is in doubt then, and told as such.
//
// Goroutines: none of its own; jobs run in those of package job.
package after

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// Store keeps calls, agents and account connections. *store.DB is one.
type Store interface {
	Calls
	Messaging
	Enqueue(ctx context.Context, jobs ...store.Job) error
	InternalAgent(ctx context.Context, env, id string) (parley.Agent, error)
	Internal(ctx context.Context, env string, k store.Kind, id string) (store.Doc, error)
	Recall(ctx context.Context, env, number, agentID string) (parley.Memory, error)
	Remember(ctx context.Context, m parley.Memory) (parley.Memory, error)
}

// Calls are those that are over.
type Calls interface {
	Call(ctx context.Context, env, id string) (parley.Call, error) // env "" is any
	UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error
	UpdateCallSynced(ctx context.Context, id string, change func(*parley.Call) error) error
}

// Messaging says who may be sent messages, and from where. *store.DB does.
type Messaging interface {
	Number(ctx context.Context, env, ref string) (store.Doc, error)
	DialPolicy(ctx context.Context, env, trunk, from string) (parley.DialPolicy, error)
	MayCall(ctx context.Context, env, number string) error
}

// Log is the event log. *store.Log is one.
type Log interface {
	parley.Log
	Flush(ctx context.Context) error
	Event(ctx context.Context, id string) (store.Placed, error)
}

// Net reaches addresses that users give. *fetch.Client is one.
type Net interface {
	Do(ctx context.Context, r fetch.Request) (*fetch.Response, error)
	Dial(ctx context.Context, network, addr string) (net.Conn, error)
}

// A Mind is the model of an agent.
type Mind struct {
	Model        llm.Model // nil: there is no language model, only rules
	Vendor, Name string    // for the price
	Close        func()    // may be nil
}

// Config is what a Clerk is made of.
type Config struct {
	Store Store
	Log   Log
	Net   Net
	// Open makes the model that an agent thinks by.
	Open func(ctx context.Context, env string, a *parley.Agent) (Mind, error)
	// Cost is what tokens cost; false: it is not known. nil: nothing is charged.
	Cost func(in, out int64, vendor, model string) (float64, bool)
	// RecordingURL is a signed address of a call's recording. nil: there is none.
	RecordingURL func(callID string, until time.Time) string
	Carriers     *carrier.Client // who messages are sent by; nil: none are
	Roots        *x509.CertPool  // mail servers' certificates are checked against; nil: the system's
	Logger       *slog.Logger
}

// A Clerk does what is to be done after calls.
type Clerk struct {
	Config
	tokens tokens
}

// New makes a clerk.
func New(c Config) *Clerk {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Clerk{Config: c}
}

// At once: a model that is slow, or a system that does not answer, is not to keep the others waiting.
const (
	analysesAtOnce = 8
	actionsAtOnce  = 16
)

// Kinds are the jobs it does.
func (c *Clerk) Kinds() []job.Kind {
	return []job.Kind{
		{Name: store.AfterCall, AtOnce: analysesAtOnce, Run: c.afterCall},
		{Name: store.AfterAction, AtOnce: actionsAtOnce, Run: c.action},
	}
}

// An Order is the payload of store.AfterCall; the zero value is a call's own, when it ends.
type Order struct {
	Run     string `json:"run,omitempty"`     // what the run goes by; "": the first
	Actions bool   `json:"actions,omitempty"` // the actions, too; the first run always does them
	Now     bool   `json:"now,omitempty"`     // what the agent wants now, not what it wanted then
}

// Again is the job that analyses a call once more, as its agent wants it now.
func Again(callID string, actions bool) store.Job {
	o := Order{Run: uuid.NewString(), Actions: actions, Now: true}
	b, _ := json.Marshal(o) // strings and booleans
	return store.Job{Kind: store.AfterCall, Subject: callID, DedupeKey: o.Run, Payload: b}
}

// firstRun is what the run at a call's end goes by.
const firstRun = "end"

// afterCall is the job of a call that is over: analysis, insights, and a job for each action.
func (c *Clerk) afterCall(ctx context.Context, j job.Job) job.Result {
	var o Order
	if err := json.Unmarshal(j.Payload, &o); err != nil {
		return job.Failed(fmt.Errorf("reading what is to be done: %w", err))
	}
	if o.Run == "" {
		o.Run, o.Actions = firstRun, true
	}
	row, agent, err := c.read(ctx, j.Subject, o)
	switch {
	case parley.IsNotFound(err) || errors.Is(err, secret.ErrSealed):
		return job.Failed(err) // erased meanwhile, or never to be read again
	case err != nil:
		return again(ctx, err)
	case row.Private || agent == nil:
		return job.Done
	}
	if row.After.Run != o.Run {
		f, wait, err := c.findings(ctx, row, agent, j.Attempt, o.Run == firstRun)
		if err != nil {
			c.spent(ctx, row.ID, f)
			if ctx.Err() != nil {
				return job.Again(0, nil)
			}
			c.Logger.Warn("a call was not analysed", "call", row.ID, "again_in", wait, "error", err)
			return job.Again(wait, err)
		}
		if err = c.remember(ctx, f.memory); err != nil {
			c.spent(ctx, row.ID, f)
			return again(ctx, err)
		}
		if row, err = c.keep(ctx, row, agent, o, f); parley.IsNotFound(err) {
			return job.Failed(err)
		} else if err != nil {
			return again(ctx, err)
		}
	}
	if err := c.tell(ctx, row, agent, o); err != nil {
		return again(ctx, err)
	}
	return job.Done
}

// storeWait is when a job is tried again that the store would not serve.
const storeWait = 5 * time.Second

func again(ctx context.Context, err error) job.Result {
	if ctx.Err() != nil {
		return job.Again(0, nil)
	}
	return job.Again(storeWait, err)
}

// read reads a call and its agent, as it was for the call or as it is now. The agent is nil when the call's words were erased.
func (c *Clerk) read(ctx context.Context, callID string, o Order) (*parley.Call, *parley.Agent, error) {
	row, err := c.Store.Call(ctx, "", callID)
	if err != nil || len(row.Agent) == 0 {
		return &row, nil, err
	}
	if o.Now && row.AgentID != "" {
		a, err := c.Store.InternalAgent(ctx, row.UserID, row.AgentID)
		if err == nil || !parley.IsNotFound(err) {
			return &row, &a, err
		}
	}
	var a parley.Agent
	if err := json.Unmarshal(row.Agent, &a); err != nil {
		return &row, nil, nil // it would not do better later
	}
	return &row, &a, nil
}

// keep writes what was found on the call's row, with what becomes of each action, and gives the row as it is then.
func (c *Clerk) keep(ctx context.Context, row *parley.Call, agent *parley.Agent, o Order, f found) (*parley.Call, error) {
	var now parley.Call
	err := c.Store.UpdateCall(ctx, row.ID, func(r *parley.Call) error {
		if len(r.Agent) == 0 || r.After.Run == o.Run {
			now = *r
			return nil // erased while the model read it; or written before
		}
		a := &r.After
		a.Run, a.Analysis, a.Insights, a.Support = o.Run, f.analysis, nil, nil
		if len(f.insights) > 0 {
			a.Insights, a.Support = f.insights, f.support
		}
		r.Warnings = addTo(r.Warnings, f.warnings...)
		c.charge(r, f)
		if o.Actions {
			planned, warnings := plan(r, agent, o.Run)
			a.Actions = append(a.Actions, planned...)
			a.Actions = a.Actions[max(0, len(a.Actions)-maxOutcomes):]
			r.Warnings = addTo(r.Warnings, warnings...)
		}
		now = *r
		return nil
	})
	return &now, err
}

// maxOutcomes is how many outcomes a call keeps, of however many runs.
const maxOutcomes = 300

// spent charges the call for answers that led to nothing.
func (c *Clerk) spent(ctx context.Context, callID string, f found) {
	if f.usage == (llm.Usage{}) {
		return
	}
	err := c.Store.UpdateCall(context.WithoutCancel(ctx), callID, func(r *parley.Call) error { c.charge(r, f); return nil })
	if err != nil {
		c.Logger.Error("what a model cost was not written", "call", callID, "error", err)
	}
}

// charge adds what the model cost to what the call has used.
func (c *Clerk) charge(r *parley.Call, f found) {
	u := &r.Usage
	in, out := int64(f.usage.In), int64(f.usage.Out)
	u.LLMTokensIn, u.LLMTokensOut = u.LLMTokensIn+in, u.LLMTokensOut+out
	if c.Cost == nil || u.Cost == nil || in+out == 0 {
		return
	}
	cost, ok := c.Cost(in, out, f.vendor, f.model)
	if !ok {
		u.Cost = nil
		r.Warnings = addTo(r.Warnings, "the price file has no price for thinking by "+f.vendor+" after the call: what the call costs is not known")
		return
	}
	cost += *u.Cost
	u.Cost = &cost
}

// tell writes the events of a run and the jobs of its actions, those that are not there yet.
func (c *Clerk) tell(ctx context.Context, row *parley.Call, agent *parley.Agent, o Order) error {
	if len(row.Agent) == 0 || row.After.Run != o.Run {
		return nil // erased, or a later run has taken its place
	}
	if a := row.After; a.Analysis != "" || a.Insights != nil {
		payload := map[string]any{"analysis": orNull(a.Analysis), "insights": orNil(a.Insights), "insight_turns": orNil(a.Support)}
		if err := c.once(ctx, row.ID, key(row.ID, o.Run, "analysis"), parley.EventAnalysis, payload); err != nil {
			return err
		}
	}
	if !o.Actions {
		return nil
	}
	var jobs []store.Job
	for _, want := range wants(agent) {
		i := outcome(row, key(row.ID, o.Run, want.ID))
		if i < 0 {
			continue
		}
		out := row.After.Actions[i]
		if out.State == parley.AfterSkipped {
			if err := c.ended(ctx, row.ID, out); err != nil {
				return err
			}
			continue
		}
		b, err := json.Marshal(errandJob{Key: out.Key, Want: want})
		if err != nil {
			return err
		}
		jobs = append(jobs, store.Job{Kind: store.AfterAction, Subject: row.ID, DedupeKey: out.Key, Payload: b})
	}
	if len(jobs) == 0 {
		return c.Log.Flush(ctx)
	}
	if err := c.Log.Flush(ctx); err != nil {
		return err
	}
	return c.Store.Enqueue(ctx, jobs...)
}

// once appends an event that goes by a name, unless it is there.
func (c *Clerk) once(ctx context.Context, callID, id string, t parley.EventType, payload any) error {
	_, err := c.Log.Event(ctx, id)
	if err == nil {
		return nil
	}
	if !parley.IsNotFound(err) {
		return err
	}
	e := parley.NewEvent(callID, t, payload)
	e.ID = id
	c.Log.Append(e)
	return nil
}

// ended tells what became of an action.
func (c *Clerk) ended(ctx context.Context, callID string, a parley.AfterAction) error {
	return c.once(ctx, callID, key(a.Key, "ended"), parley.EventAfterAction, map[string]any{
		"action_id": a.ID, "action_type": a.Type, "action_label": orNull(a.Label), "state": a.State, "attempts": a.Attempts,
		"status": orZero(a.Status), "error": orNull(a.Error),
	})
}

// key names something of a call for ever.
func key(parts ...string) string {
	b, _ := json.Marshal(parts)
	return uuid.NewSHA1(uuid.NameSpaceOID, b).String()
}

// outcome is the place of an action among those of a call; -1: it is not there.
func outcome(c *parley.Call, key string) int {
	for i, a := range c.After.Actions {
		if a.Key == key {
			return i
		}
	}
	return -1
}

// addTo adds what is not there.
func addTo(list []string, more ...string) []string {
	for _, m := range more {
		there := false
		for _, x := range list {
			there = there || x == m
		}
		if !there {
			list = append(list, m)
		}
	}
	return list
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orZero(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func orNil[V any](m map[string]V) any {
	if m == nil {
		return nil
	}
	return m
}
