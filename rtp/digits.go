package rtp

import (
	"encoding/binary"
	"strings"
)

// Events of RFC 4733 §3.2 by number.
const eventDigits = "0123456789*#ABCD"

const (
	eventEnd    = 0x80
	eventVolume = 10 // −dBm0
	eventLen    = 4

	digitTicks = 5 // of 20 ms: 100 ms of tone
	pauseTicks = 3 // 60 ms of pause, in which the end is said three times

	maxDigits = 64

	// Some senders move the timestamp on with every packet of one event.
	creep = 2 * slot
	// A timestamp this far back is no straggler but a new count.
	staleEvent = 5 * clock
)

// A digitReader makes one digit of the many packets of an event. The digit is known from its first packet; which of them
// are lost does not matter as long as one comes.
type digitReader struct {
	known     bool
	ended     bool
	event     byte
	timestamp uint32
	duration  uint16
}

// read takes one event packet; ok when it is the first of a digit.
func (d *digitReader) read(p *Packet) (digit byte, ok bool) {
	if len(p.Payload) < eventLen || int(p.Payload[0]) >= len(eventDigits) {
		return 0, false
	}
	event, end, duration := p.Payload[0], p.Payload[1]&eventEnd != 0, binary.BigEndian.Uint16(p.Payload[2:])
	step := int(int32(p.Timestamp - d.timestamp))
	switch {
	case d.known && step < 0 && step > -staleEvent:
		return 0, false // of an event that is over
	case d.known && d.goesOn(p, event, step):
		d.ended = d.ended || end
		d.timestamp, d.duration = p.Timestamp, duration
		return 0, false
	}
	*d = digitReader{known: true, ended: end, event: event, timestamp: p.Timestamp, duration: duration}
	return eventDigits[event], true
}

// goesOn tells whether a packet, step samples on, belongs to the event at hand.
func (d *digitReader) goesOn(p *Packet, event byte, step int) bool {
	if step == 0 {
		return true
	}
	if event != d.event || d.ended || p.Marker {
		return false
	}
	// An event longer than its duration can say goes on in a new segment (RFC 4733 §2.5.1.3).
	return step > 0 && step <= creep || d.duration == 0xffff && step == 0xffff
}

// A digitWriter says queued digits, a packet per tick.
type digitWriter struct {
	queue string
	tick  int    // of the first digit in the queue
	start uint32 // its timestamp
}

// add queues digits, spelled either case.
func (d *digitWriter) add(digits string) error {
	digits = strings.ToUpper(digits)
	for i := range len(digits) {
		if strings.IndexByte(eventDigits, digits[i]) < 0 {
			return ErrBadDigit
		}
	}
	if len(d.queue)+len(digits) > maxDigits {
		return ErrDigits
	}
	d.queue += digits
	return nil
}

// event writes the payload of this tick's packet, its duration in units of a sample at 8 kHz; marker on the first of a digit.
func (d *digitWriter) event(dst []byte, now uint32, units int) (payload []byte, timestamp uint32, marker bool) {
	if d.tick == 0 {
		d.start = now
	}
	flags := byte(eventVolume)
	if d.tick >= digitTicks {
		flags |= eventEnd
	}
	duration := uint16(min(d.tick+1, digitTicks) * slot * units)
	payload = append(dst, byte(strings.IndexByte(eventDigits, d.queue[0])), flags, byte(duration>>8), byte(duration))
	return payload, d.start, d.tick == 0
}

// next ends the tick.
func (d *digitWriter) next() {
	if d.tick++; d.tick == digitTicks+pauseTicks {
		d.tick, d.queue = 0, d.queue[1:]
	}
}
