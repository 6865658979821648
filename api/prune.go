package api

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// prune takes the fields out of v that the schema does not know, and names them; those that only answers have (x-answered)
// go unnamed. An object for which the schema lists no
// fields, or allows more than it lists, keeps all.
func prune(s *openapi3.Schema, v any) (unknown []string) {
	cut(s, v, "", &unknown)
	slices.Sort(unknown)
	return unknown
}

func cut(s *openapi3.Schema, v any, path string, unknown *[]string) {
	switch v := v.(type) {
	case []any:
		if items := itemsOf(s, v); items != nil {
			for i, x := range v {
				cut(items, x, join(path, itoa(i)), unknown)
			}
		}
	case map[string]any:
		shape := shapeOf(s, v)
		for k, x := range v {
			at := join(path, k)
			switch known := shape.fields[k]; {
			case known != nil && known.Extensions["x-answered"] == true:
				delete(v, k)
			case known != nil:
				cut(known, x, at, unknown)
			case shape.rest != nil:
				cut(shape.rest, x, at, unknown)
			case len(shape.fields) > 0 && !shape.more:
				delete(v, k)
				*unknown = append(*unknown, at)
			}
		}
	}
}

// A shape is what a schema says of an object's fields, alternatives and conjunctions resolved.
type shape struct {
	fields map[string]*openapi3.Schema
	rest   *openapi3.Schema // of fields that are not listed
	more   bool             // others may be there, too
}

func shapeOf(s *openapi3.Schema, v any) shape {
	out := shape{fields: map[string]*openapi3.Schema{}}
	out.add(s, v)
	return out
}

func (o *shape) add(s *openapi3.Schema, v any) {
	for name, ref := range s.Properties {
		o.fields[name] = ref.Value
	}
	if add := s.AdditionalProperties; add.Schema != nil {
		o.rest = add.Schema.Value
	} else if add.Has != nil && *add.Has {
		o.more = true
	}
	for _, ref := range s.AllOf {
		o.add(ref.Value, v)
	}
	if branch := branchFor(s, v); branch != nil {
		o.add(branch, v)
	}
}

func itemsOf(s *openapi3.Schema, v any) *openapi3.Schema {
	if s.Items != nil {
		return s.Items.Value
	}
	for _, ref := range s.AllOf {
		if items := itemsOf(ref.Value, v); items != nil {
			return items
		}
	}
	if branch := branchFor(s, v); branch != nil {
		return itemsOf(branch, v)
	}
	return nil
}
