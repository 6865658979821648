package api

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestEveryOperationRefuses: the contract says of each operation what its refusals look like.
func TestEveryOperationRefuses(t *testing.T) {
	h := newHouse(t)
	for _, rt := range h.api.Routes() {
		if rt.unlisted || !strings.HasPrefix(rt.path, "/v1/") {
			continue
		}
		op := h.api.contract.operation(rt.method, rt.path)
		for _, status := range []int{400, 401, 403, 404, 429} {
			if ref := op.Responses.Status(status); ref == nil || ref.Value.Content["application/json"].Schema.Ref != "#/components/schemas/Problem" {
				t.Errorf("%s %s does not say how it refuses with %d", rt.method, rt.path, status)
			}
		}
		var takesKey bool
		for _, p := range op.Parameters {
			takesKey = takesKey || p.Value.Name == "Idempotency-Key"
		}
		if makes := rt.method == "POST" && (rt.status == 201 && !strings.HasSuffix(rt.path, "/update") && rt.path != "/v1/numbers/detach" && rt.path != "/v1/numbers/cancel"); makes && !takesKey {
			t.Errorf("%s %s makes something, and its contract has no Idempotency-Key", rt.method, rt.path)
		}
	}
}

// TestFieldsAreExplained: a field that a body may have says what it takes: by a description, an example, a list of values, or by
// being another thing of the contract.
func TestFieldsAreExplained(t *testing.T) {
	h := newHouse(t)
	schemas := h.api.contract.doc.Components.Schemas
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[name].Value
		if s.Description == "" && s.Type.Is("object") {
			t.Errorf("%s has no description", name)
		}
		if strings.HasSuffix(name, "Page") {
			continue
		}
		for field, ref := range s.Properties {
			f := ref.Value
			told := ref.Ref != "" || f.Description != "" || f.Example != nil || len(f.Enum) > 0 || f.Type.Is("boolean") || f.Extensions["x-answered"] == true ||
				f.Extensions["x-expected"] != nil || f.Format != "" || len(f.AllOf) > 0 || f.Type.Is("array") && f.Items.Ref != ""
			if !told {
				t.Errorf("%s.%s: the contract says nothing of it", name, field)
			}
			if n := f.Type.Is("number") || f.Type.Is("integer"); n && f.Description == "" && f.Min == nil && f.Example == nil {
				t.Errorf("%s.%s: a number without unit or limit", name, field)
			}
		}
	}
}

// TestExamplesHold: each example of the contract is one that it takes itself.
func TestExamplesHold(t *testing.T) {
	h := newHouse(t)
	for name, ref := range h.api.contract.doc.Components.Schemas {
		for field, f := range ref.Value.Properties {
			if f.Value.Example == nil {
				continue
			}
			if err := f.Value.VisitJSON(f.Value.Example, openapi3.MultiErrors()); err != nil {
				t.Errorf("%s.%s: its example %v does not do: %v", name, field, f.Value.Example, err)
			}
		}
	}
}

// TestInputIsDescribed: whatever a request may have in it, however deep, says what it is: itself, or the thing of the contract that it is.
func TestInputIsDescribed(t *testing.T) {
	h := newHouse(t)
	seen := map[*openapi3.Schema]bool{}
	fields := 0
	var walk func(at string, ref *openapi3.SchemaRef)
	walk = func(at string, ref *openapi3.SchemaRef) {
		if ref == nil || ref.Value == nil || seen[ref.Value] {
			return
		}
		s := ref.Value
		seen[s] = true
		for field, f := range s.Properties {
			fields++
			if f.Value.Description == "" && f.Value.Extensions["x-answered"] != true {
				t.Errorf("%s.%s is not described", at, field)
			}
			walk(at+"."+field, f)
		}
		walk(at+"[]", s.Items)
		walk(at+".*", s.AdditionalProperties.Schema)
		for _, all := range [][]*openapi3.SchemaRef{s.AllOf, s.AnyOf, s.OneOf} {
			for _, one := range all {
				walk(at, one)
			}
		}
	}
	for path, item := range h.api.contract.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for _, media := range op.RequestBody.Value.Content {
				walk(method+" "+path, media.Schema)
			}
		}
	}
	for _, kind := range []string{"x-actions", "x-credentials"} {
		for name, ref := range h.api.contract.doc.Extensions[kind].(map[string]any) {
			walk(kind+" "+name, h.api.contract.doc.Components.Schemas[strings.TrimPrefix(ref.(string), "#/components/schemas/")])
		}
	}
	for _, names := range []map[string]string{skillSchema, activitySchema, actionSchema, finalConfig, {"": "ActionTrigger"}} {
		for _, name := range names {
			walk(name, h.api.contract.doc.Components.Schemas[name])
		}
	}
	if fields < 300 {
		t.Errorf("only %d fields were looked at", fields)
	}
}
