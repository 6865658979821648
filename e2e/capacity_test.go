//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestFullByMeasure: a node whose calls take more of its CPU than it may use takes no more: a telephone that finds it by SRV goes on to
// the next, and once the calls are over it takes them again. One percent of one core stands for eighty: the measuring is the same.
func TestFullByMeasure(t *testing.T) {
	t.Parallel()
	a, b := serve(t, "PARLEY_FULL_AT=1", "GOMAXPROCS=1"), serve(t)
	dns := nameServer(t, "calls.test", record{10, a.sip}, record{20, b.sip})
	d := open(t)
	var legs []leg.Leg
	var refused error
	for end := time.Now().Add(time.Minute); refused == nil && time.Now().Before(end); {
		l, err := d.Dial(t.Context(), leg.Call{From: "1000", To: "sip:demo@" + a.sip})
		if refused = err; err == nil {
			legs = append(legs, l)
		}
		if len(legs) == 40 {
			break
		}
		time.Sleep(500 * time.Millisecond) // what they take is measured by the second
	}
	if len(legs) < 4 {
		t.Fatalf("after %d calls it takes no more, and four for each core it always does: %v", len(legs), refused)
	}
	if refused == nil || !strings.Contains(refused.Error(), "503") {
		t.Fatalf("%d calls are taken, and none is refused by 503: %v", len(legs), refused)
	}
	p := pick(t, line{user: "alice", wav: silence(t), transport: "udp", mode: "manual", codec: "PCMU", dns: dns})
	p.do("dial", "sip:demo@calls.test")
	p.wait("CALL_ESTABLISHED", 20*time.Second)
	b.until("the call is the second's", 20*time.Second, func() bool { return len(b.calls()) == 1 })
	p.do("hangup", "")
	for _, l := range legs {
		_ = l.Hangup(t.Context(), parley.AgentEnded)
	}
	a.until("it takes calls again", time.Minute, func() bool {
		l, err := d.Dial(t.Context(), leg.Call{From: "1000", To: "sip:demo@" + a.sip})
		if err != nil {
			return false
		}
		_ = l.Hangup(t.Context(), parley.AgentEnded)
		return true
	})
}
