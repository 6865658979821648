//go:build e2e

package e2e

import (
	"encoding/json"
	"os/exec"
	"testing"
	"time"
)

// decisionsOf are what parley replay prints.
type decisionsOf struct {
	Same      bool  `json:"same"`
	Cut       bool  `json:"cut"`
	Differs   []any `json:"differs"`
	Changes   []any `json:"changes"`
	Decisions []struct {
		What string `json:"decision"`
	} `json:"decisions"`
}

// replay plays a call of the server's to the engine once more, by the command, while the server runs.
func (s *server) replay(callID string, set ...string) (r decisionsOf, code int) {
	s.t.Helper()
	args := []string{"replay", callID, "--data", s.data, "--json"}
	for _, d := range set {
		args = append(args, "--set", d)
	}
	cmd := exec.Command(binary(s.t), args...)
	out, err := cmd.Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		s.t.Fatalf("parley replay: %v: %s", err, out)
	}
	return r, cmd.ProcessState.ExitCode()
}

// replays checks that all is decided once more as it was on the call.
func (s *server) replays(callID string, decisions ...string) {
	s.t.Helper()
	r, code := s.replay(callID)
	if code != 0 || !r.Same || r.Cut || len(r.Differs) > 0 || len(r.Changes) > 0 {
		s.t.Errorf("parley replay: exit code %d, %+v", code, r)
	}
	i := 0
	for _, d := range r.Decisions {
		if i < len(decisions) && d.What == decisions[i] {
			i++
		}
	}
	if i < len(decisions) {
		s.t.Errorf("decided %v, without %v", r.Decisions, decisions[i:])
	}
}

// TestReplay: a telephone says a sentence, over a real line into real hearing; what was kept of the call gives all decisions again, and another
// dial other ones.
func TestReplay(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.hearing()
	padded, _ := sentence(t, "What are your opening hours please?")
	id, _ := s.agent(m{"noise_suppression": true})
	p := baresip(t, "alice", padded, "udp", "manual", "PCMU")
	p.do("dial", "sip:"+id+"@"+s.sip)
	p.wait("CALL_ESTABLISHED", 10*time.Second)
	time.Sleep(9 * time.Second)
	p.do("hangup", "")
	p.wait("CALL_CLOSED", 5*time.Second)
	c := s.ended(10 * time.Second)
	s.replays(c.ID, "turn_end")
	r, code := s.replay(c.ID, "endpointing_sensitivity=relaxed")
	if code != 0 || len(r.Changes) == 0 {
		t.Errorf("with a relaxed dial: exit code %d, %+v", code, r)
	}
}
