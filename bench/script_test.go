package bench

import (
	"testing"
	"time"
)

// scene runs a script in steps of 20 ms against an agent that says something from and to a time after the caller's last
// speech, or falls silent so long after it is interrupted.
type scene struct {
	answer  time.Duration // after the last speech; 0: never
	lasts   time.Duration
	stopsIn time.Duration
}

func play(t *testing.T, s *script, sc scene, limit time.Duration) (frames int) {
	t.Helper()
	now := time.Unix(1_000_000, 0)
	if s.next(now) >= 0 || s.step == finished {
		t.Fatal("it does not wait for start")
	}
	s.start(now, time.Second, now.Add(limit))
	var from, to, interrupted time.Time
	var seen time.Time
	for end := now.Add(limit + 2*time.Minute); s.step != finished; now = now.Add(20 * time.Millisecond) {
		if now.After(end) {
			t.Fatalf("still at step %d after %v", s.step, limit)
		}
		if s.next(now) >= 0 {
			frames++
			if interrupted.IsZero() && !now.After(to) && !now.Before(from) {
				interrupted = now
				to = now.Add(sc.stopsIn)
			}
		}
		if s.spoke != seen && !s.spoke.IsZero() && sc.answer > 0 {
			seen = s.spoke
			from, to, interrupted = s.spoke.Add(sc.answer), s.spoke.Add(sc.answer+sc.lasts), time.Time{}
		}
		if !from.IsZero() && !now.Before(from) && now.Before(to) {
			s.sound(now)
		}
	}
	return frames
}

func words(t *testing.T) *utterance {
	t.Helper()
	u, err := newUtterance()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestScriptMeasures(t *testing.T) {
	u := words(t)
	s := newScript(u, 1)
	s.turns = 3
	frames := play(t, s, scene{answer: 700 * time.Millisecond, lasts: 3 * time.Second}, time.Hour)
	if len(s.answered) != 3 || s.lost != 0 || frames != 3*len(u.frames) {
		t.Fatalf("%d answered, %d lost, %d frames", len(s.answered), s.lost, frames)
	}
	for _, h := range s.answered {
		if h.gap < 700*time.Millisecond || h.gap > 720*time.Millisecond || h.stop != 0 {
			t.Errorf("%+v", h)
		}
	}
}

func TestScriptInterrupts(t *testing.T) {
	u := words(t)
	s := newScript(u, 2)
	s.turns, s.barge = 4, 2
	play(t, s, scene{answer: 700 * time.Millisecond, lasts: 8 * time.Second, stopsIn: 200 * time.Millisecond}, time.Hour)
	if len(s.answered) != 4 || s.lost != 0 {
		t.Fatalf("%d answered, %d lost", len(s.answered), s.lost)
	}
	for i, h := range s.answered {
		lead := time.Duration(u.first) * 20 * time.Millisecond // silence before the first speech
		if i%2 == 0 && h.stop != 0 {
			t.Errorf("turn %d was interrupted", i)
		}
		if i%2 == 1 && (h.stop+lead < 160*time.Millisecond || h.stop+lead > 220*time.Millisecond) {
			t.Errorf("turn %d: stopped after %v", i, h.stop)
		}
	}
}

func TestScriptLoses(t *testing.T) {
	s := newScript(words(t), 3)
	s.turns = 2
	play(t, s, scene{}, time.Hour)
	if s.lost != 2 || len(s.answered) != 0 {
		t.Errorf("%d answered, %d lost", len(s.answered), s.lost)
	}
}

// TestScriptEnds: no turn begins after the end, and one that has begun is finished.
func TestScriptEnds(t *testing.T) {
	s := newScript(words(t), 4)
	play(t, s, scene{answer: 700 * time.Millisecond, lasts: time.Second}, 20*time.Second)
	if n := len(s.answered); n < 2 || n > 6 || s.lost != 0 {
		t.Errorf("%d turns in 20 s, %d lost", n, s.lost)
	}
	s = newScript(words(t), 5)
	if f := play(t, s, scene{}, 0); f != 0 || s.turn != 0 {
		t.Errorf("%d frames were said after the end", f)
	}
}

// TestScriptBabbler: an agent that cannot be stopped ends every step in the end.
func TestScriptBabbler(t *testing.T) {
	s := newScript(words(t), 6)
	s.turns, s.barge = 1, 1
	play(t, s, scene{answer: 20 * time.Millisecond, lasts: time.Hour, stopsIn: time.Hour}, time.Minute)
	if len(s.answered) != 1 || s.lost != 1 || s.answered[0].stop < stopWithin-100*time.Millisecond {
		t.Errorf("%+v", s.answered)
	}
}
