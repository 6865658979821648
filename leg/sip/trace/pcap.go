package trace

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/netip"
	"time"
)

const (
	linkRaw     = 101 // LINKTYPE_RAW: an IP packet follows
	protocolTCP = 6
	protocolUDP = 17
	packetMost  = 65535
)

// Pcap writes messages as a capture file of IP packets. What came by TCP is shown as segments of it; what came by TLS likewise, in clear,
// on port 5060 in place of 5061, for programs would take it for TLS there.
func Pcap(w io.Writer, messages []Message) error {
	c, err := NewCapture(w)
	if err != nil {
		return err
	}
	c.add(messages)
	return c.Flush()
}

// add adds messages.
func (c *Capture) add(messages []Message) {
	for _, m := range messages {
		from, to := m.Remote, m.Local
		if m.Out {
			from, to = to, from
		}
		raw := m.Raw[:min(len(m.Raw), rawMost)]
		if m.Network == "UDP" {
			c.UDP(m.At, from, to, raw)
			continue
		}
		if m.Network == "TLS" {
			from, to = inClear(from), inClear(to)
		}
		there, back := flow{from, to}, flow{to, from}
		c.tcp(m.At, from, to, raw, c.streams[there]+1, c.streams[back]+1)
		c.streams[there] += uint32(len(raw))
	}
}

type flow struct{ from, to netip.AddrPort }

func inClear(a netip.AddrPort) netip.AddrPort {
	if a.Port() == 5061 {
		return netip.AddrPortFrom(a.Addr(), 5060)
	}
	return a
}

// A Capture is a pcap file that is being written. It belongs to one goroutine.
type Capture struct {
	w       *bufio.Writer
	buf     []byte
	streams map[flow]uint32 // bytes of TCP so far
	err     error
}

// NewCapture writes the file's head.
func NewCapture(w io.Writer) (*Capture, error) {
	c := &Capture{w: bufio.NewWriter(w), streams: map[flow]uint32{}}
	var h [24]byte
	binary.LittleEndian.PutUint32(h[0:], 0xa1b2c3d4) // microseconds
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], packetMost+40)
	binary.LittleEndian.PutUint32(h[20:], linkRaw)
	_, err := c.w.Write(h[:])
	return c, err
}

// UDP adds a datagram. Of a larger one than IP carries the beginning.
func (c *Capture) UDP(at time.Time, from, to netip.AddrPort, payload []byte) {
	payload = payload[:min(len(payload), packetMost-28)]
	var h [8]byte
	binary.BigEndian.PutUint16(h[0:], from.Port())
	binary.BigEndian.PutUint16(h[2:], to.Port())
	binary.BigEndian.PutUint16(h[4:], uint16(len(h)+len(payload)))
	c.packet(at, protocolUDP, from.Addr(), to.Addr(), h[:], 6, payload)
}

func (c *Capture) tcp(at time.Time, from, to netip.AddrPort, payload []byte, seq, ack uint32) {
	var h [20]byte
	binary.BigEndian.PutUint16(h[0:], from.Port())
	binary.BigEndian.PutUint16(h[2:], to.Port())
	binary.BigEndian.PutUint32(h[4:], seq)
	binary.BigEndian.PutUint32(h[8:], ack)
	h[12], h[13] = 5<<4, 0x18 // five words; PSH, ACK
	binary.BigEndian.PutUint16(h[14:], 0xffff)
	c.packet(at, protocolTCP, from.Addr(), to.Addr(), h[:], 16, payload)
}

// packet adds an IP packet; sum is where in the transport's head the checksum stands.
func (c *Capture) packet(at time.Time, protocol byte, from, to netip.Addr, head []byte, sum int, payload []byte) {
	from, to = matched(from.Unmap(), to.Unmap())
	length := len(head) + len(payload)
	ip := c.buf[:0]
	if from.Is4() {
		ip = append(ip, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0) // don't fragment, 64 hops
		binary.BigEndian.PutUint16(ip[2:], uint16(20+length))
	} else {
		ip = append(ip, 0x60, 0, 0, 0, 0, 0, protocol, 64)
		binary.BigEndian.PutUint16(ip[4:], uint16(length))
	}
	ip = append(append(ip, from.AsSlice()...), to.AsSlice()...)
	if from.Is4() {
		binary.BigEndian.PutUint16(ip[10:], ^fold(add(0, ip)))
	}
	s := add(uint32(protocol)+uint32(length), from.AsSlice())
	s = add(add(add(s, to.AsSlice()), head), payload)
	check := ^fold(s)
	if check == 0 && protocol == protocolUDP {
		check = 0xffff
	}
	binary.BigEndian.PutUint16(head[sum:], check)
	ip = append(append(ip, head...), payload...)
	c.buf = ip
	var h [16]byte
	us := at.UnixMicro()
	binary.LittleEndian.PutUint32(h[0:], uint32(us/1e6))
	binary.LittleEndian.PutUint32(h[4:], uint32(us%1e6))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(ip)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(ip)))
	if _, err := c.w.Write(h[:]); err != nil {
		c.err = err
	}
	if _, err := c.w.Write(ip); err != nil {
		c.err = err
	}
}

// Flush writes what is still held back.
func (c *Capture) Flush() error {
	if c.err != nil {
		return c.err
	}
	return c.w.Flush()
}

// matched gives both addresses one family: a socket that listens everywhere says so in the wrong one.
func matched(a, b netip.Addr) (netip.Addr, netip.Addr) {
	if a.Is4() && b.Is4() || a.Is6() && b.Is6() {
		return a.WithZone(""), b.WithZone("")
	}
	none := func(like netip.Addr) netip.Addr {
		if like.Is6() {
			return netip.IPv6Unspecified()
		}
		return netip.IPv4Unspecified()
	}
	if !a.IsValid() || a.IsUnspecified() {
		return none(b), orNone(b)
	}
	return a.WithZone(""), none(a)
}

func orNone(a netip.Addr) netip.Addr {
	if !a.IsValid() {
		return netip.IPv4Unspecified()
	}
	return a.WithZone("")
}

// add and fold are the Internet's checksum (RFC 1071).
func add(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
