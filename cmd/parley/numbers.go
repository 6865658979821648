package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/store"
)

// twilioConfig is the operator's own account with Twilio.
type twilioConfig struct {
	SID   string `name:"twilio-account-sid" env:"PARLEY_TWILIO_ACCOUNT_SID" help:"The operator's own account with Twilio, for account connections of type account_connection_fluents_twilio (docs/carriers.md)."`
	Token string `name:"twilio-auth-token" env:"PARLEY_TWILIO_AUTH_TOKEN" help:"Its auth token."`
}

var twilioSID = regexp.MustCompile(`^AC[0-9A-Za-z]{1,62}$`)

func (c twilioConfig) check() error {
	switch {
	case (c.SID == "") != (c.Token == ""):
		return errors.New("PARLEY_TWILIO_ACCOUNT_SID and PARLEY_TWILIO_AUTH_TOKEN go together: set both, or neither")
	case c.SID != "" && !twilioSID.MatchString(c.SID):
		return fmt.Errorf("PARLEY_TWILIO_ACCOUNT_SID: %q is no account's; it begins with AC", c.SID)
	}
	var all error
	for _, name := range []string{"TWILIO_BASE_URL", "TELNYX_BASE_URL"} {
		if u, err := url.Parse(os.Getenv(name)); os.Getenv(name) != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			all = errors.Join(all, fmt.Errorf("%s: %q is no address of a server; write https://api.example.com", name, os.Getenv(name)))
		}
	}
	return all
}

// carriers reaches carriers, and has the operator's own account.
func (h *house) carriers() *carrier.Client {
	c := &carrier.Client{Net: h.fetch, Bases: map[string]string{"twilio": os.Getenv("TWILIO_BASE_URL"), "telnyx": os.Getenv("TELNYX_BASE_URL")}}
	c.Own = func() map[string]any {
		own := h.set().Twilio
		if own.SID == "" {
			return nil
		}
		return map[string]any{"twilio_account_sid": own.SID, "twilio_auth_token": own.Token}
	}
	return c
}

// opened is the account that an account connection stands for.
func (h *house) opened(doc store.Doc) (carrier.Account, error) {
	kind, _ := doc["type"].(string)
	credentials, _ := doc["credentials"].(map[string]any)
	return h.carriers().Open(kind, credentials)
}

const accountField = "telephony_account_connection"

// sellers are who numbers are had of. The operator's own account is among them once there is one.
func (h *house) sellers() map[string]api.Carrier {
	m := map[string]api.Carrier{"twilio": seller{h, "twilio"}, "telnyx": seller{h, "telnyx"}}
	if h.cfg.Twilio.SID != "" {
		m["fluents_twilio"] = seller{h, "twilio"}
	}
	return m
}

// A seller is a carrier as the API sees it.
type seller struct {
	h       *house
	carrier string
}

var _ api.Carrier = seller{}

// hooks are where the carrier tells of the calls of an account.
func (s seller) hooks(connection string) carrier.Hooks {
	if s.Reached() != nil {
		return carrier.Hooks{}
	}
	at := s.h.cfg.publicURL() + "/carriers/" + s.carrier + "/"
	return carrier.Hooks{Voice: at + "voice/" + connection, Status: at + "status/" + connection}
}

// Reached: carriers tell of calls by https alone, unless they are themselves reached by http, as one on this machine is.
func (s seller) Reached() error {
	public := s.h.cfg.PublicURL
	if strings.HasPrefix(public, "https://") || public != "" && strings.HasPrefix(s.h.carriers().Bases[s.carrier], "http://") {
		return nil
	}
	is := "is not set"
	if public != "" {
		is = "is " + public
	}
	return &parley.Error{Status: http.StatusBadRequest, Code: "no_public_url",
		Message: "PARLEY_PUBLIC_URL " + is + ": set it to the https address that " + s.carrier + " reaches this server at, else no call comes here (outbound_only: true needs none)"}
}

func (s seller) open(ctx context.Context, a api.Account) (carrier.Numbers, error) {
	doc, err := s.h.db.Internal(ctx, a.Env, store.AccountConnections, a.ConnectionID)
	if err != nil {
		return nil, err
	}
	account, err := s.h.opened(doc)
	if err != nil {
		return nil, parley.Invalid(accountField, accountField+": "+err.Error())
	}
	n, ok := account.(carrier.Numbers)
	if !ok {
		return nil, parley.Invalid(accountField, accountField+" has no numbers")
	}
	return n, nil
}

func (s seller) Available(ctx context.Context, a api.Account, wanted api.Search) ([]api.Offer, error) {
	n, err := s.open(ctx, a)
	if err != nil {
		return nil, err
	}
	found, err := n.Search(ctx, carrier.Search(wanted))
	if err != nil {
		return nil, refusedBy(err, "filters")
	}
	offers := make([]api.Offer, len(found))
	for i, o := range found {
		offers[i] = api.Offer{PhoneNumber: o.Phone, Country: o.Country, Locality: o.Locality, MonthlyPrice: o.Monthly, Currency: o.Currency, SMS: o.SMS}
	}
	return offers, nil
}

func (s seller) Buy(ctx context.Context, a api.Account, o api.Order) (api.Line, error) {
	n, err := s.open(ctx, a)
	if err != nil {
		return api.Line{}, err
	}
	order := carrier.Order{Phone: o.Phone, Reference: o.Reference, Papers: o.Papers}
	if o.Inbound {
		order.Hooks = s.hooks(a.ConnectionID)
	}
	l, err := n.Buy(ctx, order)
	if err != nil {
		return api.Line{}, refusedBy(err, "phone_number")
	}
	line := api.Line{Phone: l.Phone, Pending: l.Pending, SMS: l.SMS}
	if o.Inbound && !l.Pending && l.Voice != order.Hooks.Voice {
		if note, err := n.Point(ctx, l, order.Hooks); err != nil {
			line.Pending = true // it is bought; the job that looks after it sends its calls here
			line.Warnings = []string{"it was bought, and its calls do not come here yet, which is tried again: " + refusedBy(err, accountField).Error()}
		} else if note != "" {
			line.Warnings = []string{note}
		}
	}
	return line, nil
}

func (s seller) Find(ctx context.Context, a api.Account, phone, reference string) (api.Line, error) {
	_, l, err := s.find(ctx, a, phone, reference)
	return api.Line{Phone: l.Phone, Pending: l.Pending, SMS: l.SMS}, err
}

func (s seller) find(ctx context.Context, a api.Account, phone, reference string) (n carrier.Numbers, l carrier.Line, err error) {
	if n, err = s.open(ctx, a); err != nil {
		return n, l, err
	}
	if l, err = n.Find(ctx, phone, reference); errors.Is(err, carrier.ErrNotOwned) {
		return n, l, parley.NotFound("number")
	} else if err != nil {
		return n, l, refusedBy(err, "phone_number")
	}
	return n, l, nil
}

func (s seller) Point(ctx context.Context, a api.Account, phone string) ([]string, error) {
	if err := s.Reached(); err != nil {
		return nil, err
	}
	n, l, err := s.find(ctx, a, phone, "")
	if err != nil {
		return nil, err
	}
	note, err := n.Point(ctx, l, s.hooks(a.ConnectionID))
	if err != nil {
		return nil, refusedBy(err, accountField)
	}
	if note == "" {
		return nil, nil
	}
	return []string{note}, nil
}

func (s seller) Unpoint(ctx context.Context, a api.Account, phone string) error {
	n, l, err := s.find(ctx, a, phone, "")
	if parley.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return refusedBy(n.Unpoint(ctx, l, s.hooks(a.ConnectionID)), "phone_number")
}

func (s seller) Cancel(ctx context.Context, a api.Account, phone string) error {
	n, l, err := s.find(ctx, a, phone, "")
	if parley.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return refusedBy(n.Release(ctx, l), "phone_number")
}

// sold are what carriers say of a number that somebody else has just bought: Twilio 21422, Telnyx 85001.
var sold = map[string]bool{"21422": true, "85001": true}

// refusedBy is a carrier's refusal as a user is told of it: in its words and with its code, on the field that it is about.
func refusedBy(err error, field string) error {
	var e *carrier.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	out := &parley.Error{Status: http.StatusBadRequest, Code: "carrier_refused", Field: field, Message: field + ": " + e.Error()}
	var blocked *fetch.BlockedError
	switch {
	case e.Doubt:
		out.Status, out.Code = http.StatusServiceUnavailable, api.CodeInDoubt
	case errors.As(e.Err, &blocked):
		out.Field, out.Message = accountField, accountField+": "+e.Error()
	case e.Err != nil:
		out.Status, out.Code = http.StatusServiceUnavailable, "carrier_unavailable"
	case e.Status == http.StatusTooManyRequests:
		out.Status, out.Code = http.StatusTooManyRequests, "carrier_busy"
		if n, err := strconv.Atoi(e.After); err == nil && n > 0 {
			out.RetryAfter = time.Duration(min(n, 3600)) * time.Second
		}
	case e.Status >= 500 || e.Status < 400:
		out.Status, out.Code = http.StatusBadGateway, "carrier_failed"
	case e.Account || e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		out.Field, out.Message = accountField, accountField+": "+e.Error()
	case sold[e.Code]:
		out.Code = api.CodeSold
	}
	return out
}

// settler is the job that finds out what became of an order for a number.
func (h *house) settler() job.Kind {
	return job.Kind{Name: api.NumberJob, Run: func(ctx context.Context, j job.Job) job.Result {
		var a api.Account
		if err := json.Unmarshal(j.Payload, &a); err != nil {
			return job.Failed(err)
		}
		again, err := h.api.SettleNumber(ctx, a, j.Subject)
		if again > 0 {
			return job.Again(again, err)
		}
		return job.Result{Err: err}
	}}
}
