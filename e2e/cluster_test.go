//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"

	"github.com/parley-voice/parley/bench"
)

// A pair is two nodes of one database, telephones that both can reach, vendors, and a receiver of webhooks.
type pair struct {
	t     *testing.T
	a, b  *server
	w     *wire
	hooks *hooks
	db    *sql.DB
	agent string
	n     int // calls so far
}

// quickDelays are those of vendors that keep nobody waiting.
var quickDelays = bench.Delays{STT: 50 * time.Millisecond, LLM: 20 * time.Millisecond, Token: time.Millisecond, TTS: 20 * time.Millisecond}

// quickVendors are vendors of the test's own, as a server's environment names them.
func quickVendors(t *testing.T) (env []string) {
	t.Helper()
	v, err := bench.NewVendors(quickDelays)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return []string{"DEEPGRAM_BASE_URL=" + v.Origin(), "DEEPGRAM_API_KEY=x", "OPENAI_BASE_URL=" + v.Origin() + "/v1", "OPENAI_API_KEY=x"}
}

// ofVendors is an agent that hears, thinks and speaks by them, is recorded, and tells a webhook.
func ofVendors(hook string, subscriptions ...string) m {
	return m{"voice": m{"type": "voice_deepgram", "model": "aura-2-thalia-en"}, "transcriber": m{"type": "transcriber_deepgram"}, "provider": "openai", "model": "gpt-4o-mini",
		"enable_recording": true, "webhook": m{"url": hook, "method": "POST", "subscriptions": subscriptions}}
}

// twoNodes starts them; env is for both.
func twoNodes(t *testing.T, env ...string) *pair {
	t.Helper()
	return twoNodesOf(t, "", env...)
}

// twoNodesOf starts them of a binary; "": the one that is tested.
func twoNodesOf(t *testing.T, bin string, env ...string) *pair {
	t.Helper()
	url, db := onPostgres(t)
	env = append(append(quickVendors(t), "PARLEY_DATABASE_URL="+url, "PARLEY_MASTER_KEY=one key of both nodes"), env...)
	p := &pair{t: t, db: db, hooks: newHooks(t), a: prepare(t, env...), b: prepare(t, env...)}
	p.w = newWire(t, p.a.sip)
	p.a.bin, p.b.bin = bin, bin
	p.a.start()
	p.b.start()
	p.agent, _ = p.a.agent(ofVendors(p.hooks.url, "event_phone_call_ended"))
	return p
}

// call has one placed by a node's API to a telephone of some behaviour.
func (p *pair) call(by *server, behaviour string) (id string) {
	p.t.Helper()
	p.n++
	var c call
	by.api("POST", "/v1/calls/create", m{"from_number": "15550000", "to_number": p.w.address(behaviour, p.n), "agent": p.agent}, &c)
	return c.ID
}

// at is the number of the node in which a call runs: 1, 2; 0: none.
func (p *pair) at(id string) int {
	p.t.Helper()
	var node string
	if err := p.db.QueryRow("SELECT node FROM calls WHERE id = $1", id).Scan(&node); err != nil {
		p.t.Fatal(err)
	}
	return slices.Index([]string{p.a.node(), p.b.node()}, node) + 1
}

// see is a call as a node's API shows it.
func (p *pair) see(by *server, id string) (c call) {
	p.t.Helper()
	by.api("GET", "/v1/calls?id="+id, nil, &c)
	return c
}

// talking waits until calls have been answered.
func (p *pair) talking(ids ...string) {
	p.t.Helper()
	p.a.until("all calls are answered", 30*time.Second, func() bool {
		var n int
		if err := p.db.QueryRow("SELECT COUNT(DISTINCT call_id) FROM events WHERE type = 'event_phone_call_connected' AND call_id IN ('" + strings.Join(ids, "','") + "')").Scan(&n); err != nil {
			p.t.Fatal(err)
		}
		return n == len(ids)
	})
}

// over waits for the end of a call, and for its webhook.
func (p *pair) over(by *server, id string, limit time.Duration) call {
	p.t.Helper()
	var c call
	by.until("call "+id+" is over", limit, func() bool {
		c = p.see(by, id)
		return c.Status == "ended" || c.Status == "error"
	})
	by.until("its webhook has come", 30*time.Second, func() bool {
		var event string
		err := p.db.QueryRow("SELECT id FROM events WHERE type = 'event_phone_call_ended' AND call_id = $1", id).Scan(&event)
		return err == nil && p.hooks.with(event) == 1
	})
	return c
}

// sound: of no call anything was lost or told twice, and nobody was dialled twice.
func (p *pair) sound() {
	p.t.Helper()
	for id, n := range p.w.dialled() {
		if n != 1 {
			p.t.Errorf("call %s was dialled %d times", id, n)
		}
	}
	for what, q := range map[string]string{
		"an ending that was told twice": "SELECT call_id FROM events WHERE " + terminal + " GROUP BY call_id HAVING COUNT(*) > 1",
		"an ending that was not told":   "SELECT c.id FROM calls c WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.call_id = c.id AND e." + terminal + ")",
		"a gap in the sequence":         "SELECT call_id FROM events GROUP BY call_id HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*)",
		"a slot that is held":           "SELECT id FROM calls WHERE slot",
	} {
		rows, err := p.db.Query(q)
		if err != nil {
			p.t.Fatal(err)
		}
		for rows.Next() {
			var id string
			_ = rows.Scan(&id)
			p.t.Errorf("%s: call %s", what, id)
		}
		rows.Close()
	}
}

// gone is whether a telephone was told that its call is over.
func (p *pair) gone(id string) bool {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for _, t := range p.w.talks {
		if t.call == id {
			return t.over
		}
	}
	return false
}

// TestNodeKilled: when one of two nodes is killed its calls end node_lost, told by the other, within 30 s; they are not dialled again,
// and the other's never notice. Its next life lives beside the other as before.
func TestNodeKilled(t *testing.T) {
	t.Parallel()
	p := twoNodes(t)
	var of [3][]string
	for i := range 4 {
		id := p.call([]*server{p.a, p.b}[i%2], "talk")
		p.talking(id)
		of[p.at(id)] = append(of[p.at(id)], id)
	}
	for len(of[1]) == 0 || len(of[2]) == 0 { // both are to have some
		id := p.call([]*server{p.b, p.a}[min(len(of[2]), 1)], "talk")
		p.talking(id)
		of[p.at(id)] = append(of[p.at(id)], id)
	}
	p.a.cmd.Process.Kill()
	died := time.Now()
	<-p.a.gone
	for _, id := range of[1] {
		if c := p.over(p.b, id, time.Minute); c.Ended != "node_lost" {
			t.Errorf("call %s ended as %s", id, c.Ended)
		}
	}
	t.Logf("%d calls of a killed node were ended and told of %v after it died", len(of[1]), time.Since(died).Round(100*time.Millisecond))
	p.a.start()
	after := p.call(p.a, "talk")
	p.talking(after)
	for _, id := range of[2] {
		if c := p.see(p.b, id); c.Status != "in_progress" || p.gone(id) {
			t.Errorf("call %s of the other node is %s", id, c.Status)
		}
		p.b.api("POST", "/v1/calls/end?id="+id, nil, nil)
		if c := p.over(p.b, id, 20*time.Second); c.Ended != "agent_ended" && c.Ended != "cancelled" {
			t.Errorf("call %s ended as %s", id, c.Ended)
		}
	}
	by := []*server{nil, p.a, p.b}[p.at(after)]
	by.api("POST", "/v1/calls/end?id="+after, nil, nil)
	p.over(by, after, 20*time.Second)
	p.sound()
}

// stream opens an answer that grows; it ends with the test, at the latest.
func (s *server) stream(method, path string) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute) // what does not come by then is missed
	s.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, s.http+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	return res.Body, nil
}

// node is the id of a server among those of its database.
func (s *server) node() string {
	return strings.TrimSpace(string(s.file("node-id")))
}

// file is what is in a file of a server's data folder.
func (s *server) file(name string) []byte {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.data, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// natsServer is a NATS server of the test's own, and where it is.
func natsServer(t *testing.T) (s *natsd.Server, url string) {
	t.Helper()
	s = natsServerOf(t, "", "")
	return s, s.ClientURL()
}

// natsServerOf is one that wants a password of a user; "": of nobody.
func natsServerOf(t *testing.T, user, password string) *natsd.Server {
	t.Helper()
	s, err := natsd.NewServer(&natsd.Options{Host: "127.0.0.1", Port: -1, Username: user, Password: password, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not begin")
	}
	t.Cleanup(s.Shutdown)
	return s
}

// TestNodesReachEachOther: calls go to the node with the least load, and from the API of either they are commanded, heard, followed and
// ended as if they were its own. Without NATS those of the other are refused, and all goes on.
func TestNodesReachEachOther(t *testing.T) {
	t.Parallel()
	broker, url := natsServer(t)
	p := twoNodes(t, "PARLEY_NATS_URL="+url)
	var of [3][]string
	p.a.until("calls go to both", 30*time.Second, func() bool { // once they know of each other
		id := p.call(p.a, "talk")
		p.talking(id)
		of[p.at(id)] = append(of[p.at(id)], id)
		return len(of[1]) > 0 && len(of[2]) > 0
	})
	for range 4 {
		id := p.call(p.a, "talk")
		p.talking(id)
		of[p.at(id)] = append(of[p.at(id)], id)
	}
	if d := len(of[1]) - len(of[2]); d < -1 || d > 1 {
		t.Errorf("%d calls and %d", len(of[1]), len(of[2]))
	}
	shows := func(s *server, lines ...string) func() bool {
		return func() bool {
			_, said := s.ask("GET", "/metrics", nil)
			return !slices.ContainsFunc(lines, func(l string) bool { return !strings.Contains(said, l+"\n") })
		}
	}
	for _, s := range []*server{p.a, p.b} {
		s.until("it shows whom it sees", 20*time.Second, shows(s, `parley_nodes{state="up"} 2`, "parley_nats_connected 1", "parley_node_apart 0", "parley_settings_refused 0"))
	}
	if webhooks := `parley_duty_held{duty="webhooks"} 1`; shows(p.a, webhooks)() == shows(p.b, webhooks)() {
		t.Error("not one of them says that it sends webhooks, or both do")
	}
	far := of[2][0]
	heard, err := p.a.stream("GET", "/v1/calls/listen?id="+far)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(heard, make([]byte, 64<<10)); err != nil { // 2 s
		t.Errorf("its sound: %v", err)
	}
	heard.Close()
	live, err := p.a.stream("GET", "/v1/calls/events?id="+far)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	command := func(path string, body m) { p.a.api("POST", "/v1/calls/"+path+"?id="+far, body, nil) }
	command("say", m{"text": "Somebody from far away says this."})
	lines := bufio.NewScanner(live)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && !strings.Contains(lines.Text(), "Somebody from far away") {
	}
	if lines.Err() != nil {
		t.Errorf("its events: %v", lines.Err())
	}
	command("add_context", m{"text": "It rains."})
	command("whisper", m{"text": "Be brief.", "act": false})
	command("mute", m{"on": true})
	p.a.api("POST", "/v1/calls/end?id="+far, nil, nil)
	if c := p.over(p.a, far, 20*time.Second); c.Ended != "agent_ended" {
		t.Errorf("ended as %s", c.Ended)
	}
	for lines.Scan() && !strings.Contains(lines.Text(), "event: event_phone_call_ended") {
	}
	if lines.Err() != nil {
		t.Errorf("its end: %v", lines.Err())
	}
	broker.Shutdown()
	p.b.until("it shows that NATS is away", 20*time.Second, shows(p.b, "parley_nats_connected 0"))
	for _, id := range slices.Concat(of[1], of[2][1:]) {
		by := []*server{nil, p.a, p.b}[p.at(id)]
		by.api("POST", "/v1/calls/end?id="+id, nil, nil)
		p.over(by, id, 20*time.Second)
	}
	alone := p.call(p.b, "talk")
	p.talking(alone)
	by := []*server{nil, p.a, p.b}[p.at(alone)]
	by.api("POST", "/v1/calls/end?id="+alone, nil, nil)
	p.over(by, alone, 20*time.Second)
	p.sound()
}

// inFirst makes calls until one of them runs in the first node: its id.
func (p *pair) inFirst() (id string) {
	p.t.Helper()
	p.a.until("a call runs in the first", 30*time.Second, func() bool {
		id = p.call(p.a, "talk")
		p.talking(id)
		return p.at(id) == 1
	})
	return id
}

// TestNodeDrains: a node that is told to end takes no new calls, has its last one end as it would have, and goes then; meanwhile the
// other takes what comes.
func TestNodeDrains(t *testing.T) {
	t.Parallel()
	p := twoNodes(t)
	mine := p.inFirst()
	p.a.cmd.Process.Signal(syscall.SIGTERM)
	p.a.until("it is not ready", 20*time.Second, func() bool { return status(p.a.http+"/readyz") == http.StatusServiceUnavailable })
	refused, err := net.Dial("udp4", p.a.sip)
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Close()
	fmt.Fprintf(refused, "INVITE sip:demo@%[1]s SIP/2.0\r\nVia: SIP/2.0/UDP %[2]s;branch=z9hG4bKdrain\r\nMax-Forwards: 70\r\nFrom: <sip:x@127.0.0.1>;tag=d\r\nTo: <sip:demo@%[1]s>\r\n"+
		"Call-ID: drain\r\nCSeq: 1 INVITE\r\nContact: <sip:x@%[2]s>\r\nContent-Length: 0\r\n\r\n", p.a.sip, refused.LocalAddr())
	answer := make([]byte, 4096)
	for {
		refused.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := refused.Read(answer)
		if err != nil {
			t.Fatal(err)
		}
		if m := string(answer[:n]); !strings.HasPrefix(m, "SIP/2.0 1") {
			if !strings.HasPrefix(m, "SIP/2.0 503") || field(m, "Retry-After") == "" {
				t.Errorf("a call that comes in: %s", m)
			}
			break
		}
	}
	var others []string
	for range 3 {
		others = append(others, p.call(p.a, "talk"))
	}
	p.talking(others...)
	for _, id := range others {
		if p.at(id) != 2 {
			t.Errorf("a new call runs in the node that drains")
		}
	}
	if c := p.see(p.b, mine); c.Status != "in_progress" || p.gone(mine) {
		t.Errorf("its call is %s", c.Status)
	}
	p.a.api("POST", "/v1/calls/end?id="+mine, nil, nil)
	p.a.ends(30 * time.Second)
	if code := p.a.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if c := p.over(p.b, mine, 20*time.Second); c.Ended != "agent_ended" {
		t.Errorf("ended as %s", c.Ended)
	}
	for _, id := range others {
		p.b.api("POST", "/v1/calls/end?id="+id, nil, nil)
		p.over(p.b, id, 20*time.Second)
	}
}
