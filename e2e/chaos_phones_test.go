//go:build e2e && linux

package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/parley-voice/parley/audio"
)

// phones are the telephones of a carrier: they are dialled, and dial; they repeat what is not answered, speak now and then, and note
// when each packet of a call came in, by the kernel's clock. Four goroutines, until the test ends.
type phones struct {
	addr     string // of the carrier, without a port
	sip, rtp *net.UDPConn
	speech   [][]byte // 20 ms each, one after the other

	mu      sync.Mutex // guards all below
	invites map[string]map[string]bool
	lines   map[string]*party         // by Call-ID
	from    map[netip.AddrPort]*party // by where their sound comes from
	last    int
	closing bool // whoever is dialled hangs up soon
	pulse   *party
}

// A party is one call as its telephone knows it.
type party struct {
	side
	call     string // of the API
	node     int    // last part of the address of who has the other end
	outgoing bool   // a telephone called
	invite   string // that is to be answered
	accepted string // the 200 that is repeated until there is an ACK
	sound    netip.AddrPort
	began    time.Time
	answered time.Time
	acked    bool
	over     time.Time // on the wire; zero: it is not
	dead     bool      // the far end died: this line is not told of
	how      string    // refused …, bye, hung up, no answer, dead
	hangup   time.Time // when this side hangs up
	status   int       // final, of a call that a telephone made
	bye      int       // how often BYE was sent
	byed     bool      // it was answered
	tries    int       // how often INVITE was sent
	next     time.Time // when what was not answered is repeated

	hear hearing
}

// hearing is the packets of a line.
type hearing struct {
	first, last time.Time
	seq         uint16
	packets     int
	lost        int
	gaps        []gap
}

// A gap is 60 ms or more between two packets, or packets that did not come.
type gap struct {
	at   time.Time // of its end
	dur  time.Duration
	lost int
}

const gapLeast = 60 * time.Millisecond

func (h *hearing) packet(seq uint16, at time.Time) {
	if h.packets == 0 {
		h.first = at
	} else {
		d, missing := at.Sub(h.last), int(int16(seq-h.seq))-1
		if missing < 0 || missing > 10_000 { // late, or begun anew
			missing = 0
		}
		if d >= gapLeast || missing > 0 {
			h.gaps = append(h.gaps, gap{at, d, missing})
			h.lost += missing
		}
	}
	h.packets++
	h.seq, h.last = seq, at
}

func newPhones(t *testing.T, p *place, sipPort int) *phones {
	t.Helper()
	w := &phones{addr: p.addr(), invites: map[string]map[string]bool{}, lines: map[string]*party{}, from: map[netip.AddrPort]*party{}, pulse: &party{}}
	err := p.in(func() (err error) {
		if w.sip, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(p.addr()), Port: sipPort}); err == nil {
			w.rtp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(p.addr()), Port: 4000})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.rtp.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 8<<20)
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join("..", "bench", "caller-8k.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at+160 <= len(s.PCM); at += 160 {
		w.speech = append(w.speech, audio.EncodeUlaw(nil, s.PCM[at:at+160]))
	}
	var running sync.WaitGroup
	done := make(chan struct{})
	running.Go(w.read)
	running.Go(w.listen)
	running.Go(func() { w.every(done, 20*time.Millisecond, w.speak) })
	running.Go(func() { w.every(done, 50*time.Millisecond, w.repeat) })
	t.Cleanup(func() {
		close(done)
		w.sip.Close()
		w.rtp.Close()
		running.Wait()
	})
	return w
}

func (w *phones) every(done <-chan struct{}, d time.Duration, do func(n int)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
			do(n)
		case <-done:
			return
		}
	}
}

// listen takes the sound.
func (w *phones) listen() {
	buf, oob := make([]byte, 2048), make([]byte, 128)
	for {
		n, m, _, from, err := w.rtp.ReadMsgUDPAddrPort(buf, oob)
		if err != nil {
			return
		}
		if n < 12 || buf[0]>>6 != 2 || buf[1]&0x7f >= 72 && buf[1]&0x7f < 77 { // RTCP
			continue
		}
		at := time.Now()
		if all, err := syscall.ParseSocketControlMessage(oob[:m]); err == nil && len(all) == 1 && len(all[0].Data) >= 16 {
			ts := (*syscall.Timespec)(unsafe.Pointer(&all[0].Data[0]))
			at = time.Unix(ts.Unix())
		}
		seq := uint16(buf[2])<<8 | uint16(buf[3])
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		w.mu.Lock()
		if l := w.from[from]; l != nil && l.over.IsZero() && l.hangup.After(at) {
			l.hear.packet(seq, at)
		} else if from.Port() == pulsePort {
			w.pulse.hear.packet(seq, at)
		}
		w.mu.Unlock()
	}
}

// speak sends what all telephones say: words, then silence for thrice as long.
func (w *phones) speak(n int) {
	packet := make([]byte, 12+160)
	packet[0] = 0x80
	packet[2], packet[3] = byte(n>>8), byte(n)
	at := uint32(n) * 160
	packet[4], packet[5], packet[6], packet[7] = byte(at>>24), byte(at>>16), byte(at>>8), byte(at)
	w.mu.Lock()
	var to []netip.AddrPort
	var shift []int
	for _, l := range w.lines {
		if !l.answered.IsZero() && l.over.IsZero() && l.sound.IsValid() {
			to, shift = append(to, l.sound), append(shift, int(l.began.UnixMilli()/20))
		}
	}
	w.mu.Unlock()
	for i, a := range to {
		if k := (n + shift[i]) % (4 * len(w.speech)); k < len(w.speech) {
			copy(packet[12:], w.speech[k])
		} else {
			for j := range packet[12:] {
				packet[12+j] = 0xff
			}
		}
		_, _ = w.rtp.WriteToUDPAddrPort(packet, a)
	}
}

func (w *phones) read() {
	buf := make([]byte, 65535)
	for {
		n, from, err := w.sip.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := string(buf[:n])
		w.mu.Lock()
		if strings.HasPrefix(m, "SIP/2.0 ") {
			w.response(m)
		} else {
			w.request(m, from)
		}
		w.mu.Unlock()
	}
}

// request takes what a node asks. The caller holds mu, here and below.
func (w *phones) request(m string, from *net.UDPAddr) {
	method, _, _ := strings.Cut(m, " ")
	l := w.lines[field(m, "Call-ID")]
	switch {
	case method == "INVITE" && strings.Contains(field(m, "To"), "tag="):
		w.reply(m, "200 OK", "", w.description(), from)
	case method == "INVITE":
		w.invited(m, from)
	case method == "ACK":
		if l != nil {
			l.acked = true
		}
	case method == "BYE":
		if l == nil {
			w.reply(m, "481 Call/Transaction Does Not Exist", "", "", from)
			return
		}
		w.reply(m, "200 OK", "", "", from)
		w.end(l, "bye")
	case method == "CANCEL":
		w.reply(m, "200 OK", "", "", from)
		if l != nil && l.answered.IsZero() {
			w.reply(l.invite, "487 Request Terminated", l.tag, "", from)
			w.end(l, "cancelled")
		}
	default:
		w.reply(m, "200 OK", "", "", from)
	}
}

func (w *phones) end(l *party, how string) {
	if l.over.IsZero() {
		l.over, l.how = time.Now(), how
	}
	if w.from[l.sound] == l {
		delete(w.from, l.sound)
	}
}

// invited answers, once for how often it is sent.
func (w *phones) invited(m string, from *net.UDPAddr) {
	id, call := field(m, "Call-ID"), field(m, "X-Parley-Call-ID")
	if w.invites[call] == nil {
		w.invites[call] = map[string]bool{}
	}
	w.invites[call][id+" "+field(m, "CSeq")+" "+field(m, "Via")] = true
	l := w.lines[id]
	if l == nil {
		w.last++
		l = &party{side: side{id: id, tag: fmt.Sprintf("t%d", w.last), target: bracketed(field(m, "Contact"))}, call: call, invite: m, sound: mediaOf(m), node: int(from.IP.To4()[3]),
			began: time.Now(), answered: time.Now(), hangup: time.Now().Add(w.long())}
		l.from, l.to = field(m, "To")+";tag="+l.tag, field(m, "From")
		w.lines[id] = l
		w.from[l.sound] = l
		l.next = time.Now().Add(500 * time.Millisecond)
		w.reply(m, "180 Ringing", l.tag, "", from)
	}
	if l.over.IsZero() {
		w.reply(m, "200 OK", l.tag, w.description(), from)
	}
}

// long is how long a telephone stays.
func (w *phones) long() time.Duration {
	if w.closing {
		return time.Second
	}
	return 12*time.Second + rand.N(50*time.Second)
}

func (w *phones) description() string {
	return describe(w.rtp)
}

func (w *phones) reply(m, status, tag, body string, to *net.UDPAddr) {
	answerOn(w.sip, m, status, tag, body, to)
}

// ring calls a node.
func (w *phones) ring(node int, number string) *party {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	id := fmt.Sprintf("in-%d-%d", w.last, time.Now().UnixNano())
	l := &party{side: side{id: id, tag: "i" + id, from: "<sip:+14155550100@" + w.addr + ">;tag=i" + id}, outgoing: true, node: node, began: time.Now(), next: time.Now().Add(500 * time.Millisecond)}
	l.target = fmt.Sprintf("sip:%s@%s%d:5060", number, subnet, node)
	l.to = "<" + l.target + ">"
	w.lines[id] = l
	w.send(l, "INVITE", 1, "i", w.description())
	l.tries = 1
	return l
}

func (w *phones) send(l *party, method string, seq int, branch, body string) {
	_, _ = w.sip.WriteToUDP(l.request(w.sip, method, seq, branch, body), &net.UDPAddr{IP: net.ParseIP(fmt.Sprintf("%s%d", subnet, l.node)), Port: 5060})
}

func (w *phones) response(m string) {
	l := w.lines[field(m, "Call-ID")]
	if l == nil {
		return
	}
	var code int
	fmt.Sscanf(m, "SIP/2.0 %d", &code)
	switch cseq := field(m, "CSeq"); {
	case strings.HasSuffix(cseq, "INVITE") && code < 200:
		l.tries = -1 // it is there: not repeated any more
	case strings.HasSuffix(cseq, "INVITE") && code == 200:
		first := l.answered.IsZero() && l.over.IsZero()
		if first {
			l.status, l.to, l.sound, l.answered = code, field(m, "To"), mediaOf(m), time.Now()
			l.hangup = l.answered.Add(w.long())
			w.from[l.sound] = l
			if c := bracketed(field(m, "Contact")); c != "" {
				l.target = c
			}
		}
		l.acked = true
		w.send(l, "ACK", 1, "a", "")
		if !first && l.answered.IsZero() { // given up already
			l.to, l.target, l.answered = field(m, "To"), bracketed(field(m, "Contact")), time.Now()
			w.hang(l)
		}
	case strings.HasSuffix(cseq, "INVITE"):
		to := l.to
		l.to = field(m, "To")
		w.send(l, "ACK", 1, "i", "")
		l.to = to
		if l.answered.IsZero() {
			l.status = code
			w.end(l, fmt.Sprintf("refused %d", code))
		}
	case strings.HasSuffix(cseq, "BYE"):
		l.byed = true
	}
}

func (w *phones) hang(l *party) {
	l.bye, l.next = 1, time.Now().Add(500*time.Millisecond)
	w.send(l, "BYE", 9, "b", "")
}

// repeat sends again what was not answered, and hangs up whose time it is.
func (w *phones) repeat(int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for _, l := range w.lines {
		switch {
		case l.dead:
		case l.bye > 0 && !l.byed && l.bye < 11 && now.After(l.next):
			l.bye++
			l.next = now.Add(min(4*time.Second, 500*time.Millisecond<<l.bye))
			w.send(l, "BYE", 9, "b", "")
		case !l.over.IsZero():
		case l.answered.IsZero() && now.Sub(l.began) > 32*time.Second: // timer B, and nobody rings on for ever here
			w.end(l, "no answer")
			if l.tries == -1 {
				w.send(l, "CANCEL", 1, "i", "")
			}
		case l.outgoing && l.answered.IsZero() && l.tries > 0 && now.After(l.next):
			l.tries++
			l.next = now.Add(500 * time.Millisecond << min(l.tries-1, 5))
			w.send(l, "INVITE", 1, "i", w.description())
		case !l.answered.IsZero() && now.After(l.hangup):
			w.end(l, "hung up")
			w.hang(l)
		case !l.outgoing && !l.acked && now.After(l.next): // RFC 3261 §13.3.1.4
			l.next = now.Add(time.Second)
			w.reply(l.invite, "200 OK", l.tag, w.description(), &net.UDPAddr{IP: net.ParseIP(fmt.Sprintf("%s%d", subnet, l.node)), Port: 5060})
		}
	}
}

// died ends the lines of a node that was killed: nobody says goodbye.
func (w *phones) died(node int) (calls []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		if l.node == node && l.over.IsZero() {
			w.end(l, "dead")
			l.dead = true
			if l.call != "" {
				calls = append(calls, l.call)
			}
		}
	}
	return calls
}

// all are the lines so far, as they are now.
func (w *phones) all() (copied []party) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		copied = append(copied, *l)
	}
	return copied
}

// live is how many calls there are, by node.
func (w *phones) live() map[int]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[int]int{}
	for _, l := range w.lines {
		if l.over.IsZero() {
			n[l.node]++
		}
	}
	return n
}

// forget lets go of lines that were looked at.
func (w *phones) forget(ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		delete(w.lines, id)
	}
}

func (w *phones) dialled() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for call, all := range maps.All(w.invites) {
		n[call] = len(all)
	}
	return n
}

func mediaOf(m string) netip.AddrPort {
	var addr string
	var port int
	_, body, _ := strings.Cut(m, "\r\n\r\n")
	for l := range strings.SplitSeq(body, "\r\n") {
		if rest, ok := strings.CutPrefix(l, "c=IN IP4 "); ok {
			addr = rest
		}
		_, _ = fmt.Sscanf(l, "m=audio %d", &port)
	}
	a, err := netip.ParseAddr(addr)
	if err != nil || port == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, uint16(port))
}

// pulseAt tells a process of this test that it is a pulse: a packet each 20 ms from its place to an address, as a node's would be.
const (
	pulseAt   = "PARLEY_E2E_PULSE"
	pulsePort = 3999
)

func init() {
	beings[pulseAt] = func(to string) error {
		a, err := net.ResolveUDPAddr("udp4", to)
		if err != nil {
			return err
		}
		c, err := net.DialUDP("udp4", &net.UDPAddr{Port: pulsePort}, a)
		if err != nil {
			return err
		}
		packet := make([]byte, 12+160)
		packet[0] = 0x80
		began := time.Now()
		for n, p := 1, os.Getppid(); os.Getppid() == p; n++ {
			packet[2], packet[3] = byte(n>>8), byte(n)
			_, _ = c.Write(packet)
			time.Sleep(time.Until(began.Add(time.Duration(n) * 20 * time.Millisecond)))
		}
		return nil
	}
}
