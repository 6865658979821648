package room

import (
	"context"
	"errors"
	"io"
	"slices"
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

// Tones of who talks.
const (
	agentHz = 1900.0
	annHz   = 700.0
	bobHz   = 1100.0
	cyHz    = 2500.0
)

// An agent reads its leg and remembers what it read.
type agent struct {
	leg.Leg
	mu     sync.Mutex // guards all below
	events []leg.Event
	at     []time.Time
	err    error
	over   chan struct{}
}

func listen(ctx context.Context, l leg.Leg) *agent {
	a := &agent{Leg: l, over: make(chan struct{})}
	go func() {
		defer close(a.over)
		for {
			e, err := l.Read(ctx)
			a.mu.Lock()
			if err != nil {
				a.err = err
				a.mu.Unlock()
				return
			}
			a.events, a.at = append(a.events, e), append(a.at, time.Now())
			a.mu.Unlock()
		}
	}()
	return a
}

func (a *agent) of(kinds ...leg.Kind) (all []leg.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.events {
		if slices.Contains(kinds, e.Kind) {
			all = append(all, e)
		}
	}
	return all
}

func frames(evs []leg.Event) (fs []audio.Frame) {
	for _, e := range evs {
		fs = append(fs, e.Frame)
	}
	return fs
}

// forget is for the next question.
func (a *agent) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events, a.at = nil, nil
}

func (a *agent) say(t *testing.T, hz float64, d time.Duration) {
	t.Helper()
	for _, f := range legtest.Tone(hz, d, 8000) {
		if err := a.Play(context.Background(), f); err != nil {
			t.Errorf("the agent cannot speak: %v", err)
			return
		}
	}
}

// A scene is a room in virtual time with Ann in it, and the agent.
type scene struct {
	*testing.T
	ctx   context.Context
	room  *Room
	ann   *legtest.Phone
	agent *agent
}

func play(t *testing.T, act func(s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ann, l := legtest.Pipe(ctx)
		r := New(l)
		s := &scene{t, ctx, r, ann, listen(ctx, r.Agent())}
		time.Sleep(time.Second)
		act(s)
		_ = r.Agent().Hangup(ctx, parley.AgentEnded)
		<-s.agent.over
	})
}

func (s *scene) join() (*legtest.Phone, *Member) {
	p, l := legtest.Pipe(s.ctx)
	return p, s.room.Join(s.ctx, l)
}

// hears counts the frames of each tone that a phone hears while act goes on, and a moment after.
func hears(p *legtest.Phone, act func()) func(hz float64) int {
	before := len(p.Ear())
	act()
	time.Sleep(200 * time.Millisecond)
	ear := p.Ear()[before:]
	return func(hz float64) int { return legtest.Count(ear, hz) }
}

// few are frames at the borders of a tone, which carry half of it.
const few = 2

func TestEveryoneHearsAllOthers(t *testing.T) {
	play(t, func(s *scene) {
		bob, _ := s.join()
		cy, _ := s.join()
		time.Sleep(500 * time.Millisecond)
		phones := map[float64]*legtest.Phone{annHz: s.ann, bobHz: bob, cyHz: cy, agentHz: nil}
		for hz, speaker := range phones {
			before := map[float64]int{}
			for who, p := range phones {
				if p != nil {
					before[who] = len(p.Ear())
				}
			}
			s.agent.forget()
			if speaker == nil {
				s.agent.say(t, hz, 400*time.Millisecond)
			} else {
				speaker.SayTone(hz, 400*time.Millisecond)
			}
			time.Sleep(700 * time.Millisecond)
			for who, p := range phones {
				want := 20
				if who == hz {
					want = 0
				}
				var n int
				if p != nil {
					n = legtest.Count(p.Ear()[before[who]:], hz)
				} else {
					n = legtest.Count(frames(s.agent.of(leg.Audio)), hz)
				}
				if n > want || n < want-few {
					t.Errorf("of 20 frames that %v Hz says %v Hz hears %d", hz, who, n)
				}
			}
		}
	})
}

// All talk at once, and everybody hears the sum without what they say themselves.
func TestAllAtOnce(t *testing.T) {
	play(t, func(s *scene) {
		bob, _ := s.join()
		cy, _ := s.join()
		time.Sleep(300 * time.Millisecond)
		n := len(s.ann.Ear())
		s.ann.SayTone(annHz, time.Second)
		bob.SayTone(bobHz, time.Second)
		cy.SayTone(cyHz, time.Second)
		time.Sleep(800 * time.Millisecond)
		f := s.ann.Ear()[n+25]
		share := func(hz float64) float64 { return audio.Goertzel(f[:], hz, audio.Rate) }
		if share(bobHz) < 0.4 || share(cyHz) < 0.4 || share(annHz) > 0.05 {
			t.Errorf("Ann hears %.2f of herself, %.2f of Bob, %.2f of Cy", share(annHz), share(bobHz), share(cyHz))
		}
		time.Sleep(time.Second)
	})
}

// Who waits hears music from then on, without a gap, and nobody hears them.
func TestHold(t *testing.T) {
	play(t, func(s *scene) {
		bob, _ := s.join()
		time.Sleep(300 * time.Millisecond)
		s.room.First().Hold(true)
		if !s.room.First().Waits() {
			t.Error("Ann does not wait")
		}
		s.agent.forget()
		n, from := len(s.ann.Heard()), time.Now()
		s.ann.SayTone(annHz, 3*time.Second)
		heard := hears(bob, func() {
			s.agent.say(t, agentHz, 400*time.Millisecond)
			time.Sleep(5 * time.Second)
		})
		if heard(annHz) > 0 || heard(agentHz) < 20-few || legtest.Count(frames(s.agent.of(leg.Audio)), annHz) > 1 {
			t.Errorf("Bob hears %d frames of Ann, who waits, and %d of the agent", heard(annHz), heard(agentHz))
		}
		music := s.ann.Heard()[n:]
		var gaps []time.Duration
		if len(music) < int(time.Since(from)/audio.FrameDur)-3 {
			t.Errorf("Ann hears %d frames in %v", len(music), time.Since(from))
		}
		for i, h := range music {
			if i > 5 && (!legtest.Loud(h.Frame) && h.Frame.DBFS() < -60) {
				t.Errorf("no music at %v", h.At)
			}
			if i > 0 && h.At-music[i-1].At != audio.FrameDur {
				gaps = append(gaps, h.At-music[i-1].At)
			}
		}
		// Room and telephone tick at the same instant here, in either order: when that changes a frame comes a step late, once.
		if len(gaps) > 1 || len(gaps) == 1 && gaps[0] > 2*audio.FrameDur {
			t.Errorf("gaps in the music: %v", gaps)
		}
		s.room.First().Hold(false)
		time.Sleep(200 * time.Millisecond)
		if n := hears(s.ann, func() { bob.SayTone(bobHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(bobHz) < 20-few {
			t.Errorf("back from hold Ann hears %d frames of Bob", n(bobHz))
		}
	})
}

// Alone on hold: the agent is told that nobody hears it, and its voice goes nowhere at the pace of speech.
func TestHoldAlone(t *testing.T) {
	play(t, func(s *scene) {
		s.room.First().HoldWith(hold.NewRinging())
		time.Sleep(time.Second)
		if e := s.agent.of(leg.Held, leg.Resumed); len(e) != 1 || e[0].Kind != leg.Held {
			t.Errorf("the agent was told %v", e)
		}
		if f := s.ann.Ear(); len(f) < 40 || audio.Goertzel(f[len(f)-1][:], 440, audio.Rate) < 0.2 {
			t.Error("Ann does not hear ringing")
		}
		from := time.Now()
		heard := hears(s.ann, func() {
			s.agent.say(t, agentHz, 2*time.Second)
			_ = s.agent.Mark(9)
			time.Sleep(1500 * time.Millisecond)
		})
		if heard(agentHz) > 0 || time.Since(from) < 2*time.Second {
			t.Errorf("Ann, who waits, hears %d frames of the agent", heard(agentHz))
		}
		if m := s.agent.of(leg.Marked); len(m) != 1 || m[0].Mark != 9 {
			t.Errorf("marks of what nobody heard: %v", m)
		}
		s.room.First().Hold(false)
		time.Sleep(time.Second)
		if e := s.agent.of(leg.Held, leg.Resumed); len(e) != 2 || e[1].Kind != leg.Resumed {
			t.Errorf("the agent was told %v", e)
		}
		if s.room.mixes() {
			t.Error("it is still mixed though Ann is alone")
		}
	})
}

// Whatever happens, the agent's time lines go on by 20 ms a frame, and with the clock.
func TestTimeLinesGoOn(t *testing.T) {
	play(t, func(s *scene) {
		began := time.Now().Add(-time.Second)
		bob, m := s.join()
		time.Sleep(3 * time.Second)
		s.room.First().Hold(true)
		time.Sleep(time.Second)
		s.room.First().Hold(false)
		bob.Hangup()
		<-m.Done()
		time.Sleep(3 * time.Second)
		if s.room.mixes() {
			t.Fatal("it is still mixed")
		}
		cy, _ := s.join()
		time.Sleep(time.Second)
		cy.Hangup()
		time.Sleep(time.Second)
		_ = s.room.First().Take()
		<-s.agent.over
		for _, k := range []leg.Kind{leg.Audio, leg.Played} {
			evs := s.agent.of(k)
			for i := 1; i < len(evs); i++ {
				if d := evs[i].At - evs[i-1].At; d != audio.FrameDur {
					t.Errorf("kind %d: %v after %v", k, evs[i].At, evs[i-1].At)
				}
			}
			if off := time.Since(began) - evs[len(evs)-1].At; off < -audio.FrameDur || off > 200*time.Millisecond {
				t.Errorf("kind %d: the line is %v behind the clock", k, off)
			}
		}
	})
}

// What the agent is saying when somebody joins is heard to its end, in order and without a gap, and its marks come back as it is.
func TestSentenceGoesOn(t *testing.T) {
	play(t, func(s *scene) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 10 {
				s.agent.say(t, agentHz, 300*time.Millisecond)
				if err := s.agent.Mark(uint64(i + 1)); err != nil {
					t.Error(err)
				}
			}
		}()
		time.Sleep(400 * time.Millisecond)
		bob, m := s.join()
		<-done
		time.Sleep(1500 * time.Millisecond)
		gaps := 0
		heard := s.ann.Heard()
		heard = heard[slices.IndexFunc(heard, func(h legtest.Heard) bool { return legtest.Carries(h.Frame, agentHz) }):]
		for _, h := range heard[:150] {
			if !legtest.Carries(h.Frame, agentHz) {
				gaps++
			}
		}
		if gaps > few {
			t.Errorf("Ann hears %d frames of something else within it", gaps)
		}
		if total := legtest.Count(s.ann.Ear(), agentHz); total < 150-few || total > 150 {
			t.Errorf("Ann hears %d frames of 150", total)
		}
		if got := legtest.Count(bob.Ear(), agentHz); got < 50 || got > 130 {
			t.Errorf("Bob, who came in between, hears %d frames", got)
		}
		var marks []uint64
		for _, e := range s.agent.of(leg.Marked, leg.Dropped) {
			if e.Kind == leg.Dropped {
				t.Errorf("mark %d was dropped", e.Mark)
			}
			marks = append(marks, e.Mark)
		}
		if !slices.Equal(marks, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
			t.Errorf("marks %v", marks)
		}
		if got := legtest.Count(frames(s.agent.of(leg.Played)), agentHz); got < 150-few || got > 150 {
			t.Errorf("%d frames of 150 are told as played", got)
		}
		// and so it is when he leaves in the middle of one
		s.agent.forget()
		then := hears(s.ann, func() {
			go func() {
				s.agent.say(t, agentHz, 2*time.Second)
				_ = s.agent.Mark(11)
			}()
			time.Sleep(500 * time.Millisecond)
			bob.Hangup()
			<-m.Done()
			time.Sleep(3 * time.Second)
		})
		if then(agentHz) < 100-few || len(s.agent.of(leg.Marked)) != 1 || s.room.mixes() {
			t.Errorf("Ann hears %d frames of 100, %d marks, mixed %v", then(agentHz), len(s.agent.of(leg.Marked)), s.room.mixes())
		}
	})
}

// Who interrupts an agent that several hear silences it within a few frames.
func TestClear(t *testing.T) {
	for _, early := range []bool{true, false} { // while what was queued before is still played, and later
		play(t, func(s *scene) {
			if early {
				s.agent.say(t, agentHz, 800*time.Millisecond)
				_ = s.agent.Mark(1)
			}
			bob, _ := s.join()
			if !early {
				time.Sleep(500 * time.Millisecond)
				s.agent.say(t, agentHz, 800*time.Millisecond)
				_ = s.agent.Mark(1)
			}
			time.Sleep(200 * time.Millisecond)
			annHeard, bobHeard := legtest.Count(s.ann.Ear(), agentHz), legtest.Count(bob.Ear(), agentHz)
			if err := s.agent.Clear(); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
			if more := legtest.Count(s.ann.Ear(), agentHz) - annHeard; more > 4 {
				t.Errorf("early %v: Ann hears %d frames after that", early, more)
			}
			if more := legtest.Count(bob.Ear(), agentHz) - bobHeard; more > 4 {
				t.Errorf("early %v: Bob hears %d frames after that", early, more)
			}
			if m := s.agent.of(leg.Dropped, leg.Marked); len(m) != 1 || m[0].Kind != leg.Dropped || m[0].Mark != 1 {
				t.Errorf("early %v: marks %v", early, m)
			}
			if n := hears(bob, func() { s.agent.say(t, agentHz, 200*time.Millisecond); time.Sleep(200 * time.Millisecond) }); n(agentHz) < 10-few {
				t.Errorf("early %v: of what is said after it Bob hears %d frames", early, n(agentHz))
			}
		})
	}
}

func TestTheFirstLeaves(t *testing.T) {
	play(t, func(s *scene) {
		bob, m := s.join()
		_ = s.agent.Mark(1)
		time.Sleep(time.Second)
		s.agent.say(t, agentHz, time.Second)
		_ = s.agent.Mark(2)
		s.ann.Hangup()
		<-s.agent.over
		if !errors.Is(s.agent.err, io.EOF) {
			t.Errorf("the agent's leg ends with %v", s.agent.err)
		}
		if d := s.agent.of(leg.Dropped); len(d) != 1 || d[0].Mark != 2 {
			t.Errorf("dropped %v", d)
		}
		select {
		case <-m.Done():
			t.Error("Bob has gone before he was hung up")
		default:
		}
		if err := s.agent.Hangup(s.ctx, parley.CallerHungUp); err != nil {
			t.Error(err)
		}
		<-m.Done()
		if bob.Cause() != parley.CallerHungUp {
			t.Errorf("Bob was hung up with %q", bob.Cause())
		}
		if err := s.agent.Play(s.ctx, audio.Frame{}); !errors.Is(err, io.EOF) {
			t.Errorf("Play afterwards: %v", err)
		}
		if _, err := s.agent.Read(s.ctx); !errors.Is(err, io.EOF) {
			t.Errorf("Read afterwards: %v", err)
		}
		cy, late := s.join()
		<-late.Done()
		if late.Take() != nil || cy.Cause() == "" {
			t.Error("who joins a room that is over stays")
		}
	})
}

// How the first leg ended is how the agent's ends, mixed or not.
func TestLimitsAreTold(t *testing.T) {
	for _, others := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			_, l := legtest.PipeLimits(ctx, leg.Limits{MaxDuration: 2 * time.Second})
			r := New(l)
			a := listen(ctx, r.Agent())
			for range others {
				_, o := legtest.Pipe(ctx)
				r.Join(ctx, o)
			}
			<-a.over
			var gone *leg.GoneError
			if !errors.As(a.err, &gone) || gone.Cause != parley.DurationLimit {
				t.Errorf("with %d others it ends with %v", others, a.err)
			}
			_ = r.Agent().Hangup(ctx, gone.Cause)
		})
	}
}

func TestAnotherLeaves(t *testing.T) {
	play(t, func(s *scene) {
		bob, m := s.join()
		cy, _ := s.join()
		time.Sleep(300 * time.Millisecond)
		bob.Hangup()
		<-m.Done()
		if m.Take() != nil {
			t.Error("a leg that has gone can be taken")
		}
		m.Hold(true)
		if n := hears(s.ann, func() { cy.SayTone(cyHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(cyHz) < 20-few {
			t.Errorf("Ann hears %d frames of Cy when Bob has left", n(cyHz))
		}
		if n := len(s.room.Members()); n != 2 {
			t.Errorf("%d members", n)
		}
	})
}

func TestTake(t *testing.T) {
	play(t, func(s *scene) {
		_, m := s.join()
		cy, _ := s.join()
		s.room.First().Hold(true)
		s.agent.say(t, agentHz, 500*time.Millisecond)
		_ = s.agent.Mark(1)
		time.Sleep(time.Second)
		first := s.room.First()
		l := first.Take()
		if l == nil || s.room.First() != m {
			t.Fatal("Ann was not taken out, or Bob is not the first now")
		}
		<-first.Done()
		n := len(s.ann.Ear())
		time.Sleep(500 * time.Millisecond)
		if more := len(s.ann.Ear()) - n; more > 0 {
			t.Errorf("Ann still hears %d frames of the room", more)
		}
		out := listen(s.ctx, l)
		s.ann.SayTone(annHz, 200*time.Millisecond)
		time.Sleep(400 * time.Millisecond)
		if legtest.Count(frames(out.of(leg.Audio)), annHz) < 10-few || len(out.of(leg.Marked, leg.Dropped)) > 0 {
			t.Error("the leg that was taken out is not as one that never was in a room")
		}
		_ = l.Hangup(s.ctx, "")
		<-out.over
		if n := hears(cy, func() { s.agent.say(t, agentHz, 400*time.Millisecond); time.Sleep(400 * time.Millisecond) }); n(agentHz) < 20-few {
			t.Errorf("Cy hears %d frames of the agent", n(agentHz))
		}
	})
}

// Taken out while the agent's words are still under way, a leg gives back their marks.
func TestTakeInASentence(t *testing.T) {
	play(t, func(s *scene) {
		s.agent.say(t, agentHz, 800*time.Millisecond)
		_ = s.agent.Mark(1)
		s.join()
		l := s.room.First().Take()
		time.Sleep(300 * time.Millisecond)
		if d := s.agent.of(leg.Dropped); len(d) != 1 || d[0].Mark != 1 {
			t.Errorf("dropped %v", d)
		}
		_ = l.Hangup(s.ctx, "")
	})
}

func TestTakeTheLast(t *testing.T) {
	for _, mixed := range []bool{false, true} {
		play(t, func(s *scene) {
			s.room.First().Hold(mixed)
			l := s.room.First().Take()
			<-s.agent.over
			if !errors.Is(s.agent.err, io.EOF) {
				t.Errorf("the agent's leg ends with %v", s.agent.err)
			}
			_ = s.room.Agent().Hangup(s.ctx, parley.AgentEnded)
			select {
			case <-s.ann.Gone():
				t.Error("who was taken out is hung up with the room")
			default:
			}
			_ = l.Hangup(s.ctx, "")
		})
	}
}

// mixes reports whether somebody stands between the agent and its only leg.
func (r *Room) mixes() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mixing != nil
}
