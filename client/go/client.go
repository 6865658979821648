// Package client speaks to a Parley server from Go programs. The types and one method for each operation are generated from the
// contract (client.gen.go); around them are errors that can be told apart, retries, iterators over pages and over the events of a
// call, and downloads.
//
// An operation's method is named for it: ListAgentsWithResponse, CreateCallWithResponse. What the server refuses is a *Problem,
// so that a nil error means that the answer (JSON200, JSON201) is there.
//
// Goroutines: none.
package client

//go:generate go run generate.go

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// An API is a server, asked with one key. It may be used by several goroutines at once.
type API struct {
	*ClientWithResponses
	base string
	door *door
}

// answerLimit is how much of an answer is read, in bytes. The largest, a page of 100 agents, stays well below.
const answerLimit = 64 << 20

// New is a client of the server at baseURL, such as http://127.0.0.1:8080. Nothing is sent yet.
func New(baseURL, key string, options ...ClientOption) (*API, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is no address of a server; write http://127.0.0.1:8080", baseURL)
	}
	if strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, errors.New("the API key holds characters that no key has: it is one word of letters, digits and _")
	}
	c, err := NewClient(baseURL, options...)
	if err != nil {
		return nil, err
	}
	d := through(c.Client)
	d.key = key
	c.Client = d
	return &API{ClientWithResponses: &ClientWithResponses{c}, base: strings.TrimRight(baseURL, "/"), door: d}, nil
}

// WithTries sets how often a request is sent at most, the first time included. The default is 4; 1 is no retry.
func WithTries(n int) ClientOption {
	return func(c *Client) error {
		if n < 1 {
			return fmt.Errorf("%d tries: 1 is the least", n)
		}
		d := through(c.Client)
		d.tries = n
		c.Client = d
		return nil
	}
}

// IdempotencyKey has a POST done once however often it is sent within 24 hours, and lets it be retried. Methods with parameters
// take the key in those, too.
func IdempotencyKey(key string) RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Idempotency-Key", key)
		return nil
	}
}

// Send makes a request by hand: for what the contract of another version has. body is marshalled unless it is nil or a
// json.RawMessage. The answer is JSON, or nil when there is none.
func (a *API) Send(ctx context.Context, method, path string, query url.Values, body any, edit ...RequestEditorFn) (json.RawMessage, error) {
	res, err := a.open(ctx, method, path, query, body, edit...)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	switch {
	case len(bytes.TrimSpace(b)) == 0:
		return nil, nil
	case !json.Valid(b):
		return nil, fmt.Errorf("%s answers something that is not JSON: is it a Parley server?", a.base)
	}
	return b, nil
}

// open makes a request; the answer is a success, and its body the caller's to close.
func (a *API) open(ctx context.Context, method, path string, query url.Values, body any, edit ...RequestEditorFn) (*http.Response, error) {
	target := a.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, in)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, e := range edit {
		if err := e(ctx, req); err != nil {
			return nil, err
		}
	}
	return a.door.Do(req)
}
