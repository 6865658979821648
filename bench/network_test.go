package bench

import (
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func TestNetwork(t *testing.T) {
	calm, rough := newWay(network{}, 1), newWay(network{loss: 0.1, jitter: 30 * time.Millisecond}, 1)
	again := newWay(network{loss: 0.1, jitter: 30 * time.Millisecond}, 1)
	n, most := 0, time.Duration(0)
	for range 10000 {
		if late, lost := calm.next(); late != 0 || lost {
			t.Fatal("a calm network loses or delays")
		}
		late, lost := rough.next()
		if l, x := again.next(); l != late || x != lost {
			t.Fatal("the same seed is another network")
		}
		if lost {
			n++
		}
		most = max(most, late)
	}
	if n < 900 || n > 1100 || most > 30*time.Millisecond || most < 29*time.Millisecond {
		t.Errorf("%d of 10000 were lost, the latest came after %v", n, most)
	}
}

// TestGapIsOfTheWire: what a network does to the caller's last words moves the gap; what comes once the agent speaks does not.
func TestGapIsOfTheWire(t *testing.T) {
	u := words(t)
	for name, c := range map[string]struct{ passed, want time.Duration }{
		"in time": {0, 700 * time.Millisecond}, "late": {15 * time.Millisecond, 685 * time.Millisecond},
		"the last was lost": {-20 * time.Millisecond, 720 * time.Millisecond},
	} {
		s := newScript(u, 1)
		s.turns = 1
		now := time.Unix(1_000_000, 0)
		s.start(now, 0, now.Add(time.Minute))
		for s.spoke.IsZero() {
			now = now.Add(20 * time.Millisecond)
			s.next(now)
		}
		s.passed(now.Add(c.passed))
		s.sound(now.Add(700 * time.Millisecond))
		s.passed(now.Add(710 * time.Millisecond))
		s.next(now.Add(720 * time.Millisecond))
		if len(s.answered) != 1 || s.answered[0].gap != c.want {
			t.Errorf("%s: %+v", name, s.answered)
		}
	}
}

func TestSaid(t *testing.T) {
	var s Said
	s.count([]float64{1, 2, 20, 21})
	if s.Within != 0.75 || s.Off.Max != 21 || s.Off.N != 4 {
		t.Errorf("%+v", s)
	}
	if s = (Said{}); s.Within != 0 {
		t.Error("nothing was said")
	}
}

// TestActionsAreAPart: what actions took is no vendor's.
func TestActionsAreAPart(t *testing.T) {
	var s stages
	const ms = time.Millisecond
	s.add(&parley.Latency{STT: 310 * ms, LLM: 200 * ms, Actions: 400 * ms, TTS: 360 * ms, Playout: 10 * ms, Total: 1280 * ms}, 1281*ms,
		Delays{STT: 300 * ms, LLM: 200 * ms, TTS: 150 * ms, Silence: 200 * ms})
	for name, want := range map[string]float64{"stt": 10, "llm": 0, "actions": 400, "tts": 10, "playout": 10, "wire": 1, "added": 431} {
		if got := s.stats()[name].Mean; got < want-0.01 || got > want+0.01 {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
}
