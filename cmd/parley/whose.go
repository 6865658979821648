package main

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
)

// Whose is the account, of those that a caller may come in by, that a call for to belongs to: the customers of one carrier all have their calls
// from the same addresses. It is of the environment that linked the number first, and there the one that the number is linked with; "": none
// of them has it.
func (d *directory) Whose(ctx context.Context, to string, accounts []string) string {
	trunks, err := d.trunks(ctx)
	if err != nil {
		return ""
	}
	var mine []parley.TrunkAccount
	for _, id := range accounts {
		if i := slices.IndexFunc(trunks, func(t parley.TrunkAccount) bool { return t.ID == id }); i >= 0 {
			mine = append(mine, trunks[i])
		}
	}
	if n, err := d.db.LookupNumber(ctx, "", to); err == nil {
		if id := d.linked(ctx, n, mine); id != "" {
			return id
		}
	}
	for _, t := range mine {
		for _, s := range []string{to, number.Read(to, t.Policy.Form.Numbers, t.Policy.Form.Home)} {
			if n, err := d.db.LookupNumber(ctx, t.UserID, s); err == nil {
				return d.linked(ctx, n, mine)
			}
		}
		if uuid.Validate(to) == nil {
			if _, err := d.db.InternalAgent(ctx, t.UserID, to); err == nil {
				return t.ID
			}
		}
	}
	return ""
}

// linked is the account that a number is linked with, else any of its environment's; "": its environment has none of them.
func (d *directory) linked(ctx context.Context, n parley.Number, accounts []parley.TrunkAccount) (id string) {
	var with any
	if doc, err := d.db.Number(ctx, n.UserID, n.ID); err == nil {
		with = doc["telephony_account_connection"]
	}
	for _, t := range accounts {
		if t.UserID == n.UserID && (id == "" || t.ID == with) {
			id = t.ID
		}
	}
	return id
}
