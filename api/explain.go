package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxExplained is how many things wrong with a body are told at once.
const maxExplained = 50

// explain checks a value and says what is wrong, in sentences that name the field and what would be right. The validator's
// own words hold whole schemas and values; none of them is passed on.
func explain(s *openapi3.Schema, v any, path string) invalid {
	err := s.VisitJSON(v, openapi3.MultiErrors())
	if err == nil {
		return nil
	}
	var out invalid
	flatten(err, path, &out)
	if len(out) == 0 {
		out = invalid{{path, strings.TrimSpace(path + " is not valid")}}
	}
	slices.SortStableFunc(out, func(a, b fieldError) int { return strings.Compare(a.Field, b.Field) })
	out = slices.Compact(out)
	return out[:min(len(out), maxExplained)]
}

func flatten(err error, path string, out *invalid) {
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case len(*out) >= maxExplained:
	case errors.As(err, &one) && !isMulti(err):
		at := path
		for _, key := range one.JSONPointer() {
			at = join(at, key)
		}
		explainOne(one, at, out)
	case errors.As(err, &many):
		for _, e := range many {
			flatten(e, path, out)
		}
	default:
		*out = append(*out, fieldError{path, sentence(path, "is not valid")})
	}
}

func isMulti(err error) bool { _, ok := err.(openapi3.MultiError); return ok }

func explainOne(e *openapi3.SchemaError, at string, out *invalid) {
	switch e.SchemaField {
	case "allOf":
		for _, part := range e.Schema.AllOf {
			*out = append(*out, explain(part.Value, e.Value, at)...)
		}
		if expected(e.Schema) == "" && len(*out) > 0 {
			return
		}
	case "oneOf", "anyOf":
		if branch := branchFor(e.Schema, e.Value); branch != nil && (kindOf(e.Value) == openapi3.TypeObject || expected(e.Schema) == "") {
			*out = append(*out, explain(branch, e.Value, at)...)
			return
		}
	}
	*out = append(*out, fieldError{at, sentence(at, reason(e))})
}

// branchFor picks the one alternative of a oneOf or anyOf that takes values of v's kind.
func branchFor(s *openapi3.Schema, v any) *openapi3.Schema {
	var found *openapi3.Schema
	for _, ref := range slices.Concat(s.OneOf, s.AnyOf) {
		if ref.Value.Type.Permits(kindOf(v)) {
			if found != nil {
				return nil
			}
			found = ref.Value
		}
	}
	return found
}

func reason(e *openapi3.SchemaError) string {
	if e.Value == nil && e.SchemaField != "required" {
		return "must not be null"
	}
	if x := expected(e.Schema); x != "" && e.SchemaField != "required" {
		return "must be " + x
	}
	switch s := e.Schema; e.SchemaField {
	case "required":
		return "is required"
	case "type":
		return "must be " + article(kindsOf(s)) + ", not " + article(kindOf(e.Value))
	case "enum":
		return "must be one of " + listed(s.Enum)
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return "must be " + bounds(s)
	case "minLength":
		return "must not be " + lengthOr("shorter than", s.MinLength, 1, "empty")
	case "maxLength":
		return fmt.Sprintf("must not be longer than %d characters", *s.MaxLength)
	case "maxItems":
		return fmt.Sprintf("must not have more than %d items", *s.MaxItems)
	case "minItems":
		return fmt.Sprintf("must have at least %d items", s.MinItems)
	case "maxProperties":
		return fmt.Sprintf("must not have more than %d fields", *s.MaxProps)
	}
	return "is not as the contract has it"
}

func lengthOr(words string, n, one uint64, other string) string {
	if n <= one {
		return other
	}
	return fmt.Sprintf("%s %d characters", words, n)
}

func expected(s *openapi3.Schema) string { x, _ := s.Extensions["x-expected"].(string); return x }

func bounds(s *openapi3.Schema) string {
	exclusive := s.ExclusiveMin.Bool != nil && *s.ExclusiveMin.Bool
	switch low, high := num(s.Min), num(s.Max); {
	case low != "" && high != "" && exclusive:
		return "more than " + low + " and at most " + high
	case low != "" && high != "":
		return "between " + low + " and " + high
	case low != "" && exclusive:
		return "more than " + low
	case low != "":
		return "at least " + low
	default:
		return "at most " + high
	}
}

func num(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

func listed(enum []any) string {
	words := make([]string, 0, len(enum))
	for _, e := range enum {
		if s, ok := e.(string); ok && s == "" {
			words = append(words, `""`)
		} else if e != nil {
			words = append(words, fmt.Sprint(e))
		}
	}
	return strings.Join(words, ", ")
}

func kindsOf(s *openapi3.Schema) string {
	if s.Type == nil || len(*s.Type) == 0 {
		return "value of another kind"
	}
	return (*s.Type)[0]
}

// kindOf is JSON's word for what v is.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return openapi3.TypeNull
	case string:
		return openapi3.TypeString
	case bool:
		return openapi3.TypeBoolean
	case []any:
		return openapi3.TypeArray
	case map[string]any:
		return openapi3.TypeObject
	case json.Number, float64, int, int64:
		return openapi3.TypeNumber
	}
	return "value of another kind"
}

func article(kind string) string {
	switch kind {
	case openapi3.TypeNull:
		return "null"
	case openapi3.TypeInteger:
		return "a whole number"
	case openapi3.TypeArray, openapi3.TypeObject:
		return "an " + kind
	}
	return "a " + kind
}

func sentence(path, what string) string {
	if path == "" {
		path = "the body"
	}
	return path + " " + what
}
