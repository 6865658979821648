package api

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

func published(t *testing.T) *openapi3.T {
	t.Helper()
	b, err := os.ReadFile("testdata/published.openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestPublishedSchemas holds ours against the published contract: each schema there by name, each field, each value of each
// enum, and nothing required that was not.
func TestPublishedSchemas(t *testing.T) {
	h := newHouse(t)
	for name, ref := range published(t).Components.Schemas {
		ours := h.api.contract.doc.Components.Schemas[name]
		if ours == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		for field, theirs := range ref.Value.Properties {
			mine := ours.Value.Properties[field]
			if mine == nil {
				t.Errorf("%s has no %s", name, field)
				continue
			}
			for _, v := range theirs.Value.Enum {
				if !slices.Contains(mine.Value.Enum, v) {
					t.Errorf("%s.%s does not take %q", name, field, v)
				}
			}
			if theirs.Value.Deprecated && !mine.Value.Deprecated {
				t.Errorf("%s.%s is deprecated in the published contract", name, field)
			}
		}
		for _, field := range ours.Value.Required {
			if !slices.Contains(ref.Value.Required, field) {
				t.Errorf("%s requires %s, and the published contract does not", name, field)
			}
		}
	}
}

// TestPublishedExample makes an agent of all the published examples, and gets each back as it was sent.
func TestPublishedExample(t *testing.T) {
	h := newHouse(t)
	doc := published(t)
	given := example(doc.Components.Schemas["CreateAgentDto"].Value).(map[string]any)
	given["voice"] = map[string]any{"type": "voice_local"}
	body, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	r := h.do(h.a, "POST", "/v1/agents/create", string(body))
	if r.status != 201 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	made := r.object()
	for _, got := range []map[string]any{made, h.do(h.a, "GET", "/v1/agents?id="+made["id"].(string), "").object()} {
		sameOrMore(t, "", plainJSON(t, given), got)
	}
}

// example builds a value of the examples in a schema; ids and what belongs to the server are left out.
func example(s *openapi3.Schema) any {
	if s.Example != nil {
		return s.Example
	}
	if of := slices.Concat(s.AllOf, s.OneOf); len(of) > 0 {
		return example(of[len(of)-1].Value) // of post_call_actions' config, the one of the last type
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[len(s.Enum)-1]
	case s.Type.Is("array"):
		return []any{example(s.Items.Value)}
	case s.Type.Is("object"):
		out := map[string]any{}
		for name, ref := range s.Properties {
			if name == "id" || name == "user_id" {
				continue
			}
			if name == "openai_account_connection" {
				out[name] = nil
				continue
			}
			out[name] = example(ref.Value)
		}
		return out
	case s.Type.Is("number"):
		return 7.0
	case s.Type.Is("boolean"):
		return true
	}
	return "some text"
}

func plainJSON(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// sameOrMore wants all that was given in what came back.
func sameOrMore(t *testing.T, path string, given, got any) {
	t.Helper()
	switch g := given.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s: %v became %v", path, given, got)
			return
		}
		for k, v := range g {
			sameOrMore(t, join(path, k), v, m[k])
		}
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(g) {
			t.Errorf("%s: %v became %v", path, given, got)
			return
		}
		for i := range g {
			sameOrMore(t, join(path, itoa(i)), g[i], l[i])
		}
	default:
		if given != got {
			t.Errorf("%s: %v became %v", path, given, got)
		}
	}
}

// TestServedContract: what is served is what is used, in both forms, with the vendors' options in it.
func TestServedContract(t *testing.T) {
	h := newHouse(t)
	asJSON, asYAML := h.do(nil, "GET", "/openapi.json", ""), h.do(nil, "GET", "/openapi.yml", "")
	var fromJSON, fromYAML any
	if err := json.Unmarshal(asJSON.body, &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(asYAML.body, &fromYAML); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(fromJSON)
	b, _ := json.Marshal(fromYAML)
	if string(a) != string(b) {
		t.Error("the two forms differ")
	}
	if strings.Contains(string(asYAML.body), "<<") || strings.Contains(string(asYAML.body), ": *") {
		t.Error("the YAML has anchors in it, which not every reader takes")
	}
	for _, want := range []string{`"voice_openai"`, `"transcriber_deepgram"`, `"who speaks"`} {
		if !strings.Contains(string(asJSON.body), want) {
			t.Errorf("the contract lacks %s", want)
		}
	}
	docs := h.do(nil, "GET", "/docs", "")
	if strings.Contains(string(docs.body), "https://") || strings.Contains(string(docs.body), "http://") {
		t.Error("the page asks somebody else for something")
	}
}

// TestRoutesAndContractFit: a route without an operation, and an operation without a route, are found at start.
func TestRoutesAndContractFit(t *testing.T) {
	h := newHouse(t)
	if _, err := h.api.contract.lay(append(h.api.Routes(), get("/v1/secrets", nil))); err == nil || !strings.Contains(err.Error(), "/v1/secrets") {
		t.Errorf("a route that the contract does not have: %v", err)
	}
	if _, err := h.api.contract.lay(h.api.Routes()[1:]); err == nil || !strings.Contains(err.Error(), "GET /v1/agents") {
		t.Errorf("an operation that nothing serves: %v", err)
	}
	for _, rt := range h.api.Routes() {
		if rt.unlisted {
			continue
		}
		op := h.api.contract.operation(rt.method, rt.path)
		if op.Summary == "" || op.OperationID == "" || len(op.Tags) != 1 {
			t.Errorf("%s %s: the contract says too little of it", rt.method, rt.path)
		}
		if op.Responses.Status(rt.status) == nil {
			t.Errorf("%s %s: the contract has no %d", rt.method, rt.path, rt.status)
		}
	}
}

func TestExplainNeverQuotesSchemas(t *testing.T) {
	h := newHouse(t)
	s := h.api.contract.schema("CreateAgentDto")
	for _, body := range []string{
		`{}`, `{"prompt":[],"actions":{},"voice":7}`, `{"prompt":{"tags":[1,{"a":2}]},"actions":[7,null,[]],"voice":null}`,
		`{"post_call_email":{"provider_config":1},"post_call_sms":[],"deepgram_keywords":{"a":[]},"transcriber":"x","skills":[1]}`,
		`{"webhook":{"subscriptions":[1,"x",{}],"url":1,"account_connection_id":"x"},"openai_account_connection":{"type":"no"}}`,
	} {
		v, err := decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		bad := explain(s, v, "")
		if len(bad) == 0 {
			t.Errorf("%s passed", body)
		}
		for _, f := range bad {
			if len(f.Message) > 1000 || strings.ContainsAny(f.Message, "{}\n") || !strings.HasPrefix(f.Message, f.Field) || strings.Contains(f.Message, "schema") {
				t.Errorf("%s: %q", f.Field, f.Message)
			}
		}
	}
}

// TestPresetsAreDescribed: whoever makes a form of the contract knows what a SIP trunk's preset asks for and fills in.
func TestPresetsAreDescribed(t *testing.T) {
	h := newHouse(t)
	var c struct {
		Presets map[string]struct {
			Title     string
			NeedsHost bool `json:"needs_host"`
			OwnName   bool `json:"own_name"`
			Regions   []string
			Fields    map[string]any
		} `json:"x-presets"`
	}
	if err := json.Unmarshal(h.do(nil, "GET", "/openapi.json", "").body, &c); err != nil {
		t.Fatal(err)
	}
	sip := h.api.contract.schema("SipCredentials").Properties
	for _, name := range sip["preset"].Value.Enum {
		if p, ok := c.Presets[fmt.Sprint(name)]; name != nil && (!ok || p.Title == "") {
			t.Errorf("preset %v is not described", name)
		}
	}
	for name, p := range c.Presets {
		for field, v := range p.Fields {
			if s := sip[field]; s == nil || s.Value.VisitJSON(v) != nil {
				t.Errorf("preset %s fills %v into %s, which does not take it", name, v, field)
			}
		}
		for _, region := range p.Regions {
			if !slices.Contains(sip["region"].Value.Enum, any(region)) {
				t.Errorf("preset %s: region %s is none", name, region)
			}
		}
	}
	if p := c.Presets["telnyx"]; p.NeedsHost || p.OwnName || p.Fields["host"] != "sip.telnyx.com" || p.Fields["register"] != true || !slices.Contains(p.Regions, "eu") {
		t.Errorf("%+v", p)
	}
	if p := c.Presets["twilio"]; !p.NeedsHost || !p.OwnName || !slices.Contains(p.Regions, "frankfurt") {
		t.Errorf("%+v", p)
	}
	if p := c.Presets["generic"]; !p.NeedsHost || len(p.Fields) > 0 {
		t.Errorf("%+v", p)
	}
}
