package rtp

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
)

// An ear is a receiver with a clock of the test's and all it emitted.
type ear struct {
	receiver
	now    time.Time
	frames []Received
	digits string
}

func newEar(a Agreed) *ear {
	e := &ear{receiver: receiver{buffer: newJitter()}}
	e.agree(a)
	e.now = e.start
	return e
}

func (e *ear) emit(r Received) {
	if r.Kind == Digit {
		e.digits += string(r.Digit)
		return
	}
	e.frames = append(e.frames, r)
}

func (e *ear) hear(from netip.AddrPort, p Packet) { e.take(e.now, from, p.Append(nil), e.emit) }

func (e *ear) step() {
	e.now = e.now.Add(audio.FrameDur)
	e.tick(e.now, e.emit)
}

func (e *ear) whole() int { return received(e.frames) }

var agreed = Agreed{Codec: PCMU, DTMFType: 101, Remote: named, Send: true, Receive: true}

func voice(tone *audio.Tone, c Codec) []byte {
	pcm := make([]int16, slot)
	tone.Fill(pcm)
	if c == PCMA {
		return audio.EncodeAlaw(nil, pcm)
	}
	return audio.EncodeUlaw(nil, pcm)
}

func TestCodecIsToldByTheType(t *testing.T) {
	a := agreed
	a.Codec, a.PayloadType = PCMA, 96
	for pt, c := range map[uint8]Codec{96: PCMA, 8: PCMA, 0: PCMU} {
		e, tone := newEar(a), audio.Sine(700, clock, -6)
		for i := range 50 {
			e.hear(named, Packet{PayloadType: pt, Sequence: uint16(i), Timestamp: uint32(i * slot), Payload: voice(tone, c)})
			e.step()
		}
		if e.whole() != 50 {
			t.Errorf("type %d: %d frames", pt, e.whole())
		}
		for _, f := range e.frames[2:50] {
			if share := audio.Goertzel(f.Frame[:], 700, audio.Rate); share < 0.9 {
				t.Errorf("type %d: the tone has %.2f of the energy", pt, share)
				break
			}
		}
	}
}

func TestDigitsAmongSound(t *testing.T) {
	e, tone := newEar(agreed), audio.Sine(700, clock, -6)
	sequence, timestamp := uint16(0), uint32(0)
	say := func(n int) {
		for range n {
			e.hear(named, Packet{Sequence: sequence, Timestamp: timestamp, Payload: voice(tone, PCMU)})
			sequence++
			timestamp += slot
			e.step()
		}
	}
	say(50)
	for _, digit := range []string{"1", "#", "#"} {
		for _, p := range pressed(digit, timestamp) {
			p.PayloadType, p.Sequence = 101, sequence
			sequence++
			timestamp += slot
			e.hear(named, p)
			e.step()
		}
	}
	say(50)
	if e.digits != "1##" {
		t.Errorf("digits %q", e.digits)
	}
	if s := e.stats(); s.Lost+s.Late+s.Invalid != 0 || e.whole() != 100 {
		t.Errorf("%+v, %d frames", s, e.whole())
	}
	if behind := 124 - len(e.frames); behind < 0 || behind > 2 {
		t.Errorf("%d frames in 124 ticks", len(e.frames))
	}
	for _, f := range e.frames[55:70] {
		if f.Frame.DBFS() > -90 {
			t.Errorf("sound at %v, in the middle of the digits", f.At)
			break
		}
	}
}

func TestDigitsFromAStreamOfTheirOwn(t *testing.T) {
	e, tone := newEar(agreed), audio.Sine(700, clock, -6)
	digit := pressed("7", 99)
	for i := range 50 {
		e.hear(named, Packet{SSRC: 1, Sequence: uint16(i), Timestamp: uint32(i * slot), Payload: voice(tone, PCMU)})
		if i >= 20 && i-20 < len(digit) {
			p := digit[i-20]
			p.SSRC, p.Sequence, p.PayloadType = 2, uint16(i+7000), 101
			e.hear(named, p)
		}
		e.step()
	}
	if s := e.stats(); e.digits != "7" || e.whole() != 50 || s.Lost+s.Late+s.Invalid != 0 {
		t.Errorf("digits %q, %d frames, %+v", e.digits, e.whole(), s)
	}
}

func TestNewSSRCBeginsItsDigitsAnew(t *testing.T) {
	e := newEar(agreed)
	press := func(ssrc uint32, at uint32) {
		e.hear(named, Packet{SSRC: ssrc, Sequence: 9, Timestamp: at, Payload: make([]byte, slot)})
		for i, p := range pressed("4", at) {
			p.SSRC, p.PayloadType, p.Sequence = ssrc, 101, uint16(10+i)
			e.hear(named, p)
		}
	}
	press(1, 50000)
	press(2, 30000) // a little before the other's count, but not the same count
	if e.digits != "44" {
		t.Errorf("digits %q", e.digits)
	}
}

func TestEventsComeUnderOurNumberOrTheirs(t *testing.T) {
	a := agreed
	a.DTMFType, a.DTMFReceive = 96, 101
	for _, pt := range []uint8{96, 101} {
		e := newEar(a)
		for i, p := range pressed("9", 0) {
			p.PayloadType, p.Sequence = pt, uint16(i)
			e.hear(named, p)
		}
		if e.digits != "9" {
			t.Errorf("type %d: %q", pt, e.digits)
		}
	}
	a.DTMFType, a.DTMFReceive = 0, 0 // none agreed: PCMU's 0 is not an event
	e := newEar(a)
	e.hear(named, Packet{Payload: []byte{1, 10, 0, 160}})
	if e.digits != "" {
		t.Errorf("digit %q out of sound", e.digits)
	}
}

func TestNewSSRCGoesOnAtOnce(t *testing.T) {
	e, tone := newEar(agreed), audio.Sine(700, clock, -6)
	for i := range 100 {
		p := Packet{SSRC: 1, Sequence: uint16(i), Timestamp: uint32(i * slot), Payload: voice(tone, PCMU)}
		if i >= 50 {
			p.SSRC, p.Sequence, p.Timestamp = 2, uint16(40000+i), 777777777+uint32(i*slot)
		}
		e.hear(named, p)
		e.step()
	}
	if s := e.stats(); e.whole() != 100 || s.Lost+s.Late+s.Invalid != 0 {
		t.Errorf("%d frames, %+v", e.whole(), s)
	}
}

func TestWhatIsNotTheFarEndsIsCounted(t *testing.T) {
	e, tone := newEar(agreed), audio.Sine(700, clock, -6)
	for i := range 20 {
		p := Packet{SSRC: 1, Sequence: uint16(i), Timestamp: uint32(i * slot), Payload: voice(tone, PCMU)}
		e.hear(named, p)
		e.hear(stranger, p)
		e.take(e.now, named, []byte{0x80, 200, 0, 1, 0, 0, 0, 0}, e.emit) // RTCP
		e.take(e.now, named, []byte("rubbish that is no RTP"), e.emit)
		e.hear(stranger, Packet{PayloadType: 77})
		e.step()
	}
	if s := e.stats(); e.whole() != 20 || s.Received != 20 || s.Foreign != 20 || s.Invalid != 40 {
		t.Errorf("%d frames, %+v", e.whole(), s)
	}
}

func TestUnknownTypesKeepTheirPlace(t *testing.T) {
	e, tone := newEar(agreed), audio.Sine(700, clock, -6)
	sequence := uint16(0)
	for i := range 50 {
		e.hear(named, Packet{Sequence: sequence, Timestamp: uint32(i * slot), Payload: voice(tone, PCMU)})
		sequence++
		if i%5 == 0 {
			e.hear(named, Packet{Sequence: sequence, PayloadType: 77, Payload: []byte{1}})
			sequence++
		}
		e.step()
	}
	if s := e.stats(); e.whole() != 50 || s.Lost != 0 || s.Invalid != 10 {
		t.Errorf("%d frames, %+v", e.whole(), s)
	}
}

func TestOnHoldTheirSoundIsSilence(t *testing.T) {
	e, tone := newEar(agreed), audio.Sine(700, clock, -6)
	for i := range 150 {
		if i == 50 || i == 100 {
			a := agreed
			a.Receive = i == 100
			e.agree(a)
		}
		e.hear(named, Packet{Sequence: uint16(i), Timestamp: uint32(i * slot), Payload: voice(tone, PCMU)})
		e.step()
	}
	if s := e.stats(); e.whole() != 100 || s.Lost+s.Late != 0 || s.Received != 150 {
		t.Errorf("%d frames, %+v", e.whole(), s)
	}
	if e.quiet(e.now) > audio.FrameDur {
		t.Errorf("quiet for %v while packets come", e.quiet(e.now))
	}
}

func TestQuietCountsFromTheLastValidPacket(t *testing.T) {
	var unstarted receiver
	if unstarted.quiet(time.Now()) != 0 {
		t.Error("quiet before Start")
	}
	e := newEar(agreed)
	e.now = e.now.Add(3 * time.Second)
	if got := e.quiet(e.now); got != 3*time.Second {
		t.Errorf("quiet for %v", got)
	}
	e.hear(named, Packet{Payload: make([]byte, slot)})
	e.now = e.now.Add(2 * time.Second)
	e.hear(stranger, Packet{Payload: make([]byte, slot)})
	if got := e.quiet(e.now); got != 2*time.Second {
		t.Errorf("quiet for %v", got)
	}
}

func TestNothingBeforeStart(t *testing.T) {
	r := receiver{buffer: newJitter()}
	emit := func(Received) { t.Error("emitted") }
	r.take(time.Now(), named, (&Packet{Payload: make([]byte, slot)}).Append(nil), emit)
	r.tick(time.Now(), emit)
	if s := r.stats(); s.Received != 0 {
		t.Errorf("%+v", s)
	}
}

func FuzzReceiver(f *testing.F) {
	p := Packet{Sequence: 1, Payload: make([]byte, slot)}
	f.Add(p.Append(nil), uint8(12))
	f.Add([]byte{0x80, 101, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 5, 10, 0, 160}, uint8(16))
	f.Add([]byte{0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x4b, 0x41, 1, 2, 0x80, 9, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 5, 10, 0, 160}, uint8(15))
	f.Fuzz(func(t *testing.T, b []byte, cut uint8) {
		a := agreed
		a.OpusType, a.Tones = offeredOpus, cut >= 128
		e := newEar(a)
		for n := int(cut%64) + 1; len(b) > 0; {
			part := b[:min(n, len(b))]
			b = b[len(part):]
			e.take(e.now, named, part, e.emit)
			e.step()
		}
		for i, r := range e.frames {
			if r.At != time.Duration(i)*audio.FrameDur {
				t.Fatalf("frame %d at %v", i, r.At)
			}
		}
	})
}

func TestReceiverAllocatesNothing(t *testing.T) {
	e := newEar(agreed)
	p := Packet{Payload: make([]byte, slot)}
	b := make([]byte, 0, 200)
	emit := func(Received) {}
	rng := rand.New(rand.NewPCG(9, 9))
	if n := testing.AllocsPerRun(500, func() {
		p.Sequence++
		p.Timestamp += slot
		b = p.Append(b[:0])
		e.now = e.now.Add(audio.FrameDur)
		if rng.IntN(10) != 0 {
			e.take(e.now, named, b, emit)
		}
		e.tick(e.now, emit)
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
	if e.stats().Received == 0 {
		t.Error("nothing was received")
	}
}

// TestQuietAfterHold: what was not sent on hold does not count against the far end once the hold is over; a description that
// changes nothing gives it no more time.
func TestQuietAfterHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, hold := newEar(agreed), agreed
		hold.Send = false
		time.Sleep(time.Second)
		e.agree(agreed)
		if q := e.quiet(time.Now()); q != time.Second {
			t.Errorf("after a repeated description: %v", q)
		}
		e.agree(hold)
		time.Sleep(time.Minute)
		e.agree(agreed)
		if q := e.quiet(time.Now()); q != 0 {
			t.Errorf("after the hold: %v", q)
		}
		time.Sleep(3 * time.Second)
		if q := e.quiet(time.Now()); q != 3*time.Second {
			t.Errorf("later: %v", q)
		}
	})
}
