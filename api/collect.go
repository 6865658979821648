package api

import (
	"encoding/json"

	"github.com/parley-voice/parley/collect"
)

// checkCollect says what cannot be understood of the fields that an agent is to ask for.
func checkCollect(config map[string]any, at string) (bad invalid) {
	b, _ := json.Marshal(config) // of what was JSON
	_, wrong := collect.ReadSkill(b)
	for _, p := range wrong {
		field := join(at, p.At)
		bad = append(bad, fieldError{field, field + " " + p.Message})
	}
	return bad[:min(len(bad), maxExplained)]
}
