package rtp

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// A shape is a script of how packets of 20 ms come, and what may come of it.
type shape struct {
	name      string
	delay     func(i int) time.Duration // of packet i; nil: none
	change    func(i int, j *journey)   // of packet i before it is sent; nil: none
	drop      func(i int) bool          // nil: none
	double    func(i int) bool          // comes twice; nil: none
	concealed int                       // frames at most
	lost      int                       // packets at most
	late      int                       // at most
	behind    time.Duration             // a frame comes out so long after the begin of its slot at most
	ahead     time.Duration             // or before it
}

const shapePackets = 1000

func every(n, at int) func(int) bool { return func(i int) bool { return i%n == at } }

func when(is func(int) bool, d time.Duration) func(int) time.Duration {
	return func(i int) time.Duration {
		if is(i) {
			return d
		}
		return 0
	}
}

var shapes = []shape{
	{name: "constant", behind: 20 * ms},
	{name: "constant, from the middle of a slot", delay: func(int) time.Duration { return 13 * ms }, behind: 34 * ms, concealed: 1},
	{name: "in twos", delay: when(every(2, 0), 20*ms), behind: 40 * ms, concealed: 1, ahead: 20 * ms},
	{name: "in fives", delay: func(i int) time.Duration { return time.Duration(4-i%5) * 20 * ms }, behind: 100 * ms, concealed: 4, ahead: 80 * ms},
	{name: "neighbours swapped", delay: when(every(10, 3), 21*ms), behind: 41 * ms, concealed: 1},
	{name: "overtaken by three", delay: when(every(50, 3), 65*ms), behind: 90 * ms, concealed: 6, lost: 2, late: 2},
	{name: "one in 50 dropped", drop: every(50, 7), behind: 45 * ms, concealed: 20, lost: 20},
	{name: "runs of three dropped", drop: func(i int) bool { return i%100 >= 50 && i%100 < 53 }, behind: 130 * ms, concealed: 30, lost: 30},
	{name: "runs of ten dropped", drop: func(i int) bool { return i%200 >= 50 && i%200 < 60 }, behind: 130 * ms, concealed: 50, lost: 50},
	{name: "one in 100 late by 150 ms", delay: when(every(100, 20), 150*ms), behind: 140 * ms, concealed: 15, lost: 10, late: 10},
	{name: "sequence and timestamp go round", change: func(_ int, j *journey) { j.sequence, j.timestamp = j.sequence+65036, j.timestamp-80000 }, behind: 20 * ms},
	{name: "timestamp jumps ahead", change: func(i int, j *journey) { j.timestamp += uint32(i/250) * 1 << 20 }, behind: 20 * ms, concealed: 4},
	{name: "timestamp jumps back", change: func(i int, j *journey) { j.timestamp -= uint32(i/250) * 1 << 20 }, behind: 20 * ms},
	{name: "sequence restarts", change: func(i int, j *journey) { j.sequence += uint16(i/250) * 9000 }, behind: 45 * ms, concealed: 4},
	{name: "every packet twice", double: func(int) bool { return true }, behind: 20 * ms},
	{name: "clock fast by 2000 ppm", delay: func(i int) time.Duration { return -time.Duration(i) * 40 * time.Microsecond }, behind: 20 * ms, ahead: 60 * ms, concealed: 1},
	{name: "clock slow by 2000 ppm", delay: func(i int) time.Duration { return time.Duration(i) * 40 * time.Microsecond }, behind: 130 * ms, concealed: 3},
	{name: "a stall of 100 ms, then all at once", delay: func(i int) time.Duration {
		if i >= 500 && i < 505 {
			return time.Duration(505-i) * 20 * ms
		}
		return 0
	}, behind: 110 * ms, concealed: 5, ahead: 100 * ms},
	{name: "delay grows by 60 ms for good", delay: func(i int) time.Duration { return time.Duration(i/500) * 60 * ms }, behind: 110 * ms, concealed: 4},
}

// run plays a shape and checks what came out against it.
func (s *shape) run(t *testing.T) {
	k := newTalker()
	k.sequence, k.timestamp = 100, 5000
	var all []journey
	for i := range shapePackets {
		at := time.Duration(i) * 20 * ms
		if s.delay != nil {
			at += s.delay(i)
		}
		p := k.packet(at, slot)
		if s.change != nil {
			s.change(i, &p)
		}
		if s.drop != nil && s.drop(i) {
			continue
		}
		all = append(all, p)
		if s.double != nil && s.double(i) {
			p.at += ms
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b journey) int { return int(a.at - b.at) })
	j := newJitter()
	var now, behind, ahead time.Duration
	n, concealed := 0, 0
	j.line.emit = func(r Received) {
		n++
		off := now - r.At
		behind, ahead = max(behind, off), max(ahead, -off)
		if r.Concealed && r.At < (shapePackets-5)*20*ms {
			concealed++
		}
	}
	next := time.Duration(0)
	for _, p := range all {
		for ; next <= p.at; next += 20 * ms {
			now = next
			j.tick(now)
		}
		now = p.at
		j.push(now, p.arrival)
	}
	if concealed > s.concealed || int(j.lost) > s.lost || int(j.late) > s.late {
		t.Errorf("%d frames concealed, %d packets lost, %d late", concealed, j.lost, j.late)
	}
	if behind > s.behind || ahead > s.ahead {
		t.Errorf("frames come out up to %v behind and %v ahead of their time", behind, ahead)
	}
	if n < shapePackets-10 {
		t.Errorf("%d frames", n)
	}
}

func TestShapes(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, s.run)
	}
}

// Two clocks that are 200 ppm apart for an hour: 720 ms in all, and never more than 100 ms of it at once.
func TestAnHourOfDrift(t *testing.T) {
	k := newTalker()
	voice := k.packet(0, slot).payload
	for _, ppm := range []int{-200, 200} {
		j := newJitter()
		var now, behind, ahead time.Duration
		j.line.emit = func(r Received) {
			off := now - r.At
			behind, ahead = max(behind, off), max(ahead, -off)
		}
		next := time.Duration(0)
		for i := range 3600 * 50 {
			at := time.Duration(i) * (20*ms - time.Duration(ppm)*20*ms/1e6)
			for ; next <= at; next += 20 * ms {
				now = next
				j.tick(now)
			}
			now = at
			j.push(now, arrival{sound, PCMU, uint16(i), uint32(i * slot), voice})
		}
		if behind > 100*ms || ahead > 100*ms || j.late+j.lost != 0 {
			t.Errorf("%d ppm: frames up to %v behind and %v ahead of their time, %d lost, %d late", ppm, behind, ahead, j.lost, j.late)
		}
		if moved := j.line.removed + j.line.inserted; moved < 30 || moved > 45 || j.line.concealed > 50 {
			t.Errorf("%d ppm: %d frames left out, %d put in, %d made up", ppm, j.line.removed, j.line.inserted, j.line.concealed)
		}
	}
}

// At 1 % loss nothing is missing for more than 60 ms, and nothing falls silent.
func TestOnePercentLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 21))
	for _, c := range all {
		packets, ticks := spoken(t, c, 20, 400, 60)
		var kept []Packet
		var at []int
		for i, p := range packets {
			if i > 50 && rng.IntN(100) == 0 {
				continue
			}
			kept, at = append(kept, p), append(at, ticks[i])
		}
		e := heardAs(c, kept, at)
		run, longest := 0, 0
		for i := range e.frames[:2990] {
			if f := &e.frames[i]; f.Concealed {
				run++
				longest = max(longest, run)
			} else {
				run = 0
			}
			if d := e.frames[i].Frame.DBFS(); i > 50 && d < -40 {
				t.Errorf("%v: frame %d is at %.0f dBFS", c, i, d)
			}
		}
		if lost := len(packets) - len(kept); longest > 3 || int(e.stats().Lost) != lost || lost < 10 {
			t.Errorf("%v: %d frames in a row made up, %d of %d packets lost", c, longest, e.stats().Lost, lost)
		}
	}
}

// At 5 % loss, with packets swapped and doubled, every key pressed is heard, once.
func TestDigitsThroughFivePercentLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 22))
	for _, c := range all {
		s, w := calling(t, func(a *Agreed) { a.Codec, a.PayloadType = c, c.PayloadType() })
		a := agreed
		a.Codec, a.PayloadType, a.OpusType = c, c.PayloadType(), offeredOpus
		e := newEar(a)
		var f audio.Frame
		var overtaken []Packet
		want := ""
		for len(want) < 500 || s.SendingDigits() {
			if !s.SendingDigits() && rng.IntN(3) == 0 {
				digits := ""
				for range 1 + rng.IntN(8) {
					digits += string(eventDigits[rng.IntN(len(eventDigits))])
				}
				want += digits
				if err := s.SendDigits(digits); err != nil {
					t.Fatal(err)
				}
			}
			tick(t, s, &f)
			p := w.read()
			p.Payload = slices.Clone(p.Payload)
			switch rng.IntN(40) {
			case 0, 1: // lost
			case 2:
				overtaken = append(overtaken, p)
			case 3:
				e.hear(named, p)
				e.hear(named, p)
			default:
				e.hear(named, p)
				for _, p := range overtaken {
					e.hear(named, p)
				}
				overtaken = nil
			}
			e.step()
		}
		if e.digits != want {
			t.Errorf("%v: sent\n%s\nheard\n%s", c, want, e.digits)
		}
	}
}
