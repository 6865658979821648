package room

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/hold"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// The agent leaves, and the others talk on, digits included, until one of them hangs up.
func TestDrop(t *testing.T) {
	play(t, func(s *scene) {
		bob, _ := s.join()
		s.room.First().Hold(true)
		time.Sleep(300 * time.Millisecond)
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.room.Drop(s.ctx)
		}()
		time.Sleep(300 * time.Millisecond)
		if err := s.agent.Play(s.ctx, audio.Frame{}); err == nil {
			t.Error("an agent that has left can speak")
		}
		s.room.First().Hold(true) // nobody is left to take her off it
		s.agent.forget()
		if n := hears(bob, func() { s.ann.SayTone(annHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(annHz) < 20-few {
			t.Errorf("Bob hears %d frames of Ann", n(annHz))
		}
		if n := hears(s.ann, func() { bob.SayTone(bobHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(bobHz) < 20-few {
			t.Errorf("Ann hears %d frames of Bob", n(bobHz))
		}
		if n := legtest.Count(frames(s.agent.of(leg.Audio)), annHz); n < 20-few {
			t.Errorf("a recording of it has %d frames of Ann", n)
		}
		s.ann.Press("7#")
		time.Sleep(100 * time.Millisecond)
		if bob.Digits() != "7#" || len(s.agent.of(leg.DTMF)) > 0 {
			t.Errorf("Bob gets the digits %q", bob.Digits())
		}
		select {
		case <-done:
			t.Fatal("it is over though two are there")
		default:
		}
		s.ann.Hangup()
		<-done
		<-s.agent.over
		if bob.Cause() != parley.Transferred {
			t.Errorf("Bob was hung up with %q", bob.Cause())
		}
	})
}

func TestDropEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		others int
		end    func(cancel func())
	}{
		"one is left":        {0, func(func()) {}},
		"the call is cut":    {1, func(cancel func()) { cancel() }},
		"somebody hangs up":  {1, nil},
		"two of three leave": {2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *scene) {
				var bobs []*legtest.Phone
				for range tc.others {
					b, _ := s.join()
					bobs = append(bobs, b)
				}
				ctx, cancel := context.WithCancel(s.ctx)
				defer cancel()
				done := make(chan struct{})
				go func() {
					defer close(done)
					s.room.Drop(ctx)
				}()
				if tc.end != nil {
					tc.end(cancel)
				}
				for _, b := range bobs {
					if tc.end == nil {
						time.Sleep(time.Second)
						b.Hangup()
					}
				}
				<-done
				<-s.ann.Gone()
				for _, b := range bobs {
					<-b.Gone()
				}
			})
		})
	}
}

// The first may leave once the agent has: the others talk on.
func TestTheFirstLeavesTheOthers(t *testing.T) {
	play(t, func(s *scene) {
		bob, _ := s.join()
		cy, _ := s.join()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.room.Drop(s.ctx)
		}()
		time.Sleep(300 * time.Millisecond)
		s.ann.Hangup()
		if n := hears(cy, func() { bob.SayTone(bobHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(bobHz) < 20-few {
			t.Errorf("Cy hears %d frames of Bob", n(bobHz))
		}
		cy.Hangup()
		<-done
	})
}

func TestDigits(t *testing.T) {
	play(t, func(s *scene) {
		bob, m := s.join()
		time.Sleep(300 * time.Millisecond)
		s.ann.Press("1")
		time.Sleep(50 * time.Millisecond)
		bob.Press("2")
		time.Sleep(50 * time.Millisecond)
		m.Hold(true)
		bob.Press("3")
		time.Sleep(50 * time.Millisecond)
		var got []byte
		for _, e := range s.agent.of(leg.DTMF) {
			got = append(got, e.Digit)
		}
		if string(got) != "12" {
			t.Errorf("the agent gets %q", got)
		}
		if bob.Digits()+s.ann.Digits() != "" {
			t.Error("members get each other's digits while the agent is there")
		}
		if err := s.agent.SendDTMF(s.ctx, "x"); !errors.Is(err, leg.ErrDigit) {
			t.Errorf("no digit: %v", err)
		}
		if err := s.agent.SendDTMF(s.ctx, "42"); err != nil {
			t.Error(err)
		}
		n := hears(s.ann, func() { s.agent.say(t, agentHz, 400*time.Millisecond); time.Sleep(time.Second) })
		if s.ann.Digits() != "42" || bob.Digits() != "" {
			t.Errorf("the agent's digits: Ann gets %q, Bob, who waits, %q", s.ann.Digits(), bob.Digits())
		}
		if n(agentHz) < 20-few {
			t.Errorf("of what follows them Ann hears %d frames", n(agentHz))
		}
	})
}

// Somebody's own hold keeps nobody else from hearing, and what they missed is not caught up on.
func TestAFarEndHolds(t *testing.T) {
	play(t, func(s *scene) {
		bob, _ := s.join()
		time.Sleep(300 * time.Millisecond)
		bob.Hold()
		n := hears(s.ann, func() { s.agent.say(t, agentHz, 3*time.Second); time.Sleep(time.Second) })
		if n(agentHz) < 150-few {
			t.Errorf("Ann hears %d frames of 150 while Bob has put us on hold", n(agentHz))
		}
		if len(s.agent.of(leg.Held)) > 0 {
			t.Error("the agent is told that it is held though Ann hears it")
		}
		s.ann.Hold()
		time.Sleep(100 * time.Millisecond)
		bob.Resume()
		time.Sleep(300 * time.Millisecond)
		if e := s.agent.of(leg.Held, leg.Resumed); len(e) != 2 {
			t.Errorf("the agent is told %v", e)
		}
		if late := hears(bob, func() {}); late(agentHz) > queueMost+1 {
			t.Errorf("Bob hears %d frames of what was said before", late(agentHz))
		}
		if n := hears(bob, func() { s.agent.say(t, agentHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(agentHz) < 20-few {
			t.Errorf("afterwards Bob hears %d frames of 20", n(agentHz))
		}
	})
}

func TestReferrals(t *testing.T) {
	play(t, func(s *scene) {
		var mu sync.Mutex // guards codes
		var codes []int
		ask := func() {
			s.ann.Send(leg.NewReferral("+15550001111", "", func(code int) {
				mu.Lock()
				defer mu.Unlock()
				codes = append(codes, code)
			}))
			time.Sleep(100 * time.Millisecond)
		}
		ask()
		if e := s.agent.of(leg.Referred); len(e) != 1 || e[0].Referral.To != "+15550001111" {
			t.Errorf("alone, the agent is asked %v", e)
		}
		if err := s.agent.Refer(s.ctx, "1"); !errors.Is(err, errors.ErrUnsupported) || len(s.ann.Refers()) != 1 {
			t.Errorf("alone, the far end is not asked: %v", err)
		}
		s.join()
		ask()
		mu.Lock()
		defer mu.Unlock()
		if len(codes) != 1 || codes[0] != 603 {
			t.Errorf("one of several is told %v", codes)
		}
		if err := s.agent.Refer(s.ctx, "1"); !errors.Is(err, errors.ErrUnsupported) || len(s.ann.Refers()) != 1 {
			t.Errorf("one of several is sent away: %v", err)
		}
	})
}

// a hum is a background that notices two users at once.
type hum struct {
	mu   sync.Mutex
	tone *audio.Tone
	n    int
}

func (h *hum) Under(f *audio.Frame, _ bool) {
	if !h.mu.TryLock() {
		panic("two at once")
	}
	defer h.mu.Unlock()
	h.n++
	var g audio.Frame
	h.tone.Fill(g[:])
	f.Mix(&g, 1)
}

// The agent's background goes with its voice, to all who hear it and in one piece, and stays when it is alone with one again.
func TestBackground(t *testing.T) {
	play(t, func(s *scene) {
		const hz = 1500
		h := &hum{tone: audio.Sine(hz, audio.Rate, -20)}
		s.agent.Leg.(leg.Backgrounded).Background(h)
		time.Sleep(500 * time.Millisecond)
		bob, m := s.join()
		time.Sleep(time.Second)
		for who, p := range map[string]*legtest.Phone{"Ann": s.ann, "Bob": bob} {
			if n := hears(p, func() { time.Sleep(time.Second) }); n(hz) < 55 {
				t.Errorf("%s hears %d frames of the background in 1.2 s", who, n(hz))
			}
		}
		m.Hold(true)
		time.Sleep(100 * time.Millisecond)
		if n := hears(bob, func() { time.Sleep(time.Second) }); n(hz) > 0 {
			t.Errorf("Bob, who waits, hears %d frames of the background", n(hz))
		}
		bob.Hangup()
		<-m.Done()
		time.Sleep(time.Second)
		if n := hears(s.ann, func() { time.Sleep(time.Second) }); n(hz) < 55 || s.room.mixes() {
			t.Errorf("alone again Ann hears %d frames of it", n(hz))
		}
		if lived := 500 * time.Millisecond / audio.FrameDur; h.n < int(lived) {
			t.Errorf("it went on for %d frames", h.n)
		}
		l := s.room.First().Take()
		if n := hears(s.ann, func() { time.Sleep(time.Second) }); n(hz) > 3 {
			t.Errorf("out of the room Ann hears %d frames of it", n(hz))
		}
		_ = l.Hangup(s.ctx, "")
	})
}

// While somebody is being called the others hear it ring, the agent does not, and they still talk.
func TestSound(t *testing.T) {
	play(t, func(s *scene) {
		s.room.Sound(hold.NewRinging())
		time.Sleep(time.Second)
		f := s.ann.Ear()
		if len(f) == 0 || audio.Goertzel(f[len(f)-1][:], 440, audio.Rate) < 0.2 {
			t.Error("Ann does not hear it ring")
		}
		for _, f := range frames(s.agent.of(leg.Audio)) {
			if f != (audio.Frame{}) {
				t.Fatal("the agent hears it ring")
			}
		}
		s.agent.forget()
		s.ann.SayTone(annHz, 400*time.Millisecond)
		time.Sleep(600 * time.Millisecond)
		if n := legtest.Count(frames(s.agent.of(leg.Audio)), annHz); n < 20-few {
			t.Errorf("the agent hears %d frames of Ann", n)
		}
		s.room.Sound(nil)
		time.Sleep(500 * time.Millisecond)
		if s.room.mixes() {
			t.Error("it is still mixed")
		}
	})
}

// A phone that sends in bursts, as one whose packets are 60 ms long, is heard whole.
func TestQueue(t *testing.T) {
	var q queue
	var f, out audio.Frame
	heard, n := 0, int16(0)
	for step := range 300 {
		if step%3 == 0 {
			for range 3 {
				n++
				f[0] = n
				q.push(&f, time.Time{})
			}
		}
		if q.next(&out); out[0] > 0 {
			heard++
		}
	}
	if heard < 295 {
		t.Errorf("%d frames of 300 are heard", heard)
	}
}

// A clock that is faster than ours, and a stall, cost no more than the quiet between words, and no lasting delay.
func TestQueueLosesItsSlack(t *testing.T) {
	var q queue
	var f, out audio.Frame
	edge := time.Now()
	for range 2 {
		for range queueMost {
			q.push(&f, edge)
		}
	}
	if q.n != queueMost {
		t.Fatalf("%d frames wait", q.n)
	}
	for range 2 * slackSteps {
		q.next(&out)
		q.push(&f, edge)
	}
	if q.n > 1 {
		t.Errorf("%d frames wait for nothing", q.n)
	}
	for range queueMost {
		q.push(&f, edge)
	}
	f[0], f[100] = 20000, -20000
	for range 4 * slackSteps { // nobody leaves words out
		q.push(&f, edge)
		q.next(&out)
	}
	if q.n < queueMost-2 {
		t.Errorf("of speech %d frames were left out", queueMost-q.n)
	}
}

// Nothing is lost, held up or left behind, whatever is done in whatever order.
func TestAtRandom(t *testing.T) {
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			ann, l := legtest.Pipe(ctx)
			room := New(l)
			a := listen(ctx, room.Agent())
			var wg sync.WaitGroup
			talking, hush := context.WithCancel(ctx)
			wg.Go(func() {
				for id := uint64(1); talking.Err() == nil; id++ {
					if a.Play(talking, legtest.Tone(agentHz, audio.FrameDur, 8000)[0]) != nil {
						return
					}
					if id%7 == 0 {
						_ = a.Mark(id)
					}
					if id%97 == 0 {
						_ = a.Clear()
					}
					if id%50 == 0 {
						time.Sleep(500 * time.Millisecond)
					}
				}
			})
			var taken []leg.Leg
			for range 60 {
				ms := room.Members()
				m := ms[r.IntN(len(ms))]
				switch r.IntN(6) {
				case 0, 1:
					_, l := legtest.Pipe(ctx)
					wg.Go(func() { room.Join(ctx, l) })
				case 2:
					m.Hold(true)
				case 3:
					wg.Go(func() { m.Hold(false) })
				case 4:
					if m != room.First() {
						if l := m.Take(); l != nil {
							taken = append(taken, l)
						}
					}
				case 5:
					room.Sound(nil)
				}
				time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond)
			}
			for _, m := range room.Members() {
				if m.Hold(false); m != room.First() {
					taken = append(taken, m.Take())
				}
			}
			hush()
			time.Sleep(2 * time.Second)
			if n := hears(ann, func() { a.say(t, agentHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(agentHz) < 20-few {
				t.Errorf("seed %d: in the end Ann hears %d frames of the agent", seed, n(agentHz))
			}
			if room.mixes() {
				t.Errorf("seed %d: in the end it is still mixed", seed)
			}
			_ = a.Hangup(ctx, parley.AgentEnded)
			for _, l := range taken {
				_ = l.Hangup(ctx, "")
			}
			<-a.over
			wg.Wait()
			var at time.Duration
			for _, e := range a.of(leg.Audio) {
				if at > 0 && e.At != at+audio.FrameDur {
					t.Errorf("seed %d: %v comes after %v", seed, e.At, at)
				}
				at = e.At
			}
		})
	}
}
