package capacity

import (
	"testing"
	"time"
)

// A machine makes samples: each call costs a share of a core, and something costs besides.
type machine struct {
	cores     int
	perCall   float64
	besides   float64
	late      bool
	calls     int
	lastState State
}

// run gives the gauge seconds of what the machine does, and counts how often it closed or opened.
func (m *machine) run(g *Gauge, seconds int) (turns int) {
	for range seconds {
		used := min(float64(m.calls)*m.perCall+m.besides, float64(m.cores))
		s := Sample{Took: Every, CPU: time.Duration(used * float64(Every)), Cores: m.cores, Calls: m.calls, Packets: uint64(50 * m.calls)}
		if m.late {
			s.Late = s.Packets / 20
		}
		before, after := g.Add(s)
		if before.Closed != after.Closed && (before.Closed == "" || after.Closed == "") {
			turns++
		}
		m.lastState = after
	}
	return turns
}

// TestCapacity: what is found after some seconds of the same.
func TestCapacity(t *testing.T) {
	for what, c := range map[string]struct {
		machine
		seconds  int
		capacity int
		room     int // for calls when none ran
		closed   string
	}{
		"nothing yet":            {machine{cores: 2}, 0, 0, -1, ""},
		"idle":                   {machine{cores: 2}, 60, 0, -1, ""},
		"little to do":           {machine{cores: 2, perCall: 0.005, calls: 40}, 60, 0, -1, ""},
		"half":                   {machine{cores: 2, perCall: 0.005, calls: 200}, 60, 400, 320, ""},
		"just below":             {machine{cores: 2, perCall: 0.005, calls: 318}, 60, 400, 320, ""},
		"80 %":                   {machine{cores: 2, perCall: 0.005, calls: 321}, 60, 400, 8, Busy},
		"more than it has":       {machine{cores: 2, perCall: 0.005, calls: 500}, 60, 500, 8, Busy},
		"dear calls":             {machine{cores: 4, perCall: 0.08, calls: 41}, 60, 50, 16, Busy},
		"first seconds":          {machine{cores: 2, besides: 2, calls: 100, late: true}, 9, 0, -1, ""},
		"busy without calls":     {machine{cores: 2, besides: 2}, 60, 0, 8, ""},
		"busy with few calls":    {machine{cores: 2, besides: 2, calls: 7, late: true}, 60, 0, 8, ""},
		"busy with as many":      {machine{cores: 2, besides: 2, calls: 8}, 60, 8, 8, Busy},
		"packets late":           {machine{cores: 2, perCall: 0.001, calls: 40, late: true}, 60, 0, 8, Late},
		"work beside some calls": {machine{cores: 2, perCall: 0.005, besides: 1, calls: 20}, 60, 36, 29, ""},
	} {
		g := &Gauge{full: 0.8}
		c.run(g, c.seconds)
		s := g.State()
		if d := s.Capacity - c.capacity; d < -1 || d > 1 || s.Closed != c.closed {
			t.Errorf("%s: %+v, not %d, %q", what, s, c.capacity, c.closed)
		}
		if d := g.Room(0) - c.room; d < -1 || d > 1 || g.Room(0) < 0 != (c.room < 0) {
			t.Errorf("%s: %d may be, not %d", what, g.Room(0), c.room)
		}
	}
}

// TestOff: without a share it measures, and closes never.
func TestOff(t *testing.T) {
	g, m := &Gauge{}, machine{cores: 2, perCall: 0.01, calls: 200, late: true}
	m.run(g, 60)
	if s := g.State(); s.Closed != "" || s.Load != 1 || s.Capacity != 200 || g.Room(300) >= 0 {
		t.Errorf("%+v, %d", s, g.Room(300))
	}
}

// TestSetFull: the share may change while it measures; 0 opens it at once.
func TestSetFull(t *testing.T) {
	g, m := &Gauge{}, machine{cores: 2, perCall: 0.01, calls: 100}
	m.run(g, 30)
	g.SetFull(0.4)
	if m.run(g, 1); m.lastState.Closed != Busy || g.Room(100) != 0 {
		t.Errorf("at 0.4: %+v, %d", m.lastState, g.Room(100))
	}
	g.SetFull(0)
	if s := g.State(); s.Closed != "" || g.Room(100) >= 0 {
		t.Errorf("switched off: %+v, %d", s, g.Room(100))
	}
}

// TestBadSecond: one bad second, or a few, end nothing, however many calls run.
func TestBadSecond(t *testing.T) {
	for seconds, turns := range map[int]int{1: 0, 2: 0, 4: 0, 5: 2, 9: 2} {
		g, m := &Gauge{full: 0.8}, machine{cores: 2, perCall: 0.005, calls: 100}
		n := m.run(g, 30)
		m.late = true
		n += m.run(g, seconds)
		m.late = false
		if n += m.run(g, 30); n != turns || m.lastState.Closed != "" {
			t.Errorf("%d late seconds: it changed %d times, and says %+v", seconds, n, m.lastState)
		}
	}
	g, m := &Gauge{full: 0.8}, machine{cores: 2, perCall: 0.005, calls: 100}
	n := m.run(g, 30)
	m.besides = 1.5
	n += m.run(g, 3)
	m.besides = 0
	if n += m.run(g, 30); n != 0 {
		t.Errorf("three seconds of other work: it changed %d times", n)
	}
}

// TestBesides: other work that lasts closes it while calls are in danger, and soon after it is over all is as before.
func TestBesides(t *testing.T) {
	g, m := &Gauge{full: 0.8}, machine{cores: 2, perCall: 0.005, calls: 100}
	m.run(g, 30)
	m.besides = 1.4
	if m.run(g, 30); m.lastState.Closed == "" {
		t.Fatalf("%+v", m.lastState)
	}
	m.besides = 0
	if m.run(g, 12); m.lastState.Closed != "" || m.lastState.Capacity < 390 || g.Room(100) < 210 {
		t.Errorf("after 12 s: %+v, %d", m.lastState, g.Room(100))
	}
	m.besides, m.calls = 2, 10
	m.run(g, 30)
	m.besides, m.calls = 0, 0
	m.run(g, 12)
	for m.calls = 1; m.calls < 150; m.calls++ { // what was learned of a bad time is forgotten with the next calls
		if m.run(g, 2); m.lastState.Closed != "" {
			t.Fatalf("with %d calls: %+v", m.calls, m.lastState)
		}
	}
}

// TestNoFlapping: calls that come as long as they are taken, and end by and by, close and open it a few times, not each second.
func TestNoFlapping(t *testing.T) {
	g, m := &Gauge{full: 0.8}, machine{cores: 2, perCall: 0.005}
	turns, over := 0, 0
	for second := range 1800 {
		for range 8 {
			if g.Room(m.calls) != 0 {
				m.calls++
			}
		}
		m.calls -= min(m.calls, 2)
		turns += m.run(g, 1)
		if over = max(over, m.calls); second > 60 && m.calls < 250 {
			t.Fatalf("second %d: %d calls, %+v", second, m.calls, m.lastState)
		}
	}
	if turns < 2 || turns > 1800/10 || over > 330 {
		t.Errorf("it changed %d times, and had up to %d calls", turns, over)
	}
}

// TestBurst: once the capacity is known, however many come within a second, there are never more than its share.
func TestBurst(t *testing.T) {
	g, m := &Gauge{full: 0.8}, machine{cores: 2, perCall: 0.005, calls: 120}
	m.run(g, 30)
	for g.Room(m.calls) > 0 {
		m.calls++
	}
	if m.calls < 318 || m.calls > 322 || g.State().Closed != Many {
		t.Errorf("%d may be: %+v", m.calls, g.State())
	}
	for m.calls--; g.Room(m.calls) == 0 && m.calls > 0; m.run(g, 1) {
		m.calls -= 2
	}
	if m.calls < 260 || m.calls > 285 {
		t.Errorf("they are taken again at %d", m.calls)
	}
}

// TestNoSample: what cannot be is no sample.
func TestNoSample(t *testing.T) {
	g := &Gauge{full: 0.8}
	for _, s := range []Sample{{}, {Took: time.Second}, {Took: -time.Second, Cores: 2}, {Cores: 2}} {
		if _, after := g.Add(s); after != (State{}) || g.Room(5) >= 0 {
			t.Errorf("%+v: %+v", s, after)
		}
	}
}
