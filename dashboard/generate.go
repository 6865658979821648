//go:build ignore

// Generate writes src/contract.gen.json and src/choices.gen.json: of the contract as the server shows it what the dashboard's forms are made from.
// Descriptions, units, bounds and choices are typed in api/openapi.yaml and in the vendors' options alone.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
)

// roots are the schemas that forms begin with; what they refer to comes along.
var roots = []string{
	"CreateAgentDto", "SpeakVoiceDto", "CallRoutingConfig", "CollectConfig", "ActivityAction", "PostCallInsight", "TimeElapsedConfig", "PhraseSaidConfig", "ActionTrigger",
	"PostCallFinalizedEmailConfigDto", "PostCallFinalizedSmsConfigDto", "PostCallFinalizedCustomApiConfigDto",
	"CreateWebhookDto",
	"DecisionDto",
	"CreateDocumentDto",
	"SearchDocumentsDto",
	"CreateVectorDatabaseDto",
	"CreatePronunciationDto",
	"CreateDoNotCallDto",
	"WriteMemoryDto",
	"CreateKeyDto",
	"CreateEnvironmentDto",
	"CreateAccountConnectionDto", "SteeringPoolDto", "LinkNumberDto", "UpdateNumberDto", "BuyNumberDto", "NumberFiltersDto", "CreateCallDto",
}

type doc = map[string]any

func main() {
	log.SetFlags(0)
	a, err := api.New(api.Config{Specs: all.Specs(local.New(local.Config{}))})
	if err != nil {
		log.Fatal(err)
	}
	var contract doc
	if err := json.Unmarshal(a.Contract(), &contract); err != nil {
		log.Fatal(err)
	}
	schemas := contract["components"].(doc)["schemas"].(doc)
	kept := doc{}
	var take func(name string)
	var walk func(v any)
	take = func(name string) {
		if _, ok := kept[name]; ok {
			return
		}
		kept[name] = schemas[name]
		if name == "AccountConnectionRef" || name == "AgentRef" { // chosen, and not made here
			maps.DeleteFunc(schemas[name].(doc), func(k string, _ any) bool { return k == "oneOf" })
		}
		walk(schemas[name])
	}
	walk = func(v any) {
		switch v := v.(type) {
		case doc:
			for k, x := range v {
				if s, ok := x.(string); ok && k == "$ref" {
					take(strings.TrimPrefix(s, "#/components/schemas/"))
				}
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	for _, name := range roots {
		take(name)
	}
	walk(contract["x-actions"])
	actions := doc{}
	for kind, ref := range contract["x-actions"].(doc) {
		name := strings.TrimPrefix(ref.(string), "#/components/schemas/")
		take(name)
		actions[kind] = name
	}
	credentials := doc{}
	for kind, ref := range contract["x-credentials"].(doc) {
		name := strings.TrimPrefix(ref.(string), "#/components/schemas/")
		take(name)
		credentials[kind] = name
	}
	chosen := func(schema, field string) any { return schemas[schema].(doc)["properties"].(doc)[field].(doc)["enum"] }
	var endings []parley.Cause
	endings = append(endings, parley.Causes()...)
	slices.Sort(endings)
	failed := slices.DeleteFunc(slices.Clone(endings), func(c parley.Cause) bool { return !c.Failed() })
	write("src/contract.gen.json", doc{"schemas": kept, "actions": actions, "vendors": contract["x-vendors"], "credentials": credentials, "presets": contract["x-presets"]})
	list := contract["paths"].(doc)["/v1/calls/list"].(doc)["get"].(doc)
	write("src/choices.gen.json", doc{"callFields": list["x-fields"], "statuses": chosen("CallDto", "status"), "stages": chosen("CallDto", "stage"), "endings": endings, "failed": failed, "deliveries": chosen("DeliveryDto", "state"), "acts": chosen("AuditEntryDto", "act")})
}

func write(name string, out doc) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(out); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
