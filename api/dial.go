package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// createCall writes the call and the job that dials it, and answers before the phone rings.
func (a *API) createCall(r *request) (any, error) {
	ctx := r.Context()
	c := parley.Call{
		ID: r.subject, UserID: r.env, Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true,
		Created: time.Now().UTC(), Media: parley.Media{Telephony: "sip"},
	}
	if c.ID == "" {
		c.ID = uuid.NewString()
	}
	c.Private, _ = r.body["hipaa_compliant"].(bool)
	if err := readParams(r.body, &c); err != nil {
		return nil, err
	}
	if err := readSchedule(r.body, &c); err != nil {
		return nil, err
	}
	var line store.Doc
	tag, err := readTag(r.body)
	if err == nil && tag == "" {
		line, err = a.readNumbers(ctx, r.body, &c)
	} else if err == nil {
		c.To, err = readTo(r.body)
	}
	if err != nil {
		return nil, err
	}
	if r.subject != "" { // a crash cut the first request with this key short: the call may be there
		if earlier, err := a.Store.Call(ctx, r.env, r.subject); !parley.IsNotFound(err) {
			if err != nil {
				return nil, err
			}
			return r.call(earlier)
		}
	}
	agent, err := a.agentOf(ctx, r.env, r.body)
	if err != nil {
		return nil, err
	}
	if err := contextComplete(agent, c.Context); err != nil {
		return nil, err
	}
	if tag != "" {
		err = a.choosePool(ctx, r.body, &c, tag)
	} else if err = a.chooseTrunk(ctx, r.body, &c, line); err == nil && paced(line) {
		c.Pool = &parley.Pool{Number: c.From}
	}
	if err != nil {
		return nil, err
	}
	if err := a.Store.MayCall(ctx, r.env, c.To); err != nil {
		return nil, err
	}
	c.AgentID = agent.ID
	if c.Agent, err = json.Marshal(agent); err != nil {
		return nil, fmt.Errorf("writing the agent of a call: %w", err)
	}
	job := store.Job{ID: uuid.NewString(), Kind: a.DialJob, Subject: c.ID, DedupeKey: c.ID, Once: true}
	facts := map[string]any{"direction": "outbound", "from_number": c.From, "to_number": c.To, "received_at": c.Created}
	if parent := r.Header.Get("Traceparent"); traceparent.MatchString(parent) {
		facts["traceparent"] = parent
	}
	created := parley.NewEvent(c.ID, parley.EventCreated, facts)
	if err := a.Store.PlaceCall(ctx, c, []parley.Event{created}, job); err != nil {
		return nil, err
	}
	if c.Pool != nil && !c.Queued { // now it has its number
		if c, err = a.Store.Call(ctx, r.env, c.ID); err != nil {
			return nil, err
		}
	}
	return r.placed(c, agent)
}

// traceparent is the span of whoever asks (W3C Trace Context).
var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// placed is a new call; the secret that was made for a webhook of this call alone is shown, this once.
func (r *request) placed(c parley.Call, agent parley.Agent) (any, error) {
	v, err := showCall(c, r.at, true)
	if err != nil || agent.Webhook == nil || agent.Webhook.ID != "" {
		return v, err
	}
	shown, _ := v.Agent.(map[string]any)
	webhook, _ := shown["webhook"].(map[string]any)
	given, _ := r.body["agent"].(map[string]any)
	if inline, ok := given["webhook"].(map[string]any); ok && inline["id"] == nil && webhook != nil {
		webhook["signing_secret"] = agent.Webhook.SigningSecret
	}
	return v, nil
}

// digits is an extension that any phone can show as its own.
var digits = regexp.MustCompile(`^[0-9*#]{1,15}$`)

// readNumbers takes the two ends; agent_phone_number is the long form's word for from_number. line is the number that calls, nil
// when it is not linked here.
func (a *API) readNumbers(ctx context.Context, body store.Doc, c *parley.Call) (line store.Doc, err error) {
	var bad invalid
	end := func(field string, alias string) number.Address {
		s, _ := body[field].(string)
		if s == "" && alias != "" {
			s, _ = body[alias].(string)
		}
		if s == "" {
			bad = append(bad, fieldError{field, field + " is required"})
			return number.Address{}
		}
		address, err := number.Parse(field, s)
		if err != nil {
			bad = append(bad, fieldError{field, field + " " + wantedNumber + ", or a sip: address"})
		}
		return address
	}
	from, to := end("from_number", "agent_phone_number"), end("to_number", "")
	c.From, c.To = from.Text, to.Text
	if len(bad) > 0 {
		return nil, bad
	}
	line, err = a.Store.Number(ctx, c.UserID, from.Text)
	switch {
	case err == nil && line["is_routing_number"] == true:
		return nil, parley.Invalid("from_number", "from_number is a routing number (is_routing_number), which is never shown as a caller's: take another one")
	case err == nil && line["active"] == false && line["carrier_status"] != nil:
		return nil, parley.Invalid("from_number", fmt.Sprintf("from_number is no number of its account's yet (carrier_status is %v)", line["carrier_status"]))
	case !parley.IsNotFound(err):
		return line, err
	case from.Kind == number.Extension && !digits.MatchString(from.Text):
		return nil, parley.Invalid("from_number", "from_number "+wantedNumber+", or one that is linked here")
	}
	return nil, nil
}

// readParams takes what needs no look-up. Values of telephony_params become text: that is what they are in a SIP message.
func readParams(body store.Doc, c *parley.Call) error {
	c.NoHumanAction, _ = body["on_no_human_answer"].(string)
	c.Context, c.Params = map[string]string{}, map[string]string{}
	given, _ := body["context"].(map[string]any)
	for k, v := range given {
		c.Context[k], _ = v.(string)
	}
	params, _ := body["telephony_params"].(map[string]any)
	for k, v := range params {
		s := fmt.Sprint(v)
		if strings.ContainsFunc(k+s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return parley.Invalid("telephony_params", "telephony_params must not hold control characters")
		}
		if _, ok := parley.RingTime(s); k == parley.RingParam && !ok {
			const field = "telephony_params." + parley.RingParam
			return parley.Invalid(field, field+" must be a number of seconds from 1 to 600")
		}
		c.Params[k] = s
	}
	return nil
}

// agentOf is the agent as it is to be for this call: a stored one, or what the body says, over the stored one whose id it has.
func (a *API) agentOf(ctx context.Context, env string, body store.Doc) (parley.Agent, error) {
	var given any
	switch v := body["agent"].(type) {
	case string:
		given = strings.ToLower(v)
	case map[string]any:
		if err := a.checkInline(ctx, env, v); err != nil {
			return parley.Agent{}, err
		}
		given = v
	}
	agent, err := a.Store.AssembleAgent(ctx, env, given)
	if parley.IsNotFound(err) {
		return agent, &parley.Error{Status: http.StatusNotFound, Code: "not_found", Field: "agent", Message: err.Error()}
	}
	if err != nil {
		return agent, err
	}
	if detect, ok := body["run_do_not_call_detection"].(bool); ok {
		agent.DoNotCallDetect = &detect // the call's own flag wins
	}
	return agent, nil
}

func (a *API) checkInline(ctx context.Context, env string, v map[string]any) error {
	var stored store.Doc
	if id, ok := v["id"].(string); ok {
		v["id"] = strings.ToLower(id)
		var err error
		stored, err = a.Store.Agent(ctx, env, strings.ToLower(id))
		if parley.IsNotFound(err) {
			return notFoundAt("agent.id", "agent")
		}
		if err != nil {
			return err
		}
	} else if bad := explain(a.contract.schema("CreateAgentDto"), v, "agent"); len(bad) > 0 {
		return bad
	}
	return a.checkAgent(ctx, env, v, withoutParts(stored), "agent")
}

// withoutParts is an agent whose nested objects do not count: in a call, one without id stands for itself.
func withoutParts(doc store.Doc) store.Doc {
	out := store.Doc{}
	for k, v := range doc {
		switch k {
		case "prompt", "voice", "webhook", "actions", "openai_account_connection":
		default:
			out[k] = v
		}
	}
	return out
}

// contextComplete holds a prompt template's required_context_keys against the call's context.
func contextComplete(agent parley.Agent, given map[string]string) error {
	if agent.Prompt == nil || len(agent.Prompt.PromptTemplate) == 0 {
		return nil
	}
	var t struct {
		Keys []string `json:"required_context_keys"`
	}
	if json.Unmarshal(agent.Prompt.PromptTemplate, &t) != nil {
		return nil
	}
	var bad invalid
	for _, k := range t.Keys {
		if _, ok := given[k]; !ok {
			field := "context." + k
			bad = append(bad, fieldError{field, field + " is required by the agent's prompt"})
		}
	}
	return bad.orNil()
}
