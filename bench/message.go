package bench

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// status is a response's code; 0: it is none.
func status(m string) int {
	rest, ok := strings.CutPrefix(m, "SIP/2.0 ")
	if !ok || len(rest) < 3 {
		return 0
	}
	code, err := strconv.Atoi(rest[:3])
	if err != nil || code < 100 || code > 699 {
		return 0
	}
	return code
}

// header is the first header of that name, "" when there is none.
func header(m, name string) string {
	head, _, _ := strings.Cut(m, "\r\n\r\n")
	for l := range strings.SplitSeq(head, "\r\n") {
		k, v, ok := strings.Cut(l, ":")
		if ok && strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// address is the URI in a name-addr or addr-spec.
func address(v string) string {
	if _, rest, ok := strings.Cut(v, "<"); ok {
		uri, _, _ := strings.Cut(rest, ">")
		return uri
	}
	uri, _, _ := strings.Cut(v, ";")
	return strings.TrimSpace(uri)
}

// mediaAddress is where an SDP answer wants sound.
func mediaAddress(m string) (netip.AddrPort, error) {
	_, body, _ := strings.Cut(m, "\r\n\r\n")
	var ip, port string
	for l := range strings.SplitSeq(body, "\n") {
		l = strings.TrimRight(l, "\r")
		if v, ok := strings.CutPrefix(l, "c=IN IP4 "); ok {
			ip = v
		}
		if v, ok := strings.CutPrefix(l, "m=audio "); ok {
			port, _, _ = strings.Cut(v, " ")
		}
	}
	a, err := netip.ParseAddrPort(ip + ":" + port)
	if err != nil || a.Port() == 0 {
		return a, fmt.Errorf("the answer names no address for sound")
	}
	return a, nil
}

// reply answers a request without a body.
func reply(m, code string) []byte {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + code + "\r\n")
	head, _, _ := strings.Cut(m, "\r\n\r\n")
	for l := range strings.SplitSeq(head, "\r\n") {
		k, _, _ := strings.Cut(l, ":")
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "via", "from", "to", "call-id", "cseq":
			b.WriteString(l + "\r\n")
		}
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}
