//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestListenedToAndTakenOver: a supervisor listens to a caller and the agent by curl, whispers, and has a person's telephone take the call over.
// Caller and person hear each other, nobody but the model has heard the whisper, and what was listened to is what was recorded.
func TestListenedToAndTakenOver(t *testing.T) {
	t.Parallel()
	need(t, "curl")
	s := serve(t)
	bob := baresip(t, "bob", tape(t, "600:90"), "udp", "auto", "PCMU")
	agent, _ := s.agent(nil)
	s.hearing()
	alice := baresip(t, "alice", tape(t, "6", "What are your opening hours?", "8", "440:90"), "udp", "manual", "PCMU")
	alice.do("dial", fmt.Sprintf("sip:%s@%s", agent, s.sip))
	alice.wait("CALL_ESTABLISHED", 20*time.Second)
	s.until("the call runs", 10*time.Second, func() bool { all := s.calls(); return len(all) == 1 && all[0].Status == "in_progress" })
	id := s.calls()[0].ID
	file := filepath.Join(t.TempDir(), "listened.wav")
	curl := exec.Command("curl", "-sNf", "-H", "Authorization: Bearer "+key, "-o", file, s.http+"/v1/calls/listen?channels=2&id="+id)
	if err := curl.Start(); err != nil {
		t.Fatal(err)
	}
	s.api("POST", "/v1/calls/whisper?id="+id, m{"text": "Offer them the discount."}, nil)
	time.Sleep(12 * time.Second)
	s.api("POST", "/v1/calls/take_over?id="+id, m{"phone_number": bob.uri}, nil)
	bob.wait("CALL_ESTABLISHED", 20*time.Second)
	time.Sleep(12 * time.Second) // both tones have begun
	alice.do("hangup", "")
	bob.wait("CALL_CLOSED", 10*time.Second)
	c := s.ended(20 * time.Second)
	if err := curl.Wait(); err != nil {
		t.Errorf("curl: %v", err)
	}
	if a, b := tone(alice.heard(), 600, 2), tone(bob.heard(), 440, 2); a < 0.5 || b < 0.5 {
		t.Errorf("they heard %.2f and %.2f of each other", a, b)
	}
	if strings.Contains(c.Text, "discount") {
		t.Errorf("what was whispered was said:\n%s", c.Text)
	}
	types, payloads := s.events(c.ID)
	if i := slices.Index(types, "transferred"); i < 0 || payloads[i]["by"] != "take_over" {
		t.Errorf("not taken over: %v", types)
	}
	wav, err := os.ReadFile(file)
	if err != nil || len(wav) < 44 {
		t.Fatalf("%d bytes were listened to: %v", len(wav), err)
	}
	rec := s.recording(c.ID)
	for side, who := range []string{"the caller", "whoever talks to them"} {
		var heard []int16
		for b := wav[44:]; len(b) >= 4; b = b[4:] { // 16 kHz, both sides by turns
			heard = append(heard, int16(b[2*side])|int16(b[2*side+1])<<8)
		}
		heard = heard[16000:] // the listener came while it ran
		got := correlation(heard[:8*16000], 16000, rec.Channel(side), rec.Rate)
		t.Logf("%s: %.3f", who, got)
		if got < 0.95 {
			t.Errorf("what was listened to of %s is %.3f of what was recorded", who, got)
		}
	}
}
