package webrtc

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/rtp"
)

const relaySecret = "north"

// relay is a TURN server on this machine, by UDP and TCP, for users made of a secret.
func relay(t *testing.T) (udp, tcp Relay) {
	t.Helper()
	p, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lends := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	s, err := turn.NewServer(turn.ServerConfig{Realm: "parley", LoggerFactory: quiet, AuthHandler: turn.LongTermTURNRESTAuthHandler(relaySecret, quiet.NewLogger("")),
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: p, RelayAddressGenerator: lends}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: l, RelayAddressGenerator: lends}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return Relay{URL: "turn:" + p.LocalAddr().String(), Secret: relaySecret}, Relay{URL: "turn:" + l.Addr().String() + "?transport=tcp", Secret: relaySecret}
}

// TestByRelay: a browser that a relay alone reaches has its sound both ways. Where we have one, too, its address is in the answer; that it is
// used is for a network that has no other way (e2e).
func TestByRelay(t *testing.T) {
	udp, tcp := relay(t)
	for name, tc := range map[string]struct {
		theirs, ours []Relay
	}{
		"the browser's":          {[]Relay{udp}, nil},
		"the browser's, by TCP":  {[]Relay{tcp}, nil},
		"ours":                   {nil, []Relay{udp}},
		"ours, by TCP":           {nil, []Relay{tcp}},
		"both":                   {[]Relay{tcp}, []Relay{udp}},
		"ours, one of them dead": {nil, []Relay{{URL: "turn:127.0.0.1:9?transport=tcp", Secret: relaySecret}, udp}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := leg.NewClock()
			t.Cleanup(clock.Close)
			d, err := Open(Config{Listen: "127.0.0.1:0", Clock: clock, Relays: tc.ours})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(d.Close)
			far, err := NewBrowser(t.Context(), BrowserConfig{Codecs: []rtp.Codec{rtp.Opus}, Relays: tc.theirs, Relayed: tc.theirs != nil, Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(far.Close)
			b := &browser{Browser: far, d: d, over: make(chan struct{})}
			answered := make(chan leg.Leg, 1)
			id, answer, err := d.Take(t.Context(), b.Offer(), leg.Ringing{}, answers(t, answered))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Hangup(id)
			if lends := strings.Contains(string(answer), " typ relay"); lends != (tc.ours != nil) {
				t.Errorf("the answer is\n%s", answer)
			}
			b.connect(t, answer)
			l := <-answered
			if l == nil {
				return
			}
			if ours, _ := b.Way(); (ours == "relay") != (tc.theirs != nil) {
				t.Errorf("from %s", ours)
			}
			is := l.(leg.Identified).Metadata()
			if is["server_candidate"] == "" || is["browser_candidate"] == "" {
				t.Errorf("the call says %v", is)
			}
			tone := make([]audio.Frame, 50)
			for i := range tone {
				for j := range tone[i] {
					tone[i][j] = int16(8000 * (1 - 2*(j/8%2)))
				}
			}
			b.Say(tone...)
			go func() {
				for _, f := range tone {
					_ = l.Play(t.Context(), f)
				}
			}()
			hears(t, l)
			for !slices.ContainsFunc(b.Ear(), legtest.Loud) {
				time.Sleep(5 * time.Millisecond) // the test's own limit ends it
			}
		})
	}
}

// answers gives the leg of a call that is taken, and returns when it is over.
func answers(t *testing.T, to chan<- leg.Leg) func(context.Context, leg.Offer) {
	return func(ctx context.Context, o leg.Offer) {
		l, err := o.Answer(ctx, leg.Limits{})
		if err != nil {
			t.Error(err)
			close(to)
			return
		}
		to <- l
		<-l.(*call).Stopped()
	}
}

// hears waits for a sound of the far end.
func hears(t *testing.T, l leg.Leg) {
	t.Helper()
	for {
		e, err := l.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == leg.Audio && legtest.Loud(e.Frame) {
			return
		}
	}
}

// A page of text that several write.
type page struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// TestRelayRefuses: the log says once why no relay lends us an address, and each call that it was without; the calls go on.
func TestRelayRefuses(t *testing.T) {
	udp, _ := relay(t)
	for name, tc := range map[string]struct {
		relay Relay
		why   string
	}{
		"wrong secret":   {Relay{URL: udp.URL, Secret: "south"}, "error 400"},
		"wrong password": {Relay{URL: udp.URL, Username: "me", Password: "mine"}, "error 400"},
		"nobody, by TCP": {Relay{URL: "turn:127.0.0.1:9?transport=tcp", Secret: "south"}, "connection refused"},
		"nobody":         {Relay{URL: "turn:127.0.0.1:9", Secret: "south"}, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := leg.NewClock()
			t.Cleanup(clock.Close)
			var log page
			d, err := Open(Config{Listen: "127.0.0.1:0", Clock: clock, Relays: []Relay{tc.relay}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(d.Close)
			for range 2 {
				b := newBrowser(t, rtp.Opus)
				answered, warnings := make(chan leg.Leg, 1), make(chan []string, 1)
				id, answer, err := d.Take(t.Context(), b.Offer(), leg.Ringing{}, func(ctx context.Context, o leg.Offer) {
					warnings <- o.Ringing().Warnings
					answers(t, answered)(ctx, o)
				})
				if err != nil {
					t.Fatal(err)
				}
				b.connect(t, answer)
				if l := <-answered; l == nil {
					t.Fatal("the call is none")
				}
				if w := <-warnings; len(w) != 1 || !strings.Contains(w[0], tc.relay.URL) || strings.Contains(w[0], "south") || strings.Contains(w[0], "mine") {
					t.Errorf("warned %q", w)
				}
				d.Hangup(id)
			}
			if n := strings.Count(log.String(), "no TURN server"); n != 1 || !strings.Contains(log.String(), tc.why) {
				t.Errorf("%d lines in the log:\n%s", n, log.String())
			}
		})
	}
}

func TestLending(t *testing.T) {
	var l lending
	now := time.Now()
	if l.patience(now) != gatherMost || !l.lent(false, now) || l.patience(now.Add(relayRest-1)) != gatherBriefs {
		t.Error("the first failure")
	}
	if l.lent(false, now.Add(time.Second)) || l.patience(now.Add(relayRest)) != gatherMost {
		t.Error("a failure within the rest makes it no longer, nor a second line")
	}
	if !l.lent(false, now.Add(relayTold)) {
		t.Error("it is told again after a minute")
	}
	if l.lent(true, now.Add(relayTold+1)) || l.patience(now.Add(relayTold+2)) != gatherMost {
		t.Error("one that lends again is waited for again")
	}
}

// printf 1000003600:ticket | openssl dgst -sha1 -hmac north -binary | base64
func TestCredentials(t *testing.T) {
	r := Relay{Secret: "north"}
	user, password := r.credentials("ticket", time.Unix(1_000_000_000, 0))
	if user != "1000003600:ticket" || password != "4QpuVkmO7OKUyvVtGJzo+PBnPTU=" {
		t.Errorf("%s %s", user, password)
	}
	lasting := Relay{Username: "me", Password: "mine"}
	if user, password = lasting.credentials("ticket", time.Now()); user != "me" || password != "mine" {
		t.Errorf("%s %s", user, password)
	}
}
