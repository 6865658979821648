//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// transfers makes an agent that hands its caller over 3 s after it has answered.
func (s *server) transfers(action m) (agent string) {
	s.t.Helper()
	agent, _ = s.agent(m{"activity_actions": []m{{"activity": "time_elapsed", "config": m{"seconds": 3}, "action": action}}})
	return agent
}

// tape makes a recording that a phone says: parts of so many seconds of silence ("12"), of a tone ("440:30"), or of words.
func tape(t *testing.T, parts ...string) string {
	t.Helper()
	need(t, "espeak-ng", "sox")
	dir := t.TempDir()
	var files []string
	for i, part := range parts {
		file := filepath.Join(dir, fmt.Sprint(i, ".wav"))
		var hz, seconds float64
		if n, _ := fmt.Sscanf(part, "%f:%f", &hz, &seconds); n == 2 {
			run(t, "sox", "-n", "-r", "8000", "-c", "1", "-b", "16", file, "synth", fmt.Sprint(seconds), "sine", fmt.Sprint(hz), "gain", "-12")
		} else if n == 1 {
			run(t, "sox", "-n", "-r", "8000", "-c", "1", "-b", "16", file, "trim", "0", part)
		} else {
			wide := filepath.Join(dir, "wide.wav")
			run(t, "flite", "-voice", "slt", "-o", wide, "-t", part)
			run(t, "sox", wide, "-r", "8000", "-c", "1", "-b", "16", file, "gain", "-3")
		}
		files = append(files, file)
	}
	all := filepath.Join(dir, "tape.wav")
	run(t, "sox", append(files, all)...)
	return all
}

// stillFor is the longest time without sound.
func stillFor(pcm []int16, rate int) (longest time.Duration) {
	const step = 20
	n, run := rate/(1000/step), time.Duration(0)
	for ; len(pcm) >= n; pcm = pcm[n:] {
		if run += step * time.Millisecond; audio.DBFS(pcm[:n]) > -55 {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// tone is how much of the last seconds of a sound is a tone: of most tenths of a second, since a phone that is late loses the tone's phase.
func tone(s *audio.Sound, hz float64, seconds int) float64 {
	pcm := s.Mono()
	var shares []float64
	for part := range slices.Chunk(pcm[max(0, len(pcm)-seconds*s.Rate):], s.Rate/10) {
		shares = append(shares, audio.Goertzel(part, hz, s.Rate))
	}
	slices.Sort(shares)
	return shares[len(shares)/2]
}

// TestPersonIsPutThrough: a person is called, told who waits, agrees by a key or in words, and talks to the caller, who has heard something
// all the time.
func TestPersonIsPutThrough(t *testing.T) {
	t.Parallel()
	for _, by := range []struct {
		name string
		says []string
	}{
		{"a key", []string{"14", "600:90"}},
		{"words", []string{"17", "Yes please.", "4", "600:90"}},
	} {
		t.Run(by.name, func(t *testing.T) {
			s := serve(t)
			bob := baresip(t, "bob", tape(t, by.says...), "udp", "auto", "PCMU")
			agent := s.transfers(m{"type": "action_warm_transfer", "config": m{"phone_number": bob.uri, "briefing": "It is Ann, about her refund."}})
			s.hearing()
			alice := baresip(t, "alice", tape(t, "20", "440:90"), "udp", "manual", "PCMU")
			alice.do("dial", fmt.Sprintf("sip:%s@%s", agent, s.sip))
			bob.wait("CALL_ESTABLISHED", 20*time.Second)
			if by.name == "a key" {
				time.Sleep(8 * time.Second)
				bob.do("sndcode", "1")
			}
			if p := s.happened("briefed", time.Minute); p["result"] != "accepted" {
				t.Fatalf("briefed: %v", p)
			}
			if p := s.happened("transferred", 20*time.Second); p["by"] != "warm" || p["to"] != bob.uri {
				t.Errorf("transferred: %v", p)
			}
			time.Sleep(12 * time.Second) // both tones have begun
			bob.do("hangup", "")
			alice.wait("CALL_CLOSED", 5*time.Second)
			c := s.ended(10 * time.Second)
			if c.Ended != "transferred" || !strings.Contains(c.Text, "BOT: Thank you for waiting.") || strings.Contains(c.Text, "Ann") {
				t.Errorf("ended %s:\n%s", c.Ended, c.Text)
			}
			if a, b := tone(alice.heard(), 600, 2), tone(bob.heard(), 440, 2); a < 0.5 || b < 0.5 {
				t.Errorf("they heard %.2f and %.2f of each other", a, b)
			}
			rec := s.recording(c.ID)
			if still := stillFor(rec.Channel(1)[rec.Rate:], rec.Rate); still > 2*time.Second+200*time.Millisecond {
				t.Errorf("the caller heard nothing for %v", still)
			}
		})
	}
}

// TestCallerLeavesWhileSomebodyIsTold: whoever is told of a caller who hangs up is hung up on.
func TestCallerLeavesWhileSomebodyIsTold(t *testing.T) {
	t.Parallel()
	s := serve(t)
	bob := baresip(t, "bob", tape(t, "60"), "udp", "auto", "PCMU")
	agent := s.transfers(m{"type": "action_warm_transfer", "config": m{"phone_number": bob.uri, "briefing": "It is Ann, about her refund."}})
	alice := baresip(t, "alice", tape(t, "60"), "udp", "manual", "PCMU")
	alice.do("dial", fmt.Sprintf("sip:%s@%s", agent, s.sip))
	bob.wait("CALL_ESTABLISHED", 20*time.Second)
	time.Sleep(6 * time.Second) // the briefing has begun
	alice.do("hangup", "")
	bob.wait("CALL_CLOSED", 5*time.Second)
	c := s.ended(10 * time.Second)
	if c.Ended != "caller_hung_up" || len(spoken(bob.heard().PCM, bob.heard().Rate)) < bob.heard().Rate {
		t.Errorf("ended %s", c.Ended)
	}
	s.quiet()
}

// refuser runs a scenario of sipp/ that is called once, and returns its address.
func refuser(t *testing.T, scenario string) (uri string) {
	t.Helper()
	need(t, "sipp")
	file, err := filepath.Abs(filepath.Join("sipp", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	cmd := exec.Command("sipp", "-sf", file, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", fmt.Sprint(port), "-m", "1", "-nostdin", "-timeout", "90s")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := cmd.Wait(); err != nil {
			t.Errorf("sipp %s: %v\n%s", scenario, err, out.Bytes()[max(0, out.Len()-4000):])
		}
	}()
	t.Cleanup(func() {
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			<-done
		}
	})
	bound(t, "udp", port, done)
	return fmt.Sprintf("sip:uas@127.0.0.1:%d", port)
}

// TestNobodyTakesTheCaller: whoever is called refuses, does not answer, or is not there: the caller is with the agent again, which says so.
func TestNobodyTakesTheCaller(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, scenario, why string }{
		{"action_transfer_call", "out_refused_603", "declined (603)"}, {"action_warm_transfer", "out_refused_486", "busy (486)"},
		{"action_warm_transfer", "out_refused_404", "unreachable (404)"}, {"action_warm_transfer", "out_cancelled", "no_answer"},
	} {
		t.Run(tc.kind+" "+tc.scenario, func(t *testing.T) {
			s := serve(t)
			config := m{"phone_number": refuser(t, tc.scenario)}
			if tc.kind == "action_warm_transfer" {
				config["answer_timeout_seconds"] = 3
			}
			agent := s.transfers(m{"type": tc.kind, "config": config})
			if out, code := s.ring(time.Minute, "sip:"+agent+"@"+s.sip, "--deaf", "--limit", "16s"); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, out)
			}
			if p := s.happened("transfer_failed", 5*time.Second); !strings.Contains(fmt.Sprint(p["reason"]), tc.why) {
				t.Errorf("it failed because %v", p["reason"])
			}
			if c := s.ended(10 * time.Second); c.Ended != "caller_hung_up" || !strings.Contains(c.Text, "could not reach anybody") {
				t.Errorf("ended %s:\n%s", c.Ended, c.Text)
			}
			s.quiet()
		})
	}
}

// TestFarEndMovesNoCalls: it refuses the REFER, and the caller is put through here all the same.
func TestFarEndMovesNoCalls(t *testing.T) {
	t.Parallel()
	s := serve(t)
	bob := baresip(t, "bob", tape(t, "600:60"), "udp", "auto", "PCMU")
	agent := s.transfers(m{"type": "action_transfer_call", "config": m{"phone_number": bob.uri}})
	go func() {
		for !bob.saw("CALL_ESTABLISHED") && t.Context().Err() == nil {
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		bob.do("hangup", "")
	}()
	sipp(t, s, "moves_no_calls", agent, time.Minute)
	if p := s.happened("transferred", 5*time.Second); p["by"] != "bridge" {
		t.Errorf("transferred: %v", p)
	}
	if c := s.ended(10 * time.Second); c.Ended != "transferred" {
		t.Errorf("%+v", c)
	}
	s.quiet()
}

// TestExtensionIsPressed: whoever answers hears the digits of the extension before they hear the caller.
func TestExtensionIsPressed(t *testing.T) {
	t.Parallel()
	d := open(t)
	var mu sync.Mutex
	pressed := ""
	d.talk = func(ctx context.Context, l leg.Leg) {
		hangUp := time.AfterFunc(6*time.Second, func() { _ = l.Hangup(context.Background(), parley.AgentEnded) })
		defer hangUp.Stop()
		for {
			e, err := l.Read(ctx)
			if err != nil {
				return
			}
			if e.Kind == leg.DTMF {
				mu.Lock()
				pressed += string(e.Digit)
				mu.Unlock()
			}
		}
	}
	s := serve(t)
	agent := s.transfers(m{"type": "action_transfer_call", "config": m{"phone_number": "sip:acme@" + d.Addr().String(), "extension": "W20w4#"}})
	if out, code := s.ring(time.Minute, "sip:"+agent+"@"+s.sip, "--deaf", "--limit", "30s"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	if c := s.ended(10 * time.Second); c.Ended != "transferred" {
		t.Errorf("%+v", c)
	}
	mu.Lock()
	defer mu.Unlock()
	if pressed != "204#" {
		t.Errorf("pressed %q", pressed)
	}
}
