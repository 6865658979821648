package leg

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLateness(t *testing.T) {
	c := &Clock{cores: []*core{{}, {}}}
	if l := c.Lateness(); l.Ticks != 0 || l.Sum != 0 || len(l.Within) != len(l.Bounds) {
		t.Errorf("at first %+v", l)
	}
	for _, x := range []struct {
		core  int
		after time.Duration
		n     int
	}{{0, -time.Second, 1}, {0, 500 * time.Microsecond, 2}, {1, 501 * time.Microsecond, 3}, {1, 30 * time.Millisecond, 4}, {0, time.Minute, 5}} {
		c.cores[x.core].late.count(x.after, x.n)
	}
	l := c.Lateness()
	if want := []uint64{3, 6, 6, 6, 6, 6, 10, 10, 10}; l.Ticks != 15 || !slices.Equal(l.Within, want) {
		t.Errorf("%d ticks, %v, want %v", l.Ticks, l.Within, want)
	}
	if want := 2*500*time.Microsecond + 3*501*time.Microsecond + 4*30*time.Millisecond + 5*time.Minute; l.Sum != want {
		t.Errorf("%v in all, want %v", l.Sum, want)
	}
	l.Bounds[0] = time.Hour
	if lateBounds[0] == time.Hour {
		t.Error("the bounds can be changed from outside")
	}
}

// TestLateClock: in virtual time no tick is late; a tick that takes 50 ms makes late who comes after it.
func TestLateClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(1)
		remove := c.Add(func(time.Time) {})
		time.Sleep(time.Second)
		if l := c.Lateness(); l.Ticks < 49 || l.Within[0] != l.Ticks || l.Sum != 0 {
			t.Errorf("a clock that is on time: %+v", l)
		}
		var held atomic.Bool
		held.Store(true)
		slow := c.Add(func(time.Time) {
			if held.Load() {
				time.Sleep(50 * time.Millisecond)
			}
		})
		time.Sleep(time.Second)
		held.Store(false)
		time.Sleep(100 * time.Millisecond) // a tick that sleeps must not be waited for: no time passes while a lock is
		slow()
		if l := c.Lateness(); l.Within[5] == l.Ticks || l.Sum < 100*time.Millisecond {
			t.Errorf("one that is held up: %+v", l)
		}
		remove()
		c.Close()
	})
}

func TestLateAllocates(t *testing.T) {
	var l late
	if n := testing.AllocsPerRun(100, func() { l.count(3*time.Millisecond, 7) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
