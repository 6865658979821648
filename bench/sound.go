package bench

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	callsPerSocket = 50
	rtpHeader      = 12
	samplesPerSec  = 8000
	ticks          = 10 // groups of callers, 2 ms apart
	tick           = 2 * time.Millisecond
	mulawSilence   = 0xff
)

// A caller is the sound of one call.
type caller struct {
	dialog *dialog
	socket *socket
	over   chan struct{} // closed when the script is finished, or the agent has hung up

	mu     sync.Mutex // guards all below
	script *script
	done   bool
	way    way
	out    [rtpHeader + packet]byte
	seq    uint16
	ts     uint32
	in     inbound
}

// inbound is what the last packet of the agent was.
type inbound struct {
	any  bool
	seq  uint16
	ts   uint32
	at   time.Time
	got  int64
	lost int64

	worst time.Duration // of all distances between two packets and their time stamps', the greatest difference
}

func newCaller(d *dialog, s *socket, sc *script) *caller {
	c := &caller{dialog: d, socket: s, script: sc, over: make(chan struct{})}
	c.out[0] = 0x80 // RFC 3550 version 2, PCMU
	binary.BigEndian.PutUint32(c.out[8:], uint32(len(d.id))<<16^uint32(d.line.last.Load()))
	return c
}

// send is the pacer's: one packet every 20 ms.
func (c *caller) send(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return
	}
	if c.dialog.hungUp.Load() {
		c.script.left()
	}
	f := c.script.next(now)
	if c.script.step == finished {
		c.done = true
		close(c.over)
		return
	}
	if f >= 0 {
		copy(c.out[rtpHeader:], c.script.u.frames[f][:])
	} else {
		for i := rtpHeader; i < len(c.out); i++ {
			c.out[i] = mulawSilence
		}
	}
	binary.BigEndian.PutUint16(c.out[2:], c.seq)
	binary.BigEndian.PutUint32(c.out[4:], c.ts)
	c.seq, c.ts = c.seq+1, c.ts+packet
	switch late, lost := c.way.next(); {
	case lost:
	case late == 0:
		c.write(c.out[:])
	default:
		b := slices.Clone(c.out[:])
		time.AfterFunc(late, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if !c.done {
				c.write(b)
			}
		})
	}
}

// write puts a packet on the wire; mu is held.
func (c *caller) write(b []byte) {
	if audible(b[rtpHeader:]) {
		c.script.passed(time.Now())
	}
	_, _ = c.socket.conn.WriteToUDPAddrPort(b, c.dialog.Sound) // a lost packet is a lost packet
}

// take is a packet of the agent's that came at a time.
func (c *caller) take(b []byte, at time.Time, spacing *histogram) {
	seq, ts := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])
	head := rtpHeader + 4*int(b[0]&0x0f)
	if b[1]&0x7f != 0 || head >= len(b) {
		return // digits, comfort noise
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return
	}
	if c.in.any {
		switch step := seq - c.in.seq; {
		case step == 1:
			due := time.Duration(int32(ts-c.in.ts)) * time.Second / samplesPerSec
			off := (at.Sub(c.in.at) - due).Abs()
			spacing.add(off)
			c.in.worst = max(c.in.worst, off)
		case step > 1 && step < 1000:
			c.in.lost += int64(step - 1)
		default:
			return // repeated, or out of order
		}
	}
	c.in.any, c.in.seq, c.in.ts, c.in.at = true, seq, ts, at
	c.in.got++
	if audible(b[head:]) {
		c.script.sound(at)
	}
}

// A socket carries the sound of up to 50 calls, told apart by where the agent sends from. One goroutine reads.
type socket struct {
	conn    *net.UDPConn
	addr    netip.AddrPort
	spacing *histogram // the reader's until close
	reader  sync.WaitGroup

	mu    sync.RWMutex // guards calls
	calls map[netip.AddrPort]*caller
}

func newSocket() (*socket, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(4 << 20) // a smaller one will do, too
	if err := stamped(c); err != nil {
		c.Close()
		return nil, err
	}
	s := &socket{conn: c, addr: c.LocalAddr().(*net.UDPAddr).AddrPort(), spacing: new(histogram), calls: map[netip.AddrPort]*caller{}}
	s.reader.Go(s.read)
	return s, nil
}

func (s *socket) close() {
	s.conn.Close()
	s.reader.Wait()
}

func (s *socket) add(c *caller) {
	s.mu.Lock()
	s.calls[c.dialog.Sound] = c
	s.mu.Unlock()
}

func (s *socket) remove(c *caller) {
	s.mu.Lock()
	if s.calls[c.dialog.Sound] == c { // the agent's port may be another call's by now
		delete(s.calls, c.dialog.Sound)
	}
	s.mu.Unlock()
}

func (s *socket) read() {
	b, oob := make([]byte, 2048), make([]byte, 128)
	for {
		n, on, _, from, err := s.conn.ReadMsgUDPAddrPort(b, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n <= rtpHeader {
			continue
		}
		at, ok := stamp(oob[:on])
		if !ok {
			at = time.Now()
		}
		s.mu.RLock()
		c := s.calls[netip.AddrPortFrom(from.Addr().Unmap(), from.Port())]
		s.mu.RUnlock()
		if c != nil {
			c.take(b[:n], at, s.spacing)
		}
	}
}

// A pacer sends for all callers: one goroutine, a tenth of the callers every 2 ms. When it was late it catches up.
type pacer struct {
	mu     sync.Mutex // guards groups
	groups [ticks][]*caller
	next   int
	stop   chan struct{}
	runner sync.WaitGroup
}

func newPacer() *pacer {
	p := &pacer{stop: make(chan struct{})}
	p.runner.Go(p.run)
	return p
}

func (p *pacer) add(c *caller) {
	p.mu.Lock()
	p.groups[p.next%ticks] = append(p.groups[p.next%ticks], c)
	p.next++
	p.mu.Unlock()
}

func (p *pacer) remove(c *caller) {
	p.mu.Lock()
	for i, g := range p.groups {
		p.groups[i] = slices.DeleteFunc(g, func(other *caller) bool { return other == c })
	}
	p.mu.Unlock()
}

func (p *pacer) close() {
	close(p.stop)
	p.runner.Wait()
}

func (p *pacer) run() {
	due := time.Now()
	var group []*caller
	for i := 0; ; i++ {
		due = due.Add(tick)
		if d := time.Until(due); d > 0 {
			time.Sleep(d)
		}
		select {
		case <-p.stop:
			return
		default:
		}
		p.mu.Lock()
		group = append(group[:0], p.groups[i%ticks]...)
		p.mu.Unlock()
		for _, c := range group {
			c.send(time.Now())
		}
	}
}
