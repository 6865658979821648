package rtp

// A reception counts one source's packets as RTCP has it (RFC 3550 §A.1, §A.3): by sequence number, whatever they were.
type reception struct {
	started  bool
	ssrc     uint32
	first    uint32 // extended sequence numbers: the times it went round in the upper half
	highest  uint32
	received uint32
	expected uint32 // at the report before
	had      uint32 // received by then
}

// count takes a packet.
func (r *reception) count(ssrc uint32, sequence uint16) {
	step := int16(sequence - uint16(r.highest))
	switch {
	case !r.started || ssrc != r.ssrc || step >= maxDropout || step < -maxMisorder:
		// the first there is, or the first of a new count
		*r = reception{started: true, ssrc: ssrc, first: 1<<16 | uint32(sequence), highest: 1<<16 | uint32(sequence)}
	case step > 0:
		r.highest += uint32(step)
	}
	r.received++
}

// report is the block for the next report; jitter is in ticks of the source's clock.
func (r *reception) report(jitter uint32) (b block, ok bool) {
	if !r.started {
		return block{}, false
	}
	expected := r.highest - r.first + 1
	lost := int64(expected) - int64(r.received)
	due, got := expected-r.expected, int64(r.received)-int64(r.had)
	r.expected, r.had = expected, r.received
	b = block{
		ssrc: r.ssrc, lost: int32(max(-1<<23, min(1<<23-1, lost))), highest: r.highest - 1<<16, jitter: jitter,
	}
	if missed := int64(due) - got; missed > 0 && due > 0 {
		b.fraction = uint8(min(255, missed*256/int64(due)))
	}
	return b, true
}
