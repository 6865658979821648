package sip

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tortured are the 49 messages of RFC 4475 with what a trunk answers: a code, INVITE for any a call can get, - for nothing.
func tortured(t *testing.T) (names []string, messages, answers map[string]string) {
	t.Helper()
	table, err := os.ReadFile("wire/testdata/torture/classes.txt")
	if err != nil {
		t.Fatal(err)
	}
	messages, answers = map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		m, err := os.ReadFile("wire/testdata/torture/" + f[0] + ".dat")
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f[0])
		// Several have the same branch: one would be taken for the other's repetition.
		messages[f[0]], answers[f[0]] = strings.Replace(string(m), "z9hG4bKkdjuw", "z9hG4bKkdjuw"+f[0], 1), f[3]
	}
	if len(names) != 49 {
		t.Errorf("%d messages", len(names))
	}
	return names, messages, answers
}

// askedAfter is a request that is surely answered: what comes before its answer was for the message it follows.
const askedAfter = "OPTIONS sip:after@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;rport;branch=z9hG4bK%s\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\n" +
	"To: <sip:b@127.0.0.1>\r\nCall-ID: after\r\nCSeq: 99 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"

// final is the code of the first final answer that is not to askedAfter, 0 when there is none before the answer to that.
func finalOf(t *testing.T, name string, read func() (string, error)) int {
	t.Helper()
	for {
		m, err := read()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return -1
		}
		if header(m, "CSeq") == "99 OPTIONS" {
			return 0
		}
		if code, _ := strconv.Atoi(m[8:11]); code >= 200 && (name != "dblreq" || header(m, "CSeq") == "8 REGISTER") { // two in a stream
			return code
		}
	}
}

func classed(t *testing.T, network, name, want string, code int) {
	t.Helper()
	ok := want == strconv.Itoa(code)
	switch {
	case want == "-":
		ok = code == 0
	case want == "INVITE":
		ok = code == 200 || code == 404 || code == 480 || code == 486 || code == 488 || code == 603
	}
	if !ok {
		t.Errorf("%s by %s: %d, not %s", name, network, code, want)
	}
}

var sentBy = regexp.MustCompile(`(?im)^v(?:ia)?\s*:\s*SIP\s*/\s*\S+\s*/\s*\w+\s+[\w.-]+(?::(\d+))?`)

// TestTortureByUDP: each message of RFC 4475 from an address of its own, where the answer goes by its Via.
func TestTortureByUDP(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	names, messages, answers := tortured(t)
	for _, name := range names {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(1 + rand.IntN(250)), byte(rand.IntN(256)), byte(1 + rand.IntN(250))}), 5060)
		if m := sentBy.FindStringSubmatch(messages[name]); m != nil && m[1] != "" {
			p, _ := strconv.Atoi(m[1])
			at = netip.AddrPortFrom(at.Addr(), uint16(p))
		}
		c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
		if err != nil {
			t.Skipf("%v: not every 127.x.x.x is ours here", err)
		}
		_ = c.SetReadDeadline(time.Now().Add(patience))
		for _, m := range []string{messages[name], ""} {
			if m == "" {
				time.Sleep(5 * time.Millisecond) // sipgo handles messages in any order
				m = fmt.Sprintf(askedAfter, at.Port(), name)
			}
			if _, err := c.WriteToUDPAddrPort([]byte(m), tr.Addr()); err != nil {
				t.Fatal(err)
			}
			if answers[name] != "-" {
				break
			}
		}
		buf := make([]byte, 65536)
		code := finalOf(t, name, func() (string, error) {
			n, _, err := c.ReadFromUDPAddrPort(buf)
			return string(buf[:n]), err
		})
		classed(t, "UDP", name, answers[name], code)
		_ = c.Close()
	}
}

// TestTortureByTCP: the same by a connection each; after what is not the end of one, the next request is answered.
func TestTortureByTCP(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	names, messages, answers := tortured(t)
	for _, name := range names {
		want := answers[name]
		switch name {
		case "inv2543": // RFC 3261 §18.3: a stream wants a Content-Length
			want = "400"
		case "clerr": // its body may still come for 30 s
			continue
		}
		s := newStreamed(t, tr)
		s.put(messages[name])
		if want == "-" {
			s.put(fmt.Sprintf(askedAfter, 5060, name))
		}
		classed(t, "TCP", name, want, finalOf(t, name, s.message))
		_ = s.conn.Close()
	}
}
