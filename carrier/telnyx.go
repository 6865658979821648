package carrier

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/parley-voice/parley/fetch"
)

const telnyxURL = "https://api.telnyx.com"

// Telnyx is an account with Telnyx.
type Telnyx struct {
	client *Client
	base   string
	key    string
	app    string // the Call Control application that calls go by; "": none
}

// Send sends by POST /v2/messages (developers.telnyx.com/api/messaging/send-message).
func (t *Telnyx) Send(ctx context.Context, m Message) (Receipt, error) {
	res, failed := t.post(ctx, "/v2/messages", map[string]string{"from": m.From, "to": m.To, "text": m.Text})
	if failed != nil {
		return Receipt{}, failed
	}
	var made struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	_ = json.Unmarshal(res.Body, &made) // it has been taken, whatever is said of it
	return Receipt{ID: clip(made.Data.ID), Status: res.Status}, nil
}

// post makes something of the account's. It is never made twice.
func (t *Telnyx) post(ctx context.Context, path string, what any) (*fetch.Response, *Error) {
	body, err := json.Marshal(what)
	if err != nil {
		return nil, &Error{Carrier: "telnyx", Err: err}
	}
	res, failed := t.client.post(ctx, "telnyx", fetch.Request{Method: http.MethodPost, URL: t.url(path), Header: t.header(), Body: body})
	return res, t.words(res, failed)
}

func (t *Telnyx) url(path string) string {
	return strings.TrimRight(t.client.base("telnyx", t.base, telnyxURL), "/") + path
}

func (t *Telnyx) header() http.Header {
	return http.Header{"Authorization": {"Bearer " + t.key}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
}

// words adds to a refusal what Telnyx says of it.
func (t *Telnyx) words(res *fetch.Response, failed *Error) *Error {
	if failed == nil || res == nil {
		return failed
	}
	var said struct {
		Errors []struct {
			Code   string `json:"code"`
			Title  string `json:"title"`
			Detail string `json:"detail"`
		} `json:"errors"`
	}
	if json.Unmarshal(res.Body, &said) == nil && len(said.Errors) > 0 {
		e := said.Errors[0]
		failed.Code, failed.Message = clip(e.Code), clip(e.Title)
		if e.Detail != "" && e.Detail != e.Title {
			failed.Message = clip(strings.TrimPrefix(e.Title+": "+e.Detail, ": "))
		}
	}
	return failed
}
