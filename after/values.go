package after

import (
	"cmp"
	"encoding/json"
	"math"
	"time"

	"github.com/parley-voice/parley"
)

// values are what templates and conditions know of a call: texts, numbers, booleans, and JSON.
type values map[string]any

// recordingLasts is how long the address of a recording works that is put into a template, from the call's end: the same at every
// attempt, as all of an action is.
const recordingLasts = 7 * 24 * time.Hour

// valuesOf are the call's context, over it the insights, and over both what is always there.
func valuesOf(c *parley.Call, agent *parley.Agent, recording func(callID string, until time.Time) string) values {
	v := values{}
	for k, x := range c.Context {
		v[k] = x
	}
	for k, x := range c.After.Insights {
		v[k] = x
	}
	for _, x := range c.Collected {
		v["collected."+x.Name] = x.Value
		if _, ok := v[x.Name]; !ok {
			v[x.Name] = x.Value
		}
	}
	direction := "inbound"
	if c.IsOutgoing {
		direction = "outbound"
	}
	v["call_id"], v["from_number"], v["to_number"], v["direction"] = c.ID, c.From, c.To, direction
	v["now"], v["end_time"], v["start_time"] = at(c.End), at(c.End), at(c.Start)
	v["agent_id"], v["agent_name"] = c.AgentID, ""
	if agent != nil {
		v["agent_name"] = cmp.Or(text(agent.Name), text(agent.Label))
	}
	v["status"], v["stage"], v["stage_outcome"] = string(c.Status), string(c.Stage), c.Outcome()
	v["ended_reason"], v["voicemail"] = string(c.Cause), c.Cause == parley.Voicemail
	v["human_detection_result"], v["do_not_call_result"] = c.Human, ""
	if c.DoNotCall != nil {
		v["do_not_call_result"] = *c.DoNotCall
	}
	seconds := 0.0
	if !c.Start.IsZero() {
		seconds = math.Round(max(c.End.Sub(c.Start).Seconds(), 0)*100) / 100
	}
	v["duration_seconds"], v["conversation_minutes"] = seconds, math.Round(seconds/60*100)/100
	v["transcript"], v["analysis"], v["insights"] = "", c.After.Analysis, json.RawMessage("{}")
	if !c.Start.IsZero() {
		v["transcript"] = parley.Transcript(c.Record)
	}
	if b, err := json.Marshal(c.After.Insights); err == nil && c.After.Insights != nil {
		v["insights"] = json.RawMessage(b)
	}
	v["recording_url"] = ""
	if c.Recording != "" && recording != nil {
		v["recording_url"] = recording(c.ID, c.End.Add(recordingLasts))
	}
	return v
}

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
