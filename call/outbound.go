package call

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// defaultRing is how long a phone rings when telephony_params says nothing (SPEC §3).
const defaultRing = 40 * time.Second

// Dial places the call that was created under the id, and returns when it is over. The caller has written down that it is
// being attempted: it must not be called twice for one id. An error means that nothing was dialled.
func (s *Switchboard) Dial(ctx context.Context, id string) error {
	release, err := s.take()
	if err != nil {
		return err
	}
	defer release()
	c, err := s.Calls.Call(ctx, "", id)
	if err != nil {
		return fmt.Errorf("dialling call %s: %w", id, err)
	}
	if c.Status != parley.NotStarted {
		return nil // ended before its turn came
	}
	server := ctx.Err
	ctx, hangup := context.WithCancelCause(ctx)
	defer hangup(nil)
	line := s.open(&c, hangup, server)
	defer s.shut(line)
	if may, err := s.mayCall(ctx, &c); err != nil {
		if ctx.Err() != nil {
			return s.undialled(ctx, line, err)
		}
		return err
	} else if !may {
		s.end(ctx, line, parley.Outcome{Cause: parley.Cancelled, Detail: listed})
		return nil
	}
	var agent parley.Agent
	if err := json.Unmarshal(c.Agent, &agent); err != nil {
		return s.undialled(ctx, line, fmt.Errorf("the agent kept with the call cannot be read: %w", err))
	}
	trunk, err := s.door(ctx, c)
	if err != nil {
		return s.undialled(ctx, line, err)
	}
	line.script = write(&c, &agent, s.site(line), time.Now())
	line.facts.hold()
	closed, err := s.pipeline(ctx, line, &agent)
	defer closed()
	if err != nil {
		return s.undialled(ctx, line, err)
	}
	c.Status, c.Telephony = parley.InProgress, "sip"
	if trunk != nil {
		c.TrunkID, c.Telephony = trunk.ID, cmp.Or(trunk.Carrier, "sip")
	}
	there := true
	s.keep(ctx, c.ID, func(row *parley.Call) error {
		if there = row.Status == parley.NotStarted; there {
			row.Status, row.Telephony, row.TrunkID = c.Status, c.Telephony, c.TrunkID
		}
		return nil
	})
	if !there {
		return nil // ended in this moment, and that has been told
	}
	line.facts.release()
	line.facts.warnAll("setup", line.script.warnings, line.ready.Warnings)
	s.dial(ctx, line, trunk)
	return nil
}

// undialled ends a call that could not get as far as being dialled. A stop of the server leaves it to the next start: the error says so.
func (s *Switchboard) undialled(ctx context.Context, line *line, err error) error {
	out := parley.Outcome{Cause: parley.Configuration, Detail: err.Error()}
	switch {
	case errors.Is(context.Cause(ctx), errEnded):
		out = parley.Outcome{Cause: parley.Cancelled}
	case ctx.Err() != nil:
		return fmt.Errorf("dialling call %s: %w", line.call.ID, err)
	}
	s.end(ctx, line, out)
	return nil
}

const listed = "the number was put on the do-not-call list before it was dialled; it was not dialled"

// mayCall asks at the last moment: the number may have been listed while the call waited. An error leaves that open.
func (s *Switchboard) mayCall(ctx context.Context, c *parley.Call) (bool, error) {
	if s.MayCall == nil {
		return true, nil
	}
	err := s.MayCall(ctx, c.UserID, c.To)
	var no *parley.Error
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &no) && no.Status == 403:
		return false, nil
	}
	return false, fmt.Errorf("dialling call %s: reading the do-not-call list: %w", c.ID, err)
}

func (s *Switchboard) dial(ctx context.Context, line *line, trunk *parley.TrunkAccount) {
	c, f := line.call, line.facts
	ring, headers := params(c.Params, f)
	var rang atomic.Bool
	dialled := time.Now().UTC()
	l, err := s.Trunk.Dial(ctx, leg.Call{
		ID: c.ID, From: c.From, To: c.To, Headers: headers, Trunk: trunk, Limits: line.script.limits, RingTimeout: ring,
		Detect: trunk != nil && trunk.Media.Detect && line.script.setup.Callee != nil,
		Progress: func(p leg.Progress) {
			if rang.CompareAndSwap(false, true) {
				f.add(parley.EventRinging, map[string]any{"sip_code": p.Code, "dialled_at": dialled})
			}
		},
	})
	if err != nil {
		s.end(ctx, line, unanswered(ctx, c, err))
		return
	}
	s.end(ctx, line, s.talk(ctx, l, line))
}

// unanswered is how a call ends that nobody picked up.
func unanswered(ctx context.Context, c *parley.Call, err error) parley.Outcome {
	var no *leg.Rejected
	switch {
	case errors.Is(context.Cause(ctx), errEnded):
		return parley.Outcome{Cause: parley.Cancelled}
	case errors.As(err, &no):
		c.SIPCode = no.Code
		return parley.Outcome{Cause: no.Cause, Detail: no.Detail}
	case ctx.Err() != nil:
		return parley.Outcome{Cause: parley.Cancelled, Detail: "the server was stopped while the phone rang"}
	}
	return parley.Outcome{Cause: parley.Unreachable, Detail: err.Error()}
}

// goesOut reports whether a telephony parameter is a header of the INVITE.
func goesOut(k string) bool {
	return len(k) > 2 && strings.EqualFold(k[:2], "X-") || strings.EqualFold(k, "Diversion") ||
		strings.EqualFold(k, "P-Asserted-Identity") || strings.EqualFold(k, "User-To-User")
}

// params reads telephony_params: ring_timeout_seconds and headers; others are a warning.
func params(given map[string]string, f *facts) (ring time.Duration, headers map[string]string) {
	ring = defaultRing
	for k, v := range given {
		switch {
		case k == parley.RingParam:
			d, ok := parley.RingTime(v)
			if !ok {
				f.warn("telephony_params", parley.RingParam+": a number from 1 to 600 was expected; 40 was taken")
				continue
			}
			ring = d
		case goesOut(k):
			if headers == nil {
				headers = map[string]string{}
			}
			headers[k] = v
		default:
			f.warn("telephony_params", k+": not known; it was left out")
		}
	}
	return ring, headers
}
