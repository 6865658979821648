package rtp

import (
	"math"
	"math/bits"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	held        = 16  // packets that may wait behind a gap
	maxPayload  = 480 // bytes of one that waits: 60 ms
	maxDropout  = 3000
	maxMisorder = 100 // both RFC 3550 §A.1
)

// content is what a packet means to the buffer.
type content uint8

const (
	sound content = iota
	calm          // comfort noise (RFC 3389) or events: the sound has stopped on purpose
	other         // only its place in the sequence counts
)

// An arrival is a packet as the buffer takes it.
type arrival struct {
	content   content
	codec     Codec
	sequence  uint16
	timestamp uint32
	payload   []byte
}

type waiting struct {
	used      bool
	content   content
	codec     Codec
	sequence  uint16
	timestamp uint32
	at        time.Duration
	n         int
	payload   [maxPayload]byte
}

func (w *waiting) arrival() arrival {
	return arrival{w.content, w.codec, w.sequence, w.timestamp, w.payload[:w.n]}
}

// A jitter buffer puts packets in order. Hearing needs order, not time: a packet that is next in sequence is passed on at
// once. Only a gap makes those behind it wait, for the bound; then the loss is concealed. While nothing comes at all, tick
// fills the time line. Times are since Start.
type jitter struct {
	line  timeline
	bound bound

	started   bool
	next      uint16 // sequence number wanted
	timestamp uint32 // that it should have
	units     uint32 // ticks of its clock in a sample at 8 kHz
	seen      uint64 // bit i: next−1−i was received
	ring      [held]waiting
	waiting   int           // packets in ring
	since     time.Duration // when the first of them came: the gap's age
	expired   int           // samples at 8 kHz made up by tick since the last packet
	silent    bool          // the far end is known to send nothing
	restart   uint16        // what a restarted sequence would go on with
	restarts  bool          // restart is set

	lost, late, duplicate, reordered, invalid uint64
}

func newJitter() *jitter {
	j := &jitter{silent: true}
	j.line.init()
	return j
}

// renew begins a new sequence (SSRC change, restart) on the same time line.
func (j *jitter) renew() {
	j.started, j.restarts = false, false
	j.line.voice.renew()
	j.empty()
}

func (j *jitter) empty() {
	for i := range j.ring {
		j.ring[i].used = false
	}
	j.waiting = 0
}

// push takes a packet from the wire.
func (j *jitter) push(now time.Duration, a arrival) {
	if !j.started {
		j.begin(a)
	}
	if j.waiting > 0 && now-j.since >= j.bound.gap() {
		j.giveUp(now)
	}
	if a.content == sound {
		j.bound.arrived(now, a.timestamp, a.codec.units())
	}
	switch d := int(int16(a.sequence - j.next)); {
	case d == 0:
		if j.waiting > 0 {
			j.reordered++
			j.bound.overtaken(now - j.since)
		}
		j.accept(now, now, a)
		j.drain(now)
	case d > 0 && d < held && len(a.payload) <= maxPayload:
		j.hold(now, a)
	case d > 0 && d < maxDropout:
		for j.waiting > 0 {
			j.giveUp(now)
		}
		if d = int(int16(a.sequence - j.next)); d >= 0 {
			j.skip(now, a)
			j.accept(now, now, a)
		}
	case d < 0 && d >= -maxMisorder:
		j.tooLate(now, -d)
	case j.restarts && a.sequence == j.restart:
		j.renew()
		j.begin(a)
		j.accept(now, now, a)
	default: // two in a row that go on from each other are a restart, one is a stray
		j.restarts, j.restart = true, a.sequence+1
		j.invalid++
	}
}

func (j *jitter) begin(a arrival) {
	j.started = true
	j.next, j.timestamp, j.units, j.seen = a.sequence, a.timestamp, a.codec.units(), 0
	j.expired, j.silent = 0, true
}

// accept takes the packet that is next in order; it came some time ago if it had to wait.
func (j *jitter) accept(now, came time.Duration, a arrival) {
	j.next = a.sequence + 1
	j.seen = j.seen<<1 | 1
	j.restarts = false
	switch a.content {
	case calm:
		j.silent = true
		j.line.voice.mute(a.payload)
	case sound:
		if units := a.codec.units(); units != j.units { // another clock's count says nothing of how long it was
			j.units, j.timestamp = units, a.timestamp
		}
		if jump := j.ahead(a.timestamp); j.silent || jump > 0 {
			j.resume(now, jump)
		}
		j.line.came = came
		if !j.line.sound(now, j.bound.stall(), a.codec, a.payload) {
			j.late++
		}
		j.timestamp = a.timestamp + uint32(a.codec.ticks(a.payload))*j.units
		j.expired, j.silent = 0, false
	}
}

// ahead is by how many samples at 8 kHz a timestamp is after the one wanted.
func (j *jitter) ahead(timestamp uint32) int { return int(int32(timestamp-j.timestamp)) / int(j.units) }

// resume brings the time line up to now after a silence of the far end's, of which tick may have filled some already.
func (j *jitter) resume(now time.Duration, jump int) {
	for room := jump - j.expired; (j.silent || room > 0) && j.line.lead(now) <= -audio.FrameDur; room -= slot {
		j.line.conceal(slot)
	}
}

// drain takes all that is in order now.
func (j *jitter) drain(now time.Duration) {
	for j.waiting > 0 {
		w := &j.ring[j.next%held]
		if !w.used {
			j.behind()
			return
		}
		w.used = false
		j.waiting--
		j.accept(now, w.at, w.arrival())
	}
}

// behind dates the gap that is now first by the earliest packet behind it.
func (j *jitter) behind() {
	earliest := time.Duration(math.MaxInt64)
	for i := range j.ring {
		if j.ring[i].used {
			earliest = min(earliest, j.ring[i].at)
		}
	}
	j.since = earliest
}

func (j *jitter) hold(now time.Duration, a arrival) {
	w := &j.ring[a.sequence%held]
	if w.used {
		j.duplicate++
		return
	}
	if j.waiting == 0 {
		j.since = now
	}
	j.waiting++
	w.used, w.content, w.codec, w.sequence, w.timestamp = true, a.content, a.codec, a.sequence, a.timestamp
	w.at, w.n = now, copy(w.payload[:], a.payload)
}

// giveUp conceals the gap before the first packet that waits, and goes on from there.
func (j *jitter) giveUp(now time.Duration) {
	first := j.next
	for !j.ring[first%held].used {
		first++
	}
	j.skip(now, j.ring[first%held].arrival())
	j.drain(now)
}

// skip gives up all before a packet.
func (j *jitter) skip(now time.Duration, a arrival) {
	n := int(a.sequence - j.next)
	if n == 0 {
		return
	}
	j.lost += uint64(n)
	j.seen <<= uint(n)
	j.next = a.sequence
	missing := j.ahead(a.timestamp) - j.expired
	if a.content == sound && a.codec.units() != j.units {
		missing = n*slot - j.expired
	}
	redundant := 0
	if a.content == sound && j.line.voice.recovers(a.codec) {
		redundant = min(slot, a.codec.ticks(a.payload))
	}
	for missing > 0 && j.line.lead(now) < audio.FrameDur {
		if missing <= redundant {
			j.line.recover(a.payload, missing)
			break
		}
		part := min(slot, missing-redundant)
		j.line.conceal(part)
		missing -= part
	}
	j.timestamp, j.expired = a.timestamp, 0
	if a.content == sound {
		j.units = a.codec.units()
	}
}

// tooLate counts a packet from before next, back places.
func (j *jitter) tooLate(now time.Duration, back int) {
	if back <= bits.UintSize && j.seen>>(back-1)&1 != 0 {
		j.duplicate++
		return
	}
	j.late++
	j.bound.overtaken(now - j.since)
}

// tick gives up a gap whose time is over, and fills the time line when nothing comes.
func (j *jitter) tick(now time.Duration) {
	for j.waiting > 0 && now-j.since >= j.bound.gap() {
		j.giveUp(now)
	}
	wait := j.bound.stall()
	if j.silent {
		wait = silentWait
	}
	for j.line.lead(now) < -wait {
		n := j.line.rest()
		j.line.conceal(n)
		j.expired += n
	}
}
