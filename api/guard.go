package api

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/store"
)

// ownWords are the agent's fields that are spoken as they stand.
var ownWords = []string{"initial_message", "voicemail_message"}

// checkGuard says what an agent could not keep to: words that are none, and what its own fields say of those that are never said.
func checkGuard(doc, stored store.Doc, path string) (bad invalid) {
	value := func(field string) any {
		if v, given := doc[field]; given {
			return v
		}
		return stored[field]
	}
	var rails struct {
		NeverSay []string `json:"never_say"`
	}
	b, _ := json.Marshal(value("guard_rails")) // of what was JSON
	if json.Unmarshal(b, &rails) != nil {
		return nil // the contract's own check has said so
	}
	at := join(join(path, "guard_rails"), "never_say")
	for i, words := range rails.NeverSay {
		if !strings.ContainsFunc(words, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			field := join(at, itoa(i))
			bad = append(bad, fieldError{field, field + " must have a letter or a digit"})
		}
	}
	for _, field := range ownWords {
		text, _ := value(field).(string)
		if words := conversation.Says(rails.NeverSay, text); words != "" {
			bad = append(bad, fieldError{join(path, field), join(path, field) + " says what guard_rails.never_say forbids: " + words})
		}
	}
	return bad
}
