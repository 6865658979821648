package cli

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A verb is one route, as the contract describes it.
type verb struct {
	name         string
	method, path string
	op           *openapi3.Operation
}

// readContract takes the contract as the server shows it.
func readContract(b []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		return nil, fmt.Errorf("reading the contract: %w", err)
	}
	return doc, nil
}

// verbsOf are the routes of a resource, by their names on the command line.
func (r *resource) verbsOf(doc *openapi3.T) map[string]*verb {
	out := map[string]*verb{}
	for path, item := range doc.Paths.Map() {
		rest, ok := strings.CutPrefix(path, r.path)
		if !ok || rest != "" && rest[0] != '/' {
			continue
		}
		name := strings.TrimPrefix(rest, "/")
		if given, ok := r.verbs[name]; ok {
			name = given
		}
		if name == "" {
			name = "get"
		}
		name = strings.ReplaceAll(name, "_", "-")
		for method, op := range item.Operations() {
			out[name] = &verb{name, method, path, op}
		}
	}
	return out
}

// order of the verbs that most resources have; the others follow by name.
var order = []string{"list", "get", "create", "update", "delete"}

func namesOf(verbs map[string]*verb) []string {
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	return slices.SortedFunc(maps.Keys(verbs), func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

func (v *verb) parameter(name string) *openapi3.Parameter {
	for _, p := range v.op.Parameters {
		if p.Value.Name == name {
			return p.Value
		}
	}
	return nil
}

// lists says that the answer is a page of objects.
func (v *verb) lists() bool { return v.parameter("page") != nil }

// named says that the verb acts on one object, which an id names, or a phone number where byNumber is true.
func (v *verb) named() (named, byNumber bool) {
	return v.parameter("id") != nil, v.parameter("phone_number") != nil
}

// queries are the parameters that are given as name=value: all in the query but those that have flags or places of their own.
func (v *verb) queries() []*openapi3.Parameter {
	var out []*openapi3.Parameter
	for _, p := range v.op.Parameters {
		own := slices.Contains([]string{"id", "phone_number", "page", "size", "sort_column", "sort_desc", "expires"}, p.Value.Name)
		if p.Value.In == openapi3.ParameterInQuery && !own && (p.Value.Name != "filters" || !v.lists()) {
			out = append(out, p.Value)
		}
	}
	return out
}

// body is the schema of the request's body; nil: it has none.
func (v *verb) body() *openapi3.SchemaRef {
	if v.op.RequestBody == nil {
		return nil
	}
	return v.op.RequestBody.Value.Content["application/json"].Schema
}

// item is the schema of the objects that a list holds.
func (v *verb) item() *openapi3.SchemaRef {
	answer := v.op.Responses.Value(fmt.Sprint(http.StatusOK))
	if answer == nil || answer.Value.Content["application/json"] == nil {
		return nil
	}
	page := answer.Value.Content["application/json"].Schema
	if items := property(page, "items"); items != nil {
		return items.Value.Items
	}
	return nil
}

// variants are a schema and all that it is made of.
func variants(s *openapi3.SchemaRef) []*openapi3.Schema {
	if s == nil || s.Value == nil {
		return nil
	}
	out := []*openapi3.Schema{s.Value}
	for _, list := range []openapi3.SchemaRefs{s.Value.AllOf, s.Value.OneOf, s.Value.AnyOf} {
		for _, sub := range list {
			out = append(out, variants(sub)...)
		}
	}
	return out
}

// property is the schema of a field; nil: the contract knows none by that name.
func property(s *openapi3.SchemaRef, name string) *openapi3.SchemaRef {
	for _, v := range variants(s) {
		if p := v.Properties[name]; p != nil {
			return p
		}
	}
	return nil
}

// free says that an object may have fields that the contract does not name; of is what they are like, or nil.
func free(s *openapi3.SchemaRef) (ok bool, of *openapi3.SchemaRef) {
	for _, v := range variants(s) {
		if v.AdditionalProperties.Schema != nil {
			return true, v.AdditionalProperties.Schema
		}
		if has := v.AdditionalProperties.Has; has != nil && *has {
			ok = true
		}
		if v.Type.Is("object") && len(v.Properties) == 0 {
			ok = true
		}
	}
	return ok, nil
}

// fields are the names of all fields of a schema.
func fields(s *openapi3.SchemaRef) []string {
	all := map[string]bool{}
	for _, v := range variants(s) {
		for name := range v.Properties {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// required says that a body without the field is refused.
func required(s *openapi3.SchemaRef, name string) bool {
	for _, v := range variants(s) {
		if slices.Contains(v.Required, name) {
			return true
		}
	}
	return false
}

// kinds are the JSON types that a schema takes; none is any.
func kinds(s *openapi3.SchemaRef) map[string]bool {
	out := map[string]bool{}
	for _, v := range variants(s) {
		if v.Nullable {
			out["null"] = true
		}
		for _, k := range v.Type.Slice() {
			out[k] = true
		}
	}
	return out
}
