package api

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

// A callJSON is a call as SPEC §3 has it. Times are any: their format is the client's choice.
type callJSON struct {
	ID         string        `json:"id"`
	UserID     string        `json:"user_id"`
	Status     parley.Status `json:"status"`
	Stage      parley.Stage  `json:"stage"`
	IsOutgoing bool          `json:"is_outgoing"`
	From       string        `json:"from_number"`
	To         string        `json:"to_number"`
	AgentPhone string        `json:"agent_phone_number"`
	Agent      any           `json:"agent"` // its id, or as it was for the call
	Private    bool          `json:"hipaa_compliant"`
	callTimes
	callCarrier
	callEnding
	callWishes
	callRecord
}

type callTimes struct {
	Created   any  `json:"created_at"`
	Start     any  `json:"start_time"`
	End       any  `json:"end_time"`
	Queued    bool `json:"queued"`
	NotBefore any  `json:"not_before"`
	NotAfter  any  `json:"not_after"`
}

type callCarrier struct {
	Provider   string `json:"telephony_provider"`
	ID         any    `json:"telephony_id"`
	Connection any    `json:"telephony_account_connection"`
	Metadata   any    `json:"telephony_metadata"`
	Recorded   bool   `json:"recording_available"`
	Media      any    `json:"media"`
}

type callEnding struct {
	Reason       any      `json:"ended_reason"`
	Fault        any      `json:"fault"`
	Outcome      any      `json:"stage_outcome"`
	SIPCode      any      `json:"sip_code"`
	ErrorMessage any      `json:"error_message"`
	Errors       []string `json:"errors"`
}

// callWishes are what the call was asked to do.
type callWishes struct {
	Context         map[string]string `json:"context"`
	Params          map[string]string `json:"telephony_params"`
	NoHuman         string            `json:"on_no_human_answer"`
	DetectDoNotCall bool              `json:"run_do_not_call_detection"`
	FromTag         any               `json:"from_tag"`
}

type callRecord struct {
	Transcript    any                `json:"transcript"`
	Turns         []parley.ShownTurn `json:"turns"`
	ActionHistory []json.RawMessage  `json:"action_history"`
	Warnings      []string           `json:"warnings"`
	Usage         parley.Usage       `json:"usage"`
	Analysis      any                `json:"post_call_analysis"`
	Insights      any                `json:"post_call_insights"`
	HumanResult   any                `json:"human_detection_result"`
	Support       any                `json:"post_call_insight_turns"`
	Outcomes      []afterJSON        `json:"post_call_outcomes"`
	DoNotCall     any                `json:"do_not_call_result"`
	Collected     map[string]string  `json:"collected"`
}

// showCall is a call for the client: get shows the agent as it was for the call, lists its id.
func showCall(c parley.Call, at clock, whole bool) (*callJSON, error) {
	v := &callJSON{
		ID: c.ID, UserID: c.UserID, Status: c.Status, Stage: c.Stage, IsOutgoing: c.IsOutgoing, From: c.From, To: c.To, AgentPhone: c.To,
		Agent: orNull(c.AgentID), Private: c.Private,
		callTimes:   callTimes{at(c.Created), at(c.Start), at(c.End), c.Queued, at(c.NotBefore), at(c.NotAfter)},
		callCarrier: callCarrier{"sip", orNull(c.TelephonyID), orNull(c.TrunkID), metadata(c), c.Recording != "", orNil(c.Quality)},
		callEnding:  showEnding(c),
		callWishes:  callWishes{Context: orEmpty(c.Context), Params: orEmpty(c.Params), NoHuman: "continue"},
		callRecord: callRecord{Turns: make([]parley.ShownTurn, len(c.Turns)), ActionHistory: atLeast(c.ActionHistory), Warnings: atLeast(c.Warnings), Usage: c.Usage,
			Analysis: orNull(c.After.Analysis), Insights: orNone(c.After.Insights), Support: orNone(c.After.Support), Outcomes: showOutcomes(c.After.Actions, at),
			HumanResult: orNull(c.Human), DoNotCall: orNil(c.DoNotCall), Collected: make(map[string]string, len(c.Collected))},
	}
	for _, x := range c.Collected {
		v.Collected[x.Name] = x.Value
	}
	for i, t := range c.Turns {
		if v.Turns[i] = t.Shown(); whole {
			v.Turns[i].Words = t.Timed()
		}
	}
	if c.Telephony != "" {
		v.Provider = c.Telephony
	}
	if c.Pool != nil {
		v.FromTag = orNull(c.Pool.Tag)
	}
	if c.NoHumanAction != "" {
		v.NoHuman = c.NoHumanAction
	}
	if c.IsOutgoing {
		v.AgentPhone = c.From
	}
	if c.Stage == "" {
		v.Stage = parley.StageCreated
	}
	if !c.Start.IsZero() {
		v.Transcript = parley.Transcript(c.Record)
	}
	return v, v.showSnapshot(c, whole)
}

func showEnding(c parley.Call) callEnding {
	e := callEnding{ErrorMessage: orNull(c.ErrorMessage), Errors: []string{}}
	if c.Cause != "" {
		e.Reason, e.Fault = c.Cause, c.Cause.Fault()
	}
	if c.Cause != "" || c.StageOutcome != "" {
		e.Outcome = c.Outcome()
	}
	if c.SIPCode != 0 {
		e.SIPCode = c.SIPCode
	}
	if c.ErrorMessage != "" {
		e.Errors = []string{c.ErrorMessage}
	}
	return e
}

// showSnapshot adds the agent. The snapshot has secrets in clear, for the telephone; nobody else sees them.
func (v *callJSON) showSnapshot(c parley.Call, whole bool) error {
	if len(c.Agent) == 0 {
		return nil
	}
	var agent map[string]any
	if err := json.Unmarshal(c.Agent, &agent); err != nil {
		return fmt.Errorf("the snapshot of call %s: %w", c.ID, err)
	}
	if detect, ok := agent["run_do_not_call_detection"].(bool); ok {
		v.DetectDoNotCall = detect
	}
	if whole && agent != nil {
		if c.Private {
			hidePrompt(agent)
		}
		for _, field := range []string{"voice", "openai_account_connection"} {
			if part, ok := agent[field].(map[string]any); ok && part["id"] == nil {
				part["id"], part["user_id"] = "", c.UserID // of this call alone, as its agent's other parts without id
			}
		}
		v.Agent = hide(agent)
	}
	return nil
}

// hidePrompt leaves of a prompt which one it was.
func hidePrompt(agent map[string]any) {
	if prompt, ok := agent["prompt"].(map[string]any); ok {
		maps.DeleteFunc(prompt, func(field string, _ any) bool { return field != "id" && field != "user_id" && field != "type" })
	}
}

// secretFields hold secrets wherever they stand in an object.
var secretFields = map[string]bool{
	"credentials": true, "api_key": true, "signing_secret": true, "signature_secret": true, "previous_signing_secret": true,
}

// hide masks the secrets in a value, in place. Under input_schema names are those of somebody else's fields.
func hide(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			switch {
			case secretFields[k]:
				v[k] = secret.Mask(x)
			case k != "input_schema":
				v[k] = hide(x)
			}
		}
	case []any:
		for i, x := range v {
			v[i] = hide(x)
		}
	}
	return v
}

func metadata(c parley.Call) any {
	if c.Telephony == "" && len(c.Metadata) == 0 {
		return nil
	}
	out := maps.Clone(c.Metadata)
	if out == nil {
		out = map[string]string{}
	}
	kind := c.Telephony
	if kind == "" {
		kind = "sip"
	}
	out["type"] = "telephony_metadata_" + kind
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// orNil is null for none.
func orNil[V any](p *V) any {
	if p == nil {
		return nil
	}
	return p
}

// orNone is null for no map.
func orNone[V any](m map[string]V) any {
	if m == nil {
		return nil
	}
	return m
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// atLeast is an empty list for none.
func atLeast[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
