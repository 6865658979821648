package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/rtp"
)

// A station is a telephone of the test: it dials, and whoever dials it is put through.
type station struct {
	t     *testing.T
	trunk *sip.Trunk
	ctx   context.Context
	taken chan leg.Leg // calls that came in, answered
}

func newStation(t *testing.T) *station {
	t.Helper()
	trunk, err := sip.New(sip.Config{Listen: "127.0.0.1:0", TrustLoopback: true, Ports: rtp.NewPorts(46000, 46999)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &station{t: t, trunk: trunk, ctx: ctx, taken: make(chan leg.Leg, 4)}
	served := make(chan error, 1)
	go func() {
		served <- trunk.Serve(ctx, func(ctx context.Context, o leg.Offer) {
			l, err := o.Answer(ctx, leg.Limits{})
			if err != nil {
				t.Errorf("answering: %v", err)
				return
			}
			s.taken <- l
			<-ctx.Done()
		})
	}()
	t.Cleanup(func() { stop(); <-served })
	return s
}

func (s *station) dial(to string) (leg.Leg, error) {
	return s.trunk.Dial(s.ctx, leg.Call{ID: "test", From: "1000", To: to})
}

// says plays a tone into a leg for two seconds; hears tells when one of that pitch has come out of the other, or the end.
func says(ctx context.Context, l leg.Leg, hz float64) {
	for _, f := range legtest.Tone(hz, 2*time.Second, 8000) {
		if l.Play(ctx, f) != nil {
			return
		}
	}
}

func hears(ctx context.Context, l leg.Leg, hz float64) error {
	for n := 0; n < 10; {
		e, err := l.Read(ctx)
		if err != nil {
			return err
		}
		if e.Kind == leg.Audio && legtest.Carries(e.Frame, hz) {
			n++
		}
	}
	return nil
}

func (r *running) calls() (all []map[string]any) {
	r.t.Helper()
	var list struct{ Items []map[string]any }
	if err := json.NewDecoder(r.ask("GET", "/v1/calls/list?sort_column=created_at", "").Body).Decode(&list); err != nil {
		r.t.Fatal(err)
	}
	return list.Items
}

// ended waits for a call to be over.
func (r *running) ended(i int) map[string]any {
	r.t.Helper()
	for range 100 {
		if all := r.calls(); len(all) > i && (all[i]["status"] == "ended" || all[i]["status"] == "error") {
			return all[i]
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.t.Fatalf("call %d does not end: %v", i, r.calls())
	return nil
}

func (r *running) limit(most int) {
	r.t.Helper()
	var list struct{ Items []struct{ ID string } }
	if err := json.NewDecoder(r.ask("GET", "/v1/environments/list", "").Body).Decode(&list); err != nil || len(list.Items) != 1 {
		r.t.Fatal(list, err)
	}
	r.made("/v1/environments/update?id="+list.Items[0].ID, fmt.Sprintf(`{"max_concurrent_calls":%d}`, most))
}

const silentAgent = `{"prompt":{"content":"x"},"voice":{"type":"voice_local"},"actions":[]}`

// TestFullEnvironment: over real SIP and RTP, the second caller is somewhere within 8 s: with the number's fallback, to whom they
// talk; without one they hear that the line is busy.
func TestFullEnvironment(t *testing.T) {
	r := start(t, t.TempDir())
	r.limit(1)
	agent, _ := r.made("/v1/agents/create", silentAgent)["id"].(string)
	person, caller := newStation(t), newStation(t)
	r.made("/v1/numbers/link", `{"phone_number":"+15550001111","inbound_agent":"`+agent+`","config":{"fallback_number":"sip:person@`+person.trunk.Addr().String()+`"}}`)
	r.ring(agent)

	began := time.Now()
	a, err := caller.dial("sip:+15550001111@" + r.sip)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("somewhere after %v", took)
	}
	b := <-person.taken
	ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	go says(ctx, a, 440)
	go says(ctx, b, 1000)
	heard := make(chan error, 1)
	go func() { heard <- hears(ctx, b, 440) }()
	if err := errors.Join(hears(ctx, a, 1000), <-heard); err != nil {
		t.Errorf("they do not hear each other: %v", err)
	}
	if err := b.Hangup(ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	for err == nil {
		_, err = a.Read(ctx) // until the caller is hung up on, too
	}
	if ctx.Err() != nil {
		t.Error("the caller is left on the line")
	}
	c := r.ended(1)
	if c["ended_reason"] != "transferred" || c["stage"] != "transfer_successful" || c["stage_outcome"] != "transfer_disconnected" || c["status"] != "ended" {
		t.Errorf("%v", c)
	}

	_, err = caller.dial("sip:" + agent + "@" + r.sip) // an agent's id has no fallback
	var no *leg.Rejected
	if !errors.As(err, &no) || no.Code != 486 {
		t.Errorf("without a fallback: %v", err)
	}
	if c := r.ended(2); c["ended_reason"] != "busy" || c["stage_outcome"] != "call_did_not_connect" {
		t.Errorf("%v", c)
	}
}

// TestTransferOfALiveCall: by the API, to a phone that answers; the two talk without the server's agent, and the call counts no more.
func TestTransferOfALiveCall(t *testing.T) {
	r := start(t, t.TempDir())
	r.limit(1)
	agent, _ := r.made("/v1/agents/create", silentAgent)["id"].(string)
	person, caller := newStation(t), newStation(t)
	a, err := caller.dial("sip:" + agent + "@" + r.sip)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := r.calls()[0]["id"].(string)
	if res := r.ask("POST", "/v1/calls/mute?id="+id, `{"on":true}`); res.StatusCode >= 300 {
		t.Errorf("muting: %s", res.Status)
	}
	if res := r.ask("POST", "/v1/calls/transfer?id="+id, `{"phone_number":"sip:person@`+person.trunk.Addr().String()+`"}`); res.StatusCode >= 300 {
		t.Fatalf("transferring: %s", res.Status)
	}
	ctx, done := context.WithTimeout(t.Context(), 15*time.Second)
	defer done()
	b := <-person.taken
	go says(ctx, b, 1000)
	if err := hears(ctx, a, 1000); err != nil {
		t.Errorf("the caller does not hear the person: %v", err)
	}
	second, err := caller.dial("sip:" + agent + "@" + r.sip) // there is a slot again
	if err != nil {
		t.Errorf("another call: %v", err)
	} else if err := second.Hangup(ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	if err := a.Hangup(ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	for err == nil {
		_, err = b.Read(ctx)
	}
	c := r.ended(0)
	if c["ended_reason"] != "transferred" || c["stage"] != "transfer_successful" {
		t.Errorf("%v", c)
	}
	if u, _ := json.Marshal(c["usage"]); !strings.Contains(string(u), "telephony_seconds") {
		t.Errorf("usage: %s", u)
	}
}
