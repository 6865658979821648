package call

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	rooms "github.com/parley-voice/parley/leg/room"
)

// briefedWithin is how long somebody who is to take a caller over may take to say so, from their answer.
const briefedWithin = 2 * time.Minute

// errGone is why a transfer failed whose other end hung up before the caller was put through.
var errGone = errors.New("they hung up before the caller was connected")

// warmTransfer has somebody take a caller over who was told of the call and has agreed to: the caller hears the hold sound meanwhile, then
// both are told that they are connected, and the agent leaves. An error says why it failed; errLeft: and nobody waits any more.
func (s *Switchboard) warmTransfer(ctx context.Context, l leg.Leg, line *line, setup conversation.Setup, t parley.Transfer) error {
	s.transferring(ctx, line, t)
	defer s.steering.giveBack(line.id)
	from, err := s.steered(ctx, line, t)
	if err != nil {
		return s.untransferred(line, t, err)
	}
	if err := l.Clear(); err != nil {
		s.Logger.Debug("clear", "call", line.id, "error", err)
	}
	var b leg.Leg
	err = meanwhile(ctx, l, true, func(ctx context.Context) error {
		return waiting(ctx, l, t.Warm.HoldSound, func(ctx context.Context) (err error) {
			b, err = s.agreed(ctx, line, setup, t, from)
			return err
		})
	})
	if err == nil {
		err = s.connect(ctx, line, l, b, setup, t)
	} else if b != nil {
		_ = b.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
	}
	if err != nil {
		return s.untransferred(line, t, err)
	}
	return nil
}

// agreed dials somebody, tells them of the call and has them say whether they take it. The leg they agreed on is returned; any other has
// been hung up.
func (s *Switchboard) agreed(ctx context.Context, line *line, setup conversation.Setup, t parley.Transfer, from string) (leg.Leg, error) {
	told := make(chan string, 1)
	summing, enough := context.WithCancel(ctx)
	defer func() {
		enough()
		for range told {
		}
	}()
	go func() {
		defer close(told)
		text := t.Warm.Briefing
		if text == "" {
			text = conversation.Summary(summing, &setup)
		}
		told <- text
	}()
	b, err := s.reach(ctx, line, onto{to: t.To, extension: t.Extension, from: from, ring: t.Warm.Answer})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	defer func() { line.other += time.Since(began) }()
	out := s.brief(ctx, b, line, conversation.Brief(setup, <-told), setup.History)
	err = unwilling(out)
	result := verdict(out)
	if ctx.Err() != nil {
		result = "given_up"
	}
	line.facts.add(parley.EventBriefed, map[string]string{"to": t.To, "result": result, "reason": out.Detail})
	if err != nil {
		_ = b.Hangup(context.WithoutCancel(ctx), parley.AgentEnded)
		return nil, err
	}
	return b, nil
}

// brief talks with whoever is to take the call over. What that costs is the call's; what they say is not.
func (s *Switchboard) brief(ctx context.Context, b leg.Leg, line *line, setup conversation.Setup, of *conversation.History) parley.Outcome {
	ctx, cancel := context.WithTimeout(ctx, briefedWithin)
	defer cancel()
	setup.Log = aside{ctx, line.facts}
	out, err := conversation.Run(ctx, b, setup)
	of.Usage.Add(setup.History.Usage)
	if err != nil && out.Detail == "" && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		out.Detail = err.Error()
	}
	return out
}

// A refusal is why somebody who was told of a call did not take it.
type refusal struct{ what, words string }

// Error has their own words, which the agent's model reads and the events of a call do not.
func (r *refusal) Error() string {
	if r.words == "" {
		return r.what
	}
	return r.what + ": " + r.words
}

// unwilling is why somebody who was told of a call did not take it; nil: they do.
func unwilling(out parley.Outcome) error {
	what := "nobody who could take the call was there (" + string(out.Cause) + ")"
	switch out.Cause {
	case parley.Transferred:
		return nil
	case parley.Declined:
		what = "they do not take the call"
	case parley.Voicemail:
		what = "a voicemail answered"
	case parley.CallerHungUp:
		return errGone
	case parley.Idle, parley.Cancelled:
		what = "they did not say whether they take the call"
	}
	return &refusal{what, out.Detail}
}

// verdict is what came of a briefing, in the event of it.
func verdict(out parley.Outcome) string {
	switch out.Cause {
	case parley.Transferred:
		return "accepted"
	case parley.CallerHungUp:
		return "hung_up"
	case parley.Idle, parley.Cancelled:
		return "undecided"
	}
	return string(out.Cause)
}

// An aside is the log of a conversation that is not the call's: what went wrong in it is told, but for what did because it was given up;
// what was said is not.
type aside struct {
	given context.Context
	facts *facts
}

func (a aside) Append(e parley.Event) {
	if a.given.Err() == nil && (e.Type == parley.EventWarning || e.Type == parley.EventError) {
		a.facts.Append(e)
	}
}

// connect tells the caller on l and whoever is on b that they are connected, and leaves them until one of them hangs up.
func (s *Switchboard) connect(ctx context.Context, line *line, l, b leg.Leg, setup conversation.Setup, t parley.Transfer) error {
	began := time.Now()
	defer func() { line.other += time.Since(began) }()
	r := rooms.New(l)
	they := r.Join(ctx, b)
	out, _ := conversation.Run(ctx, r.Agent(), conversation.Only(setup, conversation.Connected(setup.Turns.Language)))
	var err error
	select {
	case <-they.Done():
		err = errGone
	default:
		err = unconnected(out)
	}
	if err == nil {
		s.taken(ctx, line, t.To, "warm")
		r.Drop(ctx)
		return nil
	}
	if b := they.Take(); b != nil {
		_ = b.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
	}
	if r.First().Take() == nil {
		return errLeft
	}
	return err
}

// unconnected is why two were not told that they are connected; nil: they were.
func unconnected(out parley.Outcome) error {
	switch out.Cause {
	case parley.Transferred:
		return nil
	case parley.CallerHungUp:
		return errLeft
	}
	return fmt.Errorf("the caller could not be connected (%s)", out.Cause)
}

// dismiss ends the call of a caller whom nobody took over, where that is what the transfer says.
func (s *Switchboard) dismiss(ctx context.Context, l leg.Leg, line *line, setup conversation.Setup) parley.Outcome {
	line.call.StageOutcome = "transfer_unanswered"
	out, _ := conversation.Run(ctx, l, conversation.Only(setup, conversation.Unavailable(setup.Turns.Language)))
	if out.Cause == parley.Transferred {
		out = parley.Outcome{Cause: parley.AgentEnded}
	}
	return out
}

// waiting does something while the caller on l hears a hold sound. Somebody else reads the leg.
func waiting(ctx context.Context, l leg.Leg, sound string, do func(context.Context) error) error {
	playing, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { playHold(playing, l, sound) })
	err := do(ctx)
	stop()
	wg.Wait()
	return err
}

// extend presses an extension on a leg that has just been answered. One that does not begin with a pause gets one.
func extend(ctx context.Context, b leg.Leg, keys string) error {
	if strings.Trim(keys[:1], ",wW") != "" {
		keys = "W" + keys
	}
	err := meanwhile(ctx, b, true, func(ctx context.Context) error { return conversation.PressKeys(ctx, b, keys) })
	if errors.Is(err, errLeft) {
		return errGone
	}
	return err
}
