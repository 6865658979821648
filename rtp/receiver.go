package rtp

import (
	"net/netip"
	"sync"
	"time"

	"github.com/parley-voice/parley/rtp/srtp"
)

// cnType is comfort noise's payload type (RFC 3389).
const cnType = 13

// A receiver is a stream's way in.
type receiver struct {
	mu       sync.Mutex // guards all below; held while emit runs, so that what comes out keeps its order
	start    time.Time  // zero: not started
	closed   bool
	last     time.Time // valid packet
	agreed   Agreed
	source   source
	ssrc     uint32
	buffer   *jitter
	digits   digitReader
	counts   reception
	open     lock
	tap      *tap
	received uint64
	foreign  uint64
	invalid  uint64
}

// agree takes what offer and answer came to; the first begins the time line. A far end that held us, or that we held, may have been silent
// all the while: quiet counts from the end of the hold.
func (r *receiver) agree(a Agreed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.start.IsZero() {
		r.start = now
	}
	if r.start == now || a.Send && !r.agreed.Send || a.Receive && !r.agreed.Receive {
		r.last = now
	}
	if _, keys, ok := a.Secure.keys(); ok {
		r.open.set(keys)
	} else if a.Secure == nil || r.agreed.Secure == nil || a.Secure.Fingerprint != r.agreed.Secure.Fingerprint {
		r.open = lock{}
	}
	r.agreed = a
	r.buffer.line.listen(a.Tones)
	r.buffer.bound.patient, r.buffer.line.patient = a.Patient, a.Patient
	r.source.name(a.Remote, a.Peer)
}

// take takes a datagram. learnt is the far end's address when it is news.
func (r *receiver) take(now time.Time, from netip.AddrPort, b []byte, emit func(Received)) (learnt netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.start.IsZero() || r.closed || isRTCP(b) {
		return
	}
	if r.agreed.Secure != nil {
		if b, learnt = r.decrypt(now, from, b); b == nil {
			return
		}
	}
	r.tap.show(false, from, b)
	var p Packet
	if err := p.Parse(b); err != nil {
		r.invalid++
		return
	}
	a, event := r.classify(&p)
	if a.content == other && !event {
		r.invalid++
		if from != r.source.learnt {
			return
		}
	}
	ours, news := r.source.admit(now, from, &p)
	if !ours {
		r.foreign++
		return
	}
	if news {
		learnt = from
	}
	r.received++
	r.counts.count(p.SSRC, p.Sequence)
	r.last = now
	r.buffer.line.emit = emit
	if event {
		r.buffer.line.listen(false) // it does send events
		if digit, ok := r.digits.read(&p); ok {
			emit(Received{Kind: Digit, At: r.buffer.line.at(), Digit: digit})
		}
		if p.SSRC != r.ssrc && r.buffer.started {
			return // some gateways send events as a stream of their own
		}
	}
	if p.SSRC != r.ssrc {
		if r.buffer.started {
			r.buffer.renew()
			r.digits = digitReader{}
		}
		r.ssrc = p.SSRC
	}
	r.buffer.push(now.Sub(r.start), a)
	return learnt
}

// decrypt opens a datagram in its place; nil: it is not the far end's, or was there before. Where one comes from that is, nobody
// else is, and no other proof is needed.
func (r *receiver) decrypt(now time.Time, from netip.AddrPort, b []byte) (plain []byte, learnt netip.AddrPort) {
	if r.open.Context != nil {
		var err error
		if plain, err = r.open.Open(b[:0], b); err == nil {
			if from != r.source.learnt {
				r.source.learn(now, from)
				learnt = from
			}
			return plain, learnt
		}
	}
	if from == r.source.learnt {
		r.invalid++
	} else {
		r.foreign++
	}
	return nil, learnt
}

// unlock takes the keys of a handshake.
func (r *receiver) unlock(k srtp.Keys) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open.set(k)
}

// classify says what a packet is to the buffer, by its payload type. The static types are understood whatever was agreed on.
func (r *receiver) classify(p *Packet) (a arrival, event bool) {
	a = arrival{content: other, sequence: p.Sequence, timestamp: p.Timestamp, payload: p.Payload}
	dtmf := r.agreed.DTMFReceive
	if dtmf == 0 {
		dtmf = r.agreed.DTMFType
	}
	switch pt := p.PayloadType; {
	case dtmf != 0 && (pt == dtmf || pt == r.agreed.DTMFType):
		a.content, event = calm, true
	case pt == cnType:
		a.content, a.payload = calm, p.Payload[:min(1, len(p.Payload))]
		return a, false
	case len(p.Payload) == 0: // a keep-alive
	case pt == r.agreed.PayloadType:
		a.content, a.codec = sound, r.agreed.Codec
	case pt == r.agreed.OpusType && pt != 0:
		a.content, a.codec = sound, Opus
	case pt == PCMU.PayloadType():
		a.content, a.codec = sound, PCMU
	case pt == PCMA.PayloadType():
		a.content, a.codec = sound, PCMA
	case pt == G722.PayloadType():
		a.content, a.codec = sound, G722
	}
	if a.content == sound && a.codec.ticks(p.Payload) == 0 {
		a.content = other
	}
	if a.content == sound && !r.agreed.Receive {
		a.content = calm // on hold its sound is not wanted
	}
	if a.content != sound {
		a.payload = nil
	}
	return a, event
}

// tick fills the time line up to now.
func (r *receiver) tick(now time.Time, emit func(Received)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.start.IsZero() || r.closed {
		return
	}
	r.buffer.line.emit = emit
	r.buffer.tick(now.Sub(r.start))
}

// takeControl reads RTCP from the machine that the sound comes from, or where the SDP says that RTCP does; false: it is not the far
// end's.
func (r *receiver) takeControl(from netip.AddrPort, b []byte, c *control, ours uint32) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.start.IsZero() || r.closed {
		return false
	}
	if r.agreed.Secure != nil {
		if r.open.Context == nil {
			return false
		}
		var err error
		if b, err = r.open.OpenRTCP(b[:0], b); err != nil {
			r.foreign++
			return false
		}
		return c.parse(b, ours) == nil
	}
	switch a := from.Addr(); {
	case r.source.learnt.IsValid() && a == r.source.learnt.Addr():
	case !r.source.learnt.IsValid() && a == r.source.named.Addr():
	case from == r.agreed.RTCP:
	default:
		r.foreign++
		return false
	}
	if c.parse(b, ours) != nil {
		r.invalid++
		return false
	}
	return true
}

// report is what there is to tell of the far end's packets.
func (r *receiver) report() (b block, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts.report(uint32(r.buffer.bound.jitter) * max(1, r.buffer.units))
}

// close gives back what the codec holds; nothing is taken any more.
func (r *receiver) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.buffer.line.voice.close()
}

func (r *receiver) quiet(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.start.IsZero() {
		return 0
	}
	return max(0, now.Sub(r.last))
}

func (r *receiver) stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	j := r.buffer
	return Stats{
		Received: r.received, Foreign: r.foreign, Invalid: r.invalid + j.invalid,
		Lost: j.lost, Late: j.late, Duplicate: j.duplicate, Reordered: j.reordered,
		Concealed: j.line.concealed, Inserted: j.line.inserted, Removed: j.line.removed,
		Jitter: j.bound.jitterTime(), Bound: j.bound.gap(),
	}
}
