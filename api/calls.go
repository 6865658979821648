package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
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
	if err = a.audited(r, c, End, nil, func() error { return a.hangUp(ctx, c.ID) }); err != nil {
		return nil, err
	}
	if c, err = a.Store.Call(ctx, r.env, r.id); err != nil {
		return nil, err
	}
	return r.call(c)
}

// hangUp ends a call that runs here, or that nobody has dialled yet.
func (a *API) hangUp(ctx context.Context, id string) error {
	var err error = parley.NotFound("running call")
	if a.Live != nil {
		err = a.Live.End(ctx, id)
	}
	if !parley.IsNotFound(err) {
		return err
	}
	err = a.cancel(ctx, id)
	var elsewhere *parley.Error
	if a.Live != nil && (err == nil || errors.As(err, &elsewhere) && elsewhere.Code == notHere) {
		if late := a.Live.End(ctx, id); !parley.IsNotFound(late) { // its dialling had just begun
			err = late
		}
	}
	return err
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
	for _, name := range []string{c.ID + journal.Ending, c.ID + audio.PeaksEnding, c.Recording} {
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

// plainly acts on a running call where the act says all.
func (a *API) plainly(act string) func(*request) (any, error) {
	return func(r *request) (any, error) { return a.control(r, Command{Act: act}) }
}

func (a *API) muteCall(r *request) (any, error) {
	on, _ := r.body["on"].(bool)
	return a.control(r, Command{Act: Mute, On: on})
}

// whisper tells the agent of a running call something that the caller does not hear.
func (a *API) whisper(r *request) (any, error) {
	said, _ := r.body["text"].(string)
	now, _ := r.body["act"].(bool)
	return a.control(r, Command{Act: Whisper, Text: said, On: now})
}

// takeOver has somebody called who takes a running call over from its agent.
func (a *API) takeOver(r *request) (any, error) {
	t, err := transferOf(r.body)
	if err != nil {
		return nil, err
	}
	announce, _ := r.body["announce"].(string)
	return a.control(r, Command{Act: TakeOver, Text: announce, Transfer: &t})
}

// details are what an audit tells of a command besides its act. Keys that are pressed may be a secret.
func (c Command) details() map[string]string {
	d := map[string]string{}
	put := func(name, what string) {
		if what != "" {
			d[name] = what
		}
	}
	switch c.Act {
	case Press:
		put("digits", strconv.Itoa(len(c.Text)))
	case TakeOver:
		put("announce", c.Text)
	case Mute:
		put("on", strconv.FormatBool(c.On))
	case Whisper:
		put("act", strconv.FormatBool(c.On))
		put("text", c.Text)
	case Transfer:
		put("to", c.Text)
	default:
		put("text", c.Text)
	}
	if t := c.Transfer; t != nil {
		put("to", t.To)
		if t.Warm != nil {
			put("mode", "warm")
		}
	}
	return d
}

// control hands a running call a command.
func (a *API) control(r *request, cmd Command) (any, error) {
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	err = a.audited(r, c, cmd.Act, cmd.details(), func() error {
		var err error = parley.NotFound("running call")
		if a.Live != nil && !over(c) {
			err = a.Live.Control(r.Context(), c.ID, cmd)
		}
		if parley.IsNotFound(err) {
			err = &parley.Error{Status: 409, Code: "not_running", Message: "the call is not running: its status is " + string(c.Status)}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.call(c)
}
