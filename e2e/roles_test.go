//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestRoles: three processes, one for each role, do together what one does: a call that the API is asked for rings by the node that has
// the telephone, is commanded and heard through the API, its webhook comes, and its recording is served by the API's node. Neither the
// API's nor the jobs' node opens a port of the telephone.
func TestRoles(t *testing.T) {
	t.Parallel()
	url, db := onPostgres(t)
	_, broker := natsServer(t)
	vendors := quickVendors(t)
	shared := t.TempDir()
	node := func(role string, env ...string) *server {
		s := prepare(t, append(append([]string{"PARLEY_ROLES=" + role, "PARLEY_DATABASE_URL=" + url, "PARLEY_MASTER_KEY=one key of all nodes", "PARLEY_NATS_URL=" + broker},
			vendors...), env...)...)
		if err := os.Symlink(shared, filepath.Join(s.data, "recordings")); err != nil {
			t.Fatal(err)
		}
		return s
	}
	api, media, jobs := node("api"), node("media", "PARLEY_NODE_URL=https://media-1.example"), node("jobs")
	api.start()
	hooks := newHooks(t)
	w := newWire(t, media.sip)
	p := &pair{t: t, a: api, b: media, w: w, hooks: hooks, db: db}
	p.agent, _ = api.agent(ofVendors(hooks.url, "event_phone_call_ended"))
	if status, said := api.ask("POST", "/v1/calls/web", m{"agent": p.agent}); status != 503 || !strings.Contains(said, "no node with the role media") {
		t.Errorf("a ticket where nobody has a telephone: %d %s", status, said)
	}
	api.until("it says what is missing", 40*time.Second, func() bool {
		_, said := api.ask("GET", "/readyz", nil)
		return strings.Contains(said, `"missing_roles":["media","jobs"]`)
	})
	early := p.call(api, "talk") // waits for whoever dials
	media.start()
	jobs.start()
	p.talking(early)
	id := p.call(api, "talk")
	p.talking(id)
	for _, call := range []string{early, id} {
		if p.at(call) != 2 {
			t.Errorf("call %s does not run in the node that has the telephone", call)
		}
	}
	heard, err := api.stream("GET", "/v1/calls/listen?id="+id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(heard, make([]byte, 64<<10)); err != nil { // 2 s
		t.Errorf("its sound: %v", err)
	}
	heard.Close()
	for _, path := range []string{"/v1/calls/web", "/v1/calls/take_over_web?id=" + id} {
		body := m{"agent": p.agent}
		if strings.Contains(path, "take_over") {
			body = m{}
		}
		if status, said := api.ask("POST", path, body); status != 201 || !strings.Contains(said, `"url":"https://media-1.example/web/calls"`) {
			t.Errorf("a browser's ticket by %s: %d %s", path, status, said)
		}
	}
	for s, refused := range map[*server][]string{api: {"/web/calls", "/carriers/twilio/voice/x"}, media: {"/v1/nodes", "/"}, jobs: {"/v1/nodes", "/", "/web/calls"}} {
		for _, path := range refused {
			if status, said := s.ask("GET", path, nil); status != http.StatusMisdirectedRequest || !strings.Contains(said, "role_absent") {
				t.Errorf("%s: %d %s", path, status, said)
			}
		}
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			if status, said := s.ask("GET", path, nil); status != 200 || strings.Contains(said, "missing_roles") && path != "/readyz" {
				t.Errorf("%s: %d", path, status)
			}
		}
	}
	api.until("nothing is missing", 20*time.Second, func() bool {
		_, said := api.ask("GET", "/readyz", nil)
		return !strings.Contains(said, "missing_roles")
	})
	for _, s := range []*server{api, jobs} {
		for _, port := range telephonePorts(t, s) {
			t.Errorf("a node without a telephone has %s open", port)
		}
	}
	if len(telephonePorts(t, media)) < 3 { // SIP by UDP and TCP, sound of browsers
		t.Errorf("the node with the telephone has only %v open", telephonePorts(t, media))
	}
	for _, call := range []string{early, id} {
		api.api("POST", "/v1/calls/end?id="+call, nil, nil)
		if c := p.over(api, call, 20*time.Second); c.Ended != "agent_ended" {
			t.Errorf("ended as %s", c.Ended)
		}
	}
	var sound []byte
	api.until("the recording is served", 20*time.Second, func() bool {
		status, said := api.ask("GET", "/v1/calls/recording?format=wav&id="+id, nil)
		sound = []byte(said)
		return status == 200
	})
	if !bytes.HasPrefix(sound, []byte("RIFF")) || len(sound) < 64_000 {
		t.Errorf("%d bytes of sound", len(sound))
	}
	p.sound()
}

// ask is what a server answers.
func (s *server) ask(method, path string, body any) (status int, said string) {
	s.t.Helper()
	status, b, err := asking{method: method, url: s.http + path, key: key, body: body}.answer(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return status, string(b)
}

// telephonePorts are the sockets at which a server waits for others, but for that of HTTP.
func telephonePorts(t *testing.T, s *server) (open []string) {
	t.Helper()
	mine := map[string]bool{}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil {
			mine[to] = true
		}
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.http, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"tcp", "tcp6", "udp", "udp6"} {
		table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", s.cmd.Process.Pid, kind)) // not this process's: its first thread may be in another namespace
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(table), "\n")[1:] {
			f := strings.Fields(line)
			if len(f) < 10 || !mine["socket:["+f[9]+"]"] || strings.HasPrefix(kind, "tcp") && f[3] != "0A" || !strings.HasSuffix(f[2], ":0000") {
				continue
			}
			_, hex, _ := strings.Cut(f[1], ":")
			n, err := strconv.ParseUint(hex, 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			if at := strconv.Itoa(int(n)); at != port {
				open = append(open, kind+" "+at)
			}
		}
	}
	return open
}
