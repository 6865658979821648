package telnyx_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/telnyx"
)

const (
	ours   = "+15550001111"
	theirs = "+15557654321"
	conn   = "conn-1"
)

// account is carrier.Telnyx as the leg commands it.
type account struct{ t *carrier.Telnyx }

func refusal(err error) error {
	var e *carrier.Error
	if !errors.As(err, &e) {
		return err
	}
	return &telnyx.Refusal{Err: err, Cause: parley.Unreachable, Doubt: e.Doubt, Later: e.Later}
}

func (a account) Dial(ctx context.Context, params map[string]any) (telnyx.IDs, error) {
	c, err := a.t.Dial(ctx, params)
	return telnyx.IDs{Control: c.ControlID, Leg: c.LegID, Session: c.SessionID}, refusal(err)
}

func (a account) Command(ctx context.Context, id, action string, params map[string]any) error {
	return refusal(a.t.Command(ctx, id, action, params))
}

// A place is a door and the Telnyx it is reached by.
type place struct {
	t     *testing.T
	door  *telnyx.Door
	x     *carriertest.TelnyxCalls
	trunk parley.TrunkAccount
	url   string
	stop  context.CancelFunc
	ended chan struct{}
}

// open serves a door: answer takes what comes in.
func open(t *testing.T, answer func(context.Context, leg.Offer), change func(*telnyx.Connection)) *place {
	t.Helper()
	p := &place{t: t, x: carriertest.NewTelnyxCalls(), trunk: parley.TrunkAccount{ID: conn, UserID: "env", Carrier: parley.CarrierTelnyx}, ended: make(chan struct{})}
	api := httptest.NewServer(p.x)
	net := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	opened, err := (&carrier.Client{Net: net}).Open("account_connection_telnyx", map[string]any{"api_key": carriertest.Key, "base_url": api.URL, "connection_id": carriertest.App})
	if err != nil {
		t.Fatal(err)
	}
	var near http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { near.ServeHTTP(w, r) }))
	clock := leg.NewClock()
	var mu sync.Mutex
	p.door = telnyx.New(telnyx.Config{Public: front.URL, Clock: clock, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Open: func(_ context.Context, id string) (telnyx.Connection, error) {
		mu.Lock()
		defer mu.Unlock()
		if id != conn {
			return telnyx.Connection{}, parley.NotFound("account connection")
		}
		c := telnyx.Connection{Trunk: p.trunk, Account: account{opened.(*carrier.Telnyx)}, PublicKey: p.x.PublicKey(), App: carriertest.App}
		if change != nil {
			change(&c)
		}
		return c, nil
	}})
	near, p.url = p.door, front.URL
	p.x.Webhook = front.URL + telnyx.VoicePath + conn
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	go func() {
		defer close(p.ended)
		if err := p.door.Serve(ctx, answer); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	p.served()
	t.Cleanup(func() {
		stop()
		<-p.ended
		p.x.Close()
		front.Close()
		api.Close()
		net.Close()
		http.DefaultClient.CloseIdleConnections()
		clock.Close()
		for _, r := range p.x.Lines() {
			if c := r.Caller(); c != nil {
				if f := c.Faults(); len(f) > 0 {
					t.Errorf("against the protocol: %q", f)
				}
			}
		}
	})
	return p
}

// served waits until the door takes calls.
func (p *place) served() {
	for {
		if _, err := p.door.Dial(context.Background(), leg.Call{}); err != nil {
			var no *leg.Rejected
			if errors.As(err, &no) && no.Cause != parley.NodeLost {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// last is the newest call.
func (p *place) last() *carriertest.TelnyxLine {
	p.t.Helper()
	all := p.x.Lines()
	if len(all) == 0 {
		p.t.Fatal("there is no call")
	}
	return all[len(all)-1]
}

func within(t *testing.T, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(10 * time.Second):
		t.Fatalf("never: %s", what)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// keep answers every call, gives its leg and stays until it is over.
func keep(limits leg.Limits, legs chan<- leg.Leg) func(context.Context, leg.Offer) {
	return func(ctx context.Context, o leg.Offer) {
		l, err := o.Answer(ctx, limits)
		if err != nil {
			return
		}
		legs <- l
		if s, ok := l.(interface{ Stopped() <-chan struct{} }); ok {
			<-s.Stopped()
		}
	}
}

// TestConformance: a call that comes in, by REST, webhooks and a websocket, is a leg like any other.
func TestConformance(t *testing.T) {
	legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
		legs := make(chan leg.Leg, 1)
		p := open(t, keep(l, legs), nil)
		line := p.x.Ring(theirs, ours, nil)
		select {
		case near := <-legs:
			within(t, "the sound", line.Talks())
			return near, line
		case <-time.After(10 * time.Second):
			t.Fatalf("no answer: %q", p.x.Refused())
		}
		return nil, nil
	})
}

// TestConformanceOfCallsWePlace is the same the other way.
func TestConformanceOfCallsWePlace(t *testing.T) {
	legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
		p := open(t, func(context.Context, leg.Offer) {}, nil)
		near, err := p.door.Dial(t.Context(), leg.Call{ID: "call", From: ours, To: theirs, Trunk: &p.trunk, Limits: l})
		if err != nil {
			t.Fatalf("%v %q", err, p.x.Refused())
		}
		line := p.last()
		within(t, "the sound", line.Talks())
		return near, line
	})
}
