//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A wire is the telephones at the other end: one socket for the SIP of all of them and one for their silence. Whom the server
// dials decides what happens: sip:talk-… answers and stays, brief-… answers and hangs up soon, ring-… rings on, busy-… is busy.
// Two goroutines, until the test ends.
type wire struct {
	sip, rtp *net.UDPConn
	server   string
	told     func(moment, callID string) // of what crossed the wire; called from the reader

	mu      sync.Mutex // guards all below
	invites map[string]map[string]bool
	talks   map[string]*talk // by Call-ID
	last    int
	hasty   bool // whoever answers hangs up at once, and nobody rings on
}

// A talk is one dialogue, answered or not.
type talk struct {
	side
	call               string // of the API
	invite             string // the INVITE that is to be answered
	sound              *net.UDPAddr
	outgoing, answered bool // outgoing: we called
	over               bool
}

func newWire(t *testing.T, server string) *wire {
	t.Helper()
	w := &wire{server: server, invites: map[string]map[string]bool{}, talks: map[string]*talk{}}
	for _, c := range []**net.UDPConn{&w.sip, &w.rtp} {
		var err error
		if *c, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	var running sync.WaitGroup
	done := make(chan struct{})
	running.Go(w.read)
	running.Go(func() { w.silence(done) })
	t.Cleanup(func() {
		close(done)
		w.sip.Close()
		w.rtp.Close()
		running.Wait()
	})
	return w
}

// address is whom to dial for a behaviour; n makes it unlike others.
func (w *wire) address(behaviour string, n int) string {
	return fmt.Sprintf("sip:%s-%d@%s", behaviour, n, w.sip.LocalAddr())
}

func (w *wire) read() {
	buf := make([]byte, 65535)
	for {
		n, from, err := w.sip.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := string(buf[:n])
		if strings.HasPrefix(m, "SIP/2.0 ") {
			w.response(m)
		} else {
			w.request(m, from)
		}
	}
}

func field(m, name string) string {
	head, _, _ := strings.Cut(m, "\r\n\r\n")
	for l := range strings.SplitSeq(head, "\r\n") {
		k, v, ok := strings.Cut(l, ":")
		if ok && strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (w *wire) request(m string, from *net.UDPAddr) {
	method, _, _ := strings.Cut(m, " ")
	id := field(m, "Call-ID")
	w.mu.Lock()
	t := w.talks[id]
	w.mu.Unlock()
	switch method {
	case "INVITE":
		w.invited(m, from)
	case "ACK":
		if t != nil {
			w.tell("ack", t.call)
		}
	case "BYE", "CANCEL":
		w.answer(m, "200 OK", "", "", from)
		if t == nil {
			return
		}
		w.mu.Lock()
		t.over = true
		w.mu.Unlock()
		if method == "CANCEL" {
			w.answer(t.invite, "487 Request Terminated", t.tag, "", from)
		}
		w.tell("bye", t.call)
	default:
		w.answer(m, "200 OK", "", "", from)
	}
}

// invited counts an INVITE; one that is sent again is the same.
func (w *wire) invited(m string, from *net.UDPAddr) {
	id, call := field(m, "Call-ID"), field(m, "X-Parley-Call-ID")
	user, _, _ := strings.Cut(strings.TrimPrefix(strings.Fields(m)[1], "sip:"), "@")
	behaviour, _, _ := strings.Cut(user, "-")
	w.mu.Lock()
	t, again := w.talks[id]
	if !again {
		w.last++
		t = &talk{side: side{id: id, tag: fmt.Sprintf("t%d", w.last), target: bracketed(field(m, "Contact"))}, call: call, invite: m, sound: soundOf(m)}
		t.from, t.to = field(m, "To")+";tag="+t.tag, field(m, "From")
		w.talks[id] = t
	}
	if w.invites[call] == nil {
		w.invites[call] = map[string]bool{}
	}
	w.invites[call][id+" "+field(m, "CSeq")+" "+field(m, "Via")] = true
	hasty := w.hasty
	w.mu.Unlock()
	switch behaviour {
	case "busy":
		w.answer(m, "486 Busy Here", t.tag, "", from)
	case "ring":
		w.answer(m, "180 Ringing", t.tag, "", from)
		if hasty {
			w.answer(m, "480 Temporarily Unavailable", t.tag, "", from)
		}
	default:
		w.mu.Lock()
		t.answered = true
		w.mu.Unlock()
		w.answer(m, "200 OK", t.tag, w.description(), from)
		if !again && (hasty || behaviour == "brief") {
			time.AfterFunc(300*time.Millisecond, func() { w.bye(t) })
		}
		w.tell("answer", call)
	}
	w.tell("invite", call)
}

func (w *wire) tell(moment, call string) {
	if w.told != nil {
		w.told(moment, call)
	}
}

// description is the SDP of all these telephones.
func (w *wire) description() string {
	return describe(w.rtp)
}

func (w *wire) answer(m, status, tag, body string, to *net.UDPAddr) {
	answerOn(w.sip, m, status, tag, body, to)
}

// A side is what a telephone says of a call in its requests.
type side struct {
	id, tag  string // Call-ID; ours
	from, to string // as this side sends requests
	target   string // where they go
}

// request is one that is sent from a socket.
func (d *side) request(sip *net.UDPConn, method string, seq int, branch, body string) []byte {
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	return fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"+
		"Contact: <sip:phone@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, d.target, sip.LocalAddr(), d.tag, branch, d.from, d.to, d.id, seq, method, sip.LocalAddr(), kind, len(body), body)
}

// describe is SDP for sound, PCMU, at a socket.
func describe(rtp *net.UDPConn) string {
	at := rtp.LocalAddr().(*net.UDPAddr)
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", at.IP, at.Port)
}

// answerOn answers a request by a socket.
func answerOn(sip *net.UDPConn, m, status, tag, body string, to *net.UDPAddr) {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\r\n")
	head, _, _ := strings.Cut(m, "\r\n\r\n")
	for l := range strings.SplitSeq(head, "\r\n") {
		switch k, _, _ := strings.Cut(l, ":"); strings.ToLower(k) {
		case "to":
			if tag != "" {
				l += ";tag=" + tag
			}
			b.WriteString(l + "\r\n")
		case "via", "from", "call-id", "cseq":
			b.WriteString(l + "\r\n")
		}
	}
	if body != "" {
		fmt.Fprintf(&b, "Contact: <sip:%s>\r\nContent-Type: application/sdp\r\n", sip.LocalAddr())
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	sip.WriteToUDP([]byte(b.String()), to)
}

// ring calls the server; it returns the SIP Call-ID.
func (w *wire) ring(user string) string {
	w.mu.Lock()
	w.last++
	id := fmt.Sprintf("in-%d-%d", w.last, time.Now().UnixNano())
	t := &talk{side: side{id: id, tag: "i" + id, from: "<sip:15551230000@127.0.0.1>;tag=i" + id, to: "<sip:" + user + "@" + w.server + ">",
		target: "sip:" + user + "@" + w.server}, outgoing: true}
	w.talks[id] = t
	w.mu.Unlock()
	w.send(t, "INVITE", 1, "i", w.description())
	return id
}

func (w *wire) send(t *talk, method string, seq int, branch, body string) {
	to, err := net.ResolveUDPAddr("udp4", w.server)
	if err == nil {
		w.sip.WriteToUDP(t.request(w.sip, method, seq, branch, body), to)
	}
}

// response takes what the server says to the INVITEs and BYEs of these telephones.
func (w *wire) response(m string) {
	w.mu.Lock()
	t := w.talks[field(m, "Call-ID")]
	w.mu.Unlock()
	if t == nil {
		return
	}
	code := strings.Fields(m)[1]
	switch cseq := field(m, "CSeq"); {
	case strings.HasSuffix(cseq, "INVITE") && code == "200":
		w.mu.Lock()
		first := !t.answered
		t.to, t.sound, t.answered = field(m, "To"), soundOf(m), true
		if c := bracketed(field(m, "Contact")); c != "" {
			t.target = c
		}
		w.mu.Unlock()
		w.send(t, "ACK", 1, "a", "")
		if first {
			w.tell("inbound", "")
		}
	case strings.HasSuffix(cseq, "BYE"):
		w.tell("hangup", t.call)
	}
}

// bye hangs up what is still there.
func (w *wire) bye(t *talk) {
	w.mu.Lock()
	there := t.answered && !t.over
	t.over = true
	w.mu.Unlock()
	if there {
		w.send(t, "BYE", 9, "b", "")
	}
}

// forget is what these telephones do when the line is dead: nothing of the old calls is left. How often each was invited stays.
func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.talks {
		t.over = true
	}
	clear(w.talks)
}

// hurry makes all telephones end what they have, and what comes, at once.
func (w *wire) hurry(on bool) {
	w.mu.Lock()
	w.hasty = on
	w.mu.Unlock()
}

// dialled is how often each call was, by its id.
func (w *wire) dialled() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for call, all := range w.invites {
		n[call] = len(all)
	}
	return n
}

// silence is what these telephones say, all at one pace.
func (w *wire) silence(done <-chan struct{}) {
	packet := make([]byte, 12+160)
	packet[0] = 0x80
	for i := range packet[12:] {
		packet[12+i] = 0xff
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for seq := uint32(1); ; seq++ {
		select {
		case <-tick.C:
		case <-done:
			return
		}
		packet[2], packet[3] = byte(seq>>8), byte(seq)
		at := seq * 160
		packet[4], packet[5], packet[6], packet[7] = byte(at>>24), byte(at>>16), byte(at>>8), byte(at)
		w.mu.Lock()
		talks := maps.Clone(w.talks)
		w.mu.Unlock()
		for _, t := range talks {
			w.mu.Lock()
			to, there := t.sound, t.answered && !t.over
			w.mu.Unlock()
			if there && to != nil {
				w.rtp.WriteToUDP(packet, to)
			}
		}
	}
}

func bracketed(v string) string {
	_, rest, _ := strings.Cut(v, "<")
	uri, _, _ := strings.Cut(rest, ">")
	return uri
}

// soundOf is where an SDP wants sound, nil when it does not say.
func soundOf(m string) *net.UDPAddr {
	var port int
	_, body, _ := strings.Cut(m, "\r\nm=audio ")
	if fmt.Sscanf(body, "%d", &port); port == 0 {
		return nil
	}
	return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
}
