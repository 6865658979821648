package after

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/number"
)

// A smsConfig is the config of an SMS; all of it are templates.
type smsConfig struct {
	From string `json:"from_phone"`
	To   string `json:"to_phone"`
	Body string `json:"body"`
}

var (
	errDoubt   = errors.New("the server ended while the message was being sent: it may have been, and is not sent again")
	errNobody  = errors.New("this server sends no messages")
	errTooLong = fmt.Errorf("config.body has more than %d characters once its values are put in", carrier.LongestText)
)

// sms sends a text message by the carrier's account that the action's connection names. Carriers do not know a message that they have had
// before: that one is about to be sent is on the call's row first, and what may have been sent is not sent again.
func (c *Clerk) sms(ctx context.Context, e *errand, began bool) {
	if began {
		e.fail(true, errDoubt)
		return
	}
	if c.Carriers == nil {
		e.fail(true, errNobody)
		return
	}
	m, err := e.message()
	if err != nil {
		e.fail(true, err)
		return
	}
	a, ok := c.connection(ctx, e)
	if !ok || !c.mayText(ctx, e, a, m) {
		return
	}
	out, err := c.Carriers.Open(a.kind, a.credentials)
	if err != nil {
		e.fail(true, fmt.Errorf("provider_config.destination_id: %w", err))
		return
	}
	if err := c.begin(context.WithoutCancel(ctx), e); err != nil {
		e.fail(false, fmt.Errorf("nothing is sent that cannot be written down: %w", err))
		return
	}
	r, err := out.Send(ctx, m)
	e.status, e.carrierID, e.err = r.Status, r.ID, nil
	var failed *carrier.Error
	if errors.As(err, &failed) {
		e.status = failed.Status
		e.fail(!failed.Later, failed)
		e.after = retryAfter(failed.After, time.Now())
	} else if err != nil {
		e.fail(true, err)
	}
}

// message puts the values in, and checks the numbers.
func (e *errand) message() (m carrier.Message, err error) {
	var conf smsConfig
	if err := json.Unmarshal(e.want.Config, &conf); err != nil {
		return m, errors.New("config must have from_phone, to_phone and body")
	}
	if m.From, err = number.Number("config.from_phone", e.fill("from_phone", conf.From, oneLine)); err != nil {
		return m, err
	}
	if m.To, err = number.Number("config.to_phone", e.fill("to_phone", conf.To, oneLine)); err != nil {
		return m, err
	}
	m.Text = strings.TrimSpace(e.fill("body", conf.Body, plainly))
	switch {
	case m.Text == "":
		return m, errors.New("config.body is empty once its values are put in")
	case utf8.RuneCountInString(m.Text) > carrier.LongestText:
		return m, errTooLong
	}
	return m, nil
}

// mayText reports whether the environment may send this message: from a number of its own that is sms_enabled, to one that the account's
// policy lets it call and that has not asked to be left alone.
func (c *Clerk) mayText(ctx context.Context, e *errand, a account, m carrier.Message) bool {
	line, err := c.Store.Number(ctx, e.call.UserID, m.From)
	switch enabled, _ := line["sms_enabled"].(bool); {
	case parley.IsNotFound(err):
		e.fail(true, fmt.Errorf("config.from_phone: %s is no number of this environment", m.From))
		return false
	case err != nil:
		e.fail(false, err)
		return false
	case !enabled || line["active"] == false:
		e.fail(true, fmt.Errorf("config.from_phone: %s sends no messages: it must be active and sms_enabled", m.From))
		return false
	}
	if a.kind == parley.OperatorsTwilio && line["telephony_account_connection"] != a.id { // the account has numbers of others
		e.fail(true, fmt.Errorf("config.from_phone: %s is not linked with the operator's account, which sends from its own numbers alone", m.From))
		return false
	}
	policy, err := c.Store.DialPolicy(ctx, e.call.UserID, a.id, m.From)
	if err != nil {
		e.fail(parley.IsNotFound(err), err)
		return false
	}
	if err := number.Allowed("config.to_phone", m.To, policy); err != nil {
		e.fail(true, err)
		return false
	}
	if err := c.Store.MayCall(ctx, e.call.UserID, m.To); err != nil {
		var no *parley.Error
		if errors.As(err, &no) && no.Status == http.StatusForbidden {
			err = fmt.Errorf("config.to_phone: %s is on the do-not-call list", m.To)
		}
		e.fail(no != nil, err)
		return false
	}
	return true
}

// begin writes down, on the disk, that a message is about to be sent.
func (c *Clerk) begin(ctx context.Context, e *errand) error {
	err := c.Store.UpdateCallSynced(ctx, e.call.ID, func(r *parley.Call) error {
		i := outcome(r, e.key)
		if i < 0 {
			return errErased
		}
		r.After.Actions[i].Began = time.Now().UTC()
		return nil
	})
	e.begun = err == nil
	return err
}
