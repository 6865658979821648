//go:build e2e

package e2e

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestRolling: two nodes of an earlier version (PARLEY_BEFORE: make rolling) are replaced one after the other by this one, which migrates their
// database. Calls that run go on where they run, new ones are made by either, and nothing is lost or dialled twice.
func TestRolling(t *testing.T) {
	before := os.Getenv("PARLEY_BEFORE")
	if before == "" {
		t.Skip("make rolling builds an earlier version")
	}
	_, url := natsServer(t)
	p := twoNodesOf(t, before, "PARLEY_NATS_URL="+url)
	run := func(by *server, n int) (ids []string) {
		for range n {
			ids = append(ids, p.call(by, "talk"))
		}
		p.talking(ids...)
		return ids
	}
	there := func(ids []string, when string) {
		t.Helper()
		for _, id := range ids {
			if c := p.see(p.b, id); c.Status != "in_progress" || p.gone(id) {
				t.Errorf("%s: call %s is %s", when, id, c.Status)
			}
		}
	}
	first := p.inFirst()
	old := append(run(p.b, 6), first)
	p.a.cmd.Process.Signal(syscall.SIGTERM)
	var kept []string
	for _, id := range old {
		if p.at(id) != 1 {
			kept = append(kept, id)
			continue
		}
		p.a.api("POST", "/v1/calls/end?id="+id, nil, nil)
	}
	p.a.ends(time.Minute)
	if len(kept) == 0 {
		t.Fatal("no call runs in the second")
	}
	p.a.bin = ""
	p.a.start() // migrates
	there(kept, "beside a migration")
	mixed := append(run(p.a, 3), run(p.b, 3)...)
	for _, id := range mixed[:2] { // the new one commands calls, and those of the old one as well
		p.a.api("POST", "/v1/calls/end?id="+id, nil, nil)
		p.over(p.b, id, 30*time.Second)
	}
	p.b.api("POST", "/v1/calls/end?id="+mixed[3], nil, nil)
	p.over(p.a, mixed[3], 30*time.Second)
	there(kept, "beside a newer node")
	p.b.cmd.Process.Signal(syscall.SIGTERM)
	last := append(kept, mixed[2], mixed[4], mixed[5])
	for _, id := range last {
		p.a.api("POST", "/v1/calls/end?id="+id, nil, nil)
		if c := p.over(p.a, id, 30*time.Second); c.Ended != "agent_ended" {
			t.Errorf("call %s ended as %s", id, c.Ended)
		}
	}
	p.b.ends(time.Minute)
	p.b.bin = ""
	p.b.start()
	for _, id := range run(p.b, 2) {
		p.b.api("POST", "/v1/calls/end?id="+id, nil, nil)
		p.over(p.b, id, 30*time.Second)
	}
	p.sound()
}
