package sip

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

const peerSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n" +
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n%s"

// peer is a far end on a bare socket: it sends what it is told to, right or wrong.
type peer struct {
	t      testing.TB
	c      *net.UDPConn
	to     net.Addr // where it sends
	callID string
	tag    string // its own
	totag  string // the trunk's, once known
	seq    int
	target string          // Request-URI
	over   map[string]bool // INVITEs that have had their final answer, by Via and CSeq
	pracks map[string]bool // PRACKs that were answered: one whose answer is slow comes again
}

func newPeer(t testing.TB, to *Trunk) *peer {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p := &peer{t: t, c: c, callID: sip.GenerateTagN(12), tag: sip.GenerateTagN(8)}
	if to != nil {
		p.to = net.UDPAddrFromAddrPort(to.Addr())
		p.target = to.uri("agent")
	}
	return p
}

func (p *peer) port() int { return p.c.LocalAddr().(*net.UDPAddr).Port }

func (p *peer) sdp(attribute string) string { return fmt.Sprintf(peerSDP, 40000, attribute) }

// request writes one out; "" as branch is a new one. Further headers end with CRLF.
func (p *peer) request(method, branch, headers, body string) string {
	if branch == "" {
		branch = "z9hG4bK" + sip.GenerateTagN(10)
	}
	to := "<" + p.target + ">"
	if p.totag != "" {
		to += ";tag=" + p.totag
	}
	if body != "" {
		headers += "Content-Type: application/sdp\r\n"
	}
	return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=%s;rport\r\nFrom: \"Ann\" <sip:ann@127.0.0.1>;tag=%s\r\n"+
		"To: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:ann@127.0.0.1:%d>\r\nMax-Forwards: 70\r\n%sContent-Length: %d\r\n\r\n%s",
		method, p.target, p.port(), branch, p.tag, to, p.callID, p.seq, method, p.port(), headers, len(body), body)
}

func (p *peer) send(m string) {
	p.t.Helper()
	if _, err := p.c.WriteTo([]byte(m), p.to); err != nil {
		p.t.Fatal(err)
	}
}

// read gives the next message, "" when none comes in time.
func (p *peer) read(wait time.Duration) string {
	p.t.Helper()
	buf := make([]byte, 65536)
	_ = p.c.SetReadDeadline(time.Now().Add(wait))
	n, from, err := p.c.ReadFrom(buf)
	if err != nil {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			p.t.Fatal(err)
		}
		return ""
	}
	if p.to == nil {
		p.to = from
	}
	return string(buf[:n])
}

// expect reads until a message begins with what and fails when none does; others are let pass.
func (p *peer) expect(what string) string {
	p.t.Helper()
	var seen []string
	for end := time.Now().Add(patience); time.Now().Before(end); {
		m := p.read(time.Until(end))
		if strings.HasPrefix(m, what) {
			return m
		}
		seen = append(seen, strings.SplitN(m, "\r\n", 2)[0])
	}
	p.t.Fatalf("never got %q but %q", what, seen)
	return ""
}

// final reads the answer to one of our requests: the status.
func (p *peer) final() (int, string) {
	p.t.Helper()
	for {
		m := p.expect("SIP/2.0 ")
		code, _ := strconv.Atoi(m[8:11])
		if code < 200 {
			continue
		}
		if seq := header(m, "CSeq"); strings.HasSuffix(seq, "INVITE") {
			if it := header(m, "Via") + seq; p.over[it] { // again, for its ACK was slow
				continue
			} else if p.over == nil {
				p.over = map[string]bool{it: true}
			} else {
				p.over[it] = true
			}
		}
		return code, m
	}
}

// anew expects a request that is no repetition of the last one.
func (p *peer) anew(method, last string) string {
	p.t.Helper()
	for {
		if m := p.expect(method + " "); header(m, "CSeq") != header(last, "CSeq") {
			return m
		}
	}
}

// header is the first one of that name.
func header(m, name string) string {
	r := regexp.MustCompile(`(?im)^` + regexp.QuoteMeta(name) + `\s*:\s*(.*?)\s*\r?$`).FindStringSubmatch(m)
	if r == nil {
		return ""
	}
	return r[1]
}

func tagOf(h string) string {
	_, tag, _ := strings.Cut(h, ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

// invite calls and waits for the 200, which it acknowledges unless told not to.
func (p *peer) invite(acknowledge bool) string {
	p.t.Helper()
	p.seq++
	p.send(p.request("INVITE", "", "", p.sdp("")))
	code, ok := p.final()
	if code != 200 {
		p.t.Fatalf("INVITE: %s", ok)
	}
	p.totag = tagOf(header(ok, "To"))
	if acknowledge {
		p.send(p.request("ACK", "", "", ""))
	}
	return ok
}

// ask sends a request of the dialog and gives the answer.
func (p *peer) ask(method, headers, body string) (int, string) {
	p.t.Helper()
	p.seq++
	p.send(p.request(method, "", headers, body))
	code, m := p.final()
	if method == "INVITE" {
		p.send(p.request("ACK", "", "", ""))
	}
	return code, m
}

// respond answers a request of the trunk; headers end with CRLF.
func (p *peer) respond(req string, status, headers, body string) {
	p.t.Helper()
	to := header(req, "To")
	if !strings.Contains(to, ";tag=") {
		to += ";tag=" + p.tag
	}
	var via, routes strings.Builder
	for _, line := range strings.Split(req, "\r\n") {
		if strings.HasPrefix(line, "Via:") {
			via.WriteString(line + "\r\n")
		}
	}
	if body != "" {
		headers += "Content-Type: application/sdp\r\n"
	}
	if !strings.Contains(headers, "Contact:") {
		headers += fmt.Sprintf("Contact: <sip:bob@127.0.0.1:%d>\r\n", p.port())
	}
	p.send(fmt.Sprintf("SIP/2.0 %s\r\n%s%sFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		status, via.String(), routes.String(), header(req, "From"), to, header(req, "Call-ID"), header(req, "CSeq"), headers, len(body), body))
}
