package api

import (
	"context"
	"time"

	"github.com/parley-voice/parley"
)

func (a *API) getCall(r *request) (any, error) {
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	return showCall(c, true)
}

func (a *API) listCalls(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.Calls(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, func(c parley.Call) (any, error) { return showCall(c, false) })
}

// endCall hangs up. A call that still waits to be dialled is cancelled; one that is over stays as it is.
func (a *API) endCall(r *request) (any, error) {
	ctx := r.Context()
	c, err := a.Store.Call(ctx, r.env, r.id)
	if err != nil {
		return nil, err
	}
	if over(c) {
		return showCall(c, true)
	}
	err = parley.NotFound("running call")
	if a.Live != nil {
		err = a.Live.End(ctx, c.ID)
	}
	if parley.IsNotFound(err) {
		if err = a.cancel(ctx, c.ID); err == nil && a.Live != nil {
			if late := a.Live.End(ctx, c.ID); !parley.IsNotFound(late) { // its dialling had just begun
				err = late
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if c, err = a.Store.Call(ctx, r.env, r.id); err != nil {
		return nil, err
	}
	return showCall(c, true)
}

// cancel ends a call that nobody has dialled yet.
func (a *API) cancel(ctx context.Context, id string) error {
	var cancelled bool
	err := a.Store.UpdateCall(ctx, id, func(c *parley.Call) error {
		cancelled = c.Status == parley.NotStarted
		if cancelled {
			c.Status, c.Cause, c.End = parley.Ended, parley.Cancelled, time.Now().UTC()
		} else if !over(*c) {
			return &parley.Error{Status: 409, Code: "not_running_here", Message: "the call runs, but not in this process: try again"}
		}
		return nil
	})
	if err != nil || !cancelled {
		return err
	}
	a.Log.Append(parley.NewEvent(id, parley.EventDidNotConnect, map[string]any{
		"telephony_status": string(parley.Cancelled), "sip_code": 0, "ended_reason": string(parley.Cancelled),
	}))
	return a.Log.Flush(ctx)
}

// deleteCall erases a call. The sound goes first: a row without sound can be asked again, sound without a row is lost sight of.
func (a *API) deleteCall(r *request) (any, error) {
	ctx := r.Context()
	c, err := a.Store.Call(ctx, r.env, r.id)
	if err != nil {
		return nil, err
	}
	if !over(c) {
		return nil, &parley.Error{Status: 409, Code: "running", Message: "the call is not over: end it first, with POST /v1/calls/end"}
	}
	if c.Recording != "" {
		if err := a.Blobs.Delete(c.Recording); err != nil {
			return nil, err
		}
	}
	if c, err = a.Store.DeleteCall(ctx, r.env, r.id); err != nil {
		return nil, err
	}
	c.Recording = ""
	return showCall(c, true)
}

func over(c parley.Call) bool { return c.Status == parley.Ended || c.Status == parley.Failed }

// command acts on a running call with the text in one field of the body.
func (a *API) command(act, field string) func(*request) (any, error) {
	return func(r *request) (any, error) {
		c, err := a.Store.Call(r.Context(), r.env, r.id)
		if err != nil {
			return nil, err
		}
		said, _ := r.body[field].(string)
		err = parley.NotFound("running call")
		if a.Live != nil && !over(c) {
			err = a.Live.Control(r.Context(), c.ID, Command{Act: act, Text: said})
		}
		if parley.IsNotFound(err) {
			err = &parley.Error{Status: 409, Code: "not_running", Message: "the call is not running: its status is " + string(c.Status)}
		}
		if err != nil {
			return nil, err
		}
		return showCall(c, true)
	}
}
