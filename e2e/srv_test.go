//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// A record is what a name server knows of one host that serves SIP by UDP.
type record struct {
	priority uint16
	addr     string // host:port
}

// nameServer knows the SRV records of a domain (RFC 2782), and nothing else; it ends with the test.
func nameServer(t *testing.T, domain string, records ...record) (addr string) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFromUDP(buf)
			if err != nil {
				return
			}
			var q dnsmessage.Message
			if q.Unpack(buf[:n]) != nil || len(q.Questions) != 1 {
				continue
			}
			a := told(q, domain, records)
			if b, err := a.Pack(); err == nil {
				c.WriteToUDP(b, from)
			}
		}
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c.LocalAddr().String()
}

// told answers one question.
func told(q dnsmessage.Message, domain string, records []record) dnsmessage.Message {
	a := dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, Authoritative: true, RecursionDesired: q.RecursionDesired}, Questions: q.Questions}
	is := q.Questions[0]
	name := strings.ToLower(is.Name.String())
	head := dnsmessage.ResourceHeader{Name: is.Name, Type: is.Type, Class: is.Class, TTL: 60}
	for i, r := range records {
		host, port, _ := net.SplitHostPort(r.addr)
		target := fmt.Sprintf("node%d.%s.", i+1, domain)
		var n uint16
		fmt.Sscan(port, &n)
		switch {
		case is.Type == dnsmessage.TypeSRV && name == "_sip._udp."+domain+".":
			a.Answers = append(a.Answers, dnsmessage.Resource{Header: head,
				Body: &dnsmessage.SRVResource{Priority: r.priority, Weight: 10, Port: n, Target: dnsmessage.MustNewName(target)}})
		case is.Type == dnsmessage.TypeA && name == target:
			a.Answers = append(a.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte(net.ParseIP(host).To4())}})
		}
	}
	if len(a.Answers) == 0 && !strings.HasSuffix(name, domain+".") {
		a.RCode = dnsmessage.RCodeNameError
	}
	return a
}

// TestCallerFollowsSRV: a telephone that finds the nodes by SRV goes on to the next when the first takes no calls, and comes back to it later.
func TestCallerFollowsSRV(t *testing.T) {
	t.Parallel()
	a, b := serve(t, "PARLEY_MAX_CALLS=1"), serve(t)
	dns := nameServer(t, "calls.test", record{10, a.sip}, record{20, b.sip})
	d := open(t)
	first, err := d.Dial(t.Context(), leg.Call{From: "1000", To: "sip:demo@" + a.sip})
	if err != nil {
		t.Fatal(err)
	}
	p := pick(t, line{user: "alice", wav: silence(t), transport: "udp", mode: "manual", codec: "PCMU", dns: dns})
	p.do("dial", "sip:demo@calls.test")
	p.wait("CALL_ESTABLISHED", 20*time.Second)
	b.until("the call is the second's", 20*time.Second, func() bool { return len(b.calls()) == 1 })
	p.do("hangup", "")
	p.wait("CALL_CLOSED", 10*time.Second)
	b.ended(20 * time.Second)

	if err := first.Hangup(t.Context(), parley.AgentEnded); err != nil {
		t.Error(err)
	}
	a.ended(20 * time.Second)
	p.do("dial", "sip:demo@calls.test")
	a.until("the next call is the first's", 20*time.Second, func() bool { return len(a.calls()) == 2 })
	p.do("hangup", "")
}
