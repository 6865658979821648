package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// deadly is one place in a call where its far end dies.
type deadly struct {
	name string
	want []parley.Cause // that the leg ends by; "": not by a failure
	run  func(t *testing.T, tr *Trunk, p *peer, taken func() leg.Leg) leg.Leg
}

// takes has the peer call and be answered.
func takes(acknowledge bool, then func(t *testing.T, p *peer, l leg.Leg)) func(*testing.T, *Trunk, *peer, func() leg.Leg) leg.Leg {
	return func(t *testing.T, _ *Trunk, p *peer, taken func() leg.Leg) leg.Leg {
		p.invite(acknowledge)
		l := taken()
		then(t, p, l)
		return l
	}
}

// places has it called, and answering.
func places(then func(t *testing.T, p *peer, l leg.Leg)) func(*testing.T, *Trunk, *peer, func() leg.Leg) leg.Leg {
	return func(t *testing.T, tr *Trunk, p *peer, _ func() leg.Leg) leg.Leg {
		ch := dial(t, tr, p, leg.Call{Limits: leg.Limits{MediaTimeout: 500 * time.Millisecond}})
		inv := p.expect("INVITE ")
		p.respond(inv, "180 Ringing", "", "")
		p.respond(inv, "200 OK", "", p.sdp(""))
		p.expect("ACK ")
		l := accepted(t, ch)
		then(t, p, l)
		return l
	}
}

func nothing(*testing.T, *peer, leg.Leg) {}

var deaths = []deadly{
	{"ringing, taken", []parley.Cause{parley.Unreachable, parley.MediaTimeout}, func(t *testing.T, _ *Trunk, p *peer, taken func() leg.Leg) leg.Leg {
		p.seq = 1
		p.send(p.request("INVITE", "", "", p.sdp("")))
		p.expect("SIP/2.0 180")
		return taken()
	}},
	{"ringing, placed", nil, func(t *testing.T, tr *Trunk, p *peer, _ func() leg.Leg) leg.Leg {
		ch := dial(t, tr, p, leg.Call{RingTimeout: 300 * time.Millisecond})
		p.respond(p.expect("INVITE "), "180 Ringing", "", "")
		if r := rejected(t, ch); r.Cause != parley.NoAnswer {
			t.Errorf("%+v", r)
		}
		return nil
	}},
	{"never there", nil, func(t *testing.T, tr *Trunk, p *peer, _ func() leg.Leg) leg.Leg {
		if r := rejected(t, dial(t, tr, p, leg.Call{})); r.Cause != parley.Unreachable {
			t.Errorf("%+v", r)
		}
		return nil
	}},
	{"after the 200, before the ACK", []parley.Cause{parley.Unreachable, parley.MediaTimeout}, takes(false, nothing)},
	{"after our offer, before the answer", nil, func(t *testing.T, _ *Trunk, p *peer, _ func() leg.Leg) leg.Leg {
		p.seq = 1
		p.send(p.request("INVITE", "", "", ""))
		p.expect("SIP/2.0 200")
		return nil
	}},
	{"in a taken call", []parley.Cause{parley.MediaTimeout}, takes(true, nothing)},
	{"in a placed call", []parley.Cause{parley.MediaTimeout}, places(nothing)},
	{"holding us", []parley.Cause{parley.Unreachable}, takes(true, func(t *testing.T, p *peer, l leg.Leg) {
		if code, m := p.ask("INVITE", "", p.sdp("a=inactive\r\n")); code != 200 {
			t.Errorf("hold: %s", m)
		}
	})},
	{"in its re-INVITE", []parley.Cause{parley.Unreachable, parley.MediaTimeout}, takes(true, func(t *testing.T, p *peer, _ leg.Leg) {
		p.seq++
		p.send(p.request("INVITE", "", "", p.sdp("")))
		p.expect("SIP/2.0 200")
	})},
	{"in our re-INVITE", []parley.Cause{parley.Unreachable, parley.MediaTimeout}, places(func(t *testing.T, p *peer, l leg.Leg) {
		c := l.(*call)
		c.t.begin(func() { c.dialog().renew(c, timing{10 * time.Minute, true}) })
		p.expect("INVITE ")
	})},
	{"in its transfer", []parley.Cause{parley.MediaTimeout}, places(func(t *testing.T, p *peer, l leg.Leg) {
		go func() {
			ctx, stop := context.WithTimeout(context.Background(), time.Second)
			defer stop()
			if err := l.Refer(ctx, "+1555"); err == nil {
				t.Error("transferred by a dead peer")
			}
		}()
		p.expect("REFER ")
	})},
	{"in our BYE", []parley.Cause{""}, takes(true, func(t *testing.T, p *peer, l leg.Leg) {
		_ = l.Hangup(t.Context(), parley.AgentEnded)
		p.expect("BYE ")
	})},
}

// TestDeadPeers: wherever in a call the far end dies, with its socket or in silence, the leg ends by the right cause, and no port, dialog or
// goroutine stays.
func TestDeadPeers(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("calls", func(t *testing.T) {
		var waiting sync.Map // Call-ID to chan leg.Leg
		ports := rtp.NewPorts(43000, 43400)
		tr := trunk(t, Config{Ports: ports}, func(ctx context.Context, o leg.Offer) {
			time.Sleep(50 * time.Millisecond)
			l, err := o.Answer(ctx, leg.Limits{MediaTimeout: 500 * time.Millisecond})
			if err != nil {
				return
			}
			if ch, ok := waiting.Load(o.Ringing().ID); ok {
				ch.(chan leg.Leg) <- l
			}
			<-l.(*call).stopped
		})
		t.Cleanup(func() {
			for end := time.Now().Add(patience); ports.InUse() > 0 || dialogs(tr) > 0; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d ports and %d dialogs stay", ports.InUse(), dialogs(tr))
				}
			}
		})
		var all sync.WaitGroup
		defer all.Wait()
		for i := range 9 * len(deaths) {
			all.Go(func() {
				time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
				p := newPeer(t, tr)
				ch := make(chan leg.Leg, 1)
				waiting.Store(p.callID, ch)
				die(t, tr, p, deaths[i%len(deaths)], ch, i/len(deaths)%2 == 0)
			})
		}
	})
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// die has a peer die and sees what becomes of its leg.
func die(t *testing.T, tr *Trunk, p *peer, c deadly, legs <-chan leg.Leg, aloud bool) {
	l := c.run(t, tr, p, func() leg.Leg { return next(t, legs) })
	if aloud {
		_ = p.c.Close() // what is sent to it comes back as an ICMP error
	}
	if l == nil {
		return
	}
	var g *leg.GoneError
	got := parley.Cause("")
	if err := ended(t, l); errors.As(err, &g) {
		got = g.Cause
	}
	if !slices.Contains(c.want, got) {
		t.Errorf("%s: ended by %q, not %q", c.name, got, c.want)
	}
}
