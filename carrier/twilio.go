package carrier

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/fetch"
)

const twilioURL = "https://api.twilio.com"

// Twilio is an account with Twilio.
type Twilio struct {
	client     *Client
	base       string
	sid, token string
}

// Send makes a Message resource (twilio.com/docs/messaging/api/message-resource).
func (t *Twilio) Send(ctx context.Context, m Message) (Receipt, error) {
	res, failed := t.post(ctx, "/Messages.json", url.Values{"From": {m.From}, "To": {m.To}, "Body": {m.Text}})
	if failed != nil {
		return Receipt{}, failed
	}
	var made struct {
		SID string `json:"sid"`
	}
	_ = json.Unmarshal(res.Body, &made) // it has been taken, whatever is said of it
	return Receipt{ID: clip(made.SID), Status: res.Status}, nil
}

// post makes something of the account's, by a path below it. It is never made twice.
func (t *Twilio) post(ctx context.Context, path string, form url.Values) (*fetch.Response, *Error) {
	res, failed := t.client.post(ctx, "twilio", fetch.Request{Method: http.MethodPost, URL: t.url(path), Header: t.header(), Body: []byte(form.Encode())})
	return res, t.words(res, failed)
}

// url is the address of a resource of the account's.
func (t *Twilio) url(path string) string {
	return strings.TrimRight(t.client.base("twilio", t.base, twilioURL), "/") + "/2010-04-01/Accounts/" + url.PathEscape(t.sid) + path
}

func (t *Twilio) header() http.Header {
	return http.Header{
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(t.sid+":"+t.token))},
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"Accept":        {"application/json"},
	}
}

// words adds to a refusal what Twilio says of it.
func (t *Twilio) words(res *fetch.Response, failed *Error) *Error {
	if failed == nil || res == nil {
		return failed
	}
	var said struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(res.Body, &said) == nil {
		if said.Code != 0 {
			failed.Code = strconv.Itoa(said.Code)
		}
		failed.Message = clip(said.Message)
	}
	return failed
}
