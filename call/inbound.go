package call

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// Answer takes a call that comes in, and returns when it is over. Nothing is asked of any vendor before it is known that
// somebody here is meant.
func (s *Switchboard) Answer(ctx context.Context, o leg.Offer) {
	r := o.Ringing()
	release, err := s.take()
	if err != nil {
		s.Logger.Info("a call is not taken", "telephony_id", r.ID, "reason", err)
		s.reject(ctx, o, parley.NodeLost) // 503: whoever calls asks another node, or again
		return
	}
	defer release()
	who, err := s.Directory.Reached(ctx, r)
	if err != nil {
		s.reject(ctx, o, s.refusal(r, err))
		return
	}
	c := parley.Call{
		ID: cmp.Or(r.CallID, uuid.NewString()), UserID: who.Environment, Status: parley.InProgress, Stage: parley.StageCreated,
		From: r.From, To: r.To, AgentID: who.Agent.ID, Created: time.Now().UTC(), Context: saidOf(r, who.Example),
		Media: parley.Media{Telephony: cmp.Or(r.Carrier, "sip"), TelephonyID: r.ID, TrunkID: r.Trunk},
	}
	c.Agent, _ = json.Marshal(who.Agent)
	server := ctx.Err
	ctx, hangup := context.WithCancelCause(ctx)
	defer hangup(nil)
	line := s.open(&c, hangup, server)
	defer s.shut(line)
	if s.Traces != nil {
		s.Traces.Keep(r.ID, c.ID)
	}
	line.script = write(&c, &who.Agent, s.site(line), c.Created)
	if !diverted(r) {
		line.fallback = who.Fallback
	}
	full, err := s.admit(ctx, line)
	if err != nil {
		s.Logger.Error("a call that cannot be kept is not taken", "telephony_id", r.ID, "error", err)
		s.reject(ctx, o, parley.Configuration)
		return
	}
	line.facts.add(parley.EventCreated, map[string]any{"direction": "inbound", "from_number": c.From, "to_number": c.To})
	if full != nil {
		s.overflow(ctx, o, line, parley.Outcome{Cause: parley.Busy, Detail: full.Message})
		return
	}
	closed, err := s.pipeline(ctx, line, &who.Agent)
	defer closed()
	if ctx.Err() != nil {
		s.end(ctx, line, untaken(ctx, context.Cause(ctx)))
		return
	}
	if err != nil {
		cause := parley.Configuration
		if errors.Is(err, errSilent) {
			cause = parley.ProviderFailed
		}
		s.overflow(ctx, o, line, parley.Outcome{Cause: cause, Detail: err.Error()})
		return
	}
	l, err := o.Answer(ctx, line.script.limits)
	if err != nil {
		s.end(ctx, line, untaken(ctx, err))
		return
	}
	line.facts.warnAll("setup", line.script.warnings, line.ready.Warnings)
	line.facts.warnAll("line", r.Warnings)
	s.end(ctx, line, s.talk(ctx, l, line))
}

// callerName is the variable of the caller's display name.
const callerName = "caller_name"

// saidOf are the variables that a caller's side gives.
func saidOf(r leg.Ringing, example map[string]string) map[string]string {
	if r.FromName == "" && len(example) == 0 {
		return r.Headers
	}
	said := maps.Clone(example)
	if said == nil {
		said = map[string]string{}
	}
	maps.Copy(said, r.Headers)
	if r.FromName != "" {
		said[callerName] = r.FromName
	}
	return said
}

// admit keeps the row of a call that comes in, with a slot if there is one. full says that there is none: then the row is kept
// all the same, without one, for a caller who is diverted or refused.
func (s *Switchboard) admit(ctx context.Context, line *line) (full *parley.Error, err error) {
	c := line.call
	err = s.Calls.CreateCall(ctx, *c)
	if !errors.As(err, &full) || full.Status != 429 {
		return nil, err
	}
	row := *c
	if line.fallback != "" {
		row.Stage = parley.StageTransferStarted
	} else {
		row.Status, row.Cause, row.ErrorMessage, row.End = parley.Ended, parley.Busy, full.Message, time.Now().UTC()
	}
	return full, s.Calls.CreateCall(ctx, row)
}

// openWithin is how long the vendors of a call may take to be opened: it leaves a caller whom no agent can serve three
// seconds to be somewhere else within eight.
const openWithin = 5 * time.Second

var (
	errNoPipeline = errors.New("nobody was ready to hear, think and speak in time")
	errSilent     = errors.New("the vendor is not there")
)

// pipeline opens who hears, thinks and speaks for an agent, for openWithin, asks its context endpoints beside that, and warms them. release must be called; it waits for
// what was begun.
func (s *Switchboard) pipeline(ctx context.Context, line *line, a *parley.Agent) (release func(), err error) {
	type opened struct {
		ready Ready
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	asked := s.ask(ctx, line.call, a)
	done := make(chan opened, 1)
	go func() {
		r, err := s.Open(ctx, line.call.UserID, a)
		done <- opened{r, err}
	}()
	late := time.NewTimer(openWithin)
	defer late.Stop()
	select {
	case got := <-done:
		if got.err != nil {
			return func() { cancel(); asked.running.Wait() }, got.err
		}
		line.ready = got.ready
		if s.learn(ctx, line, asked) {
			line.script = write(line.call, a, s.site(line), time.Now())
			line.script.know(remembered(asked.memory))
		}
		s.readAhead(line)
		vital := line.warm(ctx, a)
		release = func() {
			cancel()
			line.warming.wait()
			if got.ready.Close != nil {
				got.ready.Close()
			}
		}
		if line.fallback == "" {
			return release, nil // better an agent that may recover than nobody
		}
		select {
		case err = <-vital:
			if err != nil {
				err = fmt.Errorf("%w: %w", errSilent, err)
			}
		case <-late.C:
			err = errNoPipeline
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		return release, err
	case <-late.C:
		err = errNoPipeline
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	return func() {
		cancel()
		asked.running.Wait()
		if got := <-done; got.err == nil && got.ready.Close != nil {
			got.ready.Close()
		}
	}, err
}

// untaken is how a call ends that was not picked up.
func untaken(ctx context.Context, err error) parley.Outcome {
	switch {
	case errors.Is(context.Cause(ctx), errEnded):
		return parley.Outcome{Cause: parley.Cancelled}
	case context.Cause(ctx) == context.Canceled: // a caller who gives up is another cause
		return parley.Outcome{Cause: parley.Cancelled, Detail: "the server was stopped while the phone rang"}
	}
	var gone *leg.GoneError
	if errors.As(err, &gone) {
		return parley.Outcome{Cause: gone.Cause, Detail: err.Error()}
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
	s.Logger.Error("looking up who answers", "telephony_id", r.ID, "error", err)
	return parley.Configuration
}

func (s *Switchboard) reject(ctx context.Context, o leg.Offer, c parley.Cause) {
	if err := o.Reject(context.WithoutCancel(ctx), c); err != nil {
		s.Logger.Debug("reject", "error", err)
	}
}

func (f *facts) warnAll(code string, lists ...[]string) {
	for _, l := range lists {
		for _, w := range l {
			f.warn(code, w)
		}
	}
}
