package call

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/stream/streamtest"
	"github.com/parley-voice/parley/leg/telnyx"
	"github.com/parley-voice/parley/leg/twilio"
)

// wires are a network in memory, by host: what waits for it lets virtual time pass.
type wires map[string]chan net.Conn

// lay has all of net/http's default client go by a network with these hosts on it; cut takes it away again.
func lay(hosts map[string]http.Handler) (w wires, cut func()) {
	w = wires{}
	was := http.DefaultTransport
	by := &http.Transport{DialContext: w.dial}
	http.DefaultTransport = by
	var servers []*http.Server
	for host, h := range hosts {
		comes := make(chan net.Conn)
		w[host] = comes
		s := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
		servers = append(servers, s)
		go func() { _ = s.Serve(&socket{comes, make(chan struct{})}) }()
	}
	return w, func() {
		http.DefaultTransport = was
		by.CloseIdleConnections()
		for _, s := range servers {
			_ = s.Close()
		}
	}
}

func (w wires) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(address)
	near, far := net.Pipe()
	select {
	case w[host] <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Do implements carrier.Net.
func (wires) Do(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	q, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	q.Header = r.Header
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return &fetch.Response{Status: res.StatusCode, Header: res.Header, Body: b}, err
}

// A socket is where a host of the network listens.
type socket struct {
	comes  chan net.Conn
	closed chan struct{}
}

func (s *socket) Accept() (net.Conn, error) {
	select {
	case c := <-s.comes:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *socket) Close() error {
	close(s.closed)
	return nil
}

func (s *socket) Addr() net.Addr { return &net.UnixAddr{} }

// A carried bench has one carrier, by which all its calls go.
type carried struct {
	door    leg.Trunk
	wires   wires
	close   func()
	number  map[string]string                          // of the expert, by what becomes of the call; else expert
	ring    func(context.Context) (legtest.Far, error) // the caller calls, and is answered
	called  func() (legtest.Far, string)               // the last who was called, once there is sound, and from which number; nil: not yet
	lasting func() int                                 // telephones that are not over
}

const (
	account = "account-1"
	here    = "http://127.0.0.1:80" // its network is in memory
)

// trunk lets two calls at once go by the account: the caller's and the expert's.
func trunk(carrier string) *parley.TrunkAccount {
	return &parley.TrunkAccount{ID: account, UserID: "env", Carrier: carrier, Limits: parley.TrunkLimits{Calls: 2}, Policy: parley.DialPolicy{Prefixes: []string{"+"}}}
}

// phone is a telephone that Twilio carries.
type phone struct {
	*streamtest.Caller
	p *carriertest.Phone
}

func (f phone) Gone() <-chan struct{} { return f.p.Over() }

func (f phone) Hangup() { f.p.Hangup() }

func byTwilio(t *testing.T, clock *leg.Clock, what string) *carried {
	t.Helper()
	x := &carriertest.Exchange{Ring: 5 * time.Second}
	if what == "answered late" {
		x.Ring = 30 * time.Second
	}
	a, err := (&carrier.Client{Net: wires{}, Bases: map[string]string{"twilio": "http://twilio.test"}}).Open("account_connection_twilio",
		map[string]any{"twilio_account_sid": carriertest.SID, "twilio_auth_token": carriertest.Token})
	if err != nil {
		t.Fatal(err)
	}
	door := twilio.New(twilio.Config{Clock: clock, PublicURL: here, Logger: slog.New(slog.DiscardHandler), Account: func(context.Context, string) (twilio.Account, error) {
		return twilio.Account{SID: carriertest.SID, Token: carriertest.Token, API: a.(twilio.API), Trunk: *trunk(parley.CarrierTwilio), Plain: true}, nil
	}})
	w, cut := lay(map[string]http.Handler{"127.0.0.1": door, "twilio.test": x})
	sounds := func(p *carriertest.Phone) legtest.Far {
		if c := p.Caller(); c != nil {
			return phone{c, p}
		}
		return nil
	}
	return &carried{door: door, wires: w, number: map[string]string{"busy": carriertest.Engaged, "no answer": carriertest.Unanswered},
		close: func() { x.Close(); cut() },
		ring: func(ctx context.Context) (legtest.Far, error) {
			p, err := x.RingUp(ctx, here+"/carriers/twilio/voice/"+account, here+"/carriers/twilio/status/"+account, "+14155550123", carriertest.From)
			if err != nil {
				return nil, err
			}
			<-p.Connected()
			if sounds(p) == nil {
				return nil, errors.New(p.Refused())
			}
			return sounds(p), nil
		},
		called: func() (legtest.Far, string) {
			all := x.Phones()
			p := all[len(all)-1]
			return sounds(p), p.From
		},
		lasting: func() (n int) {
			for _, p := range x.Phones() {
				select {
				case <-p.Over():
					if c := p.Caller(); c != nil && len(c.Faults()) > 0 {
						t.Errorf("against the protocol: %q", c.Faults())
					}
				default:
					n++
				}
			}
			return n
		}}
}

// desktop commands calls for an account with Telnyx.
type desktop struct{ *carrier.Telnyx }

func (d desktop) Dial(ctx context.Context, params map[string]any) (telnyx.IDs, error) {
	c, err := d.Telnyx.Dial(ctx, params)
	return telnyx.IDs{Control: c.ControlID, Leg: c.LegID, Session: c.SessionID}, err
}

func byTelnyx(t *testing.T, clock *leg.Clock, what string) *carried {
	t.Helper()
	x := carriertest.NewTelnyxCalls()
	x.Webhook = here + telnyx.VoicePath + account
	fate, ok := map[string]carriertest.Fate{"busy": {After: 5 * time.Second, Cause: "user_busy", Code: "486"}, "no answer": {After: time.Hour}}[what]
	if !ok {
		fate.After = 5 * time.Second
	}
	if what == "answered late" {
		fate.After = 30 * time.Second
	}
	x.Fate = func(string) carriertest.Fate { return fate }
	a, err := (&carrier.Client{Net: wires{}, Bases: map[string]string{"telnyx": "http://telnyx.test"}}).Open("account_connection_telnyx",
		map[string]any{"api_key": carriertest.Key, "connection_id": carriertest.App})
	if err != nil {
		t.Fatal(err)
	}
	door := telnyx.New(telnyx.Config{Clock: clock, Public: here, Logger: slog.New(slog.DiscardHandler), Open: func(context.Context, string) (telnyx.Connection, error) {
		return telnyx.Connection{Trunk: *trunk(parley.CarrierTelnyx), Account: desktop{a.(*carrier.Telnyx)}, PublicKey: x.PublicKey(), App: carriertest.App}, nil
	}})
	w, cut := lay(map[string]http.Handler{"127.0.0.1": door, "telnyx.test": x})
	sounds := func(l *carriertest.TelnyxLine) legtest.Far {
		if l.Caller() != nil {
			return l
		}
		return nil
	}
	return &carried{door: door, wires: w, close: func() { x.Close(); cut() },
		ring: func(context.Context) (legtest.Far, error) {
			l := x.Ring("+14155550123", carriertest.From, nil)
			select {
			case <-l.Talks():
				return l, nil
			case <-l.Gone():
				return nil, fmt.Errorf("refused: %q %q %v", l.Commands(), x.Refused(), x.Told())
			}
		},
		called: func() (legtest.Far, string) {
			all := x.Lines()
			l := all[len(all)-1]
			return sounds(l), l.From
		},
		lasting: func() (n int) {
			for _, l := range x.Lines() {
				select {
				case <-l.Gone():
					if c := l.Caller(); c != nil && len(c.Faults()) > 0 {
						t.Errorf("against the protocol: %q", c.Faults())
					}
				default:
					n++
				}
			}
			return n
		}}
}

// reception is a desk that has one number.
type reception struct{ *desk }

func (r reception) Reached(ctx context.Context, x leg.Ringing) (Reached, error) {
	if x.Trunk == account && x.To == carriertest.From {
		x.To = "desk"
	}
	return r.desk.Reached(ctx, x)
}

// carriers are those that there are.
var carriers = map[string]func(*testing.T, *leg.Clock, string) *carried{parley.CarrierTwilio: byTwilio, parley.CarrierTelnyx: byTelnyx}

// overCarrier gives f a switchboard whose calls go by a carrier.
func overCarrier(t *testing.T, name string, c cell, f func(ctx context.Context, p *travel)) {
	run(t, func(ctx context.Context, b *bench) {
		clock := leg.NewClock()
		x := carriers[name](t, clock, c.what)
		serving, stop := context.WithCancel(ctx)
		served := make(chan struct{})
		b.desk.trunk = trunk(name)
		b.Switchboard.Trunk, b.Switchboard.Directory = leg.Doors{name: x.door}, reception{b.desk}
		go func() { defer close(served); _ = b.Serve(serving) }()
		synctest.Wait()
		f(ctx, &travel{stageplay: &stageplay{cell: c, bench: b, t: t}, carried: x})
		stop()
		<-served
		x.close()
		clock.Close()
	})
}
