package rtp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// Ports hands out the even ports of a range, each to one stream at a time, and with it the odd one above for RTCP. A port that another program holds is passed over. Safe for concurrent use.
type Ports struct {
	mu    sync.Mutex // guards next, taken, used
	first int
	next  int
	taken []bool
	used  int
}

// NewPorts hands out the even ports lo ≤ p < hi, beginning at a random one and going round, so that a port rests as long as
// can be before its next call. An empty range never has a free port.
func NewPorts(lo, hi int) *Ports {
	lo, hi = max(lo, 2), min(hi, 65535)
	lo += lo & 1
	p := &Ports{first: lo}
	if n := (hi - lo + 1) / 2; n > 0 {
		p.taken = make([]bool, n)
		p.next = rand.IntN(n)
	}
	return p
}

// InUse is how many ports are handed out.
func (p *Ports) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// Contains tells whether a port, even or odd, is of the range.
func (p *Ports) Contains(port int) bool {
	return p != nil && port >= p.first && port < p.first+2*len(p.taken)
}

// bind opens the next port that can be had.
func (p *Ports) bind(local netip.Addr) (*net.UDPConn, error) {
	for range len(p.taken) {
		port, ok := p.take()
		if !ok {
			break
		}
		conn, err := listen(local, port)
		if err == nil {
			return conn, nil
		}
		p.release(port)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("opening an RTP port: %w", err)
		}
	}
	return nil, ErrNoPorts
}

func (p *Ports) take() (port int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.taken {
		i := p.next
		p.next = (i + 1) % len(p.taken)
		if !p.taken[i] {
			p.taken[i] = true
			p.used++
			return p.first + 2*i, true
		}
	}
	return 0, false
}

func (p *Ports) release(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := (port - p.first) / 2; p.taken[i] {
		p.taken[i] = false
		p.used--
	}
}

// listenAbove opens the odd port above an even one; nil when it is not to be had, which costs the far end's reports only.
func listenAbove(local netip.Addr, port int) *net.UDPConn {
	if port&1 != 0 {
		return nil
	}
	conn, err := listen(local, port+1)
	if err != nil {
		return nil
	}
	return conn
}

// listen opens one UDP port of a local address, or of all IPv4 addresses when it is not valid; 0 is any port.
func listen(local netip.Addr, port int) (*net.UDPConn, error) {
	if !local.IsValid() {
		local = netip.IPv4Unspecified()
	}
	network := "udp4"
	if local.Unmap().Is6() {
		network = "udp6"
	}
	return net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(local.Unmap(), uint16(port))))
}
