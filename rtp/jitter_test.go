package rtp

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

const ms = time.Millisecond

// A journey is one packet on its way: sent and arrived at times since Start.
type journey struct {
	arrival
	at time.Duration
}

// A talker makes packets of a 400 Hz tone.
type talker struct {
	sequence  uint16
	timestamp uint32
	tone      *audio.Tone
}

func newTalker() *talker {
	return &talker{sequence: 65530, timestamp: math.MaxUint32 - 1000, tone: audio.Sine(400, clock, -6)}
}

func (k *talker) packet(at time.Duration, size int) journey {
	pcm := make([]int16, size)
	k.tone.Fill(pcm)
	j := journey{arrival{sound, PCMU, k.sequence, k.timestamp, audio.EncodeUlaw(nil, pcm)}, at}
	k.sequence++
	k.timestamp += uint32(size)
	return j
}

// talk sends n packets of 20 ms, delay apart from their time.
func (k *talker) talk(from time.Duration, n int, delay func(i int) time.Duration) (out []journey) {
	for i := range n {
		at := from + time.Duration(i)*20*ms
		if delay != nil {
			at += delay(i)
		}
		out = append(out, k.packet(at, slot))
	}
	return out
}

// play runs journeys and the 20 ms clock into a buffer until the end, and checks that the time line has no gap.
func play(t testing.TB, j *jitter, journeys []journey, until time.Duration) []Received {
	t.Helper()
	var out []Received
	j.line.emit = func(r Received) { out = append(out, r) }
	byTime(journeys)
	next := time.Duration(0)
	for _, p := range journeys {
		for ; next <= p.at; next += 20 * ms {
			j.tick(next)
		}
		j.push(p.at, p.arrival)
	}
	for ; next <= until; next += 20 * ms {
		j.tick(next)
	}
	for i, r := range out {
		if r.Kind != Frame || r.At != time.Duration(i)*audio.FrameDur {
			t.Fatalf("frame %d stands at %v", i, r.At)
		}
	}
	return out
}

func byTime(js []journey) {
	slices.SortStableFunc(js, func(a, b journey) int { return int(a.at - b.at) })
}

// received counts frames that are as they were sent.
func received(out []Received) (n int) {
	for i := range out {
		if !out[i].Concealed {
			n++
		}
	}
	return n
}

// purity is the share of the tone in the sound of all frames from a to b.
func purity(out []Received, a, b int) float64 {
	var pcm []int16
	for i := a; i < b; i++ {
		pcm = append(pcm, out[i].Frame[:]...)
	}
	return audio.Goertzel(pcm, 400, audio.Rate)
}

func TestInOrderNeverWaits(t *testing.T) {
	for _, size := range []int{80, 160, 240, 320, 480} { // ptime 10 to 60
		j := newJitter()
		k := newTalker()
		frames := 0
		j.line.emit = func(Received) { frames++ }
		got := 0
		for i := range 300 {
			p := k.packet(time.Duration(i*size/perMs)*ms, size)
			j.push(p.at, p.arrival)
			got += size
			if frames != got/slot {
				t.Fatalf("ptime %d: %d frames out after %d samples", size/perMs, frames, got)
			}
		}
		if j.lost+j.late+j.duplicate != 0 || j.line.concealed != 0 {
			t.Errorf("ptime %d: lost %d, late %d, concealed %d", size/perMs, j.lost, j.late, j.line.concealed)
		}
	}
}

func TestToneComesThroughUnbroken(t *testing.T) {
	j := newJitter()
	out := play(t, j, newTalker().talk(0, 500, nil), 10*time.Second)
	if n := received(out); n != 500 {
		t.Fatalf("%d of 500 frames", n)
	}
	if p := purity(out, 2, 500); p < 0.999 {
		t.Errorf("the tone has %.4f of the energy", p)
	}
}

func TestJitterUpTo100msLosesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	last := time.Duration(0)
	j := newJitter()
	out := play(t, j, newTalker().talk(0, 1000, func(i int) time.Duration {
		at := time.Duration(i) * 20 * ms
		last = max(last, at+time.Duration(rng.IntN(60))*ms) // never out of order
		return last - at
	}), 21*time.Second)
	if j.lost+j.late != 0 {
		t.Errorf("lost %d, late %d", j.lost, j.late)
	}
	if n := received(out); n < 985 {
		t.Errorf("only %d of 1000 frames are whole", n)
	}
}

func TestReorderedPacketsAreSorted(t *testing.T) {
	j := newJitter()
	k := newTalker()
	out := play(t, j, k.talk(0, 500, func(i int) time.Duration {
		if i%10 == 3 {
			return 25 * ms // overtaken by one
		}
		return 0
	}), 10*time.Second)
	if j.lost != 0 || j.late != 0 || j.reordered != 50 {
		t.Errorf("lost %d, late %d, reordered %d", j.lost, j.late, j.reordered)
	}
	if p := purity(out, 2, 499); received(out) != 500 || p < 0.999 {
		t.Errorf("%d frames, purity %.4f", received(out), p)
	}
}

func TestBoundGrowsToWhatReordersAndShrinksAgain(t *testing.T) {
	j := newJitter()
	k := newTalker()
	journeys := k.talk(0, 250, func(i int) time.Duration {
		if i%10 == 3 {
			return 75 * ms
		}
		return 0
	})
	play(t, j, journeys, 0)
	if j.late == 0 || j.late > 3 {
		t.Errorf("%d late: the bound should be learnt from the first", j.late)
	}
	if g := j.bound.gap(); g < 60*ms || g > mostBound {
		t.Errorf("bound %v after packets that were 60 ms overtaken", g)
	}
	for i := range 5000 {
		p := k.packet(5*time.Second+time.Duration(i)*20*ms, slot)
		j.push(p.at, p.arrival)
	}
	if g := j.bound.gap(); g > 25*ms {
		t.Errorf("bound %v after 100 s without", g)
	}
}

func TestBoundFollowsJitter(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, c := range []struct{ spread, least, most time.Duration }{
		{0, leastBound, leastBound}, {6 * ms, leastBound, 25 * ms}, {60 * ms, 40 * ms, mostBound}, {time.Second, mostBound, mostBound},
	} {
		var b bound
		for i := range 500 {
			at := time.Duration(i)*20*ms + time.Duration(rng.Float64()*float64(c.spread))
			b.arrived(at, uint32(i*slot), 1)
		}
		if g := b.gap(); g < c.least || g > c.most {
			t.Errorf("spread %v: bound %v (jitter %v), want %v to %v", c.spread, g, b.jitterTime(), c.least, c.most)
		}
		if s := b.stall(); s <= 2*leastBound || s > mostBound {
			t.Errorf("spread %v: stall %v", c.spread, s)
		}
	}
}

func TestLossIsConcealedAtItsPlace(t *testing.T) {
	for _, lost := range []int{1, 2, 5, 20} {
		j := newJitter()
		all := newTalker().talk(0, 200, nil)
		out := play(t, j, slices.Delete(all, 100, 100+lost), 4*time.Second)
		if int(j.lost) != lost || j.late != 0 {
			t.Errorf("%d lost: counted %d, late %d", lost, j.lost, j.late)
		}
		for i := range out[:200] {
			hidden := i >= 100 && i < 100+lost
			if out[i].Concealed != hidden {
				t.Errorf("%d lost: frame %d concealed: %v", lost, i, out[i].Concealed)
			}
		}
		if len(out) < 200 || purity(out, 100+lost+1, 199) < 0.999 {
			t.Errorf("%d lost: what came after is not where it was", lost)
		}
	}
}

func TestConcealmentGoesOnThenFades(t *testing.T) {
	j := newJitter()
	all := newTalker().talk(0, 100, nil)
	out := play(t, j, slices.Delete(all, 50, 60), 2*time.Second)
	if p := purity(out, 45, 51); p < 0.99 {
		t.Errorf("purity %.3f over the start of a loss", p)
	}
	if d := out[50].Frame.DBFS() - out[48].Frame.DBFS(); d < -3 {
		t.Errorf("the first concealed frame is %.1f dB down", d)
	}
	for i := 51; i < 53; i++ {
		if out[i].Frame.RMS() >= out[i-1].Frame.RMS() {
			t.Errorf("frame %d does not fade", i)
		}
	}
	for i := 55; i < 60; i++ {
		if out[i].Frame.DBFS() > -90 {
			t.Errorf("frame %d of a long loss is at %.0f dBFS", i, out[i].Frame.DBFS())
		}
	}
}

func TestEveryGapHasItsOwnTime(t *testing.T) {
	j := newJitter()
	j.line.emit = func(Received) {}
	p := newTalker().talk(0, 5, nil)
	for _, step := range []struct {
		packet int
		at     time.Duration
	}{{0, 0}, {2, 20 * ms}, {4, 30 * ms}, {1, 35 * ms}} {
		j.push(step.at, p[step.packet].arrival)
	}
	j.tick(45 * ms) // the second gap is 15 ms old, the first was 25
	j.push(46*ms, p[3].arrival)
	if j.lost+j.late != 0 || j.reordered != 2 || j.waiting != 0 {
		t.Errorf("lost %d, late %d, reordered %d, waiting %d", j.lost, j.late, j.reordered, j.waiting)
	}
}

func TestSilenceThatWasAnnouncedIsNotWaitedFor(t *testing.T) {
	j := newJitter()
	k := newTalker()
	play(t, j, append(k.talk(0, 50, nil), journey{arrival{calm, 0, k.sequence + 50, 0, nil}, time.Second}), 0)
	for now := time.Second; now < 2*time.Second; now += 20 * ms {
		if j.tick(now); j.line.lead(now) < -silentWait {
			t.Fatalf("the time line is %v behind", -j.line.lead(now))
		}
	}
}

// steepest is the greatest step between two samples of the sound.
func steepest(out []Received) (s int) {
	last := int16(0)
	for i := range out {
		for _, v := range out[i].Frame {
			s = max(s, step(last, v))
			last = v
		}
	}
	return s
}

func TestCutsAreNotHeard(t *testing.T) {
	j := newJitter()
	k := newTalker()
	k.tone = audio.Sine(427, clock, -6) // a cut of 20 ms does not fit its period
	out := play(t, j, k.talk(0, 30000, func(i int) time.Duration { return -time.Duration(i) * 20 * ms / 5000 }), 10*time.Minute)
	if j.line.removed < 2 {
		t.Fatalf("%d frames left out", j.line.removed)
	}
	natural := 2 * math.Pi * 427 / audio.Rate * 16422
	if s := steepest(out); float64(s) > 1.3*natural {
		t.Errorf("a step of %d where the tone's are %.0f", s, natural)
	}
}

func TestLatePacketIsDroppedAndCounted(t *testing.T) {
	j := newJitter()
	out := play(t, j, newTalker().talk(0, 100, func(i int) time.Duration {
		if i == 50 {
			return 200 * ms
		}
		return 0
	}), 2*time.Second)
	if j.lost != 1 || j.late != 1 {
		t.Errorf("lost %d, late %d", j.lost, j.late)
	}
	if received(out) != 99 || !out[50].Concealed {
		t.Errorf("%d frames", received(out))
	}
}

func TestDuplicatesAreCountedOnce(t *testing.T) {
	all := newTalker().talk(0, 100, nil)
	for i := range 100 {
		copied := all[i]
		copied.at += time.Duration(i%4) * 20 * ms
		all = append(all, copied)
	}
	// one more of a packet that waits behind a gap
	all[40].at += 25 * ms
	again := all[41]
	again.at += ms
	all = append(all, again)
	j := newJitter()
	out := play(t, j, all, 2*time.Second)
	if j.duplicate != 101 || j.late+j.lost != 0 || received(out) != 100 {
		t.Errorf("%d duplicates, %d late, %d lost, %d frames", j.duplicate, j.late, j.lost, received(out))
	}
}

func TestTickKeepsPaceWhenNothingComes(t *testing.T) {
	j := newJitter()
	n := 0
	j.line.emit = func(r Received) {
		if n++; !r.Concealed || r.Frame.RMS() != 0 {
			t.Errorf("frame %d is not silence", n)
		}
	}
	for now := time.Duration(0); now <= 10*time.Second; now += 20 * ms {
		j.tick(now)
		if behind := now - time.Duration(n)*20*ms; behind > silentWait || behind < 0 {
			t.Fatalf("at %v the time line is %v behind", now, behind)
		}
	}
}

func TestStallOfTheNetwork(t *testing.T) {
	// 300 ms nothing, then all of it at once: the words are kept, and the time line comes back to the clock.
	j := newJitter()
	k := newTalker()
	all := k.talk(0, 100, nil)
	stalled := k.talk(2*time.Second, 15, func(i int) time.Duration { return 300*ms - time.Duration(i)*20*ms })
	rest := k.talk(2300*ms, 2000, nil)
	out := play(t, j, slices.Concat(all, stalled, rest), 43*time.Second)
	if j.late > 4 || j.lost != 0 {
		t.Errorf("%d late, %d lost: a stall of 300 ms may cost what is over 200 ms", j.late, j.lost)
	}
	if lead := time.Duration(len(out))*20*ms - 43*time.Second; lead > aheadTrim+20*ms || lead < -mostBound {
		t.Errorf("40 s later the time line is %v off", lead)
	}
	if j.line.removed == 0 {
		t.Error("nothing was left out, and yet it came back")
	}
}

func TestPacketsThatComeInThrees(t *testing.T) {
	j := newJitter()
	out := play(t, j, newTalker().talk(0, 1500, func(i int) time.Duration {
		return time.Duration(2-i%3) * 20 * ms // every 60 ms, as over Wi-Fi
	}), 30*time.Second)
	if j.late+j.lost != 0 || received(out) < 1498 {
		t.Errorf("late %d, lost %d, %d frames whole", j.late, j.lost, received(out))
	}
	if j.line.inserted+j.line.removed > 3 {
		t.Errorf("%d frames put in, %d left out, and the clocks are the same", j.line.inserted, j.line.removed)
	}
}

func TestPacketsInBigBursts(t *testing.T) {
	// 180 ms at once and then nothing for as long, half of the time quiet: the lead this needs must not be trimmed away
	j := newJitter()
	k := newTalker()
	all := k.talk(0, 3000, func(i int) time.Duration { return time.Duration(8-i%9) * 20 * ms })
	for i := range all {
		if i/50%2 == 1 {
			all[i].payload = audio.EncodeUlaw(nil, make([]int16, slot))
		}
	}
	out := play(t, j, all, time.Minute)
	if j.late+j.lost != 0 || received(out) < 2990 {
		t.Errorf("late %d, lost %d, %d frames whole", j.late, j.lost, received(out))
	}
	if j.line.removed+j.line.concealed > 25 {
		t.Errorf("%d frames left out, %d made up, and the clocks are the same", j.line.removed, j.line.concealed)
	}
}

func TestAPauseIsUsedToCatchUp(t *testing.T) {
	// after a stall the far end is ahead; the first pause in the words takes it all back
	j := newJitter()
	k := newTalker()
	all := k.talk(0, 100, nil)
	all = append(all, k.talk(2*time.Second, 12, func(i int) time.Duration { return 240*ms - time.Duration(i)*20*ms })...)
	for i := range 150 {
		p := k.packet(2240*ms+time.Duration(i)*20*ms, slot)
		p.payload = audio.EncodeUlaw(nil, make([]int16, slot))
		all = append(all, p)
	}
	play(t, j, all, 0)
	if lead := j.line.lead(all[len(all)-1].at); lead > aheadTrim+20*ms {
		t.Errorf("3 s of quiet later the time line is still %v ahead", lead)
	}
	if j.late+j.lost != 0 {
		t.Errorf("late %d, lost %d", j.late, j.lost)
	}
}

func TestDelayThatGrowsForGood(t *testing.T) {
	j := newJitter()
	k := newTalker()
	all := slices.Concat(k.talk(0, 100, nil), k.talk(2*time.Second, 500, func(int) time.Duration { return 400 * ms }))
	out := play(t, j, all, 12*time.Second)
	if j.late+j.lost != 0 || received(out) < 598 {
		t.Errorf("late %d, lost %d, %d frames whole", j.late, j.lost, received(out))
	}
}

func TestClockDrift(t *testing.T) {
	for _, ppm := range []float64{-200, 200} {
		j := newJitter()
		const minutes = 10
		out := play(t, j, newTalker().talk(0, minutes*60*50, func(i int) time.Duration {
			return time.Duration(float64(i) * 20e6 * -ppm / 1e6)
		}), minutes*time.Minute)
		if j.late+j.lost+j.duplicate != 0 {
			t.Errorf("%v ppm: late %d, lost %d", ppm, j.late, j.lost)
		}
		if off := time.Duration(len(out))*20*ms - minutes*time.Minute; off > 80*ms || off < -mostBound {
			t.Errorf("%v ppm: after %d min the time line is %v off", ppm, minutes, off)
		}
		if changed := j.line.inserted + j.line.removed; changed < 2 || changed > 10 {
			t.Errorf("%v ppm: %d frames put in, %d left out", ppm, j.line.inserted, j.line.removed)
		}
		whole := len(out) - received(out)
		if whole > 12 {
			t.Errorf("%v ppm: %d frames made up", ppm, whole)
		}
	}
}

func TestDriftIsMendedWhereItIsQuiet(t *testing.T) {
	// words of 1 s, pauses of 1 s in which packets go on
	j := newJitter()
	k := newTalker()
	var all []journey
	for i := range 15000 {
		p := k.packet(time.Duration(float64(i)*20e6*(1-200e-6)), slot)
		if i/50%2 == 1 {
			p.payload = audio.EncodeUlaw(nil, make([]int16, slot))
		}
		all = append(all, p)
	}
	out := play(t, j, all, 5*time.Minute)
	if j.line.removed == 0 {
		t.Fatal("a fast clock was not followed")
	}
	loud := 0
	for i := range out {
		if out[i].Frame.DBFS() > -20 {
			loud++
		}
	}
	if loud < 7500-2 {
		t.Errorf("%d of 7500 loud frames are left", loud)
	}
}

func TestSilenceSuppression(t *testing.T) {
	for _, announce := range []bool{true, false} {
		j := newJitter()
		k := newTalker()
		all := k.talk(0, 100, nil)
		if announce { // comfort noise says that the sound stops
			all = append(all, journey{arrival{calm, 0, k.sequence, k.timestamp, nil}, 2 * time.Second})
			k.sequence++
		}
		k.timestamp += 100 * slot // two seconds in which nothing is sent
		all = append(all, k.talk(4*time.Second, 100, nil)...)
		out := play(t, j, all, 6*time.Second)
		if j.lost+j.late != 0 || received(out) != 200 {
			t.Errorf("announced %v: lost %d, late %d, %d frames", announce, j.lost, j.late, received(out))
		}
		first := slices.IndexFunc(out[150:], func(r Received) bool { return !r.Concealed }) + 150
		if first < 199 || first > 201 {
			t.Errorf("announced %v: the second talkspurt stands at slot %d, want 200", announce, first)
		}
		for i := 110; i < 198; i++ {
			if out[i].Frame.DBFS() > -90 {
				t.Errorf("announced %v: slot %d is not silent", announce, i)
			}
		}
		if announce && out[101].Frame.DBFS() > -60 {
			t.Errorf("comfort noise was concealed as a loss: %.0f dBFS", out[101].Frame.DBFS())
		}
	}
}

func TestNothingUntilLater(t *testing.T) {
	j := newJitter()
	out := play(t, j, newTalker().talk(3*time.Second, 50, nil), 4*time.Second)
	first := slices.IndexFunc(out, func(r Received) bool { return !r.Concealed })
	if first < 149 || first > 150 || received(out) != 50 {
		t.Errorf("sound from second 3 stands at slot %d, %d frames", first, received(out))
	}
}

func TestTimestampJumps(t *testing.T) {
	for _, jump := range []uint32{1 << 30, 3 << 30, 1000000, math.MaxUint32 - 499} {
		j := newJitter()
		k := newTalker()
		all := k.talk(0, 100, nil)
		k.timestamp += jump
		all = append(all, k.talk(2*time.Second, 100, nil)...)
		out := play(t, j, all, 4*time.Second)
		if received(out) != 200 || len(out) > 202 {
			t.Errorf("jump of %d: %d of %d frames whole", int32(jump), received(out), len(out))
		}
	}
}

func TestSequenceRestart(t *testing.T) {
	j := newJitter()
	k := newTalker()
	all := k.talk(0, 100, nil)
	k.sequence += 20000
	k.timestamp += 12345678
	all = append(all, k.talk(2*time.Second, 100, nil)...)
	out := play(t, j, all, 4*time.Second)
	if n := received(out); n != 199 { // the first is not believed yet
		t.Errorf("%d frames whole", n)
	}
	stray := newJitter()
	all = newTalker().talk(0, 100, nil)
	odd := all[50]
	odd.sequence += 30000
	odd.at += ms
	if out = play(t, stray, append(all, odd), 2*time.Second); received(out) != 100 || stray.invalid != 1 {
		t.Errorf("a stray packet: %d frames whole, %d invalid", received(out), stray.invalid)
	}
}

func TestLossLongerThanTheRing(t *testing.T) {
	j := newJitter()
	all := newTalker().talk(0, 300, nil)
	out := play(t, j, slices.Delete(all, 100, 200), 6*time.Second)
	if j.lost != 100 || received(out) != 200 {
		t.Errorf("lost %d, %d frames whole", j.lost, received(out))
	}
	if first := slices.IndexFunc(out[150:], func(r Received) bool { return !r.Concealed }) + 150; first < 199 || first > 201 {
		t.Errorf("sound goes on at slot %d, want 200", first)
	}
}

func TestBigPacketsBehindAGap(t *testing.T) {
	j := newJitter()
	k := newTalker()
	var all []journey
	for i := range 20 {
		all = append(all, k.packet(time.Duration(i)*100*ms, 800)) // ptime 100, more than the ring holds
	}
	out := play(t, j, slices.Delete(all, 10, 11), 2*time.Second)
	if j.lost != 1 || received(out) < 93 {
		t.Errorf("lost %d, %d frames whole", j.lost, received(out))
	}
}

// FuzzJitter throws any sequence of packets and times at the buffer: the time line stays gapless and near the clock.
func FuzzJitter(f *testing.F) {
	f.Add([]byte{0, 0, 20, 160, 1, 0, 20, 160, 2, 0, 20, 160})
	f.Add([]byte{0, 0, 20, 160, 5, 0, 20, 160, 2, 0, 20, 160, 200, 9, 255, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		j := newJitter()
		slots := int64(0)
		j.line.emit = func(r Received) {
			if r.At != time.Duration(slots)*audio.FrameDur {
				t.Fatalf("slot %d at %v", slots, r.At)
			}
			slots++
		}
		now, payload := time.Duration(0), make([]byte, 4*255)
		for ; len(b) >= 4; b = b[4:] {
			for range b[2] / 20 { // the clock never stops for longer
				now += 20 * ms
				j.tick(now)
			}
			now += time.Duration(b[2]%20) * ms
			a := arrival{
				content: content(b[1] % 3), codec: PCMU + Codec(b[1]>>2&1), sequence: uint16(b[0]) << (b[1] >> 5),
				timestamp: uint32(b[0]) * slot << (b[1] >> 3 & 3), payload: payload[:int(b[3])*int(b[1]>>6+1)],
			}
			j.push(now, a)
			j.tick(now)
			if lead := j.line.lead(now); lead < -mostBound-20*ms || lead > mostLead+200*ms {
				t.Fatalf("the time line is %v ahead", lead)
			}
			if j.waiting < 0 || j.waiting > held {
				t.Fatalf("%d packets wait", j.waiting)
			}
		}
	})
}

func TestJitterAllocatesNothing(t *testing.T) {
	j := newJitter()
	j.line.emit = func(Received) {}
	p := newTalker().packet(0, slot)
	now := time.Duration(0)
	i := 0
	if n := testing.AllocsPerRun(500, func() {
		j.tick(now)
		now += 20 * ms
		p.sequence++
		p.timestamp += slot
		if i++; i%10 != 0 { // losses included
			j.push(now, p.arrival)
		}
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
	if j.lost == 0 {
		t.Error("nothing was lost: the test measures less than it says")
	}
}

func BenchmarkJitter(b *testing.B) {
	for _, c := range []struct {
		name string
		loss int
	}{{"in order", 1 << 30}, {"5% lost", 20}} {
		b.Run(c.name, func(b *testing.B) {
			j := newJitter()
			j.line.emit = func(Received) {}
			p := newTalker().packet(0, slot)
			now := time.Duration(0)
			b.ReportAllocs()
			for i := 1; b.Loop(); i++ {
				now += 20 * ms
				p.sequence++
				p.timestamp += slot
				if i%c.loss != 0 {
					j.push(now, p.arrival)
				}
				j.tick(now)
			}
		})
	}
}
