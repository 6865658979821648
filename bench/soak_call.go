package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/parley-voice/parley"
)

// How a call of a soak ends.
type soakEnd uint8

const (
	byCaller   soakEnd = iota // hangs up
	byAgent                   // by its action
	byTransfer                // whoever took over hangs up
	byAPI                     // calls/end
)

// causes are what the calls then say.
var soakCauses = [...]parley.Cause{parley.CallerHungUp, parley.AgentEnded, parley.Transferred, parley.AgentEnded}

const (
	soakTool    = "look_up"
	soakSettle  = 2 * time.Second
	soakRing    = 10 * time.Second // from asking for a call to its INVITE
	soakHangUp  = 10 * time.Second // from calls/end to the BYE
	soakPutOver = 4 * time.Second  // whoever takes over talks so long
)

// A soakAgent is one of the kinds of agents.
type soakAgent struct {
	id        string
	recorded  bool
	told      bool // to the webhook
	acts      int  // every so many turns
	transfers bool
}

// A soakPlan is one call.
type soakPlan struct {
	agent soakAgent
	from  string // how its name begins
	out   bool   // the server calls
	ends  soakEnd
	barge int
	talk  time.Duration
	seed  uint64
}

// makeAgents makes one of each kind.
func (s *soak) makeAgents(ctx context.Context) ([]soakAgent, error) {
	all := []soakAgent{{recorded: true, told: true, acts: 2, transfers: true}, {recorded: true, told: true}, {told: true, acts: 3}, {recorded: true, transfers: true}, {}}
	for i := range all {
		a := &all[i]
		actions := []map[string]any{{"type": "action_end_conversation", "config": map[string]any{}}}
		if a.acts > 0 {
			actions = append(actions, map[string]any{"type": "action_external", "config": map[string]any{"name": soakTool, "url": s.told.url(), "speak_on_send": false}})
		}
		if a.transfers {
			actions = append(actions, map[string]any{"type": "action_transfer_call", "config": map[string]any{"phone_number": "sip:to-${from_number}@" + s.load.line.from}})
		}
		body := map[string]any{
			"name": fmt.Sprintf("soak %d", i), "prompt": map[string]any{"content": "You are the receptionist of a shop. Answer in one or two sentences. The call is ${from_number}, ${to_number}."},
			"voice": map[string]any{"type": "voice_deepgram", "model": "aura-2-thalia-en"}, "actions": actions, "transcriber": map[string]any{"type": "transcriber_deepgram"},
			"provider": "openai", "model": "gpt-4o-mini", "endpointing_sensitivity": "sensitive", "enable_recording": a.recorded, "interrupt_sensitivity": "high",
		}
		if a.told {
			body["webhook"] = map[string]any{"url": s.told.url(), "method": "POST", "subscriptions": []string{
				string(parley.EventMessage), string(parley.EventConnected), string(parley.EventEnded), string(parley.EventTranscript), string(parley.EventAction)}}
		}
		var made struct{ ID string }
		if err := s.server.client.do(ctx, http.MethodPost, "/v1/agents/create", body, &made); err != nil {
			return nil, fmt.Errorf("making an agent: %w", err)
		}
		a.id = made.ID
	}
	return all, nil
}

// A soakCall is what became of one call.
type soakCall struct {
	name   string
	id     string
	setup  time.Duration // INVITE → 200, of a call that comes in
	answer time.Time
	end    time.Time
	script *script
	packet inbound
	slow   int // turns that were answered too late
	faults []string
}

func (c *soakCall) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// one has a call, from its dialling to what is kept of it.
func (s *soak) one(ctx context.Context, p soakPlan) *soakCall {
	c := &soakCall{name: fmt.Sprintf("%s%06d", p.from, s.names.Add(1))}
	at := s.load.sockets[int(p.seed%uint64(len(s.load.sockets)))]
	d, err := s.connect(ctx, p, c, at)
	if err != nil {
		c.fault("it does not begin: %v", err)
		return c
	}
	c.setup, c.answer = d.Answered.Sub(d.Asked), d.Answered
	sc := newScript(s.load.words, p.seed)
	sc.barge, sc.duties = p.barge, duties{parts: p.ends == byAgent || p.ends == byTransfer, transfer: p.ends == byTransfer, acts: p.agent.acts}
	caller := newCaller(d, at, sc)
	caller.way = newWay(network{}, p.seed)
	s.mu.Lock()
	s.speaking[c.name] = caller
	s.mu.Unlock()
	sc.start(time.Now(), soakSettle, time.Now().Add(p.talk))
	at.add(caller)
	s.load.pacer.add(caller)
	s.converse(ctx, p, c, caller)
	s.mu.Lock()
	delete(s.speaking, c.name)
	s.mu.Unlock()
	if ctx.Err() == nil {
		s.judge(ctx, p, c)
	}
	return c
}

// connect has the call answered.
func (s *soak) connect(ctx context.Context, p soakPlan, c *soakCall, at *socket) (*dialog, error) {
	if !p.out {
		return s.load.line.dial(ctx, c.name, p.agent.id, at.addr)
	}
	comes := s.load.line.expect(c.name, at.addr)
	defer s.load.line.unexpect(c.name)
	body := map[string]any{"agent": p.agent.id, "from_number": "+15551000001", "to_number": s.load.line.address(c.name)}
	var made struct{ ID string }
	if err := s.server.client.do(ctx, http.MethodPost, "/v1/calls/create", body, &made); err != nil {
		return nil, err
	}
	c.id = made.ID
	select {
	case d := <-comes:
		return d, nil
	case <-time.After(soakRing):
		return nil, errors.New("no INVITE came")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// converse has the caller talk until the call is over, and whoever takes over when it is transferred.
func (s *soak) converse(ctx context.Context, p soakPlan, c *soakCall, caller *caller) {
	var o outcome
	if p.ends == byTransfer {
		over := s.load.line.expect("to-"+c.name, caller.socket.addr)
		defer s.load.line.unexpect("to-" + c.name)
		done := make(chan struct{})
		defer func() { <-done }()
		go func() { // ends with the call
			defer close(done)
			s.takeOver(ctx, over, caller)
		}()
	}
	select {
	case <-caller.over:
	case <-ctx.Done():
	}
	if p.ends == byAPI && ctx.Err() == nil {
		s.endByAPI(ctx, c, caller)
	}
	c.end = time.Now()
	s.load.finish(ctx, caller, &o)
	c.script, c.packet = caller.script, o.packet
	for i, t := range o.turns {
		limit := soakTurn
		if i == 0 && p.out {
			limit = soakFirst
		}
		if late := t.gap - FixedDelays().Total(); late > limit {
			c.slow++
			c.fault("turn %d was answered %v beyond the vendors", i+1, late.Round(time.Millisecond))
		}
	}
}

// takeOver is whoever a call is transferred to: they say nothing, and hang up after a while.
func (s *soak) takeOver(ctx context.Context, comes <-chan *dialog, first *caller) {
	select {
	case d := <-comes:
		quiet := newCaller(d, first.socket, newScript(s.load.words, 0))
		first.socket.add(quiet)
		s.load.pacer.add(quiet)
		wait(ctx, soakPutOver)
		var o outcome
		quiet.mu.Lock()
		if !quiet.done {
			quiet.done = true
			close(quiet.over)
		}
		quiet.mu.Unlock()
		s.load.finish(ctx, quiet, &o)
	case <-first.over:
	case <-ctx.Done():
	}
}

// endByAPI asks for the end of a call, and waits until the agent has hung up.
func (s *soak) endByAPI(ctx context.Context, c *soakCall, caller *caller) {
	if c.id == "" {
		if err := s.find(ctx, c); err != nil {
			c.fault("%v", err)
			return
		}
	}
	if err := s.server.client.do(ctx, http.MethodPost, "/v1/calls/end?id="+c.id, json.RawMessage("{}"), nil); err != nil {
		c.fault("calls/end: %v", err)
		return
	}
	for limit := time.Now().Add(soakHangUp); !caller.dialog.hungUp.Load(); {
		if time.Now().After(limit) {
			c.fault("calls/end: the agent does not hang up within %v", soakHangUp)
			return
		}
		if !wait(ctx, 20*time.Millisecond) {
			return
		}
	}
}
