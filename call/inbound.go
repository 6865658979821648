package call

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// Answer takes a call that comes in, and returns when it is over. Nothing is asked of any vendor before it is known that
// somebody here is meant.
func (s *Switchboard) Answer(ctx context.Context, o leg.Offer) {
	r := o.Ringing()
	who, err := s.Directory.Reached(ctx, r)
	if err != nil {
		s.reject(ctx, o, s.refusal(r, err))
		return
	}
	c := parley.Call{
		ID: uuid.NewString(), UserID: who.Environment, Status: parley.InProgress, Stage: parley.StageCreated,
		From: r.From, To: r.To, AgentID: who.Agent.ID, Created: time.Now().UTC(), Context: r.Headers,
		Media: parley.Media{Telephony: "sip", TelephonyID: r.ID, TrunkID: r.Trunk},
	}
	c.Agent, _ = json.Marshal(who.Agent)
	ctx, hangup := context.WithCancelCause(ctx)
	defer hangup(nil)
	line := s.open(c.ID, hangup)
	defer s.shut(line)
	f := &facts{callID: c.ID, log: s.Log}

	if err := s.Calls.CreateCall(ctx, c); err != nil {
		s.Logger.Error("a call that cannot be kept is not taken", "from", r.From, "error", err)
		s.reject(ctx, o, parley.Configuration)
		return
	}
	f.add(parley.EventCreated, map[string]any{"direction": "inbound", "from_number": c.From, "to_number": c.To})
	sc := write(&c, &who.Agent, c.Created)
	ready, err := s.Open(ctx, c.UserID, &who.Agent)
	if err != nil {
		s.reject(ctx, o, parley.Configuration)
		s.end(ctx, &c, f, parley.Outcome{Cause: parley.Configuration, Detail: err.Error()})
		return
	}
	warmed := warm(ready)
	defer ready.release(warmed)
	l, err := o.Answer(ctx, sc.limits)
	if err != nil {
		s.end(ctx, &c, f, untaken(ctx, err))
		return
	}
	f.warnAll("setup", sc.warnings, ready.Warnings)
	s.end(ctx, &c, f, s.talk(ctx, l, line, &c, sc, ready, f))
}

// untaken is how a call ends that was not picked up.
func untaken(ctx context.Context, err error) parley.Outcome {
	switch {
	case errors.Is(context.Cause(ctx), errEnded):
		return parley.Outcome{Cause: parley.Cancelled}
	case ctx.Err() != nil:
		return parley.Outcome{Cause: parley.Cancelled, Detail: "the server was stopped while the phone rang"}
	}
	return parley.Outcome{Cause: parley.CallerHungUp, Detail: "the caller was gone before the call was answered: " + err.Error()}
}

// refusal is how a call for nobody is turned away.
func (s *Switchboard) refusal(r leg.Ringing, err error) parley.Cause {
	var e *parley.Error
	switch {
	case parley.IsNotFound(err):
		return parley.Unreachable // 404
	case errors.As(err, &e) && e.Status == 480:
		return parley.NoAnswer
	}
	s.Logger.Error("looking up who answers", "to", r.To, "error", err)
	return parley.Configuration
}

func (s *Switchboard) reject(ctx context.Context, o leg.Offer, c parley.Cause) {
	if err := o.Reject(context.WithoutCancel(ctx), c); err != nil {
		s.Logger.Debug("reject", "error", err)
	}
}

// warm opens the vendors' connections beside everything else; what fails here fails again where it is told.
func warm(r Ready) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		for _, w := range r.Warm {
			_ = w()
		}
	}()
	return done
}

func (r Ready) release(warmed <-chan struct{}) {
	<-warmed
	if r.Close != nil {
		r.Close()
	}
}

func (f *facts) warnAll(code string, lists ...[]string) {
	for _, l := range lists {
		for _, w := range l {
			f.warn(code, w)
		}
	}
}
