package action

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// warmTransfer gives the caller to somebody who has been told of the call and agrees. Meanwhile the caller waits.
type warmTransfer struct {
	info  Info
	tool  llm.Tool
	to    parley.Transfer
	steer func(context.Context, parley.Transfer) error
}

// mostBriefing is the longest text that somebody is told before they say whether they take a call, in bytes.
const mostBriefing = 4000

func newWarmTransfer(a parley.Action, s Site) (Action, error) {
	var c struct {
		PhoneNumber *string  `json:"phone_number"`
		Extension   *string  `json:"extension"`
		Briefing    *string  `json:"briefing"`
		HoldSound   *string  `json:"hold_sound"`
		Timeout     *float64 `json:"answer_timeout_seconds"`
		OnFailure   *string  `json:"on_failure"`
	}
	if err := config(a, &c); err != nil {
		return nil, err
	}
	w := &warmTransfer{info: info(a), steer: s.Steer}
	warm := &parley.Warm{Briefing: strings.TrimSpace(s.fill("config.briefing", text(c.Briefing))), HoldSound: text(c.HoldSound), HangUp: text(c.OnFailure) == "hangup"}
	if len(warm.Briefing) > mostBriefing {
		warm.Briefing = strings.ToValidUTF8(warm.Briefing[:mostBriefing], "")
	}
	if err := CheckWarm("config.", warm.HoldSound, text(c.OnFailure), c.Timeout); err != nil {
		return nil, err
	}
	if c.Timeout != nil {
		warm.Answer = time.Duration(*c.Timeout * float64(time.Second))
	}
	t, err := warmTarget(text(c.PhoneNumber), text(c.Extension), s)
	if err != nil {
		return nil, err
	}
	w.to = parley.Transfer{To: t.to, Extension: t.extension, ActionID: w.info.ID, Warm: warm}
	w.tool = llm.Tool{
		Name:   name(a),
		Schema: json.RawMessage(`{"type":"object","properties":{}}`),
		Description: describe("Asks "+t.String()+" to take the call over: the caller waits while they are told of the call, and is connected if they agree. "+
			"Tell the caller in the same answer, then use this.", a),
		Phrases: phrases(colleagues, a),
	}
	return w, nil
}

// warmTarget is who is to take the call over. On no call yet it may be a text with variables, or nobody.
func warmTarget(given, ext string, s Site) (target, error) {
	const field = "config.phone_number"
	keys, err := extension(ext, s)
	if err != nil {
		return target{}, err
	}
	to := strings.TrimSpace(s.fill(field, given))
	if to == "" {
		return target{}, parley.Invalid(field, field+": who is to take the call over is missing")
	}
	return s.target(field, to, keys)
}

// CheckWarm checks how a warm transfer is configured; at stands before the fields' names.
func CheckWarm(at, holdSound, onFailure string, seconds *float64) error {
	field := func(name, what string) error { return parley.Invalid(at+name, at+name+" "+what) }
	switch {
	case !slices.Contains([]string{"", parley.HoldMusic, parley.HoldRinging}, holdSound):
		return field("hold_sound", "must be "+parley.HoldMusic+" or "+parley.HoldRinging)
	case !slices.Contains([]string{"", "resume", "hangup"}, onFailure):
		return field("on_failure", "must be resume or hangup")
	case seconds != nil && !(*seconds >= 1 && *seconds <= 600):
		return field("answer_timeout_seconds", "must be a number from 1 to 600")
	}
	return nil
}

func (w *warmTransfer) Describe() Info { return w.info }
func (w *warmTransfer) Tool() llm.Tool { return w.tool }

func (w *warmTransfer) first() *parley.Transfer {
	t := w.to
	return &t
}

func (w *warmTransfer) Run(ctx context.Context, _ Input) (Result, error) {
	if w.steer != nil {
		if err := w.steer(ctx, w.to); err != nil {
			return Result{}, err
		}
	}
	r := transferred(w.to)
	r.Data = w.to.To + " is being asked to take the call over; the caller waits."
	return r, nil
}
