//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVoicemail: a telephone that plays a voicemail's greeting and a beep is left the message, which begins between 100 and 700 ms after the
// beep, and is hung up on. On a busy machine sound comes late: three calls at most.
func TestVoicemail(t *testing.T) {
	t.Parallel()
	need(t, "flite", "sox")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name+".wav") }
	run(t, "flite", "-voice", "slt", "-o", file("wide"), "-t", "You have reached the mailbox of Dan. I cannot come to the phone right now. Please leave a message after the tone.")
	run(t, "sox", file("wide"), "-r", "8000", "-c", "1", "-b", "16", file("said"), "gain", "-3", "pad", "0.5", "0.4")
	run(t, "sox", "-n", "-r", "8000", "-c", "1", "-b", "16", file("beep"), "synth", "0.4", "sine", "1000", "gain", "-12")
	run(t, "sox", file("said"), file("beep"), file("greeting"), "pad", "0", "60")
	greeting := readWAV(t, file("said"))
	var gap time.Duration
	for range 3 {
		s := serve(t)
		id, _ := s.agent(m{"voicemail_message": "Hello ${name}, this is Harbor Dental. Please call us back."})
		p := baresip(t, "dan", file("greeting"), "udp", "auto", "PCMU")
		s.api("POST", "/v1/calls/create", m{"agent": id, "from_number": "1000", "to_number": p.uri, "on_no_human_answer": "hangup", "context": m{"name": "Ada"}}, nil)
		p.wait("CALL_ESTABLISHED", 10*time.Second)
		p.wait("CALL_CLOSED", 60*time.Second)
		c := s.ended(10 * time.Second)
		if c.Ended != "voicemail" || !strings.Contains(c.Text, "BOT: Hello Ada, this is Harbor Dental. Please call us back.") {
			t.Fatalf("%+v", c)
		}
		types, payloads := s.events(c.ID)
		i := len(types) - 1 // what was found out last
		for i >= 0 && types[i] != "event_human_detection" {
			i--
		}
		if i < 0 || payloads[i]["classification"] != "voicemail" || payloads[i]["result"] != "no_human" {
			t.Fatalf("no voicemail among %q, %v", types, payloads)
		}
		s.replays(c.ID, "answered", "message")
		rec := s.recording(c.ID)
		in, out := rec.Channel(0), rec.Channel(1)
		beepEnd := len(in) - 1
		for beepEnd >= 0 && !loud(in[beepEnd]) {
			beepEnd--
		}
		began := slices.IndexFunc(out[beepEnd+1:], loud)
		if beepEnd < len(greeting.PCM) || began < 0 {
			t.Fatalf("the beep ended at sample %d, the greeting alone has %d; the message began %d later", beepEnd, len(greeting.PCM), began)
		}
		gap = time.Duration(began) * time.Second / time.Duration(rec.Rate)
		t.Logf("the message began %v after the beep", gap)
		if gap >= 100*time.Millisecond && gap <= 700*time.Millisecond {
			return
		}
	}
	t.Errorf("the message began %v after the beep", gap)
}

func loud(s int16) bool { return s > 500 || s < -500 }
