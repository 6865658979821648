package after

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// An insight is a fact to be drawn from a call.
type insight struct {
	name   string
	tool   string         // the name that the model knows it by: not all take any
	schema map[string]any // JSON Schema of its value
	fits   *jsonschema.Schema
}

const (
	maxInsights = 100
	maxName     = 100
	maxValue    = 16 << 10 // bytes of an insight's value
)

// types are the words for types that agents' owners use, in JSON Schema's.
var types = map[string]map[string]any{
	"string": {"type": "string"}, "text": {"type": "string"}, "str": {"type": "string"}, "name": {"type": "string"},
	"number": {"type": "number"}, "float": {"type": "number"}, "decimal": {"type": "number"},
	"integer": {"type": "integer"}, "int": {"type": "integer"},
	"boolean": {"type": "boolean"}, "bool": {"type": "boolean"},
	"object": {"type": "object"}, "enum": {"type": "string"},
	"array": {"type": "array", "items": map[string]any{"type": "string"}}, "list": {"type": "array", "items": map[string]any{"type": "string"}},
	"date":     {"type": "string", "description": "a date as YYYY-MM-DD"},
	"datetime": {"type": "string", "description": "a time as YYYY-MM-DDTHH:MM, with its zone where it is known"},
	"time":     {"type": "string", "description": "a time of day as HH:MM"},
	"email":    {"type": "string", "description": "an e-mail address"},
	"phone":    {"type": "string", "description": "a telephone number, as E.164 where that can be told"},
	"address":  {"type": "string", "description": "an address"},
}

// keywords of JSON Schema that stand on an insight as they are.
var keywords = []string{"enum", "items", "properties", "required", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "const", "additionalProperties"}

// insightsOf reads what an agent wants drawn from its calls: its post_call_insights, and its prompt's collect_fields.
func insightsOf(a *parley.Agent) (list []insight, warnings []string) {
	seen, tools := map[string]bool{}, map[string]bool{}
	add := func(field string, i int, raw json.RawMessage) {
		at := fmt.Sprintf("%s.%d", field, i)
		x, err := readInsight(raw)
		switch {
		case err != nil:
			warnings = append(warnings, at+": "+err.Error()+"; it was left out")
			return
		case seen[x.name]:
			return
		case len(list) == maxInsights:
			warnings = append(warnings, fmt.Sprintf("%s: more than %d insights; it was left out", at, maxInsights))
			return
		}
		if tools[x.tool] {
			x.tool = fmt.Sprintf("%s_%d", x.tool, len(list))
		}
		seen[x.name], tools[x.tool] = true, true
		list = append(list, x)
	}
	for i, raw := range a.PostCallInsights {
		add("post_call_insights", i, raw)
	}
	if a.Prompt != nil {
		for i, raw := range a.Prompt.CollectFields {
			add("prompt.collect_fields", i, raw)
		}
	}
	return list, warnings
}

// readInsight reads {name, type, description} with keywords of JSON Schema, a whole schema in schema, or collect_fields' {field_type,
// name, label, description}, or a name alone.
func readInsight(raw json.RawMessage) (x insight, err error) {
	var doc map[string]any
	if json.Unmarshal(raw, &x.name) == nil {
		doc = map[string]any{}
	} else if json.Unmarshal(raw, &doc) != nil || doc == nil {
		return x, errors.New("an insight is an object with name, type and description")
	}
	word := func(field string) string { s, _ := doc[field].(string); return strings.TrimSpace(s) }
	for _, field := range []string{"name", "label"} {
		if x.name = strings.TrimSpace(x.name); x.name == "" {
			x.name = word(field)
		}
	}
	if x.name == "" || len(x.name) > maxName {
		return x, fmt.Errorf("an insight needs a name of at most %d bytes", maxName)
	}
	x.tool = toolName(x.name)
	kind := strings.ToLower(word("type") + word("field_type"))
	if kind == "" {
		kind = "string"
	}
	base, known := types[strings.TrimPrefix(kind, "field_type_")]
	x.schema = maps.Clone(base)
	if whole, ok := doc["schema"].(map[string]any); ok {
		x.schema, known = maps.Clone(whole), true
	}
	if !known {
		return x, fmt.Errorf("its type %q is none of %s", kind, strings.Join(slices.Sorted(maps.Keys(types)), ", "))
	}
	for _, k := range keywords {
		if v, ok := doc[k]; ok && v != nil {
			x.schema[k] = v
		}
	}
	if d := word("description"); d != "" {
		if form, ok := x.schema["description"].(string); ok {
			d += " (" + form + ")"
		}
		x.schema["description"] = d
	}
	if x.fits, err = compile(x.schema); err != nil {
		return x, fmt.Errorf("its type is no JSON Schema: %w", err)
	}
	return x, nil
}

// toolName is a name that every model takes.
func toolName(name string) string {
	s := strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if s = s[:min(len(s), 60)]; strings.Trim(s, "_") == "" {
		return "insight"
	}
	return s
}

// sealed loads nothing: a schema refers to nothing outside itself.
type sealed struct{}

func (sealed) Load(url string) (any, error) { return nil, errors.New("not loaded: " + url) }

func compile(schema map[string]any) (*jsonschema.Schema, error) {
	b, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	k := jsonschema.NewCompiler()
	k.UseLoader(sealed{})
	const name = "insight:value"
	if err := k.AddResource(name, doc); err != nil {
		return nil, err
	}
	return k.Compile(name)
}

// toolFor is the tool by which the model says what it found.
func toolFor(list []insight) llm.Tool {
	properties := map[string]any{}
	for _, x := range list {
		properties[x.tool] = map[string]any{
			"type": "object", "description": x.name,
			"properties": map[string]any{
				"value": x.schema,
				"turns": map[string]any{"type": "array", "items": map[string]any{"type": "integer"}, "description": "numbers of the turns it is drawn from"},
			},
			"required": []string{"value", "turns"},
		}
	}
	b, _ := json.Marshal(map[string]any{"type": "object", "properties": properties}) // of what was JSON
	return llm.Tool{Name: "record_insights", Description: "Write down what the call tells. Leave out what it does not tell.", Schema: b}
}

const drawing = record + " Write down the facts that are asked for by calling record_insights once, each with the numbers of the turns it is drawn from. " +
	"Leave out what the call does not tell; guess nothing. Say nothing besides."

// insights has the model draw them. What does not fit its type is asked for once more, and then left out with a warning.
func (a *asking) insights(ctx context.Context, list []insight, heard string, turns []parley.Turn, f *found) error {
	messages := []llm.Message{{Role: llm.System, Text: drawing}, {Role: llm.User, Text: heard}}
	f.support = map[string][]string{}
	if f.insights == nil {
		f.insights = map[string]json.RawMessage{}
	}
	open := list
	var wrong []string
	for range 2 {
		said, args, err := a.ask(ctx, messages, []llm.Tool{toolFor(open)})
		if err != nil {
			return err
		}
		if len(args) == 0 {
			args = objectIn(said)
		}
		if open, wrong = take(open, args, turns, f); len(open) == 0 {
			return nil
		}
		messages = append(messages, llm.Message{Role: llm.Assistant, Text: clip(said+string(args), maxValue)},
			llm.Message{Role: llm.User, Text: "That does not fit: " + strings.Join(wrong, "; ") + ". Call record_insights again, with these alone."})
	}
	for _, w := range wrong {
		f.warnings = append(f.warnings, "post_call_insights: "+w)
	}
	return nil
}

// take writes down what fits, and says what does not.
func take(list []insight, args json.RawMessage, turns []parley.Turn, f *found) (open []insight, wrong []string) {
	var given map[string]json.RawMessage
	if json.Unmarshal(args, &given) != nil || given == nil {
		return list, []string{"the model named no insights"}
	}
	for _, x := range list {
		raw, ok := given[x.tool]
		if !ok {
			raw, ok = given[x.name]
		}
		if !ok || string(raw) == "null" {
			continue
		}
		var one struct {
			Value json.RawMessage `json:"value"`
			Turns []any           `json:"turns"`
		}
		if json.Unmarshal(raw, &one) != nil || one.Value == nil {
			one.Value = raw // the value alone
		}
		if string(one.Value) == "null" {
			continue
		}
		v, err := x.read(one.Value)
		if err != nil {
			open, wrong = append(open, x), append(wrong, x.name+" "+err.Error())
			continue
		}
		f.insights[x.name] = v
		if s := supporting(one.Turns, turns); len(s) > 0 {
			f.support[x.name] = s
		}
	}
	return open, wrong
}

// read checks a value against its type; texts that say a number or a truth become it.
func (x *insight) read(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) > maxValue {
		return nil, fmt.Errorf("is longer than %d bytes", maxValue)
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		switch x.schema["type"] {
		case "number", "integer":
			if _, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
				raw = json.RawMessage(strings.TrimSpace(s))
			}
		case "boolean":
			if b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(s))); err == nil {
				raw = json.RawMessage(strconv.FormatBool(b))
			}
		}
	}
	if !json.Valid(raw) {
		return nil, errors.New("is not JSON")
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("is not JSON")
	}
	if err := x.fits.Validate(v); err != nil {
		_, why, _ := strings.Cut(err.Error(), "\n")
		return nil, errors.New("does not fit its type: " + clip(strings.Join(strings.Fields(why), " "), 300))
	}
	return raw, nil
}

// supporting are the ids of the turns of those numbers, in the order of the call.
func supporting(numbers []any, turns []parley.Turn) (ids []string) {
	named := map[int]bool{}
	for _, n := range numbers {
		switch n := n.(type) {
		case float64:
			named[int(n)] = true
		case string:
			if i, err := strconv.Atoi(strings.TrimSpace(n)); err == nil {
				named[i] = true
			}
		}
	}
	for i, t := range turns {
		if named[i+1] && t.ID != "" {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// objectIn is the JSON object in a text: some models write one instead of calling the tool.
func objectIn(s string) json.RawMessage {
	from, to := strings.IndexByte(s, '{'), strings.LastIndexByte(s, '}')
	if from < 0 || to < from || !json.Valid([]byte(s[from:to+1])) {
		return nil
	}
	return json.RawMessage(s[from : to+1])
}
