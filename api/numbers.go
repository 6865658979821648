package api

import (
	"context"
	"maps"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

const wantedNumber = "must be a number in E.164 form, such as +15551234567"

// number is which number the query names: by id, or by itself. A + that was not percent-encoded arrives as a space.
func (r *request) number() (string, error) {
	if s := r.q("id"); s != "" {
		return uuidOf("id", s)
	}
	if s := r.q("phone_number"); s != "" {
		if strings.HasPrefix(s, " ") {
			s = "+" + s[1:]
		}
		return s, nil
	}
	return "", parley.Invalid("phone_number", "phone_number or id is required in the query")
}

func (a *API) getNumber(r *request) (any, error) {
	ref, err := r.number()
	if err != nil {
		return nil, err
	}
	doc, err := a.Store.Number(r.Context(), r.env, ref)
	if err != nil {
		return nil, err
	}
	return a.showNumber(r.Context(), r.env, doc, nil)
}

func (a *API) listNumbers(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.Numbers(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	agents := map[string]store.Doc{} // one may have many numbers
	return listing(p, l, func(d store.Doc) (any, error) { return a.showNumber(r.Context(), r.env, d, agents) })
}

// showNumber is a number with its agent whole. Agents that were read for other numbers are taken from agents; it may be nil.
func (a *API) showNumber(ctx context.Context, env string, doc store.Doc, agents map[string]store.Doc) (any, error) {
	for field, fallback := range map[string]any{"outbound_only": false, "sms_enabled": false, "is_routing_number": false,
		"tags": []any{}, "telephony_provider": "sip", "warnings": []any{}, "carrier_status": nil, "ordered_at": nil} {
		if doc[field] == nil {
			doc[field] = fallback
		}
	}
	doc["inbound_agent_name"] = nil
	id, ok := doc["inbound_agent"].(string)
	if !ok {
		doc["inbound_agent"] = nil
		return doc, nil
	}
	agent, read := agents[id]
	if !read {
		var err error
		if agent, err = a.Store.Agent(ctx, env, id); err != nil {
			return nil, err
		}
		if agents != nil {
			agents[id] = agent
		}
	}
	doc["inbound_agent"], doc["inbound_agent_name"] = agent, agent["name"]
	return doc, nil
}

func (a *API) linkNumber(r *request) (any, error) {
	given, field := r.body["phone_number"], "phone_number"
	if given == nil && r.body["number"] != nil {
		given, field = r.body["number"], "number"
	}
	s, _ := given.(string)
	if s == "" {
		return nil, parley.Invalid(field, field+" is required")
	}
	line, err := number.Parse(field, s)
	if err != nil || line.Kind == number.SIP {
		return nil, parley.Invalid(field, field+" "+wantedNumber+", or the user part that a PBX sends, such as 201")
	}
	s = line.Text
	delete(r.body, "phone_number")
	maps.DeleteFunc(r.body, func(_ string, v any) bool { return v == nil }) // a new number has nothing to clear
	r.body["number"] = s
	c, carried, err := a.carrierOf(r, nil)
	if err != nil {
		return nil, err
	}
	if err := a.checkLine(r); err != nil {
		return nil, err
	}
	_, err = a.Store.Number(r.Context(), r.env, s)
	if err == nil {
		return nil, &parley.Error{Status: 409, Code: "exists", Field: field, Message: field + ": " + s + " is linked already"}
	} else if !parley.IsNotFound(err) {
		return nil, err
	}
	if carried {
		if err := a.verify(r, c, s, field); err != nil {
			return nil, err
		}
	}
	if err := a.attachAgent(r, nil); err != nil {
		return nil, err
	}
	var doc store.Doc
	if carried {
		doc, err = a.linkCarried(r, c)
	} else {
		doc, err = a.Store.LinkNumber(r.Context(), r.env, r.body)
	}
	if err != nil {
		return nil, err
	}
	return a.showNumber(r.Context(), r.env, doc, nil)
}

func (a *API) updateNumber(r *request) (any, error) {
	ref, err := r.number()
	if err != nil {
		return nil, err
	}
	stored, err := a.Store.Number(r.Context(), r.env, ref)
	if err != nil {
		return nil, err
	}
	if v, given := r.body["active"]; given && v == nil {
		return nil, parley.Invalid("active", "active must not be null")
	}
	if err := notYetThere(r.body, stored); err != nil {
		return nil, err
	}
	if err := a.checkLine(r); err != nil {
		return nil, err
	}
	moved, err := a.move(r, stored)
	if err != nil {
		return nil, err
	}
	if err := a.attachAgent(r, stored["inbound_agent"]); err != nil {
		return nil, err
	}
	doc, err := a.Store.UpdateNumber(r.Context(), r.env, ref, r.body)
	if err != nil {
		return nil, err
	}
	if moved != nil {
		moved(r.Context())
	}
	return a.showNumber(r.Context(), r.env, doc, nil)
}

func (a *API) detachNumber(r *request) (any, error) {
	ref, err := r.number()
	if err != nil {
		return nil, err
	}
	doc, err := a.Store.Number(r.Context(), r.env, ref)
	if err != nil {
		return nil, err
	}
	if err := a.unpoint(r.Context(), r.env, doc); err != nil {
		return nil, err
	}
	if doc, err = a.Store.UnlinkNumber(r.Context(), r.env, ref); err != nil {
		return nil, err
	}
	return a.showNumber(r.Context(), r.env, doc, nil)
}

// attachAgent turns the body's agent and connection into ids. An agent without id edits the attached one, or is made.
func (a *API) attachAgent(r *request, attached any) error {
	ctx := r.Context()
	if v := r.body["telephony_account_connection"]; v != nil {
		id := idOf(v)
		if err := a.checkConnection(ctx, r.env, "telephony_account_connection", id); err != nil {
			return err
		}
		r.body["telephony_account_connection"] = id
	}
	switch v := r.body["inbound_agent"].(type) {
	case string:
		r.body["inbound_agent"] = strings.ToLower(v)
	case map[string]any:
		id, _ := v["id"].(string)
		if id = strings.ToLower(id); id == "" {
			id, _ = attached.(string)
		}
		var stored store.Doc
		var err error
		if id != "" {
			stored, err = a.Store.Agent(ctx, r.env, id)
			if parley.IsNotFound(err) {
				return notFoundAt("inbound_agent.id", "agent")
			}
		} else if bad := explain(a.contract.schema("CreateAgentDto"), v, "inbound_agent"); len(bad) > 0 {
			return bad
		}
		if err != nil {
			return err
		}
		anonymous(v)
		if err := a.checkAgent(ctx, r.env, v, stored, "inbound_agent"); err != nil {
			return err
		}
		if stored == nil {
			stored, err = a.Store.CreateAgent(ctx, r.env, v)
		} else if len(v) > 0 {
			_, err = a.Store.UpdateAgent(ctx, r.env, id, v)
		}
		if err != nil {
			return err
		}
		r.body["inbound_agent"] = stored["id"]
	}
	return nil
}

// idOf is the id that a string or an object carries, in lower case.
func idOf(v any) string {
	if m, ok := v.(map[string]any); ok {
		v = m["id"]
	}
	s, _ := v.(string)
	return strings.ToLower(s)
}
