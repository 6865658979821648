package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

const (
	doubtful = 15 * time.Minute    // so long an order may be under way that its carrier does not know yet
	patience = 30 * 24 * time.Hour // so long an order may take: where a country has its papers read by people
)

// SettleNumber finds out what became of the order for a number, and sends its calls here. again is when to look the next time, 0: it is
// settled; an error says why it could not be.
func (a *API) SettleNumber(ctx context.Context, account Account, id string) (again time.Duration, err error) {
	doc, err := a.Store.Number(ctx, account.Env, id)
	if parley.IsNotFound(err) || err == nil && doc["carrier_status"] != statusPending {
		return 0, nil // let go, or settled by the request itself
	}
	if err != nil {
		return time.Minute, err
	}
	since, _ := doc["ordered_at"].(string)
	ordered, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return a.fail(ctx, account.Env, id, fmt.Errorf("it is not known when it was ordered: %w", err), time.Minute)
	}
	age := time.Since(ordered)
	again = min(max(age, time.Minute), time.Hour)
	c, err := a.seller(ctx, account.Env, account.ConnectionID, "")
	if err != nil {
		return a.fail(ctx, account.Env, id, err, again)
	}
	phone := fmt.Sprint(doc["number"])
	line, err := c.Find(ctx, c.account, phone, id)
	switch {
	case parley.IsNotFound(err) && age < doubtful:
		return again, &parley.Error{Status: 503, Code: CodeInDoubt, Field: "phone_number",
			Message: fmt.Sprintf("phone_number: it is not known yet whether %s was bought; it stands as number %s, inactive, until it is", phone, id)}
	case parley.IsNotFound(err):
		return a.fail(ctx, account.Env, id, errors.New(c.provider+" did not sell it: it was not bought"), again)
	case err != nil && age < patience: // a key that is changed, an account that is closed for a day: the number may be there all the same
		return again, err
	case err != nil:
		return a.fail(ctx, account.Env, id, err, again)
	case line.Pending && age < patience:
		return again, nil
	case line.Pending:
		return a.fail(ctx, account.Env, id, errors.New(c.provider+" has not handed it over in 30 days"), again)
	}
	if outbound, _ := doc["outbound_only"].(bool); !outbound {
		if line.Warnings, err = c.Point(ctx, c.account, phone); err != nil && passes(err) {
			return again, err
		} else if err != nil { // it is there, and paid for
			line.Warnings = []string{"its calls do not come here: " + err.Error()}
		}
	}
	if _, err = a.arrived(ctx, account.Env, doc, c, line); err != nil && !parley.IsNotFound(err) { // let go meanwhile
		return again, err
	}
	return 0, nil
}

// fail writes that a number will not come, unless the reason may pass: then it is looked at again.
func (a *API) fail(ctx context.Context, env, id string, why error, again time.Duration) (time.Duration, error) {
	var refused *parley.Error
	if errors.As(why, &refused) && (refused.Status >= 500 || refused.Status == 429) || errors.Is(why, context.Canceled) || errors.Is(why, context.DeadlineExceeded) {
		return again, why
	}
	_, err := a.Store.UpdateNumber(ctx, env, id, store.Doc{"active": false, "carrier_status": statusFailed, "warnings": []any{why.Error()}})
	if err != nil && !parley.IsNotFound(err) {
		return again, err
	}
	return 0, nil
}
