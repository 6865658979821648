package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/store"
)

// vendors is what agents may name: the types of voices and transcribers with their options, and who can think.
type vendors struct {
	speaking, hearing skill
	thinking          map[string]bool
}

// A skill is the options of each vendor that has it, by the type in the contract (voice_openai).
type skill map[string]*openapi3.Schema

func newVendors(specs []provider.Spec) *vendors {
	v := &vendors{speaking: skill{}, hearing: skill{}, thinking: map[string]bool{}}
	for _, s := range specs {
		if s.Speaking != nil {
			v.speaking[s.VoiceType()] = optionsSchema(s.Speaking.Options)
		}
		if s.Hearing != nil {
			v.hearing["transcriber_"+s.Name] = optionsSchema(s.Hearing.Options)
		}
		if s.Thinking != nil {
			v.thinking[s.Name] = true
		}
	}
	return v
}

func (v *vendors) thinkers() []string { return slices.Sorted(maps.Keys(v.thinking)) }

// What every voice and every transcriber takes, whoever the vendor is.
var (
	everyVoice       = []string{"type", "label", "description", "account_connection", "api_key", "id", "user_id"}
	everyTranscriber = []string{"type", "account_connection"}
)

// check says what is wrong with a voice or transcriber. every are the fields that are no vendor's; what stored has already is no
// news, be it known or not.
func (s skill) check(doc, stored store.Doc, every []string, path string) invalid {
	at := join(path, "type")
	kind, ok := doc["type"].(string)
	schema := s[kind]
	if !ok || schema == nil {
		return invalid{{at, at + " must be one of " + strings.Join(slices.Sorted(maps.Keys(s)), ", ")}}
	}
	given := maps.Clone(doc)
	var bad invalid
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		at := join(path, name)
		option := schema.Properties[name]
		_, old := stored[name]
		switch n, number := float(doc[name]); {
		case option == nil && !old && doc[name] != nil && !slices.Contains(every, name):
			bad = append(bad, fieldError{shortPath(at), shortPath(at) + " is no option of " + kind + "; " + s.options(kind)})
		case option == nil:
		case doc[name] == "" && option.Value.Type.Is(openapi3.TypeString) && !slices.Contains(schema.Required, name):
			delete(given, name) // as if it had been left out
		case number && option.Value.Type.Is(openapi3.TypeInteger) && math.Abs(n) > math.MaxInt32:
			delete(given, name)
			bad = append(bad, fieldError{at, at + " must be " + within(option.Value)})
		}
	}
	for _, f := range explain(schema, given, path) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(f.Field, path), "."), ".")
		if old, ok := stored[name]; !ok || fmt.Sprint(old) != fmt.Sprint(doc[name]) {
			bad = append(bad, f)
		}
	}
	return bad
}

// options says which there are.
func (s skill) options(kind string) string {
	if len(s[kind].Properties) == 0 {
		return "it has none"
	}
	return "its options are " + strings.Join(slices.Sorted(maps.Keys(s[kind].Properties)), ", ")
}

// within is where a whole number may lie.
func within(s *openapi3.Schema) string {
	if s.Min != nil || s.Max != nil {
		return bounds(s)
	}
	return "a smaller number"
}

// describe writes the vendors into the contract, for those who read it: documentation, clients, the dashboard's forms.
func (v *vendors) describe(contract map[string]any) {
	contract["x-vendors"] = map[string]any{
		"provider":    v.thinkers(),
		"voice":       v.speaking.described(),
		"transcriber": v.hearing.described(),
	}
	credentials := map[string]any{}
	for kind, schema := range credentialSchema {
		credentials[kind] = "#/components/schemas/" + schema
	}
	credentials["default"] = "#/components/schemas/" + defaultCredentials
	contract["x-credentials"] = credentials
	contract["x-presets"] = presets()
	actions := map[string]any{}
	for kind, schema := range actionSchema {
		actions[kind] = "#/components/schemas/" + schema
	}
	contract["x-actions"] = actions
}

// presets are the far ends that an account_connection_sip may name, each with what it fills in.
func presets() map[string]any {
	all := map[string]any{}
	for _, p := range store.Presets {
		fields := map[string]any{}
		maps.Copy(fields, p.Fields)
		if p.Host != "" {
			fields["host"] = p.Host
		}
		all[p.Name] = map[string]any{"title": p.Title, "needs_host": p.NeedsHost(), "own_name": p.Domain != "", "regions": append([]string{}, p.RegionNames()...), "fields": fields}
	}
	return all
}

func (s skill) described() map[string]any {
	out := map[string]any{}
	for name, schema := range s {
		b, err := json.Marshal(schema)
		if err != nil {
			panic("api: options of " + name + ": " + err.Error())
		}
		var plain map[string]any
		_ = json.Unmarshal(b, &plain)
		out[name] = plain
	}
	return out
}

// optionsSchema turns a vendor's options struct into a schema: json tags name the fields, doc tags explain them; required,
// enum (comma-separated), min and max narrow them. An any takes the kinds of its tag of that name.
func optionsSchema(options any) *openapi3.Schema {
	out := openapi3.NewObjectSchema()
	t := reflect.TypeOf(options)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && t.Kind() == reflect.Struct {
		addFields(out, t)
	}
	return out
}

func addFields(out *openapi3.Schema, t reflect.Type) {
	for f := range fieldsOf(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if ft := f.Type; ft.Kind() == reflect.Struct {
				addFields(out, ft)
			}
			continue
		}
		if !f.IsExported() || name == "" || name == "-" || name == "type" {
			continue
		}
		s := kindSchema(f.Type)
		if kinds := f.Tag.Get("kinds"); kinds != "" {
			s = kindsSchema(kinds, f.Tag)
		}
		s.Nullable = true
		s.Description = f.Tag.Get("doc")
		if f.Tag.Get("required") == "true" {
			s.Nullable = false
			out.Required = append(out.Required, name)
		}
		for e := range strings.SplitSeq(f.Tag.Get("enum"), ",") {
			if e != "" {
				s.Enum = append(s.Enum, e)
			}
		}
		if len(s.AnyOf) == 0 {
			s.Min, s.Max = bound(f.Tag.Get("min")), bound(f.Tag.Get("max"))
		}
		out.WithProperty(name, s)
	}
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func bound(s string) *float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return &f
}

// kindsSchema is of a field that takes values of several kinds; its tag expected says which.
func kindsSchema(kinds string, tag reflect.StructTag) *openapi3.Schema {
	s := openapi3.NewSchema()
	for kind := range strings.SplitSeq(kinds, ",") {
		one := &openapi3.Schema{Type: &openapi3.Types{kind}}
		if kind == openapi3.TypeNumber {
			one.Min, one.Max = bound(tag.Get("min")), bound(tag.Get("max"))
		}
		s.AnyOf = append(s.AnyOf, one.NewRef())
	}
	s.Extensions = map[string]any{"x-expected": tag.Get("expected")}
	return s
}

func kindSchema(t reflect.Type) *openapi3.Schema {
	switch t.Kind() {
	case reflect.Pointer:
		return kindSchema(t.Elem())
	case reflect.String:
		return openapi3.NewStringSchema()
	case reflect.Bool:
		return openapi3.NewBoolSchema()
	case reflect.Float32, reflect.Float64:
		return openapi3.NewFloat64Schema()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return openapi3.NewIntegerSchema()
	case reflect.Slice, reflect.Array:
		if t == reflect.TypeFor[json.RawMessage]() {
			return &openapi3.Schema{}
		}
		return openapi3.NewArraySchema().WithItems(kindSchema(t.Elem()))
	case reflect.Map, reflect.Struct:
		return openapi3.NewObjectSchema()
	}
	return &openapi3.Schema{}
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, true
	}
	return 0, false
}
