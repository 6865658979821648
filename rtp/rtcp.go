package rtp

import (
	"encoding/binary"
	"errors"
	"time"
)

// RTCP packet types (RFC 3550 §12.1).
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBYE  = 203
)

const (
	sdesCNAME  = 1
	controlLen = 8  // of header and SSRC
	infoLen    = 20 // of a sender's figures
	blockLen   = 24

	maxControl = 200 // bytes of what we send
)

var errControl = errors.New("rtp: not RTCP")

// A block is a report on one source (§6.4.1).
type block struct {
	ssrc     uint32
	fraction uint8  // of its packets lost since the report before, in 1/256
	lost     int32  // packets in all; less than 0 when more came twice than were lost; 24 bits
	highest  uint32 // sequence number, with the times it went round in the upper half
	jitter   uint32 // in ticks of its clock
	lastSR   uint32 // the middle of its last report's NTP time, 0: none
	delay    uint32 // since, in 1/65536 s
}

// An info is what a sender says of itself.
type info struct {
	ntp       uint64
	timestamp uint32
	packets   uint32
	octets    uint32
}

// A control is what there is to know in a compound packet.
type control struct {
	from    uint32 // its SSRC
	sends   bool   // info is set
	info    info
	reports bool // on us: block is set
	block   block
	bye     bool
}

// parse reads a compound packet, of which all must fit (§A.2); ours is the SSRC whose reports count. Packets of other kinds are
// passed over, and a compound that begins with one is taken, too (RFC 5506).
func (c *control) parse(b []byte, ours uint32) error {
	*c = control{}
	if len(b) < controlLen {
		return errControl
	}
	for first := true; len(b) > 0; first = false {
		if len(b) < 4 || b[0]&0xc0 != version {
			return errControl
		}
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if n > len(b) || b[0]&0x20 != 0 && n != len(b) { // only the last is padded
			return errControl
		}
		if first && n >= controlLen {
			c.from = binary.BigEndian.Uint32(b[4:])
		}
		if err := c.one(b[1], int(b[0]&0x1f), b[4:n], ours); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// one reads a packet's body; n is the count in its header.
func (c *control) one(kind byte, n int, body []byte, ours uint32) error {
	switch kind {
	case typeSR:
		if len(body) < 4+infoLen {
			return errControl
		}
		c.sends = true
		c.info = info{
			binary.BigEndian.Uint64(body[4:]), binary.BigEndian.Uint32(body[12:]),
			binary.BigEndian.Uint32(body[16:]), binary.BigEndian.Uint32(body[20:]),
		}
		return c.blocks(body[4+infoLen:], n, ours)
	case typeRR:
		if len(body) < 4 {
			return errControl
		}
		return c.blocks(body[4:], n, ours)
	case typeBYE:
		c.bye = true
	}
	return nil
}

func (c *control) blocks(b []byte, n int, ours uint32) error {
	if len(b) < n*blockLen {
		return errControl
	}
	for ; n > 0; n-- {
		if ssrc := binary.BigEndian.Uint32(b); ssrc == ours {
			c.reports = true
			c.block = block{
				ssrc: ssrc, fraction: b[4], lost: int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8,
				highest: binary.BigEndian.Uint32(b[8:]), jitter: binary.BigEndian.Uint32(b[12:]),
				lastSR: binary.BigEndian.Uint32(b[16:]), delay: binary.BigEndian.Uint32(b[20:]),
			}
		}
		b = b[blockLen:]
	}
	return nil
}

// appendControl writes SR or RR (s is nil), CNAME, and perhaps BYE; on is nil when nothing was received.
func appendControl(dst []byte, ssrc uint32, s *info, on *block, cname string, bye bool) []byte {
	kind, n, words := byte(typeRR), byte(0), 1
	if s != nil {
		kind, words = typeSR, words+infoLen/4
	}
	if on != nil {
		n, words = 1, words+blockLen/4
	}
	dst = append(dst, version|n, kind, 0, byte(words))
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	if s != nil {
		dst = binary.BigEndian.AppendUint64(dst, s.ntp)
		dst = binary.BigEndian.AppendUint32(dst, s.timestamp)
		dst = binary.BigEndian.AppendUint32(dst, s.packets)
		dst = binary.BigEndian.AppendUint32(dst, s.octets)
	}
	if on != nil {
		dst = binary.BigEndian.AppendUint32(dst, on.ssrc)
		dst = binary.BigEndian.AppendUint32(dst, uint32(on.fraction)<<24|uint32(on.lost)&0xffffff)
		for _, v := range [...]uint32{on.highest, on.jitter, on.lastSR, on.delay} {
			dst = binary.BigEndian.AppendUint32(dst, v)
		}
	}
	end := 4 - (2+len(cname))&3 // at least one zero ends the items
	dst = append(dst, version|1, typeSDES, 0, byte((4+2+len(cname)+end)/4))
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = append(dst, sdesCNAME, byte(len(cname)))
	dst = append(dst, cname...)
	dst = append(dst, "\x00\x00\x00\x00"[:end]...)
	if bye {
		dst = append(dst, version|1, typeBYE, 0, 1)
		dst = binary.BigEndian.AppendUint32(dst, ssrc)
	}
	return dst
}

// ntp is a time as RTCP has it: seconds since 1900 and their 2³²ths.
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// middle is the 32 bits of it that reports go by, in 1/65536 s.
func middle(ntp uint64) uint32 { return uint32(ntp >> 16) }

// short is a duration in 1/65536 s.
func short(d time.Duration) uint32 { return uint32(max(0, d) * 65536 / time.Second) }

// long is one of those as a duration.
func long(v uint32) time.Duration { return time.Duration(v) * time.Second / 65536 }
