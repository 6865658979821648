package rtp

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// TestCameIsWhenThePacketCame: whatever the jitter buffer makes a frame wait for, it says when its packet came; what was made up
// did not come.
func TestCameIsWhenThePacketCame(t *testing.T) {
	for name, mishap := range map[string]func(r *rand.Rand, i int) (delay time.Duration, lost bool){
		"in time": func(*rand.Rand, int) (time.Duration, bool) { return 0, false },
		"jitter":  func(r *rand.Rand, _ int) (time.Duration, bool) { return time.Duration(r.Int64N(int64(30 * ms))), false },
		"lost":    func(r *rand.Rand, i int) (time.Duration, bool) { return 0, i%10 == 7 },
		"both": func(r *rand.Rand, _ int) (time.Duration, bool) {
			return time.Duration(r.Int64N(int64(40 * ms))), r.IntN(50) == 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			j, k := newJitter(), newTalker()
			var sent []journey
			came := map[time.Duration]bool{}
			for i := range 1000 {
				p := k.packet(ms+time.Duration(i)*20*ms, slot)
				delay, lost := mishap(r, i)
				if p.at += delay; !lost {
					sent = append(sent, p)
					came[p.at] = true
				}
			}
			heard, waited := map[time.Duration]bool{}, 0
			now := time.Duration(0)
			emit := func(r Received) {
				switch {
				case r.Came == 0:
					if !r.Concealed {
						t.Errorf("the frame at %v came from nowhere", r.At)
					}
				case !came[r.Came]:
					t.Errorf("the frame at %v came at %v, when nothing did", r.At, r.Came)
				case heard[r.Came]:
					t.Errorf("two frames came at %v", r.Came)
				case r.Came > now:
					t.Errorf("at %v a frame comes that came at %v", now, r.Came)
				default:
					heard[r.Came] = true
					if r.Came < now {
						waited++
					}
				}
			}
			j.line.emit = emit
			playing(j, sent, &now)
			if lost := int(j.lost + j.late); len(heard) < 990-lost-int(j.line.removed) {
				t.Errorf("%d of 1000 frames came, %d were lost", len(heard), lost)
			}
			if name == "lost" && waited < 90 {
				t.Errorf("only %d frames waited behind a gap", waited)
			}
		})
	}
}

// playing hands packets and the clock's ticks to a buffer, and keeps now.
func playing(j *jitter, journeys []journey, now *time.Duration) {
	byTime(journeys)
	next := time.Duration(0)
	for _, p := range journeys {
		for ; next <= p.at; next += 20 * ms {
			*now = next
			j.tick(next)
		}
		*now = p.at
		j.push(p.at, p.arrival)
	}
}

// TestWaitIsUntilThePacketLeaves: with packets longer than a frame the frame's beginning leaves when its packet is full.
func TestWaitIsUntilThePacketLeaves(t *testing.T) {
	for _, c := range []Codec{PCMU, PCMA, G722, Opus} {
		for ptime := 10; ptime <= mostPtime; ptime += 10 {
			var e encoder
			e.down = audio.NewResampler(audio.Rate, clock)
			e.set(c, ptime)
			tone := audio.Sine(400, audio.Rate, -12)
			cut := 0                  // samples at 8 kHz that have left
			due := map[int][]int{}    // tick → first samples of frames that leave then
			buf := make([]byte, 2048) //
			for n := range 60 {
				var f audio.Frame
				tone.Fill(f[:])
				was := cut
				e.write(&f, nil)
				at := n + int(e.waits/audio.FrameDur)
				due[at] = append(due[at], n*slot)
				for {
					_, k := e.next(buf[:0], false)
					if k == 0 {
						break
					}
					cut += k
				}
				for _, first := range due[n] {
					if first < was || first >= cut {
						t.Fatalf("%v, %d ms: sample %d was to leave in tick %d, %d to %d did", c, ptime, first, n, was, cut)
					}
				}
			}
			e.close()
		}
	}
}
