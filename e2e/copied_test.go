//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lastWords waits for the end of a life that is to fail, and gives what it said.
func (s *server) lastWords(limit time.Duration) string {
	s.t.Helper()
	s.ends(limit)
	if s.cmd.ProcessState.ExitCode() == 0 {
		s.t.Error("it ends as if nothing were wrong")
	}
	b, err := os.ReadFile(s.log.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// TestCopiedFolder: a node that is started on a copy of another's data folder refuses to, and the other's calls go on; if the other
// stands still it takes its place, and that one ends when it goes on. Both say which file it is about.
func TestCopiedFolder(t *testing.T) {
	t.Parallel()
	p := twoNodes(t)
	mine := p.inFirst()
	again := func() *server {
		c := prepare(t, p.a.env[len(p.a.env)-6:]...)
		if err := os.MkdirAll(c.data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.data, "node-id"), p.a.file("node-id"), 0o600); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := again()
	c.launch()
	if said := c.lastWords(time.Minute); !strings.Contains(said, filepath.Join(c.data, "node-id")) {
		t.Error("it does not say what to do")
	}
	if c := p.see(p.b, mine); c.Status != "in_progress" || p.gone(mine) {
		t.Errorf("the call is %s", c.Status)
	}
	p.a.cmd.Process.Signal(syscall.SIGSTOP)
	defer p.a.cmd.Process.Signal(syscall.SIGCONT)
	d := again()
	d.start()
	p.a.cmd.Process.Signal(syscall.SIGCONT)
	if said := p.a.lastWords(time.Minute); !strings.Contains(said, filepath.Join(p.a.data, "node-id")) {
		t.Error("the first does not say what to do")
	}
	if c := p.over(p.b, mine, time.Minute); c.Ended != "node_lost" {
		t.Errorf("ended as %s", c.Ended)
	}
	after := p.call(d, "talk")
	p.talking(after)
	d.api("POST", "/v1/calls/end?id="+after, nil, nil)
}
