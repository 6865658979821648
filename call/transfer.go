package call

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/llm"
)

// referWait is how long the far end may take to move a call: it rings somebody meanwhile.
const referWait = 60 * time.Second

// errLeft is why a transfer was given up: the caller has hung up.
var errLeft = errors.New("the caller hung up")

// handOver has somebody else take over a caller whom an agent talked to: the far end moves the call, or else, and when refer is
// false, it is bridged here. An error says why it failed; errLeft: and nobody waits any more.
func (s *Switchboard) handOver(ctx context.Context, l leg.Leg, line *line, t parley.Transfer, refer bool) error {
	s.transferring(ctx, line, t)
	if err := s.forbidden(ctx, line.call, t.To); err != nil {
		return s.untransferred(line, t, err)
	}
	if err := l.Clear(); err != nil {
		s.Logger.Debug("clear", "call", line.id, "error", err)
	}
	if refer && t.Extension == "" { // no far end presses one
		err := meanwhile(ctx, l, false, func(ctx context.Context) error {
			ctx, done := context.WithTimeout(ctx, referWait)
			defer done()
			return waiting(ctx, l, parley.HoldRinging, func(ctx context.Context) error { return l.Refer(ctx, t.To) })
		})
		if err == nil {
			s.taken(ctx, line, t.To, "refer")
			return nil
		}
		if errors.Is(err, errLeft) {
			return s.untransferred(line, t, err)
		}
	}
	var b leg.Leg
	err := meanwhile(ctx, l, true, func(ctx context.Context) error {
		return waiting(ctx, l, parley.HoldRinging, func(ctx context.Context) (err error) {
			b, err = s.reach(ctx, line, onto{to: t.To, extension: t.Extension})
			return err
		})
	})
	if err != nil {
		if b != nil {
			_ = b.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
		}
		return s.untransferred(line, t, err)
	}
	s.join(ctx, line, l, b, t.To)
	return nil
}

func (s *Switchboard) untransferred(line *line, t parley.Transfer, err error) error {
	line.facts.add(parley.EventTransferFailed, map[string]string{"to": t.To, "reason": reason(err)})
	return err
}

// meanwhile does something while it reads the leg, which nobody else does. Should the leg end, it is errLeft, and with urgent what is
// being done is given up; else its success counts all the same, for a far end that moves a call may hang up on us.
func meanwhile(ctx context.Context, l leg.Leg, urgent bool, do func(context.Context) error) error {
	reading, stop := context.WithCancel(ctx)
	doing, giveUp := context.WithCancel(ctx)
	defer giveUp()
	gone := make(chan bool, 1)
	go func() {
		drain(reading, l)
		left := reading.Err() == nil
		if left && urgent {
			giveUp()
		}
		gone <- left
	}()
	err := do(doing)
	stop()
	if left := <-gone; left && (urgent || err != nil) {
		return errLeft
	}
	return err
}

// drain reads a leg that nobody listens to, until it has ended or ctx is done. It is moved nowhere meanwhile.
func drain(ctx context.Context, l leg.Leg) {
	for {
		e, err := l.Read(ctx)
		if err != nil {
			return
		}
		if e.Kind == leg.Referred {
			e.Referral.Report(603)
		}
	}
}

// inWords is reason with the words of whoever did not take the call.
func inWords(err error) string {
	if refused := new(refusal); errors.As(err, &refused) {
		return refused.Error()
	}
	return reason(err)
}

// backTo is what the agent's model reads when a transfer has failed.
func backTo(t parley.Transfer, err error) llm.Message {
	return llm.Message{Role: llm.System, Text: fmt.Sprintf("The transfer to %s failed: %s. The caller is on the line with you again and has been told.", t.To, inWords(err))}
}
