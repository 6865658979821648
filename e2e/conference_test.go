//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// TestPhonesMeet: the agent puts its caller on hold, calls a second phone, and brings the caller in. Each phone plays a tone of its own, and hears the
// other's from then on and not before; the caller hears something all the time. The caller hangs up, and it is over for both.
func TestPhonesMeet(t *testing.T) {
	t.Parallel()
	s := serve(t)
	bob := baresip(t, "bob", tape(t, "600:120"), "udp", "auto", "PCMU")
	after := func(seconds int, action m) m {
		return m{"activity": "time_elapsed", "config": m{"seconds": seconds}, "action": action}
	}
	agent, _ := s.agent(m{"activity_actions": []m{
		after(3, m{"type": "action_add_to_conference", "config": m{"phone_number": bob.uri}}),
		after(16, m{"type": "action_set_hold", "config": m{"on": false}}),
	}})
	s.hearing()
	alice := baresip(t, "alice", tape(t, "440:120"), "udp", "manual", "PCMU")
	alice.do("dial", fmt.Sprintf("sip:%s@%s", agent, s.sip))
	bob.wait("CALL_ESTABLISHED", 20*time.Second)
	time.Sleep(20 * time.Second)
	alice.do("hangup", "")
	bob.wait("CALL_CLOSED", 5*time.Second)
	c := s.ended(10 * time.Second)
	if c.Ended != "caller_hung_up" {
		t.Errorf("ended %s:\n%s", c.Ended, c.Text)
	}
	types, payloads := s.events(c.ID)
	for _, want := range []string{"held", "party_joined", "unheld", "party_left"} {
		if !slices.Contains(types, want) {
			t.Errorf("no event %s among %v", want, types)
		}
	}
	if i := slices.Index(types, "party_joined"); i >= 0 && payloads[i]["number"] != bob.uri {
		t.Errorf("party_joined: %v", payloads[i])
	}
	a, b := alice.heard(), bob.heard()
	if hers, his := tone(a, 600, 2), tone(b, 440, 2); hers < 0.5 || his < 0.5 {
		t.Errorf("they heard %.2f and %.2f of each other", hers, his)
	}
	waiting := func(s *audio.Sound, hz float64, from, seconds int) float64 {
		pcm := s.Mono()[from*s.Rate:]
		return audio.Goertzel(pcm[:seconds*s.Rate], hz, s.Rate)
	}
	if hers, his := waiting(a, 600, 6, 6), waiting(b, 440, 2, 6); hers > 0.05 || his > 0.05 {
		t.Errorf("while the caller waited they heard %.2f and %.2f of each other", hers, his)
	}
	if still := stillFor(a.Mono()[4*a.Rate:], a.Rate); still > 2*time.Second {
		t.Errorf("the caller heard nothing for %v", still)
	}
	rec := s.recording(c.ID)
	if left := rec.Channel(0); audio.Goertzel(left[len(left)-2*rec.Rate:], 600, rec.Rate) < 0.2 || audio.Goertzel(left[len(left)-2*rec.Rate:], 440, rec.Rate) < 0.2 {
		t.Error("the recording's left does not have both of them")
	}
	s.quiet()
}
