package action

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// addToConference calls somebody and has them join the call. Who that may be is the owner's to say.
type addToConference struct {
	info Info
	tool llm.Tool
	to   []target
	hold bool
	line Line
}

func newAddToConference(a parley.Action, s Site) (Action, error) {
	to, err := targets(a, s)
	if err != nil {
		return nil, err
	}
	var c struct {
		Hold *bool `json:"place_primary_on_hold"`
	}
	if err := config(a, &c); err != nil {
		return nil, err
	}
	whom, schema, err := choice(to, true)
	if err != nil {
		return nil, err
	}
	x := &addToConference{info: info(a), to: to, hold: c.Hold == nil || *c.Hold, line: s.Line, tool: llm.Tool{
		Name:    name(a),
		Schema:  schema,
		Phrases: phrases(append([]string{"conference", "three-way", "add", "join", "konferenz", "conferencia", "conférence", "conferenza", "conferência", "conferentie", "konferensi", "कॉन्फ्रेंस", "会議", "회의"}, colleagues...), a),
	}}
	what := "Calls " + whom + " and has them join this call. "
	if x.hold {
		what += "The caller is put on hold with music meanwhile, and you talk with whoever answers first, alone; set_hold then brings the caller in. Tell the caller in the same answer that you put them on hold to call somebody."
	} else {
		what += "The caller stays on the line, and everybody hears each other once they have answered. Tell the caller in the same answer whom you call."
	}
	x.tool.Description = describe(what, a)
	return x, nil
}

func (x *addToConference) Describe() Info { return x.info }
func (x *addToConference) Tool() llm.Tool { return x.tool }

// Manner lets a caller who is not put on hold talk with the agent while it rings.
func (x *addToConference) Manner() Manner {
	if x.hold {
		return busyWith
	}
	return Manner{Lasts: true, Waits: true, SilentBefore: true}
}

func (x *addToConference) Run(ctx context.Context, in Input) (Result, error) {
	if x.line == nil || len(x.to) == 0 {
		return Result{}, errors.New("nobody can be added to the call")
	}
	to, err := chosen(x.to, in)
	if err != nil {
		return Result{}, err
	}
	who, err := x.line.Invite(ctx, Invitation{To: to.to, Extension: to.extension, Hold: x.hold, ActionID: x.info.ID})
	switch {
	case err != nil && who.Held:
		return Result{}, fmt.Errorf("%s did not join: %w. The caller is still on hold", to.to, err)
	case err != nil:
		return Result{}, fmt.Errorf("%s did not join: %w. The caller is on the line with you and hears you", to.to, err)
	case who.Held:
		return Result{Data: to.to + " has answered and is on the line with you, alone: the caller is on hold, hears music and neither of you. Speak to " + to.to +
			" now: say who you are and what it is about. When they are ready, use set_hold to bring the caller in; then everybody hears each other. " +
			"Is it a voicemail, or do they not want to join, use set_hold with drop_others to be back with the caller alone."}, nil
	}
	return Result{Data: to.to + " has answered and is on the line. Everybody hears you and each other now: introduce them."}, nil
}
