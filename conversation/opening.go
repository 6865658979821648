package conversation

import "github.com/parley-voice/parley/llm"

// Opening is what every request of a conversation begins with: its prompt and its tools.
func Opening(s *Setup) llm.Request {
	r := s.Thinking.request(s.prompt(nil))
	r.Tools = newToolbox(newCollector(s, nil).among(s.Actions)).tools
	return r
}

// prompt adds the system message to messages.
func (s *Setup) prompt(to []llm.Message) []llm.Message {
	if s.Prompt == "" {
		return to
	}
	return append(to, llm.Message{Role: llm.System, Text: s.Prompt})
}

// request is one for the messages, without tools.
func (t *Thinking) request(messages []llm.Message) llm.Request {
	return llm.Request{Messages: messages, Temperature: t.Temperature, ReasoningEffort: t.ReasoningEffort, Verbosity: t.Verbosity, Seed: t.Seed}
}
