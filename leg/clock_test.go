package leg

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
)

// TestClockEvery20ms: in virtual time every leg ticks exactly each 20 ms, first within 20 ms of Add.
func TestClockEvery20ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(2)
		const legs = 25
		var due [legs][]time.Time
		var added [legs]time.Time
		var remove [legs]func()
		for i := range legs {
			time.Sleep(3 * time.Millisecond)
			added[i] = time.Now()
			remove[i] = c.Add(func(at time.Time) {
				if !at.Equal(time.Now()) {
					t.Errorf("leg %d: due %v, run %v later", i, at, time.Since(at))
				}
				due[i] = append(due[i], at)
			})
		}
		time.Sleep(time.Second + time.Millisecond)
		for _, r := range remove {
			r()
			r()
		}
		time.Sleep(time.Second)
		c.Close()
		for i, d := range due {
			if first := d[0].Sub(added[i]); first > audio.FrameDur {
				t.Errorf("leg %d: first tick after %v", i, first)
			}
			for j := 1; j < len(d); j++ {
				if d[j].Sub(d[j-1]) != audio.FrameDur {
					t.Errorf("leg %d: tick %d after %v", i, j, d[j].Sub(d[j-1]))
				}
			}
			if want := int(time.Second / audio.FrameDur); len(d) < want || len(d) > want+4 {
				t.Errorf("leg %d: %d ticks", i, len(d))
			}
		}
	})
}

// TestClockSpreads: legs do not all send at once.
func TestClockSpreads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(2)
		perTime := map[time.Time]int{}
		var mu sync.Mutex // guards perTime
		for range 40 {
			c.Add(func(at time.Time) {
				mu.Lock()
				perTime[at]++
				mu.Unlock()
			})
		}
		time.Sleep(3 * audio.FrameDur)
		c.Close()
		for at, n := range perTime {
			if n > 4 { // 40 legs, 10 slots, 2 cores that happen to have slots at the same time
				t.Errorf("%d legs at %v", n, at)
			}
		}
	})
}

// TestClockCatchesUp: a tick that takes long delays the others but costs nobody a tick.
func TestClockCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(1)
		slow, n := 0, 0
		c.Add(func(time.Time) {
			if slow++; slow == 5 {
				time.Sleep(500 * time.Millisecond)
			}
		})
		c.Add(func(time.Time) { n++ })
		time.Sleep(2*time.Second + time.Millisecond)
		c.Close()
		if n < 100 || n > 101 || slow < 100 || slow > 101 {
			t.Errorf("%d and %d ticks in 2 s", slow, n)
		}
	})
}

// TestClockForgetsASleep: after a pause longer than any call would bear the clock goes on from now.
func TestClockForgetsASleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(1)
		n := 0
		c.Add(func(time.Time) {
			if n++; n == 5 {
				time.Sleep(time.Hour)
			}
		})
		time.Sleep(time.Hour + time.Second)
		c.Close()
		if n < 40 || n > 60 {
			t.Errorf("%d ticks", n)
		}
	})
}

// TestClockRemoveWaits: once remove has returned, the tick neither runs nor will.
func TestClockRemoveWaits(t *testing.T) {
	c := NewClock()
	defer c.Close()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			var gone, ticks atomic.Int32
			remove := c.Add(func(time.Time) {
				if gone.Load() != 0 {
					t.Error("ticked after remove")
				}
				ticks.Add(1)
				time.Sleep(100 * time.Microsecond)
				if gone.Load() != 0 {
					t.Error("still ticking after remove")
				}
			})
			for ticks.Load() < 2 {
				time.Sleep(time.Millisecond)
			}
			remove()
			gone.Store(1)
			time.Sleep(30 * time.Millisecond)
		})
	}
	wg.Wait()
}

// TestClockSleepsWhenEmpty: no leg, no timer: in virtual time an empty clock lets nothing pass but the test's own sleep.
func TestClockSleepsWhenEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(2)
		time.Sleep(time.Hour)
		n := 0
		remove := c.Add(func(time.Time) { n++ })
		time.Sleep(100*time.Millisecond + time.Microsecond)
		remove()
		time.Sleep(time.Hour)
		if n != 5 && n != 6 {
			t.Errorf("%d ticks in 100 ms after an hour of nothing", n)
		}
		c.Close()
		c.Close()
	})
}

func TestClockAllocs(t *testing.T) {
	c := newClock(1)
	defer c.Close()
	ticks := make(chan struct{}, 100)
	for range 10 {
		c.Add(func(time.Time) {
			select {
			case ticks <- struct{}{}:
			default:
			}
		})
	}
	<-ticks
	if n := testing.AllocsPerRun(20, func() { <-ticks }); n != 0 {
		t.Errorf("%v allocations per tick", n)
	}
}

// BenchmarkClock has 150 legs ticking, each with the work of a G.711 frame, and reports how far the distance between two ticks
// of a leg strays from 20 ms.
func BenchmarkClock(b *testing.B) {
	const legs = 150
	c := NewClock()
	var mu sync.Mutex // guards off
	var off []time.Duration
	var removes []func()
	for range legs {
		var last time.Time
		var mine []time.Duration
		removes = append(removes, c.Add(func(time.Time) {
			now := time.Now()
			if !last.IsZero() {
				mine = append(mine, (now.Sub(last) - audio.FrameDur).Abs())
			}
			last = now
			for time.Since(now) < 15*time.Microsecond {
			}
			if len(mine) == 50 {
				mu.Lock()
				off = append(off, mine...)
				mu.Unlock()
				mine = mine[:0]
			}
		}))
	}
	for b.Loop() {
		time.Sleep(audio.FrameDur)
	}
	time.Sleep(time.Second)
	for _, r := range removes {
		r()
	}
	c.Close()
	slices.Sort(off)
	ms := func(q float64) float64 { return float64(off[int(q*float64(len(off)-1))].Microseconds()) / 1000 }
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
	b.ReportMetric(ms(1), "max-ms")
}
