package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/parley-voice/parley/number"
)

// actionSchema is what the config of an action's type must be like; types that are not listed take no config that matters.
var actionSchema = map[string]string{
	"action_transfer_call":     "TransferCallConfig",
	"action_add_to_conference": "AddToConferenceConfig",
	"action_set_hold":          "SetHoldConfig",
	"action_warm_transfer":     "WarmTransferConfig",
	"action_external":          "ExternalActionConfig",
}

// checkActionConfig checks an action's config by its type, and what triggers it.
func (a *API) checkActionConfig(p part) error {
	doc := p.merged()
	kind, _ := doc["type"].(string)
	config, _ := doc["config"].(map[string]any)
	at := join(p.path, "config")
	var bad invalid
	if name := actionSchema[kind]; name != "" {
		bad = explain(a.contract.schema(name), orEmpty(config), at)
	}
	if trigger, ok := doc["action_trigger"].(map[string]any); ok {
		bad = append(bad, explain(a.contract.schema("ActionTrigger"), trigger, join(p.path, "action_trigger"))...)
	}
	if len(bad) > 0 {
		return bad
	}
	switch kind {
	case "action_transfer_call":
		many, _ := config["allowed_numbers"].([]any) // neither these nor phone_number: as in the published example
		for i, n := range many {
			bad = append(bad, dialable(join(join(at, "allowed_numbers"), itoa(i)), n)...)
		}
	case "action_external":
		if err := a.mayFetch(join(at, "url"), config["url"]); err != nil {
			return err
		}
		bad = append(bad, schemaOf(join(at, "input_schema"), config["input_schema"])...)
	}
	if kind == "action_transfer_call" || kind == "action_warm_transfer" || kind == "action_add_to_conference" {
		bad = append(bad, pressable(join(at, "extension"), config["extension"])...)
	}
	return append(bad, dialable(join(at, "phone_number"), config["phone_number"])...).orNil()
}

// dialable says whether an action's target could be dialled. One with a variable in it is known at the call only.
func dialable(field string, v any) invalid {
	s, ok := known(v)
	if !ok {
		return nil
	}
	if _, _, err := number.Extended(field, s); err != nil {
		return invalid{{field, field + " " + wantedNumber + ", a sip: address, or an extension of digits; behind a number may stand its extension, as in +15551234567,,204"}}
	}
	return nil
}

// pressable says whether an extension could be pressed.
func pressable(field string, v any) invalid {
	s, ok := known(v)
	if !ok {
		return nil
	}
	if _, err := number.Keys(field, s); err != nil {
		return invalid{{field, err.Error()}}
	}
	return nil
}

// known is a text without variables; false: it is none, or will be known at the call only.
func known(v any) (s string, ok bool) {
	s, ok = v.(string)
	return s, ok && s != "" && !strings.Contains(s, "${") && !strings.Contains(s, "{{")
}

// schemaOf says whether an input_schema is a JSON Schema of an object, which is all that a model can fill in. It refers to nothing
// outside of itself: nothing is fetched for it.
func schemaOf(field string, v any) invalid {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return invalid{{field, field + " must be a JSON Schema"}}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err == nil {
		c := jsonschema.NewCompiler()
		c.UseLoader(jsonschema.SchemeURLLoader{})
		if err = c.AddResource("input_schema.json", doc); err == nil {
			_, err = c.Compile("input_schema.json")
		}
	}
	if err != nil {
		return invalid{{field, field + " must be a JSON Schema: " + whySchema(err)}}
	}
	if kind, given := v.(map[string]any)["type"]; given && kind != "object" {
		return invalid{{join(field, "type"), join(field, "type") + " must be object: a model fills in named values"}}
	}
	return nil
}

// whySchema is what is wrong with a schema, in one line.
func whySchema(err error) string {
	var bad *jsonschema.SchemaValidationError
	if errors.As(err, &bad) {
		err = bad.Err
	}
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.TrimLeft(lines[len(lines)-1], "- ")
}
