// Package relay is a network that is not good: a UDP relay between two ends which loses, delays, reorders and doubles packets by a
// seeded schedule, or makes one end's clock look fast or slow. Tests and benches put it between two telephones; a Path
// alone does the same to packets in virtual time. Four goroutines per Relay, until Close: for each direction one that reads and
// one that sends what is due.
package relay

import (
	"container/heap"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	packetMost = 2048   // bytes of one datagram; longer ones are cut
	heldMost   = 10_000 // packets on their way in one direction; then what comes is dropped
)

// Config is who talks through a relay. An end that is not known yet is wherever its packets come from.
type Config struct {
	A, B       netip.AddrPort
	AToB, BToA Link
	Seed       uint64
}

// Relay has an address for each end: what A sends to ForA leaves from ForB for B, and the other way round.
type Relay struct {
	a, b   end
	start  time.Time
	done   chan struct{}
	closed sync.Once
	wg     sync.WaitGroup
}

// end is one of our two sockets, and who is behind it.
type end struct {
	conn *net.UDPConn
	peer atomic.Pointer[netip.AddrPort]
	way  way // of what it reads

	passed, lost, doubled atomic.Uint64
}

// Counts are the packets of one direction.
type Counts struct{ Passed, Lost, Doubled uint64 }

// Open takes two ports of 127.0.0.1 and relays until Close.
func Open(c Config) (*Relay, error) {
	r := &Relay{start: time.Now(), done: make(chan struct{})}
	for i, e := range []*end{&r.a, &r.b} {
		var err error
		if e.conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			if i > 0 {
				_ = r.a.conn.Close()
			}
			return nil, err
		}
		e.way.news = make(chan struct{}, 1)
	}
	r.SetA(c.A)
	r.SetB(c.B)
	r.wg.Go(func() { r.read(&r.a, c.AToB.Path(c.Seed)) })
	r.wg.Go(func() { r.read(&r.b, c.BToA.Path(c.Seed+1)) })
	r.wg.Go(func() { r.deliver(&r.a, &r.b) })
	r.wg.Go(func() { r.deliver(&r.b, &r.a) })
	return r, nil
}

// ForA is where A is to send.
func (r *Relay) ForA() netip.AddrPort { return r.a.addr() }

// ForB is where B is to send.
func (r *Relay) ForB() netip.AddrPort { return r.b.addr() }

// SetA says where A is; an address that is not valid says nothing.
func (r *Relay) SetA(to netip.AddrPort) { r.a.set(to) }

// SetB says where B is.
func (r *Relay) SetB(to netip.AddrPort) { r.b.set(to) }

// AToB counts what A sent so far.
func (r *Relay) AToB() Counts { return r.a.counts() }

// BToA counts what B sent so far.
func (r *Relay) BToA() Counts { return r.b.counts() }

// Close frees both ports; what is still on its way is lost. A second call does nothing.
func (r *Relay) Close() {
	r.closed.Do(func() {
		close(r.done)
		_ = r.a.conn.Close()
		_ = r.b.conn.Close()
	})
	r.wg.Wait()
}

func (e *end) addr() netip.AddrPort { return e.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (e *end) set(to netip.AddrPort) {
	if to.IsValid() {
		e.peer.Store(&to)
	}
}

func (e *end) counts() Counts { return Counts{e.passed.Load(), e.lost.Load(), e.doubled.Load()} }

// read puts what e's peer sends on its way.
func (r *Relay) read(e *end, p *Path) {
	buf := make([]byte, packetMost)
	var due []time.Duration
	for {
		n, from, err := e.conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // an ICMP error of an earlier packet
			continue
		case e.peer.Load() == nil:
			e.set(from)
		}
		due = p.Next(due[:0], time.Since(r.start))
		switch len(due) {
		case 0:
			e.lost.Add(1)
		case 2:
			e.doubled.Add(1)
		}
		if len(due) == 0 {
			continue
		}
		e.passed.Add(1)
		b := append([]byte(nil), buf[:n]...)
		for _, d := range due {
			e.way.put(packet{d, b})
		}
	}
}

// deliver sends what from has read to the peer of to, when it is due.
func (r *Relay) deliver(from, to *end) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		b, wait, ok := from.way.take(time.Since(r.start))
		switch {
		case b != nil:
			if p := to.peer.Load(); p != nil {
				_, _ = to.conn.WriteToUDPAddrPort(b, *p)
			}
			continue
		case ok:
			timer.Reset(wait)
		default:
			timer.Reset(time.Hour)
		}
		select {
		case <-r.done:
			return
		case <-from.way.news:
		case <-timer.C:
		}
	}
}

// way holds the packets of one direction that are not due yet.
type way struct {
	mu      sync.Mutex // guards packets and count
	packets queue
	count   uint64
	news    chan struct{} // a token: there is a new packet
}

func (w *way) put(p packet) {
	w.mu.Lock()
	if len(w.packets) < heldMost {
		heap.Push(&w.packets, place{p, w.count})
		w.count++
	}
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// take gives the first packet that is due; or how long the next one has to wait, if there is one.
func (w *way) take(now time.Duration) (b []byte, wait time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.packets) == 0 {
		return nil, 0, false
	}
	if d := w.packets[0].due - now; d > 0 {
		return nil, d, true
	}
	return heap.Pop(&w.packets).(place).bytes, 0, true
}

type packet struct {
	due   time.Duration
	bytes []byte
}

// place is a packet in the queue; of two that are due at once the one that came first goes first.
type place struct {
	packet
	nth uint64
}

// queue is a container/heap.
type queue []place

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if q[i].due != q[j].due {
		return q[i].due < q[j].due
	}
	return q[i].nth < q[j].nth
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q *queue) Push(x any) { *q = append(*q, x.(place)) }

func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = place{}
	*q = old[:len(old)-1]
	return x
}
