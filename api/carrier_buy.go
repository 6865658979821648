package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// NumberJob is the kind of the job that finds out what became of an order for a number; its subject is the number's id, its payload an
// Account. SettleNumber does it.
const NumberJob = "number"

// What a number's carrier_status can be, beside null.
const (
	statusPending = "pending" // it is ordered, or is to be pointed here: SettleNumber looks after it
	statusFailed  = "failed"  // it did not come
)

// candidates is how many numbers of an area code are tried, where others buy them at the same time.
const candidates = 5

// buyNumber checks all that can be checked before money is spent. What is intended is written before the carrier is asked: neither a crash
// nor an outage loses it.
func (a *API) buyNumber(r *request) (any, error) {
	ctx := r.Context()
	maps.DeleteFunc(r.body, func(_ string, v any) bool { return v == nil })
	o, s, err := readOrder(r.body)
	if err != nil {
		return nil, err
	}
	if err := a.checkLine(r); err != nil {
		return nil, err
	}
	if err := a.checkAnswerer(r); err != nil {
		return nil, err
	}
	if r.subject != "" { // an earlier request with this key may have bought
		if doc, err := a.Store.Number(ctx, r.env, r.subject); err == nil {
			return a.ordered(ctx, r.env, doc)
		} else if !parley.IsNotFound(err) {
			return nil, err
		}
	}
	c, err := a.seller(ctx, r.env, idOf(r.body[connectionField]), providerOf(r.body["telephony_provider"]))
	if err != nil {
		return nil, err
	}
	outbound, _ := r.body["outbound_only"].(bool)
	o.Inbound = !outbound
	if err := c.Reached(); err != nil && o.Inbound {
		return nil, err
	}
	phones, anyWill := []string{o.Phone}, o.Phone == ""
	if anyWill {
		if phones, err = forSale(ctx, c, s); err != nil {
			return nil, err
		}
	} else if err := a.notYetOurs(ctx, r.env, c, o.Phone); err != nil {
		return nil, err
	}
	if err := a.attachAgent(r, nil); err != nil {
		return nil, err
	}
	delete(r.body, "phone_number")
	delete(r.body, "area_code")
	for _, o.Phone = range phones {
		var doc store.Doc
		if doc, err = a.buyOne(r, c, o); err == nil {
			return a.showNumber(ctx, r.env, doc, nil)
		}
		var refused *parley.Error
		if !errors.As(err, &refused) || refused.Code != CodeSold && !(anyWill && refused.Status == http.StatusConflict) {
			break // 409: somebody here has it, or orders it at the same time
		}
	}
	return nil, err
}

// readOrder takes what is wanted: a number, or any with an area code.
func readOrder(body store.Doc) (o Order, s Search, err error) {
	s.Limit = candidates
	s.AreaCode, _ = body["area_code"].(string)
	s.Country, _ = body["country"].(string)
	s.Country = strings.ToUpper(s.Country)
	if text, ok := body["phone_number"].(string); ok {
		line, err := number.Parse("phone_number", text)
		if err != nil || line.Kind != number.E164 {
			return o, s, parley.Invalid("phone_number", "phone_number "+wantedNumber)
		}
		o.Phone = line.Text
	}
	if o.Phone == "" && s.AreaCode == "" {
		return o, s, parley.Invalid("phone_number", "phone_number or area_code is required")
	}
	delete(body, "country")
	config, _ := body["config"].(map[string]any)
	papers, _ := config["regulatory"].(map[string]any)
	o.Papers = map[string]string{}
	for k, v := range papers {
		o.Papers[k], _ = v.(string)
	}
	return o, s, nil
}

// checkAnswerer says before money is spent that there is no such agent.
func (a *API) checkAnswerer(r *request) error {
	id := idOf(r.body["inbound_agent"])
	if id == "" {
		return nil
	}
	_, err := a.Store.Agent(r.Context(), r.env, id)
	if parley.IsNotFound(err) {
		return notFoundAt("inbound_agent", "agent")
	}
	return err
}

// forSale are numbers with an area code.
func forSale(ctx context.Context, c seller, s Search) ([]string, error) {
	offers, err := c.Available(ctx, c.account, s)
	if err != nil {
		return nil, err
	}
	phones := []string{}
	for _, offer := range offers[:min(len(offers), candidates)] {
		if line, err := number.Parse("phone_number", offer.PhoneNumber); err == nil && line.Kind == number.E164 {
			phones = append(phones, line.Text)
		}
	}
	if len(phones) == 0 {
		return nil, &parley.Error{Status: http.StatusBadRequest, Code: "no_numbers", Field: "area_code",
			Message: fmt.Sprintf("area_code %s: %s has no number for sale there", s.AreaCode, c.provider)}
	}
	return phones, nil
}

// notYetOurs refuses to buy what is linked here, or what the account has: a carrier may take an order of that for a change of it.
func (a *API) notYetOurs(ctx context.Context, env string, c seller, phone string) error {
	doc, err := a.Store.Number(ctx, env, phone)
	switch {
	case err == nil && doc["carrier_status"] == statusFailed: // an order of it that came to nothing is no hindrance
		if _, err = a.Store.UnlinkNumber(ctx, env, phone); err != nil && !parley.IsNotFound(err) {
			return err
		}
	case err == nil:
		return &parley.Error{Status: 409, Code: "exists", Field: "phone_number", Message: "phone_number: " + phone + " is linked already"}
	case !parley.IsNotFound(err):
		return err
	}
	if _, err = c.Find(ctx, c.account, phone, ""); err == nil {
		return &parley.Error{Status: 409, Code: "owned", Field: "phone_number",
			Message: "phone_number: the account with " + c.provider + " has " + phone + " already: link it with POST /v1/numbers/link"}
	}
	if parley.IsNotFound(err) {
		return nil
	}
	return err
}

// buyOne writes what is intended, buys, and writes what came of it. A refusal takes the row away again; where it is not known what came of
// it the row stays, and so does the job that finds out.
func (a *API) buyOne(r *request, c seller, o Order) (store.Doc, error) {
	ctx := context.WithoutCancel(r.Context()) // whoever asks may be gone, the money may be spent
	row := maps.Clone(r.body)
	o.Reference = r.subject
	if o.Reference == "" {
		o.Reference = uuid.NewString()
	}
	row["id"], row["number"], row["telephony_provider"], row[connectionField] = o.Reference, o.Phone, c.provider, c.account.ConnectionID
	row["active"] = false
	toSettle(row)
	doc, err := a.Store.LinkNumber(ctx, r.env, row, settling(c.account, o.Reference))
	if err != nil {
		return nil, err
	}
	line, err := c.Buy(ctx, c.account, o)
	var refused *parley.Error
	switch {
	case err == nil:
		return a.arrived(ctx, r.env, doc, c, line)
	case errors.As(err, &refused) && refused.Code == CodeInDoubt:
		why := fmt.Sprintf("%s; it stands as number %s, inactive, until that is known", refused.Message, o.Reference)
		if _, err := a.Store.UpdateNumber(ctx, r.env, o.Reference, store.Doc{"warnings": []any{refused.Message}}); err != nil {
			return nil, err
		}
		return nil, &parley.Error{Status: refused.Status, Code: CodeInDoubt, Field: "phone_number", Message: why}
	}
	if _, gone := a.Store.UnlinkNumber(ctx, r.env, o.Reference); gone != nil && !parley.IsNotFound(gone) {
		a.Logger.Error("a number that was not bought stays in the list", "number", o.Phone, "environment", r.env, "error", gone)
	}
	return nil, err
}

// toSettle marks a number that SettleNumber is to look after.
func toSettle(row store.Doc) {
	row["carrier_status"], row["ordered_at"], row["warnings"] = statusPending, time.Now().UTC().Format(time.RFC3339), []any{}
}

// settling is the job that looks after a number until it is there. It begins once those who asked for it must have their answer.
func settling(account Account, id string) store.Job {
	payload, _ := json.Marshal(account) // two texts
	return store.Job{ID: uuid.NewString(), Kind: NumberJob, Subject: id, DedupeKey: NumberJob + " " + id, Payload: payload, RunAt: time.Now().Add(time.Minute)}
}

// arrived writes that a number is the account's now; pending: it is still to come.
func (a *API) arrived(ctx context.Context, env string, doc store.Doc, c seller, line Line) (store.Doc, error) {
	patch := store.Doc{"warnings": list(line.Warnings)}
	if line.Pending {
		if len(line.Warnings) == 0 {
			patch["warnings"] = []any{"it is ordered: " + c.provider + " has not handed it over yet"}
		}
		return a.Store.UpdateNumber(ctx, env, fmt.Sprint(doc["id"]), patch)
	}
	if outbound, _ := doc["outbound_only"].(bool); outbound {
		if err := c.Reached(); err != nil {
			patch["warnings"] = append(list(line.Warnings), err.Error())
		}
	}
	patch["active"], patch["carrier_status"] = true, nil
	if doc["sms_enabled"] == nil {
		patch["sms_enabled"] = line.SMS
	}
	return a.Store.UpdateNumber(ctx, env, fmt.Sprint(doc["id"]), patch)
}

// ordered answers for a number that an earlier request with the same key has ordered.
func (a *API) ordered(ctx context.Context, env string, doc store.Doc) (any, error) {
	if doc["carrier_status"] == statusPending {
		if _, err := a.SettleNumber(ctx, Account{env, idOf(doc[connectionField])}, fmt.Sprint(doc["id"])); err != nil {
			return nil, err
		}
		var err error
		if doc, err = a.Store.Number(ctx, env, fmt.Sprint(doc["id"])); err != nil {
			return nil, err
		}
	}
	if doc["carrier_status"] == statusFailed {
		return nil, &parley.Error{Status: http.StatusConflict, Code: "not_bought", Field: "phone_number",
			Message: fmt.Sprintf("phone_number: %v was not bought: %v", doc["number"], doc["warnings"])}
	}
	return a.showNumber(ctx, env, doc, nil)
}

func list(texts []string) []any {
	l := make([]any, len(texts))
	for i, s := range texts {
		l[i] = s
	}
	return l
}
