package api

import (
	"context"
	"errors"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/turn/journal"
)

func (a *API) getCall(r *request) (any, error) {
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	return r.call(c)
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
	return listing(p, l, func(c parley.Call) (any, error) { return showCall(c, r.at, false) })
}

// endCall hangs up. A call that still waits to be dialled is cancelled; one that is over stays as it is.
func (a *API) endCall(r *request) (any, error) {
	ctx := r.Context()
	c, err := a.Store.Call(ctx, r.env, r.id)
	if err != nil {
		return nil, err
	}
	if over(c) {
		return r.call(c)
	}
	err = parley.NotFound("running call")
	if a.Live != nil {
		err = a.Live.End(ctx, c.ID)
	}
	if parley.IsNotFound(err) {
		err = a.cancel(ctx, c.ID)
		var elsewhere *parley.Error
		if a.Live != nil && (err == nil || errors.As(err, &elsewhere) && elsewhere.Code == notHere) {
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
	return r.call(c)
}

const notHere = "not_running_here"

// cancel ends a call that nobody has dialled yet.
func (a *API) cancel(ctx context.Context, id string) error {
	var cancelled bool
	err := a.Store.UpdateCall(ctx, id, func(c *parley.Call) error {
		cancelled = c.Status == parley.NotStarted
		if cancelled {
			c.Status, c.Cause, c.End, c.Queued = parley.Ended, parley.Cancelled, time.Now().UTC(), false
		} else if !over(*c) {
			return &parley.Error{Status: 409, Code: notHere, Message: "the call runs, but not in this process: try again"}
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
	for _, name := range []string{c.ID + journal.Ending, c.Recording} {
		if name == "" {
			continue
		}
		if err := a.Blobs.Delete(name); err != nil {
			return nil, err
		}
	}
	if c, err = a.Store.DeleteCall(ctx, r.env, r.id); err != nil {
		return nil, err
	}
	c.Recording = ""
	return r.call(c)
}

func over(c parley.Call) bool { return c.Status == parley.Ended || c.Status == parley.Failed }

// call is a call whole, its times as the request wants them.
func (r *request) call(c parley.Call) (any, error) { return showCall(c, r.at, true) }

// command acts on a running call with the text in one field of the body.
func (a *API) command(act, field string) func(*request) (any, error) {
	return func(r *request) (any, error) {
		said, _ := r.body[field].(string)
		return a.control(r, Command{Act: act, Text: said})
	}
}

func (a *API) muteCall(r *request) (any, error) {
	on, _ := r.body["on"].(bool)
	return a.control(r, Command{Act: Mute, On: on})
}

func (a *API) transferCall(r *request) (any, error) {
	s, _ := r.body["phone_number"].(string)
	to, err := number.Parse("phone_number", s)
	if err != nil {
		return nil, parley.Invalid("phone_number", "phone_number "+wantedNumber+", a sip: address, or an extension")
	}
	return a.control(r, Command{Act: Transfer, Text: to.Text})
}

// control hands a running call a command.
func (a *API) control(r *request, cmd Command) (any, error) {
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	err = parley.NotFound("running call")
	if a.Live != nil && !over(c) {
		err = a.Live.Control(r.Context(), c.ID, cmd)
	}
	if parley.IsNotFound(err) {
		err = &parley.Error{Status: 409, Code: "not_running", Message: "the call is not running: its status is " + string(c.Status)}
	}
	if err != nil {
		return nil, err
	}
	return r.call(c)
}
