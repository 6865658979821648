package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/replay"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
)

// decisions answers with what was decided on a call about whose turn it is and who answered, and with what other dials would have decided.
func (a *API) decisions(r *request) (any, error) {
	ctx := r.Context()
	c, err := a.Store.Call(ctx, r.env, r.id)
	if err != nil {
		return nil, err
	}
	out := struct {
		CallID     string             `json:"call_id"`
		Replayable bool               `json:"replayable"`
		Reason     *string            `json:"reason"` // why it is not
		Decisions  []journal.Decision `json:"decisions"`
		Changes    []journal.Change   `json:"changes"`
		Differs    []replay.Stretch   `json:"differs"`
	}{CallID: c.ID}
	if out.Decisions, err = replay.Decisions(ctx, a.Log, c.ID); err != nil {
		return nil, err
	}
	var no *replay.ImpossibleError
	switch err := replay.Possible(a.Blobs, &c); {
	case errors.As(err, &no):
		out.Reason = &no.Why
	case err != nil:
		return nil, err
	default:
		out.Replayable = true
	}
	if r.q("set") == "" {
		return out, nil
	}
	set := strings.Split(r.q("set"), ",")
	if err := new(turn.Options).Set(set...); err != nil {
		return nil, parley.Invalid("set", "set: "+err.Error())
	}
	if no != nil {
		return nil, refused(http.StatusConflict, "not_replayable", no.Error())
	}
	select { // as much work as an MP3
	case a.encoding <- struct{}{}:
		defer func() { <-a.encoding }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	would, err := replay.WouldBe(a.Blobs, &c, set)
	if err != nil {
		return nil, err
	}
	out.Changes, out.Differs = would.Changes, would.Differs
	if out.Changes == nil {
		out.Changes = []journal.Change{}
	}
	return out, nil
}
