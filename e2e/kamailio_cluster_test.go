//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
)

// dispatcher is kamailio with the configuration that we ship, before two nodes: its address.
func dispatcher(t *testing.T, nodes ...string) (addr string) {
	t.Helper()
	conf, err := filepath.Abs("../packaging/kamailio/kamailio.cfg")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	list, callers := filepath.Join(dir, "dispatcher.list"), filepath.Join(dir, "callers.list")
	var lines strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&lines, "1 sip:%s 0 0\n", n)
	}
	for file, b := range map[string]string{list: lines.String(), callers: "1 127.0.0.1 32 0\n"} {
		if err := os.WriteFile(file, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addr = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	runKamailio(t, conf, dir, "-A", "LISTEN=udp:"+addr, "-A", "LISTEN_TCP=tcp:"+addr,
		"-A", fmt.Sprintf("NODES=%q", list), "-A", fmt.Sprintf("CALLERS=%q", callers), "-A", fmt.Sprintf("CONTROL=%q", "unixs:"+filepath.Join(dir, "ctl")))
	return addr
}

// A crowd calls in by the proxy.
type crowd struct {
	*pair
	door  *sip.Trunk
	proxy string
	n     int
}

// A caller is one of them, on the line.
type caller struct {
	leg  leg.Leg
	from string
	over atomic.Bool // it was hung up on
}

// tries calls; an error is that nobody took the call.
func (c *crowd) tries() (*caller, error) {
	c.n++
	who := &caller{from: fmt.Sprintf("1555200%04d", c.n)}
	l, err := c.door.Dial(c.t.Context(), leg.Call{From: who.from, To: "sip:" + c.agent + "@" + c.proxy, RingTimeout: 40 * time.Second})
	if err != nil {
		return nil, err
	}
	who.leg = l
	go func() {
		for err := error(nil); err == nil; {
			_, err = l.Read(context.Background())
		}
		who.over.Store(true)
	}()
	return who, nil
}

// calls in, and is answered.
func (c *crowd) calls() *caller {
	c.t.Helper()
	who, err := c.tries()
	if err != nil {
		c.t.Fatalf("call %d: %v", c.n, err)
	}
	return who
}

// in is the number of the node that a caller talks to, and the call's id there.
func (c *crowd) in(who *caller) (node int, id string) {
	c.t.Helper()
	var of string
	c.a.until("the call is kept", 20*time.Second, func() bool {
		return c.db.QueryRow("SELECT id, node FROM calls WHERE from_number = $1", who.from).Scan(&id, &of) == nil
	})
	return slices.Index([]string{c.a.node(), c.b.node()}, of) + 1, id
}

// hangsUp ends it from the caller's side, and waits until it is told.
func (c *crowd) hangsUp(by *server, who *caller) {
	c.t.Helper()
	_, id := c.in(who)
	if err := who.leg.Hangup(c.t.Context(), parley.AgentEnded); err != nil {
		c.t.Errorf("hanging up %s: %v", who.from, err)
	}
	if is := c.over(by, id, 30*time.Second); is.Ended != "caller_hung_up" {
		c.t.Errorf("%s ended as %s", who.from, is.Ended)
	}
}

// TestKamailioBeforeNodes: calls that come in by kamailio, as we ship it, are spread over two nodes, and all that belongs to a call reaches the one
// that has it. When one node drains, and when one is killed, each new call is taken by the other, and those that run go on.
func TestKamailioBeforeNodes(t *testing.T) {
	t.Parallel()
	p := twoNodes(t)
	c := &crowd{pair: p, proxy: dispatcher(t, p.a.sip, p.b.sip), door: served(t, parley.TrunkAccount{ID: "none", Host: "192.0.2.1"}, func(ctx context.Context, o leg.Offer) {
		_ = o.Reject(ctx, parley.Declined)
	})}
	host, port, _ := net.SplitHostPort(c.proxy)
	p.a.api("POST", "/v1/account_connections/create", m{"type": "account_connection_sip", "label": "by the proxy",
		"credentials": m{"host": host, "port": number16(t, port), "allowed_addresses": []string{host}}}, nil)
	p.a.until("the proxy has found them", 30*time.Second, func() bool {
		who, err := c.tries()
		if err == nil {
			c.hangsUp(p.a, who)
		}
		return err == nil
	})

	var of [3][]*caller
	for len(of[1]) < 2 || len(of[2]) < 2 {
		who := c.calls()
		n, _ := c.in(who)
		of[n] = append(of[n], who)
		if c.n > 40 {
			t.Fatalf("of %d calls %d and %d are in each", c.n, len(of[1]), len(of[2]))
		}
	}
	through(t, c.proxy, c.agent, 8)
	there := func(node int, why string) {
		t.Helper()
		for _, who := range of[node] {
			if who.over.Load() {
				t.Errorf("%s: %s was hung up on", why, who.from)
			}
		}
	}

	// A drain: new calls from its first moment on are the other's.
	p.a.cmd.Process.Signal(syscall.SIGTERM)
	for range 8 { // some before the proxy has asked again: those are refused, and offered to the other
		who := c.calls()
		n, _ := c.in(who)
		of[n] = append(of[n], who)
	}
	p.a.until("it is not ready", 20*time.Second, func() bool { return status(p.a.http+"/readyz") == http.StatusServiceUnavailable })
	for range 4 {
		who := c.calls()
		n, _ := c.in(who)
		if n != 2 {
			t.Errorf("%s came to the node that drains", who.from)
		}
		of[n] = append(of[n], who)
	}
	there(1, "drained")
	there(2, "beside a drain")
	for _, who := range of[1] { // its last calls end as they would have, and then it goes
		c.hangsUp(p.b, who)
	}
	p.a.ends(30 * time.Second)
	of[1] = nil
	p.a.start()
	p.a.until("calls come to it again", 30*time.Second, func() bool {
		who := c.calls()
		n, _ := c.in(who)
		of[n] = append(of[n], who)
		return n == 1
	})

	// A death: callers wait a little longer, and are taken.
	p.b.cmd.Process.Kill()
	died := time.Now()
	var slowest time.Duration
	for range 6 {
		began := time.Now()
		who := c.calls()
		slowest = max(slowest, time.Since(began))
		if n, _ := c.in(who); n != 1 {
			t.Errorf("%s is in %d", who.from, n)
		}
		of[1] = append(of[1], who)
	}
	t.Logf("the slowest of 6 calls after a kill was answered after %v", slowest.Round(10*time.Millisecond))
	there(1, "beside a death")
	for _, who := range of[2] {
		_, id := c.in(who)
		if is := p.over(p.a, id, time.Minute); is.Ended != "node_lost" {
			t.Errorf("%s ended as %s", who.from, is.Ended)
		}
	}
	t.Logf("%d calls of the dead node were told of after %v", len(of[2]), time.Since(died).Round(100*time.Millisecond))
	for _, who := range of[1] {
		c.hangsUp(p.a, who)
	}
	p.sound()
}

// TestKamailioManyAtOnce: a node is told to go while calls come in from many sides at once: every one of them is answered.
func TestKamailioManyAtOnce(t *testing.T) {
	t.Parallel()
	p := twoNodes(t)
	proxy := dispatcher(t, p.a.sip, p.b.sip)
	door := served(t, parley.TrunkAccount{ID: "none", Host: "192.0.2.1"}, func(ctx context.Context, o leg.Offer) { _ = o.Reject(ctx, parley.Declined) })
	dial := func(n int) (leg.Leg, error) {
		return door.Dial(t.Context(), leg.Call{From: fmt.Sprintf("1555300%04d", n), To: "sip:" + p.agent + "@" + proxy, RingTimeout: 40 * time.Second})
	}
	p.a.until("the proxy has found them", 30*time.Second, func() bool {
		l, err := dial(0)
		if err == nil {
			_ = l.Hangup(t.Context(), parley.AgentEnded)
		}
		return err == nil
	})
	var all sync.WaitGroup
	var answered atomic.Int32
	for n := range 40 {
		all.Go(func() {
			time.Sleep(time.Duration(n) * 50 * time.Millisecond)
			l, err := dial(1 + n)
			if err != nil {
				t.Errorf("call %d: %v", n, err)
				return
			}
			answered.Add(1)
			_ = l.Hangup(t.Context(), parley.AgentEnded)
		})
	}
	p.a.until("some are answered", 30*time.Second, func() bool { return answered.Load() >= 8 })
	p.b.cmd.Process.Signal(syscall.SIGTERM)
	all.Wait()
}

// through has sipp call by the proxy so many times, and do in each call what a caller can.
func through(t *testing.T, proxy, user string, calls int) {
	t.Helper()
	need(t, "sipp")
	file, err := filepath.Abs("testdata/proxied.xml")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sipp", "-sf", file, "-s", user, proxy, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", fmt.Sprint(freePort(t)), "-m", fmt.Sprint(calls),
		"-r", "2", "-nostdin", "-trace_err", "-error_file", "errors.log", "-timeout", "50s")
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		b, _ := os.ReadFile(filepath.Join(cmd.Dir, "errors.log"))
		t.Errorf("sipp by the proxy: %v\n%s\n%s", err, b, out[max(0, len(out)-3000):])
	}
}

func number16(t *testing.T, s string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKamailioOutbound: a call out goes by the proxy, which stays on its way, and is hung up by it.
func TestKamailioOutbound(t *testing.T) {
	t.Parallel()
	s := serve(t)
	proxy := dispatcher(t, s.sip)
	rung, over := make(chan leg.Ringing, 1), make(chan bool, 1)
	far := served(t, parley.TrunkAccount{ID: "by the proxy", AllowedAddresses: []string{"127.0.0.1"}}, func(ctx context.Context, o leg.Offer) {
		l, err := o.Answer(ctx, leg.Limits{})
		rung <- o.Ringing()
		for err == nil {
			_, err = l.Read(ctx)
		}
		over <- true
	})
	agent, _ := s.agent(nil)
	var trunk, made struct{ ID string }
	s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_sip", "credentials": m{"host": "127.0.0.1", "port": far.Addr().Port(), "outbound_proxy": proxy}}, &trunk)
	s.api("POST", "/v1/calls/create", m{"to_number": "+14155550199", "from_number": "+14155550111", "agent": agent, "telephony_account_connection": trunk.ID}, &made)
	select {
	case r := <-rung:
		if r.Source.String() != proxy {
			t.Errorf("it came from %v, not by the proxy at %s", r.Source, proxy)
		}
	case <-time.After(30 * time.Second):
		out, _ := exec.Command(binary(t), "sip", "trace", made.ID, "--url", s.http, "--key", key).CombinedOutput()
		t.Fatalf("nobody rings: %+v\n%s", s.calls(), out)
	}
	s.api("POST", "/v1/calls/end?id="+made.ID, nil, nil)
	select {
	case <-over:
	case <-time.After(20 * time.Second):
		t.Error("the far end is not hung up on")
	}
	if c := s.ended(20 * time.Second); c.Ended != "agent_ended" && c.Ended != "cancelled" {
		t.Errorf("%+v", c)
	}
}
