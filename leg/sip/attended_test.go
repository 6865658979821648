package sip

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// TestAttendedTransfer: an operator has a person and an agent on the line, each in a call of its own, and connects them: the agent's end
// calls the person's in the place of the operator, who is told and let go.
func TestAttendedTransfer(t *testing.T) {
	theirs, agents := make(chan leg.Leg, 1), make(chan leg.Leg, 2)
	person := trunk(t, Config{}, answering(leg.Limits{}, theirs))
	agent := trunk(t, pbx(func(a *parley.TrunkAccount) { a.AllowRefer, a.AllowedAddresses = true, []string{"127.0.0.1"} }), answering(leg.Limits{}, agents))
	operator := trunk(t, Config{}, nil)
	dials := func(to *Trunk, at <-chan leg.Leg) (near, far leg.Leg) {
		l, err := operator.Dial(t.Context(), leg.Call{From: "op", To: to.uri("x")})
		if err != nil {
			t.Fatal(err)
		}
		return l, next(t, at)
	}
	toPerson, persons := dials(person, theirs)
	toAgent, agentsOld := dials(agent, agents)
	between := persons.(*call).dialog()
	replaces := fmt.Sprintf("%s;to-tag=%s;from-tag=%s", between.callID, between.local.tag, between.remote.tag)
	moved := make(chan error, 1)
	go func() { moved <- toAgent.Refer(t.Context(), person.uri("p")+"?Replaces="+url.QueryEscape(replaces)) }()
	r := event(t, agentsOld, leg.Referred).Referral
	if r.To != person.uri("p") || r.Replaces != replaces {
		t.Fatalf("%q replaces %q", r.To, r.Replaces)
	}
	connected, err := agent.Dial(t.Context(), leg.Call{From: "agent", To: r.To, Replaces: r.Replaces, Progress: func(p leg.Progress) { r.Report(p.Code) }})
	if err != nil {
		t.Fatal(err)
	}
	r.Report(200)
	if err := <-moved; err != nil {
		t.Errorf("the operator is told: %v", err)
	}
	_ = agentsOld.Hangup(t.Context(), parley.Transferred)
	_, _ = ended(t, toAgent), ended(t, toPerson)
	a, p := newFar(t, connected), newFar(t, persons)
	a.Say(legtest.Tone(440, time.Second, 8000)...)
	p.Say(legtest.Tone(1000, time.Second, 8000)...)
	heard := func(ear []audio.Frame, hz float64) bool { return legtest.Count(ear, hz) > 20 }
	for end := time.Now().Add(patience); !heard(p.Ear(), 440) || !heard(a.Ear(), 1000); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("they heard %d and %d frames of each other", legtest.Count(p.Ear(), 440), legtest.Count(a.Ear(), 1000))
		}
	}
	_ = connected.Hangup(context.Background(), parley.AgentEnded)
	select {
	case <-p.Gone():
	case <-time.After(patience):
		t.Error("the person's leg stays")
	}
}
