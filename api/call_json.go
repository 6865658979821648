package api

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

// showCall is a call as SPEC §3 has it: get shows the agent as it was for the call, lists its id.
func showCall(c parley.Call, at clock, whole bool) (any, error) {
	doc := map[string]any{
		"id": c.ID, "user_id": c.UserID, "status": c.Status, "stage": c.Stage,
		"is_outgoing": c.IsOutgoing, "from_number": c.From, "to_number": c.To, "agent_phone_number": c.To,
		"recording_available": c.Recording != "",
		"telephony_provider":  "sip", "telephony_id": orNull(c.TelephonyID),
		"telephony_account_connection": orNull(c.TrunkID), "telephony_metadata": metadata(c),
		"created_at": at(c.Created), "start_time": at(c.Start), "end_time": at(c.End),
		"queued": c.Queued, "not_before": at(c.NotBefore), "not_after": at(c.NotAfter), "usage": c.Usage,
		"post_call_analysis": nil, "post_call_insights": nil,
		"context": orEmpty(c.Context), "telephony_params": orEmpty(c.Params), "on_no_human_answer": "continue",
		"hipaa_compliant": c.Private, "human_detection_result": nil, "do_not_call_result": nil,
		"action_history": atLeast(c.ActionHistory), "turns": atLeast(c.Turns), "warnings": atLeast(c.Warnings),
		"transcript": nil, "run_do_not_call_detection": false,
	}
	if c.Telephony != "" {
		doc["telephony_provider"] = c.Telephony
	}
	if c.NoHumanAction != "" {
		doc["on_no_human_answer"] = c.NoHumanAction
	}
	if c.IsOutgoing {
		doc["agent_phone_number"] = c.From
	}
	if c.Stage == "" {
		doc["stage"] = parley.StageCreated
	}
	if !c.Start.IsZero() {
		doc["transcript"] = parley.Transcript(c.Record)
	}
	showEnding(doc, c)
	return doc, showSnapshot(doc, c, whole)
}

func showEnding(doc map[string]any, c parley.Call) {
	doc["ended_reason"], doc["fault"], doc["stage_outcome"] = nil, nil, nil
	doc["sip_code"], doc["error_message"], doc["errors"] = nil, orNull(c.ErrorMessage), []string{}
	if c.Cause != "" {
		doc["ended_reason"], doc["fault"] = c.Cause, c.Cause.Fault()
	}
	if c.Cause != "" || c.StageOutcome != "" {
		doc["stage_outcome"] = c.Outcome()
	}
	if c.SIPCode != 0 {
		doc["sip_code"] = c.SIPCode
	}
	if c.ErrorMessage != "" {
		doc["errors"] = []string{c.ErrorMessage}
	}
}

// showSnapshot adds the agent. The snapshot has secrets in clear, for the telephone; nobody else sees them.
func showSnapshot(doc map[string]any, c parley.Call, whole bool) error {
	doc["agent"] = orNull(c.AgentID)
	if len(c.Agent) == 0 {
		return nil
	}
	var agent map[string]any
	if err := json.Unmarshal(c.Agent, &agent); err != nil {
		return fmt.Errorf("the snapshot of call %s: %w", c.ID, err)
	}
	if detect, ok := agent["run_do_not_call_detection"].(bool); ok {
		doc["run_do_not_call_detection"] = detect
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
		doc["agent"] = hide(agent)
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

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
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
