package rtp

import (
	"encoding/binary"
	"errors"
)

// Packet is an RTP packet (RFC 3550 §5.1). After Parse its Payload is part of the bytes that were parsed.
type Packet struct {
	PayloadType uint8
	Marker      bool
	Sequence    uint16
	Timestamp   uint32
	SSRC        uint32
	Payload     []byte
}

const (
	headerLen = 12
	version   = 2 << 6
	maxPacket = 1500 // bytes read at most; a longer datagram is cut off and its padding no longer adds up
)

var (
	errShort   = errors.New("rtp: packet too short")
	errVersion = errors.New("rtp: not version 2")
	errPadding = errors.New("rtp: padding longer than the packet")
)

// Parse reads b. CSRCs, header extension and padding are skipped.
func (p *Packet) Parse(b []byte) error {
	if len(b) < headerLen {
		return errShort
	}
	if b[0]&0xc0 != version {
		return errVersion
	}
	at := headerLen + 4*int(b[0]&0x0f) // CSRCs
	if b[0]&0x10 != 0 {                // extension: profile, length in words
		if len(b) < at+4 {
			return errShort
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if len(b) < at {
		return errShort
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		pad := int(b[end-1])
		if pad == 0 || at+pad > end {
			return errPadding
		}
		end -= pad
	}
	p.Marker = b[1]&0x80 != 0
	p.PayloadType = b[1] & 0x7f
	p.Sequence = binary.BigEndian.Uint16(b[2:])
	p.Timestamp = binary.BigEndian.Uint32(b[4:])
	p.SSRC = binary.BigEndian.Uint32(b[8:])
	p.Payload = b[at:end]
	return nil
}

// Append writes the packet to the end of dst.
func (p *Packet) Append(dst []byte) []byte {
	second := p.PayloadType & 0x7f
	if p.Marker {
		second |= 0x80
	}
	dst = append(dst, version, second)
	dst = binary.BigEndian.AppendUint16(dst, p.Sequence)
	dst = binary.BigEndian.AppendUint32(dst, p.Timestamp)
	dst = binary.BigEndian.AppendUint32(dst, p.SSRC)
	return append(dst, p.Payload...)
}

// isRTCP tells RTCP that shares the port from RTP (RFC 5761 §4).
func isRTCP(b []byte) bool {
	return len(b) >= 8 && b[0]&0xc0 == version && b[1] >= 192 && b[1] <= 223
}
