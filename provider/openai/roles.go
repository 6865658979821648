package openai

import (
	"regexp"
	"strings"
)

// What the chat templates of open models refuse, by the words of their servers. OpenAI's own models refuse none of it.
const (
	lateSystem = "system messages after the first"
	roleOrder  = "roles that do not alternate"
	anySystem  = "system messages"
)

var templates = []struct {
	field string
	words *regexp.Regexp
}{
	{anySystem, regexp.MustCompile(`(?i)system (role|message)s? (is |are )?not supported`)},
	{roleOrder, regexp.MustCompile(`(?i)roles? must alternate|must alternate between`)},
	{lateSystem, regexp.MustCompile(`(?i)system messages? (must|should|can only|has to) be|only one system message`)},
}

// refusedRoles finds in an error the order of messages that the model's template does not take, "" when it was something
// else. Servers send it as a 400 or as a 500.
func refusedRoles(message string) string {
	for _, t := range templates {
		if t.words.MatchString(message) {
			return t.field
		}
	}
	return ""
}

const (
	aside   = "[Note, not said by the caller: "
	ringing = "[The phone rings.]" // what an agent that speaks first answers to
)

// plain is the messages as a strict template takes them. Notes after the beginning become the user's, where they stand: moved
// to the front they would undo the server's cache of the prompt. For roleOrder the user begins, and messages of one side
// in a row are one. For anySystem the prompt is the user's, too.
func plain(messages []message, field string) []message {
	var out []message
	for i, m := range messages {
		if m.Role == "system" && (i > 0 || field == anySystem) {
			text := *m.Content
			if i > 0 {
				text = aside + text + "]"
			}
			m = message{Role: "user", Content: &text}
		}
		if field != lateSystem {
			if m.Role == "assistant" && (len(out) == 0 || len(out) == 1 && out[0].Role == "system") {
				text := ringing
				out = append(out, message{Role: "user", Content: &text})
			}
			if n := len(out); n > 0 && joins(out[n-1], m) {
				text := strings.TrimSpace(*out[n-1].Content + "\n" + *m.Content)
				out[n-1].Content = &text
				continue
			}
		}
		out = append(out, m)
	}
	return out
}

// joins reports whether b goes on with what a says.
func joins(a, b message) bool {
	return a.Role == b.Role && (a.Role == "user" || a.Role == "assistant") && a.Content != nil && b.Content != nil &&
		len(a.ToolCalls) == 0 && len(b.ToolCalls) == 0
}
