//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestBaresipThroughKamailio: a phone and a trunk are registered at the same proxy. The phone calls the trunk and is heard, and hears;
// then the trunk calls the phone. The proxy stays on the way of every message.
func TestBaresipThroughKamailio(t *testing.T) {
	t.Parallel() // it waits for most of its time
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			port := freePort(t)
			kamailio(t, port, "MD5")
			a := parley.TrunkAccount{ID: "a", Host: "127.0.0.1", Port: port, Transport: transport, Username: "talk", Password: "secret of line",
				Register: parley.TrunkRegister{On: true, Expires: 3 * time.Minute}}
			d := open(t, a)
			registered(t, d.Trunk, true)
			l := line{transport: transport, codec: "PCMU", registrar: fmt.Sprintf("127.0.0.1:%d", port), password: "secret of line"}
			h, got := d.conversation(t, l, fmt.Sprintf("sip:talk@127.0.0.1:%d;transport=%s", port, transport), listening)
			if h.Ringing.Trunk != "a" || h.Ringing.From != "alice" || !h.byFar() {
				t.Errorf("%v", h)
			}
			if got[0] < 0.9 || got[1] < 0.9 {
				t.Errorf("from the phone %.3f, to it %.3f", got[0], got[1])
			}
			l.user, l.mode, l.wav = "bob", "auto", silence(t)
			p := pick(t, l)
			var placed leg.Leg
			eventually(t, "the phone is registered and answers", func() bool {
				var err error
				placed, err = d.Dial(t.Context(), leg.Call{From: "talk", To: "bob", Trunk: &a})
				return err == nil
			})
			p.wait("CALL_ESTABLISHED", 5*time.Second)
			_ = placed.Hangup(t.Context(), parley.AgentEnded)
			p.wait("CALL_CLOSED", 5*time.Second)
		})
	}
}
