package twilio_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/stream/streamtest"
	"github.com/parley-voice/parley/leg/twilio"
)

// A house is a door with Twilio before it.
type house struct {
	*twilio.Door
	t       *testing.T
	twilio  *carriertest.Exchange
	url     string
	account twilio.Account

	mu     sync.Mutex // guards answer
	answer func(context.Context, leg.Offer)
}

const connection = "0b0f6f36-2f43-4a3c-8b2a-1f6f1f0a7d11"

// open serves a door, and a Twilio. Nobody answers until the house is told who does.
func open(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, twilio: &carriertest.Exchange{Ring: 20 * time.Millisecond}}
	rest := httptest.NewServer(h.twilio)
	net := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	client := &carrier.Client{Net: net, Bases: map[string]string{"twilio": rest.URL}}
	a, err := client.Open("account_connection_twilio", map[string]any{"twilio_account_sid": carriertest.SID, "twilio_auth_token": carriertest.Token})
	if err != nil {
		t.Fatal(err)
	}
	h.account = twilio.Account{SID: carriertest.SID, Token: carriertest.Token, API: a.(twilio.API), Plain: true,
		Trunk: parley.TrunkAccount{ID: connection, UserID: "env", Carrier: parley.CarrierTwilio}}
	clock := leg.NewClock()
	door := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	h.url = "http://" + door.Listener.Addr().String()
	h.Door = twilio.New(twilio.Config{Clock: clock, PublicURL: h.url, Logger: slog.New(slog.DiscardHandler),
		Account: func(_ context.Context, id string) (twilio.Account, error) {
			if id != connection {
				return twilio.Account{}, twilio.ErrNoAccount
			}
			return h.account, nil
		}})
	door.Start()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() {
		served <- h.Serve(ctx, func(ctx context.Context, o leg.Offer) {
			h.mu.Lock()
			answer := h.answer
			h.mu.Unlock()
			if answer != nil {
				answer(ctx, o)
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		h.twilio.Close()
		door.CloseClientConnections()
		door.Close()
		rest.Close()
		net.Close()
		clock.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	for !h.Serving() {
		time.Sleep(time.Millisecond)
	}
	return h
}

func (h *house) answers(f func(context.Context, leg.Offer)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = f
}

func (h *house) voice() string { return h.url + "/carriers/twilio/voice/" + connection }

func (h *house) status() string { return h.url + "/carriers/twilio/status/" + connection }

// call is one of ours.
func (h *house) call(to string) leg.Call {
	return leg.Call{ID: "parley-1", From: carriertest.From, To: to, Trunk: &h.account.Trunk, RingTimeout: 2 * time.Second}
}

// comesIn is a call that comes in and is answered; the leg is hung up when the test is over.
func (h *house) comesIn(l leg.Limits) (leg.Leg, *carriertest.Phone) {
	h.t.Helper()
	legs := make(chan leg.Leg, 1)
	h.answers(func(ctx context.Context, o leg.Offer) {
		x, err := o.Answer(ctx, l)
		if err != nil {
			h.t.Error(err)
			legs <- nil
			return
		}
		legs <- x
		<-h.t.Context().Done()
	})
	p, err := h.twilio.RingUp(h.t.Context(), h.voice(), h.status(), "+14155550123", carriertest.From)
	if err != nil {
		h.t.Fatal(err)
	}
	x := <-legs
	if x == nil {
		h.t.FailNow()
	}
	<-p.Connected()
	return x, p
}

// far is a phone's caller as legtest wants it: gone once the call is over.
type far struct {
	*streamtest.Caller
	p *carriertest.Phone
}

func (f far) Gone() <-chan struct{} { return f.p.Over() }

func (f far) Hangup() { f.p.Hangup() }

func TestConformanceInbound(t *testing.T) {
	legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
		x, p := open(t).comesIn(l)
		return x, far{p.Caller(), p}
	})
}

func TestConformanceOutbound(t *testing.T) {
	legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
		h := open(t)
		c := h.call("+14155550123")
		c.Limits = l
		x, err := h.Dial(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		p := h.twilio.Phones()[0]
		<-p.Connected()
		return x, far{p.Caller(), p}
	})
}

// TestInbound: who calls is told, the sound goes both ways, and both ends learn of the end.
func TestInbound(t *testing.T) {
	h := open(t)
	heard := make(chan leg.Ringing, 1)
	over := make(chan error, 1)
	h.answers(func(ctx context.Context, o leg.Offer) {
		heard <- o.Ringing()
		l, err := o.Answer(ctx, leg.Limits{})
		if err != nil {
			over <- err
			return
		}
		m := l.(leg.Identified)
		if md := m.Metadata(); m.ID() != md["call_sid"] || md["type"] != "telephony_metadata_twilio" || md["account_sid"] != carriertest.SID || md["stream_sid"] == "" || md["direction"] != "inbound" {
			t.Errorf("%v", md)
		}
		_ = l.Play(ctx, legtest.Tone(700, audio.FrameDur, 8000)[0])
		for {
			if _, err := l.Read(ctx); err != nil {
				over <- err
				return
			}
		}
	})
	p, err := h.twilio.RingUp(t.Context(), h.voice(), h.status(), "+14155550123", carriertest.From)
	if err != nil {
		t.Fatal(err)
	}
	r := <-heard
	if r.ID != p.SID || r.From != "+14155550123" || r.To != carriertest.From || r.FromName != "JANE DOE" || r.Trunk != connection || r.Carrier != "twilio" ||
		r.Headers["from_city"] != "SAN FRANCISCO" || r.Headers["from_country"] != "US" || !r.Source.Addr().IsLoopback() {
		t.Errorf("%+v", r)
	}
	<-p.Connected()
	for c := p.Caller(); len(c.Ear()) == 0; { // it is heard, too
		time.Sleep(5 * time.Millisecond)
	}
	p.Hangup()
	if err := <-over; err == nil || err.Error() != "EOF" {
		t.Errorf("it ended with %v", err)
	}
	<-p.Over()
	if s := p.Status(); s != "completed" || p.Refused() != "" {
		t.Errorf("%s, %q", s, p.Refused())
	}
}

// TestRefused: callers for nobody are told so, at no cost.
func TestRefused(t *testing.T) {
	h := open(t)
	for cause, want := range map[parley.Cause]string{parley.Busy: "busy", parley.Unreachable: "rejected", parley.Configuration: "rejected", "": "rejected"} {
		h.answers(func(ctx context.Context, o leg.Offer) {
			if cause != "" {
				_ = o.Reject(ctx, cause)
				if _, err := o.Answer(ctx, leg.Limits{}); err == nil {
					t.Error("answered after it was refused")
				}
			}
		})
		p, err := h.twilio.RingUp(t.Context(), h.voice(), h.status(), "+14155550123", carriertest.From)
		if err != nil {
			t.Fatal(err)
		}
		<-p.Over()
		if p.Refused() != want {
			t.Errorf("%q: %q", cause, p.Refused())
		}
	}
}

// TestOutbound: what comes of calls that are placed.
func TestOutbound(t *testing.T) {
	for to, want := range map[string]leg.Rejected{
		carriertest.Engaged:     {Cause: parley.Busy, Code: 486},
		carriertest.Unanswered:  {Cause: parley.NoAnswer, Code: 487},
		carriertest.Declining:   {Cause: parley.Declined, Code: 603},
		carriertest.Dead:        {Cause: parley.Unreachable, Code: 404},
		carriertest.Nobody:      {Cause: parley.Unreachable},
		carriertest.Unreachable: {Cause: parley.Configuration},
		"sip:a@example.com":     {Cause: parley.Configuration},
	} {
		t.Run(to, func(t *testing.T) {
			h := open(t)
			_, err := h.Dial(t.Context(), h.call(to))
			var no *leg.Rejected
			if !errors.As(err, &no) || no.Cause != want.Cause || no.Code != want.Code || want.Code == 0 && no.Detail == "" {
				t.Errorf("%v, want %v", err, want)
			}
		})
	}
	h := open(t)
	for _, c := range []leg.Call{{From: carriertest.From, To: "+14155550123"}, {From: "", To: "+14155550123", Trunk: &h.account.Trunk}, {From: "+15551112222", To: "+14155550123", Trunk: &h.account.Trunk}} {
		var no *leg.Rejected
		if _, err := h.Dial(t.Context(), c); !errors.As(err, &no) || no.Cause != parley.Configuration || no.Detail == "" {
			t.Errorf("%v", err)
		}
	}
}

// TestPlaced: what is asked of Twilio, what is heard of the ringing, and who answered.
func TestPlaced(t *testing.T) {
	h := open(t)
	c := h.call(carriertest.Machine)
	c.Detect = true
	progress := make(chan leg.Progress, 9)
	c.Progress = func(p leg.Progress) { progress <- p }
	l, err := h.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p := h.twilio.Phones()[0]
	if got := <-progress; got.Code != 180 || got.ID != p.SID && got.ID != "" {
		t.Errorf("%+v", got)
	}
	for k, want := range map[string]string{"From": carriertest.From, "To": carriertest.Machine, "Record": "false", "Timeout": "2", "MachineDetection": "Enable", "AsyncAmd": "true"} {
		if got := p.Fields.Get(k); got != want {
			t.Errorf("%s=%q, want %q", k, got, want)
		}
	}
	for {
		e, err := l.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == leg.Detected {
			if e.Who != leg.MachineAnswered {
				t.Errorf("%v answered", e.Who)
			}
			break
		}
	}
	if len(progress) != 0 {
		t.Errorf("it rang %d times more", len(progress))
	}
	if err := l.Hangup(t.Context(), parley.AgentEnded); err != nil {
		t.Error(err)
	}
	<-p.Over()
	if f := p.Caller().Faults(); len(f) > 0 {
		t.Errorf("against the protocol: %q", f)
	}
}

// TestDoubt: a call of which Twilio does not say whether it placed it is placed once, and is ours when its callbacks say so.
func TestDoubt(t *testing.T) {
	for _, to := range []string{carriertest.Doubtful, carriertest.Lost} {
		h := open(t)
		l, err := h.Dial(t.Context(), h.call(to))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(h.twilio.Phones()); n != 1 {
			t.Errorf("%s: %d phones ring", to, n)
		}
		if id := l.(leg.Identified).ID(); id != h.twilio.Phones()[0].SID {
			t.Errorf("the call is %q", id)
		}
		_ = l.Hangup(t.Context(), parley.AgentEnded)
	}
}

// TestGivenUp: a phone stops ringing when nobody wants to reach it any more.
func TestGivenUp(t *testing.T) {
	h := open(t)
	h.twilio.Ring = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	c := h.call("+14155550123")
	c.Progress = func(leg.Progress) { cancel() }
	_, err := h.Dial(ctx, c)
	var no *leg.Rejected
	if !errors.As(err, &no) || no.Cause != parley.Cancelled {
		t.Errorf("%v", err)
	}
	p := h.twilio.Phones()[0]
	<-p.Over()
	if p.Status() != "canceled" {
		t.Errorf("it is %s", p.Status())
	}
}

// TestLimits: an account carries as many calls at once as it may.
func TestLimits(t *testing.T) {
	h := open(t)
	h.account.Trunk.Limits.Calls = 1
	l, _ := h.comesIn(leg.Limits{})
	var no *leg.Rejected
	if _, err := h.Dial(t.Context(), h.call("+14155550123")); !errors.As(err, &no) || no.Cause != parley.Unreachable {
		t.Errorf("%v", err)
	}
	p, err := h.twilio.RingUp(t.Context(), h.voice(), h.status(), "+14155550124", carriertest.From)
	if err != nil {
		t.Fatal(err)
	}
	<-p.Over()
	if p.Refused() != "busy" {
		t.Errorf("a call too many was told %q", p.Refused())
	}
	_ = l.Hangup(t.Context(), parley.AgentEnded)
	x, err := h.Dial(t.Context(), h.call("+14155550123"))
	if err != nil {
		t.Fatal(err)
	}
	_ = x.Hangup(t.Context(), parley.AgentEnded)
}

// TestUnreachable: what has to be set is said.
func TestUnreachable(t *testing.T) {
	for url, plain := range map[string]bool{"": true, "http://parley.example.com": false} {
		d := twilio.New(twilio.Config{PublicURL: url, Logger: slog.New(slog.DiscardHandler), Account: func(context.Context, string) (twilio.Account, error) {
			return twilio.Account{SID: "AC1", Token: "x", Plain: plain}, nil
		}})
		_, err := d.Dial(t.Context(), leg.Call{From: "+14155550123", To: "+14155550124", Trunk: &parley.TrunkAccount{ID: connection}})
		var no *leg.Rejected
		if !errors.As(err, &no) || no.Cause != parley.Configuration || len(no.Detail) < 40 {
			t.Errorf("%q: %v", url, err)
		}
	}
}
