package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip/trace"
)

// TestBothEndsSeeTheSameCall: what one end sent the other received, by every transport, byte for byte.
func TestBothEndsSeeTheSameCall(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		legs := make(chan leg.Leg, 1)
		here, there := trace.New(0), trace.New(0)
		callee := trunk(t, Config{Trace: there}, answering(leg.Limits{}, legs))
		caller := trunk(t, Config{Trace: here}, nil)
		l, err := caller.Dial(context.Background(), leg.Call{ID: "ours", From: "1000", To: callee.uri("demo") + ";transport=" + network})
		if err != nil {
			t.Fatal(network, err)
		}
		taken := <-legs
		id := taken.(leg.Identified).ID()
		shown := make(chan bool, 64)
		stop, ok := callee.Tap(id, func(time.Time, bool, netip.AddrPort, netip.AddrPort, []byte) {
			select {
			case shown <- true:
			default:
			}
		})
		if !ok {
			t.Fatal(network, "no leg to look at")
		}
		<-shown
		stop()
		if _, ok := callee.Tap("another", nil); ok {
			t.Error("a leg of a call that is not there")
		}
		_ = l.Hangup(context.Background(), parley.AgentEnded)
		_ = ended(t, taken)
		var ours, theirs []trace.Message
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			ours, theirs = here.Of("ours"), there.Of("", id)
			if n := len(ours); n == len(theirs) && n >= 5 && strings.Contains(string(ours[n-1].Raw), "BYE") && !ours[n-1].Out {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d and %d messages", network, len(ours), len(theirs))
			}
		}
		for _, m := range ours {
			found := false
			for _, o := range theirs {
				found = found || string(o.Raw) == string(m.Raw) && o.Out != m.Out && o.Network == m.Network && o.Network == strings.ToUpper(network)
			}
			if !found {
				t.Errorf("%s: the other end has not seen %q", network, m.Raw)
			}
		}
		if _, ok := callee.Tap(id, nil); ok {
			t.Error("a leg that has ended")
		}
	}
}

// BenchmarkTraced is a call's signalling with and without being remembered.
func BenchmarkTraced(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprint(on), func(b *testing.B) {
			legs := make(chan leg.Leg, 1)
			var c Config
			if on {
				c.Trace = trace.New(0)
			}
			callee := trunk(b, c, answering(leg.Limits{}, legs))
			caller := trunk(b, c, nil)
			for b.Loop() {
				l, err := caller.Dial(context.Background(), leg.Call{From: "1000", To: callee.uri("demo")})
				if err != nil {
					b.Fatal(err)
				}
				_ = l.Hangup(context.Background(), parley.AgentEnded)
				<-legs
			}
		})
	}
}
