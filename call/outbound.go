package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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
	c, err := s.Calls.Call(ctx, "", id)
	if err != nil {
		return fmt.Errorf("dialling call %s: %w", id, err)
	}
	if c.Status != parley.NotStarted {
		return nil // ended before its turn came
	}
	ctx, hangup := context.WithCancelCause(ctx)
	defer hangup(nil)
	line := s.open(c.ID, hangup)
	defer s.shut(line)
	f := &facts{callID: c.ID, log: s.Log}
	var agent parley.Agent
	if err := json.Unmarshal(c.Agent, &agent); err != nil {
		s.end(ctx, &c, f, parley.Outcome{Cause: parley.Configuration, Detail: "the agent kept with the call cannot be read: " + err.Error()})
		return nil
	}
	trunk, err := s.Directory.Trunk(ctx, c)
	if err != nil {
		s.end(ctx, &c, f, parley.Outcome{Cause: parley.Configuration, Detail: err.Error()})
		return nil
	}
	ready, err := s.Open(ctx, c.UserID, &agent)
	if err != nil {
		s.end(ctx, &c, f, parley.Outcome{Cause: parley.Configuration, Detail: err.Error()})
		return nil
	}
	warmed := warm(ready)
	defer ready.release(warmed)
	sc := write(&c, &agent, time.Now())
	c.Status, c.Telephony = parley.InProgress, "sip"
	if trunk != nil {
		c.TrunkID = trunk.ID
	}
	s.keep(ctx, c.ID, func(row *parley.Call) error {
		row.Status, row.Telephony, row.TrunkID = c.Status, c.Telephony, c.TrunkID
		return nil
	})
	f.warnAll("setup", sc.warnings, ready.Warnings)
	s.dial(ctx, line, &c, sc, ready, trunk, f)
	return nil
}

func (s *Switchboard) dial(ctx context.Context, line *line, c *parley.Call, sc script, ready Ready, trunk *parley.TrunkAccount, f *facts) {
	ring, headers := params(c.Params, f)
	var rang atomic.Bool
	l, err := s.Trunk.Dial(ctx, leg.Call{
		ID: c.ID, From: c.From, To: c.To, Headers: headers, Trunk: trunk, Limits: sc.limits, RingTimeout: ring,
		Progress: func(p leg.Progress) {
			if rang.CompareAndSwap(false, true) {
				f.add(parley.EventRinging, map[string]any{"sip_code": p.Code})
			}
		},
	})
	if err != nil {
		s.end(ctx, c, f, unanswered(ctx, c, err))
		return
	}
	s.end(ctx, c, f, s.talk(ctx, l, line, c, sc, ready, f))
}

// unanswered is how a call ends that nobody picked up.
func unanswered(ctx context.Context, c *parley.Call, err error) parley.Outcome {
	var no *leg.Rejected
	switch {
	case errors.Is(context.Cause(ctx), errEnded):
		return parley.Outcome{Cause: parley.Cancelled}
	case errors.As(err, &no):
		c.SIPCode = no.Code
		return parley.Outcome{Cause: no.Cause}
	case ctx.Err() != nil:
		return parley.Outcome{Cause: parley.Cancelled, Detail: "the server was stopped while the phone rang"}
	}
	return parley.Outcome{Cause: parley.Unreachable, Detail: err.Error()}
}

// params reads telephony_params: ring_timeout_seconds and X-* headers; others are a warning.
func params(given map[string]string, f *facts) (ring time.Duration, headers map[string]string) {
	ring = defaultRing
	for k, v := range given {
		switch {
		case k == "ring_timeout_seconds":
			n, err := strconv.ParseFloat(v, 64)
			if err != nil || n < 1 || n > 600 {
				f.warn("telephony_params", "ring_timeout_seconds: a number from 1 to 600 was expected; 40 was taken")
				continue
			}
			ring = time.Duration(n * float64(time.Second))
		case len(k) > 2 && strings.EqualFold(k[:2], "X-"):
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
