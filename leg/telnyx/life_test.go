package telnyx_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/telnyx"
)

// offers gives what comes in, and refuses it with what is sent on the other channel.
func offers(rang chan<- leg.Ringing, fate <-chan parley.Cause) func(context.Context, leg.Offer) {
	return func(ctx context.Context, o leg.Offer) {
		rang <- o.Ringing()
		select {
		case c := <-fate:
			if c != "" {
				_ = o.Reject(ctx, c)
			}
		case <-ctx.Done():
			rang <- leg.Ringing{ID: "gave up"}
		}
	}
}

func TestRinging(t *testing.T) {
	rang, fate := make(chan leg.Ringing, 8), make(chan parley.Cause, 8)
	p := open(t, offers(rang, fate), nil)
	line := p.x.Ring("sip:alice@pbx.example;tag=1", "sip:+15550001111@sip.telnyx.com", map[string]any{"caller_id_name": "Alice", "custom_headers": []any{
		map[string]any{"name": "X-Ticket", "value": "42"}, map[string]any{"name": "Via", "value": "no"}, map[string]any{"name": "X-Bad", "value": "a\r\nb"}},
		"sip_headers": []any{map[string]any{"name": "User-to-User", "value": "abc"}}})
	got := <-rang
	want := leg.Ringing{ID: line.ControlID, From: "alice", To: ours, FromName: "Alice", Headers: map[string]string{"X-Ticket": "42", "User-to-User": "abc"}, Trunk: conn, Carrier: "telnyx"}
	if !maps.Equal(got.Headers, want.Headers) {
		t.Errorf("headers %v", got.Headers)
	}
	if got.Headers = want.Headers; got.ID != want.ID || got.From != want.From || got.To != want.To || got.FromName != want.FromName || got.Trunk != want.Trunk || got.Carrier != want.Carrier {
		t.Errorf("%+v", got)
	}
	fate <- parley.Busy
	within(t, "the end", line.Gone())
	for cause, said := range map[parley.Cause]string{parley.Busy: "reject USER_BUSY", parley.Declined: "reject CALL_REJECTED", parley.Configuration: "reject CALL_REJECTED", "": "hangup"} {
		line := p.x.Ring(theirs, ours, nil)
		<-rang
		fate <- cause
		within(t, "the end", line.Gone())
		if c := line.Commands(); !slices.Equal(c, []string{said}) {
			t.Errorf("%s: %q", cause, c)
		}
	}
	line = p.x.Ring(theirs, ours, nil)
	<-rang
	line.Hangup()
	if got := <-rang; got.ID != "gave up" {
		t.Errorf("%+v", got)
	}
	until(t, "nothing is kept", func() bool { return p.door.Calls() == 0 })
	if c := line.Commands(); len(c) > 0 {
		t.Errorf("a call that is over was told %q", c)
	}
}

// TestAnswerTooLate: somebody answers a caller who has gone.
func TestAnswerTooLate(t *testing.T) {
	failed := make(chan error, 1)
	gone := make(chan struct{})
	p := open(t, func(ctx context.Context, o leg.Offer) {
		<-gone
		_, err := o.Answer(context.WithoutCancel(ctx), leg.Limits{})
		failed <- err
	}, nil)
	line := p.x.Ring(theirs, ours, nil)
	until(t, "it rings", func() bool { return p.door.Calls() == 1 })
	line.Mute() // and no webhook has told
	line.Hangup()
	close(gone)
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "90018") {
		t.Errorf("%v", err)
	}
}

func rejected(t *testing.T, err error) *leg.Rejected {
	t.Helper()
	var r *leg.Rejected
	if !errors.As(err, &r) {
		t.Fatalf("%v is no *leg.Rejected", err)
	}
	return r
}

func TestUnanswered(t *testing.T) {
	for name, tc := range map[string]struct {
		fate carriertest.Fate
		want leg.Rejected
	}{
		"busy":           {carriertest.Fate{Cause: "user_busy", Code: "486"}, leg.Rejected{Cause: parley.Busy, Code: 486}},
		"busy by status": {carriertest.Fate{Cause: "unspecified", Code: "600"}, leg.Rejected{Cause: parley.Busy, Code: 600}},
		"declined":       {carriertest.Fate{Cause: "call_rejected", Code: "603"}, leg.Rejected{Cause: parley.Declined, Code: 603}},
		"declined, bare": {carriertest.Fate{Cause: "call_rejected", Code: "unspecified"}, leg.Rejected{Cause: parley.Declined}},
		"no answer":      {carriertest.Fate{Cause: "timeout", Code: "487"}, leg.Rejected{Cause: parley.NoAnswer, Code: 487}},
		"none there":     {carriertest.Fate{Cause: "not_found", Code: "404"}, leg.Rejected{Cause: parley.Unreachable, Code: 404, Detail: "telnyx: hangup_cause not_found, sip_hangup_cause 404"}},
		"broken":         {carriertest.Fate{Cause: "unspecified", Code: "503"}, leg.Rejected{Cause: parley.Unreachable, Code: 503, Detail: "telnyx: hangup_cause unspecified, sip_hangup_cause 503"}},
		"cleared":        {carriertest.Fate{Cause: "normal_clearing", Code: "unspecified"}, leg.Rejected{Cause: parley.NoAnswer}},
		"unpaid":         {carriertest.Fate{Cause: "unspecified", Code: "402"}, leg.Rejected{Cause: parley.Configuration, Code: 402, Detail: "telnyx: hangup_cause unspecified, sip_hangup_cause 402"}},
	} {
		p := open(t, func(context.Context, leg.Offer) {}, nil)
		p.x.Fate = func(string) carriertest.Fate { return tc.fate }
		_, err := p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
		if got := rejected(t, err); *got != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
		if c := p.last().Commands(); len(c) > 0 {
			t.Errorf("%s: a call that is over was told %q", name, c)
		}
		until(t, "nothing is kept", func() bool { return p.door.Calls() == 0 })
	}
}

func TestRefusedByTelnyx(t *testing.T) {
	p := open(t, func(context.Context, leg.Offer) {}, nil)
	for name, tc := range map[string]struct {
		call leg.Call
		says string
	}{
		"no such number":    {leg.Call{From: ours, To: carriertest.Nobody}, "10016: Phone number must be in +E.164 format"},
		"too many":          {leg.Call{From: ours, To: carriertest.Busy}, "10011: Too many requests"},
		"not ours":          {leg.Call{From: carriertest.Unreachable, To: theirs}, "90010: Dialed number is not whitelisted"},
		"digits behind":     {leg.Call{From: ours, To: theirs + ",99"}, "E.164 or a sip: address was expected"},
		"a tel: address":    {leg.Call{From: ours, To: "tel:" + theirs}, "E.164 or a sip: address was expected"},
		"two sip:":          {leg.Call{From: ours, To: "sip:a@b,sip:c@d"}, "E.164 or a sip: address was expected"},
		"nobody":            {leg.Call{From: ours}, "E.164 or a sip: address was expected"},
		"from an extension": {leg.Call{From: "201", To: theirs}, "E.164 was expected"},
	} {
		tc.call.Trunk = &p.trunk
		_, err := p.door.Dial(t.Context(), tc.call)
		if got := rejected(t, err); !strings.Contains(got.Detail, tc.says) || got.Code != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if n := len(p.x.Lines()); n > 0 || p.door.Calls() > 0 {
		t.Errorf("%d calls were placed, %d are kept", n, p.door.Calls())
	}
}

// TestOrder: what POST /v2/calls is asked for.
func TestOrder(t *testing.T) {
	p := open(t, func(context.Context, leg.Offer) {}, nil)
	p.x.Fate = func(string) carriertest.Fate { return carriertest.Fate{Who: "machine"} }
	l, err := p.door.Dial(t.Context(), leg.Call{ID: "c1", From: ours, To: theirs, Trunk: &p.trunk, Detect: true, RingTimeout: 2500 * time.Millisecond,
		Limits: leg.Limits{MaxDuration: 10 * time.Minute}, Headers: map[string]string{"X-A": "1", "User-To-User": "u", "Via": "no", "X-Bad": "a\nb"}})
	if err != nil {
		t.Fatal(err, p.x.Refused())
	}
	asked := p.last().Asked()
	custom, _ := json.Marshal(asked["custom_headers"])
	sip, _ := json.Marshal(asked["sip_headers"])
	if asked["timeout_secs"] != 5.0 || asked["time_limit_secs"] != 660.0 || asked["answering_machine_detection"] != "detect" || !strings.Contains(string(custom), `{"name":"X-Parley-Call-ID","value":"c1"}`) ||
		!strings.Contains(string(custom), `"X-A"`) || strings.Contains(string(custom), "Via") || strings.Contains(string(custom), "Bad") || string(sip) != `[{"name":"User-to-User","value":"u"}]` {
		t.Errorf("%v", asked)
	}
	for ev, err := l.Read(t.Context()); ev.Kind != leg.Detected; ev, err = l.Read(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	id, ok := l.(leg.Identified)
	if m := id.Metadata(); !ok || id.ID() != p.last().ControlID || m["type"] != "telephony_metadata_telnyx" || m["call_leg_id"] != p.last().LegID || m["call_session_id"] != p.last().SessionID || m["stream_id"] == "" {
		t.Errorf("%v", id.Metadata())
	}
	if err := l.Hangup(t.Context(), parley.AgentEnded); err != nil {
		t.Fatal(err)
	}
	within(t, "the end", p.last().Gone())
}

// TestDoubt: the POST breaks off. It is not made again; a call that was placed all the same is found by its first event.
func TestDoubt(t *testing.T) {
	p := open(t, func(context.Context, leg.Offer) {}, nil)
	p.x.Fate = func(string) carriertest.Fate { return carriertest.Fate{Quiet: true, After: 50 * time.Millisecond} }
	l, err := p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.x.Lines()); n != 1 || l.(leg.Identified).ID() != p.last().ControlID {
		t.Errorf("%d calls", n)
	}
	_ = l.Hangup(t.Context(), parley.AgentEnded)
	within(t, "the end", p.last().Gone())

	p.door.Hurry(time.Second, 50*time.Millisecond)
	p.x.Fate = func(string) carriertest.Fate { return carriertest.Fate{Never: true} }
	_, err = p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if got := rejected(t, err); got.Cause != parley.Unreachable || !strings.Contains(got.Detail, "may have been placed, and is not placed again") {
		t.Errorf("%+v", got)
	}
	if n := len(p.x.Lines()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// TestGivenUpInDoubt: a call that shows up when nobody waits for it any more is hung up.
func TestGivenUpInDoubt(t *testing.T) {
	p := open(t, func(context.Context, leg.Offer) {}, nil)
	p.door.Hurry(time.Second, 20*time.Millisecond)
	hook := p.x.Webhook
	p.x.Webhook = "http://127.0.0.1:1/" // events do not come for now
	p.x.Fate = func(string) carriertest.Fate { return carriertest.Fate{Quiet: true, After: time.Minute} }
	_, err := p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if got := rejected(t, err); got.Cause != parley.Unreachable {
		t.Errorf("%+v", got)
	}
	line := p.last()
	body := p.x.Event("call.initiated", map[string]any{"call_control_id": line.ControlID, "direction": "outgoing", "client_state": line.Asked()["client_state"]})
	p.post(hook, body, p.x.Sign(body, time.Now()), 200)
	within(t, "it is hung up", line.Gone())
}

// post sends a webhook.
func (p *place) post(url string, body []byte, h http.Header, want int) {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header = h
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	said, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != want {
		p.t.Errorf("%s: %d %s, want %d", url, res.StatusCode, said, want)
	}
}

func TestGivingUp(t *testing.T) {
	p := open(t, func(context.Context, leg.Offer) {}, nil)
	p.x.Fate = func(string) carriertest.Fate { return carriertest.Fate{After: time.Minute} }
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, stop)
	_, err := p.door.Dial(ctx, leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if got := rejected(t, err); got.Cause != parley.Cancelled {
		t.Errorf("%+v", got)
	}
	within(t, "the end", p.last().Gone())
	_, err = p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk, RingTimeout: 100 * time.Millisecond})
	if got := rejected(t, err); got.Cause != parley.NoAnswer {
		t.Errorf("%+v", got)
	}
	within(t, "the end", p.last().Gone())
	if c := p.last().Commands(); !slices.Equal(c, []string{"hangup"}) {
		t.Errorf("%q", c)
	}
	until(t, "nothing is kept", func() bool { return p.door.Calls() == 0 })
}

// TestNoSound: answered, but the websocket does not come.
func TestNoSound(t *testing.T) {
	p := open(t, func(context.Context, leg.Offer) {}, nil)
	p.door.Hurry(100*time.Millisecond, time.Second)
	p.x.Fate = func(string) carriertest.Fate { return carriertest.Fate{Deaf: true} }
	_, err := p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if got := rejected(t, err); got.Cause != parley.Unreachable || !strings.Contains(got.Detail, telnyx.MediaPath) {
		t.Errorf("%+v", got)
	}
	within(t, "the end", p.last().Gone())
}

// TestEarlySound: the websocket comes before the answer. What is heard on it until then is no part of the call.
func TestEarlySound(t *testing.T) {
	p := open(t, func(context.Context, leg.Offer) {}, nil)
	p.x.Fate = func(string) carriertest.Fate { return carriertest.Fate{Early: true, After: 400 * time.Millisecond} }
	go func() {
		for len(p.x.Lines()) == 0 {
			time.Sleep(time.Millisecond)
		}
		<-p.last().Talks()
		p.last().Say(legtest.Tone(440, 200*time.Millisecond, 8000)...)
	}()
	l, err := p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if err != nil {
		t.Fatal(err)
	}
	p.last().Say(legtest.Tone(1100, 200*time.Millisecond, 8000)...)
	ringing, talk := 0, 0
	for ringing+talk < 6 {
		ev, err := l.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ev.Kind != leg.Audio {
			continue
		}
		if legtest.Carries(ev.Frame, 440) {
			ringing++
		}
		if legtest.Carries(ev.Frame, 1100) {
			talk++
		}
	}
	if ringing > 0 {
		t.Errorf("%d frames of what was before the answer", ringing)
	}
	_ = l.Hangup(t.Context(), parley.AgentEnded)
}

// TestRepeatedCommands: a command that was obeyed and answered with an error is sent again by the same name, and obeyed once.
func TestRepeatedCommands(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	p := open(t, keep(leg.Limits{}, legs), nil)
	p.x.Stumble(1)
	line := p.x.Ring(theirs, ours, nil)
	l := <-legs
	within(t, "the sound", line.Talks())
	p.x.Stumble(2)
	if err := l.Hangup(t.Context(), parley.AgentEnded); err != nil {
		t.Fatal(err)
	}
	within(t, "the end", line.Gone())
	if c := line.Commands(); !slices.Equal(c, []string{"answer", "hangup"}) {
		t.Errorf("%q", c)
	}
}

func TestRefer(t *testing.T) {
	for name, tc := range map[string]struct {
		from, to string
		allowed  bool
		status   int // what the far end says; 0: it is not asked
		want     string
	}{
		"done":          {"sip:a@pbx.example", "sip:b@pbx.example", true, 200, ""},
		"failed":        {"sip:a@pbx.example", "sip:b@pbx.example", true, 486, "486"},
		"a number":      {"sip:a@pbx.example", theirs, true, 0, "unsupported"},
		"from a number": {theirs, "sip:b@pbx.example", true, 0, "unsupported"},
		"not wanted":    {"sip:a@pbx.example", "sip:b@pbx.example", false, 0, "unsupported"},
		"a bad address": {"sip:a@pbx.example", "sip:b@c>,<sip:d@e", true, 0, "unsupported"},
		"and header":    {"sip:a@pbx.example", "sip:b@c?Replaces=1", true, 0, "unsupported"},
		"sips":          {"sip:a@pbx.example", "sips:b@pbx.example", true, 0, "unsupported"}, // the fake refuses it, as Telnyx may
	} {
		legs := make(chan leg.Leg, 1)
		p := open(t, keep(leg.Limits{}, legs), func(c *telnyx.Connection) { c.Trunk.Media.Refer = tc.allowed })
		line := p.x.Ring(tc.from, ours, nil)
		l := <-legs
		if tc.status > 0 {
			go func() {
				for w := range line.Did() {
					if strings.HasPrefix(w, "refer ") {
						line.Refer(tc.status)
						return
					}
				}
			}()
		}
		err := l.Refer(t.Context(), tc.to)
		switch {
		case tc.want == "" && err != nil, tc.want == "unsupported" && !errors.Is(err, errors.ErrUnsupported), tc.want == "486" && (err == nil || !strings.Contains(err.Error(), "486")):
			t.Errorf("%s: %v", name, err)
		}
		_ = l.Hangup(t.Context(), parley.Transferred)
	}
}

func TestLimits(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	one := parley.TrunkLimits{Calls: 1}
	p := open(t, keep(leg.Limits{}, legs), func(c *telnyx.Connection) { c.Trunk.Limits = one })
	p.trunk.Limits = one
	for range 2 {
		first := p.x.Ring(theirs, ours, nil)
		l := <-legs
		second := p.x.Ring(theirs, ours, nil)
		within(t, "the second is refused", second.Gone())
		if c := second.Commands(); !slices.Equal(c, []string{"reject USER_BUSY"}) {
			t.Errorf("%q", c)
		}
		if _, err := p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk}); !errors.Is(err, leg.ErrLimit) {
			t.Errorf("%v", err)
		}
		_ = l.Hangup(t.Context(), parley.AgentEnded)
		within(t, "the first ends", first.Gone())
		until(t, "nothing is kept", func() bool { return p.door.Calls() == 0 })
	}
}

// TestShutdown: all calls are hung up, and say why.
func TestShutdown(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	p := open(t, keep(leg.Limits{}, legs), nil)
	in := p.x.Ring(theirs, ours, nil)
	a := <-legs
	b, err := p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if err != nil {
		t.Fatal(err)
	}
	out := p.last()
	p.stop()
	<-p.ended
	for _, l := range []leg.Leg{a, b} {
		var g *leg.GoneError
		for _, err = l.Read(t.Context()); err == nil; _, err = l.Read(t.Context()) {
		}
		if !errors.As(err, &g) || g.Cause != parley.NodeLost {
			t.Errorf("%v", err)
		}
	}
	within(t, "both end", in.Gone())
	within(t, "both end", out.Gone())
	_, err = p.door.Dial(t.Context(), leg.Call{From: ours, To: theirs, Trunk: &p.trunk})
	if got := rejected(t, err); got.Cause != parley.NodeLost {
		t.Errorf("%+v", got)
	}
}

// TestSocketTokens: a websocket's address is good once, and for its call.
func TestSocketTokens(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	p := open(t, keep(leg.Limits{}, legs), nil)
	line := p.x.Ring(theirs, ours, nil)
	l := <-legs
	url, _ := line.Asked()["stream_url"].(string)
	for _, u := range []string{strings.Replace(url, "ws", "http", 1), p.url + telnyx.MediaPath + "guessed"} {
		res, err := http.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", u, res.StatusCode)
		}
	}
	_ = l.Hangup(t.Context(), parley.AgentEnded)
}
