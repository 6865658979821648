package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// A far is a server of the simplest kind: it answers everybody but nobody, and says a tone of 600 ms 200 ms after each thing that is
// said to it.
type far struct {
	t      *testing.T
	sip    *net.UDPConn
	done   sync.WaitGroup
	mu     sync.Mutex // guards all below
	byes   int
	acks   int
	silent bool
	rtp    map[string]*net.UDPConn
}

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{t: t, sip: listenUDP(t), rtp: map[string]*net.UDPConn{}}
	f.done.Go(f.serve)
	t.Cleanup(func() {
		f.sip.Close()
		f.mu.Lock()
		for _, c := range f.rtp {
			c.Close()
		}
		f.mu.Unlock()
		f.done.Wait()
	})
	return f
}

func listenUDP(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *far) addr() netip.AddrPort { return f.sip.LocalAddr().(*net.UDPAddr).AddrPort() }

func (f *far) serve() {
	b := make([]byte, datagram)
	for {
		n, from, err := f.sip.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		m := string(b[:n])
		method, rest, _ := strings.Cut(m, " ")
		switch method {
		case "INVITE":
			if strings.HasPrefix(rest, "sip:nobody@") {
				f.sip.WriteToUDPAddrPort(reply(m, "404 Not Found"), from)
				continue
			}
			f.invited(m, from)
		case "ACK":
			f.mu.Lock()
			f.acks++
			f.mu.Unlock()
		case "BYE":
			f.mu.Lock()
			f.byes++
			f.mu.Unlock()
			f.sip.WriteToUDPAddrPort(reply(m, "200 OK"), from)
		}
	}
}

// invited answers twice, as a server does whose first 200 seems lost.
func (f *far) invited(m string, from netip.AddrPort) {
	id := header(m, "Call-ID")
	f.mu.Lock()
	c := f.rtp[id]
	if c == nil {
		c = listenUDP(f.t)
		f.rtp[id] = c
		to, err := mediaAddress(m)
		if err != nil {
			f.t.Error(err)
		}
		f.done.Go(func() { f.talk(c, to) })
	}
	f.mu.Unlock()
	head := strings.TrimSuffix(string(reply(m, "200 OK")), "Content-Length: 0\r\n\r\n")
	sdp := offer(c.LocalAddr().(*net.UDPAddr).AddrPort())
	ok := strings.Replace(head, "\r\nCall-ID", ";tag=far\r\nCall-ID", 1) +
		fmt.Sprintf("Contact: <sip:far@%s>\r\nContent-Length: %d\r\n\r\n%s", f.addr(), len(sdp), sdp)
	for range 2 {
		f.sip.WriteToUDPAddrPort([]byte(ok), from)
	}
}

// talk paces by what it hears: a packet out for each that comes in.
func (f *far) talk(c *net.UDPConn, to netip.AddrPort) {
	b, out := make([]byte, 2048), make([]byte, rtpHeader+packet)
	out[0] = 0x80
	tone, quiet, say := audio.EncodeUlaw(nil, loud()), 1000, 0
	for seq := 0; ; seq++ {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		if audible(b[rtpHeader:n]) {
			quiet = 0
		} else if quiet++; quiet == 10 && !f.mute() {
			say = 30
		}
		for i := range packet {
			out[rtpHeader+i] = mulawSilence
		}
		if say > 0 {
			say--
			copy(out[rtpHeader:], tone)
		}
		out[2], out[3] = byte(seq>>8), byte(seq)
		ts := seq * packet
		out[4], out[5], out[6], out[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
		c.WriteToUDPAddrPort(out, to)
	}
}

func (f *far) mute() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.silent
}

func loud() []int16 {
	pcm := make([]int16, packet)
	for i := range pcm {
		pcm[i] = int16(8000 - 16000*(i/8%2))
	}
	return pcm
}

func TestLoadTalks(t *testing.T) {
	f := newFar(t)
	l, err := newLoad(f.addr(), 3)
	if err != nil {
		t.Fatal(err)
	}
	short := &utterance{first: 1, last: 9}
	for range 11 {
		short.frames = append(short.frames, l.words.frames[l.words.first])
	}
	for i := range short.frames[10] {
		short.frames[0][i], short.frames[10][i] = mulawSilence, mulawSilence
	}
	l.words = short
	up := false
	outcomes := l.talk(within(t), plan{agent: "somebody", from: "caller", calls: 3, turns: 1, talk: time.Minute, up: func() { up = true }})
	l.close()
	for _, o := range outcomes {
		if o.err != nil || len(o.turns) != 1 || o.lost != 0 || o.setup <= 0 {
			t.Fatalf("%+v", o)
		}
		if gap := o.turns[0].gap; gap <= 0 {
			t.Errorf("an answer after %v", gap)
		}
		if o.packet.got < 30 || o.packet.lost != 0 {
			t.Errorf("%+v", o.packet)
		}
	}
	if outcomes[0].from == outcomes[1].from || !up {
		t.Error("callers have one name, or nobody was told that all are up")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byes != 3 || f.acks < 6 {
		t.Errorf("%d BYEs, %d ACKs for 6 answers of 3 calls", f.byes, f.acks)
	}
	if h := l.spacing(); h.count < 90 {
		t.Errorf("%d packets measured", h.count)
	}
}

func TestLoadSetups(t *testing.T) {
	f := newFar(t)
	l, err := newLoad(f.addr(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	outcomes := l.setups(within(t), "somebody", 100, 200*time.Millisecond)
	if len(outcomes) != 20 {
		t.Fatalf("%d calls", len(outcomes))
	}
	for _, o := range outcomes {
		if o.err != nil || o.setup <= 0 {
			t.Errorf("%+v", o)
		}
	}
	if len(l.line.calls) != 0 {
		t.Errorf("%d calls are left", len(l.line.calls))
	}
}

func TestLoadRefused(t *testing.T) {
	f := newFar(t)
	l, err := newLoad(f.addr(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	o := l.talk(within(t), plan{agent: "nobody", calls: 1})
	if o[0].err == nil || !strings.Contains(o[0].err.Error(), "404 Not Found") {
		t.Errorf("%v", o[0].err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o := l.talk(ctx, plan{agent: "somebody", calls: 1}); o[0].err == nil {
		t.Error("a call was placed after the end")
	}
}

// TestSendCosts: the pacer allocates nothing per packet.
func TestSendCosts(t *testing.T) {
	s, err := newSocket()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	c := newCaller(&dialog{line: &line{}, Sound: s.addr}, s, newScript(words(t), 1))
	if n := testing.AllocsPerRun(200, func() { c.send(time.Now()) }); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}
