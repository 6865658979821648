//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDashboardMicrophone: whoever has called by telephone hears the microphone of the browser that takes the call over: the tone that it plays, which is in
// nothing that was heard before.
func TestDashboardMicrophone(t *testing.T) {
	t.Parallel()
	need(t, "sox")
	s, agent := scripted(t, "Good morning, this is Harbor Dental. How can I help you?")
	hums := filepath.Join(t.TempDir(), "hums.wav")
	run(t, "sox", "-n", "-r", "48000", "-c", "1", "-b", "16", hums, "synth", "0.7", "sine", "900", "gain", "-6", "pad", "0", "0.25", "repeat", "40")
	alice := baresip(t, "alice", tape(t, slices.Repeat([]string{"8", "440:2"}, 20)...), "udp", "manual", "PCMU")
	alice.do("dial", fmt.Sprintf("sip:%s@%s", agent, s.sip))
	alice.wait("CALL_ESTABLISHED", 20*time.Second)
	var v struct{ Taken string }
	person(t, s, "microphone", m{"from": "alice"}, hums, &v)
	alice.wait("CALL_CLOSED", 20*time.Second)
	if !strings.Contains(v.Taken, "You talk with the caller") {
		t.Errorf("%+v", v)
	}
	heard := alice.heard()
	before := *heard
	before.PCM = heard.PCM[:min(4*heard.Rate, len(heard.PCM))]
	if with, without := tone(heard, 900, 5), tone(&before, 900, 4); with < 0.5 || without > 0.2 {
		t.Errorf("of what the caller heard the microphone's tone is %.2f, and before the call was taken over %.2f", with, without)
	}
}
