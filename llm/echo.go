package llm

import "strings"

// An echo drops from an answer the words that were already said, should the model begin with them again.
type echo struct {
	said string // by the vendor before; "" passes everything
	held string // what so far repeats said
	done bool
}

// pass gives what of text is new. Text that may yet turn out to be a repetition is held back.
func (e *echo) pass(text string) string {
	if e.done || e.said == "" {
		return text
	}
	e.held += text
	said, got := strings.TrimLeft(e.said, " \n"), strings.TrimLeft(e.held, " \n")
	switch {
	case strings.HasPrefix(got, said):
		e.done = true
		return got[len(said):]
	case strings.HasPrefix(said, got):
		return ""
	}
	e.done = true
	return e.held
}

// rest is what was held back although the answer is over. A bare repetition is nothing new; one so short that it may as
// well be the continuation ("no, " … "no") is passed on.
func (e *echo) rest() string {
	if e.done || e.said == "" {
		return ""
	}
	if got := strings.TrimSpace(e.held); len(got) >= len(strings.TrimSpace(e.said))/2 {
		return ""
	}
	return e.held
}
