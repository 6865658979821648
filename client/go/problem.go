package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Problem is a refusal of the server.
type Problem struct {
	Status     int           // of HTTP
	Code       string        // stable, for programs: not_found, invalid, too_many_calls
	Message    string        // for people
	Fields     []Field       // what is wrong with which field of the request
	RequestID  string        // names the request in the server's log
	RetryAfter time.Duration // how long to wait before asking again; 0: the server does not say
	Limit      *Limit        // of a 429 that says what is exhausted
}

// A Field is what is wrong with one field; its name is dotted: voice.speed.
type Field struct {
	Name    string `json:"field"`
	Message string `json:"message"`
}

// A Limit is how many there are, and how many there may be.
type Limit struct {
	Current int `json:"current"`
	Max     int `json:"max"`
}

func (p *Problem) Error() string { return fmt.Sprintf("the API answers %d: %s", p.Status, p.Message) }

// problemLimit is how much of a refusal is read, in bytes.
const problemLimit = 1 << 20

// readProblem reads the body of a refusal, and closes it. What is not the server's, a proxy's page, becomes a Problem, too.
func readProblem(res *http.Response) *Problem {
	defer res.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(res.Body, problemLimit))
	var body struct {
		Code      string
		Message   any
		RequestID string `json:"request_id"`
		Errors    []Field
		Limit     *Limit
	}
	_ = json.Unmarshal(raw, &body)
	return &Problem{
		Status: res.StatusCode, Code: body.Code, Fields: body.Errors, Limit: body.Limit,
		Message:    cmp.Or(words(body.Message), http.StatusText(res.StatusCode), "no reason"),
		RequestID:  cmp.Or(body.RequestID, res.Header.Get("X-Request-Id")),
		RetryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now()),
	}
}

// words are a message, which is a string or a list of them.
func words(message any) string {
	switch m := message.(type) {
	case string:
		return m
	case []any:
		parts := make([]string, len(m))
		for i, p := range m {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, "; ")
	}
	return ""
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
