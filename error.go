package parley

import (
	"errors"
	"time"
)

// An Error is a refusal a user can act on: what was wrong, where, and what would be right.
type Error struct {
	Status  int    // HTTP status it maps to
	Code    string // stable, machine readable: "not_found", "invalid", "no_trunk", …
	Field   string // the field at fault as the request spells it, "" when it is the whole
	Message string // one sentence, naming the field

	RetryAfter   time.Duration // when asking again may help; 0: not said
	Current, Max int           // of a limit that was reached: how many there are, and how many there may be; 0: no such limit
}

func (e *Error) Error() string { return e.Message }

// NotFound is a 404 for a thing by that name, the same for another tenant's and for none.
func NotFound(what string) *Error {
	return &Error{Status: 404, Code: "not_found", Message: what + " not found"}
}

// Invalid is a 400 about one field.
func Invalid(field, message string) *Error {
	return &Error{Status: 400, Code: "invalid", Field: field, Message: message}
}

// Full is a 429 for a limit that was reached: current of max.
func Full(code, message string, current, max int, retryAfter time.Duration) *Error {
	return &Error{Status: 429, Code: code, Message: message, Current: current, Max: max, RetryAfter: retryAfter}
}

// IsNotFound reports whether err is, or wraps, a NotFound.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == 404
}
