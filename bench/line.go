package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	firstRetry = 500 * time.Millisecond // RFC 3261 T1
	ringLimit  = 30 * time.Second
	byeLimit   = 5 * time.Second
	datagram   = 65535
)

// A line is the callers' telephone line: one UDP socket for the SIP of all of them, written from the RFC and not from leg/sip.
// One goroutine reads.
type line struct {
	conn   *net.UDPConn
	server netip.AddrPort
	from   string // host:port of ours
	run    uint64 // tells one run's calls from another's
	last   atomic.Uint64
	reader sync.WaitGroup

	mu    sync.Mutex // guards calls and expected
	calls map[string]*dialog

	expected map[string]expected // calls that are to come, by the user who is called
}

// A dialog is one call of a line.
type dialog struct {
	line            *line
	id, user, to    string
	tag             string
	answers         chan answer // responses to what we sent, but provisional ones
	contact, remote string      // of the 200: target and To
	ack             []byte      // kept for a repeated 200
	Sound           netip.AddrPort
	Asked, Answered time.Time
	hungUp          atomic.Bool // the agent has
	end             func()      // of a call that came by a carrier; nil: by SIP
	taken           []byte      // our 200 to an INVITE, kept for a repeated one; nil: we called
	seq             string      // its CSeq
}

type answer struct {
	message string
	at      time.Time
}

func newLine(server netip.AddrPort) (*line, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(4 << 20) // a smaller one will do, too
	if err := stamped(c); err != nil {
		c.Close()
		return nil, err
	}
	l := &line{conn: c, server: server, from: c.LocalAddr().String(), run: uint64(time.Now().UnixNano()), calls: map[string]*dialog{}, expected: map[string]expected{}}
	l.reader.Go(l.read)
	return l, nil
}

func (l *line) close() {
	l.conn.Close()
	l.reader.Wait()
}

func (l *line) read() { receive(l.conn, l.take) }

// receive hands on each datagram with the time at which the kernel had it, until the socket is closed.
func receive(conn *net.UDPConn, take func(m string, at time.Time, from netip.AddrPort)) {
	b, oob := make([]byte, datagram), make([]byte, 128)
	for {
		n, on, _, from, err := conn.ReadMsgUDPAddrPort(b, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		at, ok := stamp(oob[:on])
		if !ok {
			at = time.Now()
		}
		take(string(b[:n]), at, from)
	}
}

func (l *line) take(m string, at time.Time, from netip.AddrPort) {
	l.mu.Lock()
	d := l.calls[header(m, "Call-ID")]
	l.mu.Unlock()
	code := status(m)
	switch {
	case code == 0 && d != nil:
		d.asked(m, from)
	case code == 0 && strings.HasPrefix(m, "INVITE "):
		l.invited(m, at, from)
	case code == 0:
		l.send(reply(m, "481 Call Does Not Exist"), from)
	case d == nil || code < 200:
	default:
		select {
		case d.answers <- answer{m, at}:
		default: // repeated, and nobody waits for it
			d.again(m)
		}
	}
}

func (l *line) send(b []byte, to netip.AddrPort) { _, _ = l.conn.WriteToUDPAddrPort(b, to) } // UDP: sent again when nothing comes

// asked answers a request of the agent's side.
func (d *dialog) asked(m string, from netip.AddrPort) {
	method, _, _ := strings.Cut(m, " ")
	switch method {
	case "ACK":
	case "INVITE":
		d.invitedAgain(m, from)
	case "BYE":
		d.hungUp.Store(true)
		fallthrough
	case "OPTIONS", "INFO", "NOTIFY", "CANCEL":
		d.line.send(reply(m, "200 OK"), from)
	default:
		d.line.send(reply(m, "488 Not Acceptable Here"), from)
	}
}

// again acknowledges a repeated 200.
func (d *dialog) again(m string) {
	d.line.mu.Lock()
	ack := d.ack
	d.line.mu.Unlock()
	if ack != nil && strings.HasSuffix(header(m, "CSeq"), "INVITE") {
		d.line.send(ack, d.line.server)
	}
}

// request writes one; the branch is new for each but the retransmissions.
func (d *dialog) request(method, target, to string, seq int, branch, body string) []byte {
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	return fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s-%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%s@127.0.0.1>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\nUser-Agent: parley-bench\r\n%sContent-Length: %d\r\n\r\n%s",
		method, target, d.line.from, d.tag, branch, d.user, d.tag, to, d.id, seq, method, d.user, d.line.from, kind, len(body), body)
}

// offer is SDP for PCMU and RFC 4733 digits.
func offer(sound netip.AddrPort) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP 0 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n", sound.Addr(), sound.Port())
}

// dial calls user@server and waits for the answer.
func (l *line) dial(ctx context.Context, from, user string, sound netip.AddrPort) (*dialog, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("INVITE: %w", err)
	}
	n := l.last.Add(1)
	d := &dialog{line: l, id: fmt.Sprintf("%x-%d@bench", l.run, n), user: from, to: fmt.Sprintf("<sip:%s@%s>", user, l.server),
		tag: fmt.Sprintf("%x.%d", l.run, n), answers: make(chan answer, 4)}
	l.mu.Lock()
	l.calls[d.id] = d
	l.mu.Unlock()
	d.Asked = time.Now()
	a, err := d.exchange(ctx, d.request("INVITE", address(d.to), d.to, 1, "i", offer(sound)), "1 INVITE", ringLimit)
	if err != nil {
		d.forget()
		return nil, fmt.Errorf("INVITE: %w", err)
	}
	d.Answered, d.remote = a.at, header(a.message, "To")
	if code := status(a.message); code >= 300 {
		l.send(d.request("ACK", address(d.to), d.remote, 1, "i", ""), l.server)
		d.forget()
		first, _, _ := strings.Cut(a.message, "\r\n")
		return nil, fmt.Errorf("INVITE: %s", first)
	}
	if d.contact = address(header(a.message, "Contact")); d.contact == "" {
		d.contact = address(d.to)
	}
	ack := d.request("ACK", d.contact, d.remote, 1, "a", "")
	l.mu.Lock()
	d.ack = ack
	l.mu.Unlock()
	l.send(ack, l.server)
	if d.Sound, err = mediaAddress(a.message); err != nil {
		d.bye(ctx)
		return nil, err
	}
	return d, nil
}

// exchange sends a request until a final response to it comes.
func (d *dialog) exchange(ctx context.Context, req []byte, cseq string, limit time.Duration) (answer, error) {
	over := time.NewTimer(limit)
	defer over.Stop()
	for pause := firstRetry; ; pause = min(2*pause, 8*firstRetry) {
		d.line.send(req, d.line.server)
		again := time.NewTimer(pause)
		for waiting := true; waiting; {
			select {
			case a := <-d.answers:
				if header(a.message, "CSeq") == cseq {
					again.Stop()
					return a, nil
				}
				d.again(a.message)
			case <-again.C:
				waiting = false
			case <-over.C:
				again.Stop()
				return answer{}, errors.New("no answer")
			case <-ctx.Done():
				again.Stop()
				return answer{}, ctx.Err()
			}
		}
	}
}

// bye hangs up, unless the agent has. It is done even when ctx is over.
func (d *dialog) bye(ctx context.Context) {
	if d.end != nil {
		d.end()
		return
	}
	defer d.forget()
	if d.hungUp.Load() {
		return
	}
	ctx = context.WithoutCancel(ctx)
	_, _ = d.exchange(ctx, d.request("BYE", d.contact, d.remote, 2, "b", ""), "2 BYE", byeLimit) // a server that is gone says nothing
}

func (d *dialog) forget() {
	d.line.mu.Lock()
	delete(d.line.calls, d.id)
	d.line.mu.Unlock()
}
