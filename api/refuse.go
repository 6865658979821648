package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// A fieldError is one thing wrong with a request.
type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// invalid is a request with things wrong in it; status 400.
type invalid []fieldError

func (v invalid) Error() string {
	all := make([]string, len(v))
	for i, f := range v {
		all[i] = f.Message
	}
	return strings.Join(all, "; ")
}

// orNil is the error, or none when nothing is wrong.
func (v invalid) orNil() error {
	if len(v) == 0 {
		return nil
	}
	return v
}

// problem is the body of every refusal.
type problem struct {
	Message    any          `json:"message"` // a sentence, or several
	Error      string       `json:"error"`
	StatusCode int          `json:"statusCode"`
	Code       string       `json:"code"`
	RequestID  string       `json:"request_id"`
	Limit      *limit       `json:"limit,omitempty"`
	Errors     []fieldError `json:"errors,omitempty"`

	retry time.Duration // when asking again may help
}

// A limit is how many there are of something, and how many there may be.
type limit struct {
	Current int `json:"current"`
	Max     int `json:"max"`
}

// statusGone is nginx's number for a client that left before it was answered.
const statusGone = 499

// refusal turns an error into what the client is told. What is not a refusal is told as 500, without a word of it.
func refusal(err error, requestID string) problem {
	p := problem{RequestID: requestID}
	var many invalid
	var one *parley.Error
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &many):
		p.StatusCode, p.Code, p.Errors = http.StatusBadRequest, "invalid", many
		p.Message = many[0].Message
		if len(many) > 1 {
			all := make([]string, len(many))
			for i, f := range many {
				all[i] = f.Message
			}
			p.Message = all
		}
	case errors.As(err, &one):
		p.StatusCode, p.Code, p.Message, p.retry = one.Status, one.Code, one.Message, one.RetryAfter
		if one.Max != 0 {
			p.Limit = &limit{one.Current, one.Max}
		}
		if one.Field != "" {
			p.Errors = []fieldError{{one.Field, one.Message}}
			if !strings.Contains(one.Message, one.Field) {
				p.Message = one.Field + ": " + one.Message
			}
		}
	case errors.As(err, &tooBig):
		p.StatusCode, p.Code = http.StatusRequestEntityTooLarge, "too_large"
		p.Message = "the body is larger than 1 MB"
	case errors.Is(err, context.Canceled):
		p.StatusCode, p.Code, p.Message = statusGone, "cancelled", "the client went away"
	default:
		p.StatusCode, p.Code = http.StatusInternalServerError, "internal"
		p.Message = "something went wrong here; the log names this request's id"
	}
	if p.Error = http.StatusText(p.StatusCode); p.Error == "" {
		p.Error = "Refused"
	}
	return p
}

// refuse answers with a refusal; it returns the status for the log.
func refuse(w http.ResponseWriter, err error, requestID string) {
	p := refusal(err, requestID)
	switch p.StatusCode {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="parley"`)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", itoa(max(1, int(math.Ceil(p.retry.Seconds())))))
	}
	writeJSON(w, p.StatusCode, p)
}

// writeJSON answers with v, which always marshals.
func writeJSON(w http.ResponseWriter, status int, v any) {
	writeBytes(w, status, marshal(v))
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("api: answer: " + err.Error())
	}
	return b
}

func writeBytes(w http.ResponseWriter, status int, b []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

func refused(status int, code, message string) error {
	return &parley.Error{Status: status, Code: code, Message: message}
}
