//go:build e2e

package e2e

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLogsAreDiscreet: what two nodes say of calls in and out, of commands to the other's, of a call that is not taken and of a death, has nobody's number,
// name or words, and no key.
func TestLogsAreDiscreet(t *testing.T) {
	t.Parallel()
	_, url := natsServer(t)
	p := twoNodes(t, "PARLEY_NATS_URL="+url)
	var ids []string
	for i := range 4 {
		var c call
		by := []*server{p.a, p.b}[i%2]
		p.n++
		by.api("POST", "/v1/calls/create", m{"from_number": "15550987654", "to_number": p.w.address("talk-grandmother", p.n), "agent": p.agent,
			"context": m{"customer": "Wilhelmina Okonkwo"}}, &c)
		ids = append(ids, c.ID)
	}
	p.talking(ids...)
	for _, id := range ids {
		p.a.api("POST", "/v1/calls/say?id="+id, m{"text": "Your biopsy came back."}, nil)
		p.a.api("POST", "/v1/calls/whisper?id="+id, m{"text": "She is allergic to penicillin.", "act": false}, nil)
	}
	p.w.ring(p.agent)
	p.a.until("somebody has called in", 30*time.Second, func() bool {
		var n int
		return p.db.QueryRow("SELECT COUNT(*) FROM calls WHERE NOT is_outgoing").Scan(&n) == nil && n == 1
	})
	p.a.cmd.Process.Signal(syscall.SIGTERM)
	p.a.until("it is not ready", 20*time.Second, func() bool { return status(p.a.http+"/readyz") == http.StatusServiceUnavailable })
	p.w.ring(p.agent)
	p.b.cmd.Process.Kill()
	<-p.b.gone
	for _, id := range ids {
		if p.at(id) == 2 {
			p.over(p.a, id, time.Minute)
		}
	}
	p.a.stop()
	for i, s := range []*server{p.a, p.b} {
		log, err := os.ReadFile(s.log.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(log, []byte("level=INFO")) {
			t.Errorf("node %d says nothing", i+1)
		}
		for _, secret := range []string{"0987654", "5551230000", "grandmother", "Wilhelmina", "Okonkwo", "biopsy", "penicillin", "receptionist", key, "one key of both nodes"} {
			for line := range strings.SplitSeq(string(log), "\n") {
				if strings.Contains(line, secret) {
					t.Errorf("node %d tells of %q: %s", i+1, secret, line)
				}
			}
		}
	}
}
