package carrier

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/parley-voice/parley/fetch"
)

// A Portrait is who an account is at its carrier.
type Portrait struct {
	Name   string // that its owner gave it; "": the carrier has none
	Kind   string // Twilio: Full, Trial
	State  string // Twilio: active, suspended, closed
	Credit string // what it may still spend, with its currency; "": the carrier does not say
	Took   time.Duration
}

// Known are accounts that can say who they are.
type Known interface {
	// Who asks the carrier once. The error is an *Error.
	Who(ctx context.Context) (Portrait, error)
}

var (
	_ Known = (*Twilio)(nil)
	_ Known = (*Telnyx)(nil)
)

// Who implements Known by the Account resource (twilio.com/docs/iam/api/account).
func (t *Twilio) Who(ctx context.Context) (Portrait, error) {
	var said struct {
		Name  string `json:"friendly_name"`
		Kind  string `json:"type"`
		State string `json:"status"`
	}
	took, res, failed := t.client.look(ctx, "twilio", fetch.Request{URL: t.url(".json"), Header: t.header()}, &said)
	if failed != nil {
		return Portrait{Took: took}, t.words(res, failed)
	}
	return Portrait{Name: clip(said.Name), Kind: clip(said.Kind), State: clip(said.State), Took: took}, nil
}

// Who implements Known by the balance (developers.telnyx.com, GET /v2/balance).
func (t *Telnyx) Who(ctx context.Context) (Portrait, error) {
	var said struct {
		Data struct {
			Credit   string `json:"available_credit"`
			Currency string `json:"currency"`
		} `json:"data"`
	}
	took, res, failed := t.client.look(ctx, "telnyx", fetch.Request{URL: t.url("/v2/balance"), Header: t.header()}, &said)
	if failed != nil {
		return Portrait{Took: took}, t.words(res, failed)
	}
	p := Portrait{Took: took}
	if said.Data.Credit != "" {
		p.Credit = clip(said.Data.Credit + " " + said.Data.Currency)
	}
	return p, nil
}

var errNoAccount = errors.New("its answer is no account's: base_url leads elsewhere")

// look reads something once.
func (c *Client) look(ctx context.Context, carrier string, r fetch.Request, into any) (time.Duration, *fetch.Response, *Error) {
	r.Method = http.MethodGet
	began := time.Now()
	res, failed := c.once(ctx, carrier, r)
	took := time.Since(began)
	if failed == nil && json.Unmarshal(res.Body, into) != nil {
		failed = &Error{Carrier: carrier, Status: res.Status, Err: errNoAccount}
	}
	return took, res, failed
}
