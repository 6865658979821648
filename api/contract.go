package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"

	"github.com/parley-voice/parley/store"
)

//go:embed openapi.yaml
var contractFile []byte

// A contract is openapi.yaml, read, with the vendors' options filled in.
type contract struct {
	doc  *openapi3.T
	json []byte
	yaml []byte
}

func readContract(v *vendors) (*contract, error) {
	var raw map[string]any
	if err := yaml.Unmarshal(contractFile, &raw); err != nil { // resolves anchors and merges, which the loader does not
		return nil, fmt.Errorf("reading the contract: %w", err)
	}
	v.describe(raw)
	c := &contract{}
	var err error
	if c.json, err = json.Marshal(raw); err != nil {
		return nil, fmt.Errorf("writing the contract: %w", err)
	}
	if c.yaml, err = yaml.Marshal(raw); err != nil {
		return nil, fmt.Errorf("writing the contract: %w", err)
	}
	loader := openapi3.NewLoader()
	if c.doc, err = loader.LoadFromData(c.json); err != nil {
		return nil, fmt.Errorf("loading the contract: %w", err)
	}
	if err := c.doc.Validate(loader.Context, openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("the contract is not valid: %w", err)
	}
	return c, nil
}

// schema is a schema of the contract by name; one that is not there is a programming error.
func (c *contract) schema(name string) *openapi3.Schema {
	ref := c.doc.Components.Schemas[name]
	if ref == nil || ref.Value == nil {
		panic("api: the contract has no schema " + name)
	}
	return ref.Value
}

// lay puts the routes into a table, each with what the contract says of its operation.
func (c *contract) lay(list []*route) (map[string]map[string]*route, error) {
	table := map[string]map[string]*route{}
	for _, r := range list {
		if !r.unlisted {
			if err := c.equip(r); err != nil {
				return nil, err
			}
		}
		if table[r.path] == nil {
			table[r.path] = map[string]*route{}
		}
		table[r.path][r.method] = r
	}
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			if table[path][method] == nil {
				return nil, fmt.Errorf("nothing serves %s %s of the contract", method, path)
			}
		}
	}
	return table, nil
}

// equip gives a route what the contract says of it.
func (c *contract) equip(r *route) error {
	op := c.operation(r.method, r.path)
	if op == nil {
		return fmt.Errorf("the contract has no %s %s", r.method, r.path)
	}
	for _, p := range op.Parameters {
		r.takesID = r.takesID || p.Value.Name == "id" && p.Value.Required
		r.timed = r.timed || p.Value.Name == timeHeader
	}
	if op.RequestBody != nil {
		r.body = &bodyRule{op.RequestBody.Value.Content["application/json"].Schema.Value, !op.RequestBody.Value.Required}
	}
	r.role = store.Member
	if role, ok := op.Extensions["x-role"].(string); ok {
		r.role = store.Role(role)
	}
	if rank[r.role] == 0 {
		return fmt.Errorf("%s %s: x-role %s is none", r.method, r.path, r.role)
	}
	return nil
}

func (c *contract) operation(method, path string) *openapi3.Operation {
	item := c.doc.Paths.Value(path)
	if item == nil {
		return nil
	}
	return item.GetOperation(method)
}

// A bodyRule is what a request body must be like.
type bodyRule struct {
	schema   *openapi3.Schema
	optional bool
}

// check drops the fields that the contract does not know, and says all that is wrong with the others.
func (b *bodyRule) check(body map[string]any, strict bool) error {
	unknown := prune(b.schema, body)
	bad := explain(b.schema, body, "")
	if strict {
		for _, field := range unknown {
			bad = append(bad, fieldError{field, field + " is not known here, and the request asked for strictness (Prefer: handling=strict)"})
		}
	}
	return bad.orNil()
}

func (a *API) openapiJSON(w http.ResponseWriter, _ *request) error {
	return text(w, "application/json; charset=utf-8", a.contract.json)
}

func (a *API) openapiYAML(w http.ResponseWriter, _ *request) error {
	return text(w, "application/yaml; charset=utf-8", a.contract.yaml)
}

// text answers with b; a client that leaves in the middle is nobody's error.
func text(w http.ResponseWriter, kind string, b []byte) error {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(b)
	return nil
}
