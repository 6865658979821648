package api

import (
	"context"
	"net/http"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// auditStore keeps who acted on which running call, and who tested connections.
type auditStore interface {
	Audit(ctx context.Context, e store.AuditEntry) (id string, err error)
	Audited(ctx context.Context, id string, status int, code string) error
	AuditEntries(ctx context.Context, env string, p store.Page) (store.List[store.AuditEntry], error)
}

// audited does something to a running call, or where c has no ID to no call, once it is on the disk who wants what, and writes down what came of it. What cannot be written down is not
// done. Words in details are left out of a private call, and while nothing of the call is to be written down.
func (a *API) audited(r *request, c parley.Call, act string, details map[string]string, do func() error) error {
	key := r.key.Prefix
	if key == "" {
		key = r.q("by") // a signed address says whose it is
	}
	if c.Private || a.Live != nil && a.Live.Discreet(c.ID) {
		for _, words := range []string{"text", "announce"} {
			delete(details, words)
		}
	}
	id, err := a.Store.Audit(r.Context(), store.AuditEntry{EnvironmentID: c.UserID, CallID: c.ID, Key: key, Act: act, Details: details})
	if err != nil {
		return err
	}
	err = do()
	status, code := http.StatusOK, ""
	if err != nil {
		no := refusal(err, r.rid)
		status, code = no.StatusCode, no.Code
	}
	if werr := a.Store.Audited(context.WithoutCancel(r.Context()), id, status, code); werr != nil {
		a.Logger.Error("what came of an act was not written down", "call", c.ID, "act", act, "status", status, "error", werr)
	}
	return err
}

func (a *API) listAudit(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.AuditEntries(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, func(e store.AuditEntry) (any, error) {
		var status any
		if e.Status != 0 {
			status = e.Status
		}
		return map[string]any{"id": e.ID, "user_id": e.EnvironmentID, "call_id": orNull(e.CallID), "key": e.Key, "act": e.Act, "details": orEmpty(e.Details),
			"status": status, "code": orNull(e.Code), "created_at": when(e.At)}, nil
	})
}
