package main

import (
	"context"
	"slices"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/after"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/llm"
)

// clerk makes who does what is to be done after calls.
func (h *house) clerk(v *vendors) *after.Clerk {
	c := after.Config{Store: h.db, Log: h.db.Log(), Net: h.fetch, Carriers: h.carriers(), Open: v.OpenMind, Logger: h.log,
		RecordingURL: func(callID string, until time.Time) string { return h.api.RecordingURL(callID, "mp3", until) }}
	if p := h.switchboard.Prices; p != nil {
		c.Cost = p.Thought
	}
	return after.New(c)
}

// Nobody waits on the telephone for what a model makes of a call that is over.
const (
	unhurriedOutput = 90 * time.Second
	unhurriedStall  = 30 * time.Second
)

// OpenMind makes the model of an agent alone, for a call that is over: nobody is waiting, and it is asked without hurry.
func (v *vendors) OpenMind(ctx context.Context, env string, a *parley.Agent) (after.Mind, error) {
	var r call.Ready
	vs, err := v.minds(ctx, env, a, &r)
	if err != nil {
		return after.Mind{}, err
	}
	vs = slices.DeleteFunc(vs, func(x llm.Vendor) bool {
		rules, ok := x.Model.(interface{ ByRules(context.Context) bool })
		return x.Missing != nil || ok && rules.ByRules(ctx) || !ok && x.Name == "local" // one that only stands behind others does not say
	})
	if len(vs) == 0 {
		return after.Mind{}, nil
	}
	for i := range vs {
		vs[i].FirstOutput, vs[i].Stall = unhurriedOutput, unhurriedStall
	}
	return after.Mind{Model: llm.Fallback(vs...), Vendor: r.Vendors.Thinking, Name: r.Vendors.Model}, nil
}
