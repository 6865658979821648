package leg

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	slots     = 10
	slotDur   = audio.FrameDur / slots // 2 ms: legs start their packets spread over the frame
	maxBehind = 2 * time.Second        // a machine that slept longer goes on from now; less is caught up, tick by tick
)

// Clock ticks every leg each 20 ms. One goroutine per core carries all legs: it sleeps until the next slot that has any, and a
// slot it was late for is made up for at once, so that a leg never misses a tick. (A timer per call drops them.)
type Clock struct {
	cores []*core
	wg    sync.WaitGroup
}

// NewClock starts one goroutine per core (GOMAXPROCS); Close ends them.
func NewClock() *Clock { return newClock(runtime.GOMAXPROCS(0)) }

func newClock(n int) *Clock {
	c := &Clock{cores: make([]*core, n)}
	for i := range c.cores {
		k := &core{wake: make(chan struct{}, 1), stop: make(chan struct{})}
		c.cores[i] = k
		c.wg.Go(k.run)
	}
	return c
}

// Add calls tick every 20 ms, first within 20 ms, with the time it was due. tick must not block. remove ends it: once it has
// returned, tick neither runs nor will. It may be called twice, but not from tick itself.
func (c *Clock) Add(tick func(due time.Time)) (remove func()) {
	best, least := c.cores[0], -1
	for _, k := range c.cores { // a race between two Adds costs balance, nothing else
		if n := k.legs(); least < 0 || n < least {
			best, least = k, n
		}
	}
	return best.add(tick)
}

// Close stops the clock and waits for its goroutines. It must not be called from a tick.
func (c *Clock) Close() {
	for _, k := range c.cores {
		k.once.Do(func() { close(k.stop) })
	}
	c.wg.Wait()
}

// A core is one goroutine and the legs it ticks.
type core struct {
	mu    sync.Mutex       // guards slot and count
	slot  [slots][]*ticker // each replaced, never written to: the goroutine walks them unlocked
	count int

	wake chan struct{} // a token: there is a leg more
	stop chan struct{}
	once sync.Once
	late late
}

type ticker struct {
	from    time.Time  // ticks due before are not its own
	mu      sync.Mutex // held while tick runs; guards removed
	tick    func(time.Time)
	removed bool
}

func (k *core) legs() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count
}

// add puts the leg into the slot with the fewest.
func (k *core) add(tick func(time.Time)) (remove func()) {
	t := &ticker{from: time.Now(), tick: tick}
	k.mu.Lock()
	s := 0
	for i := range k.slot {
		if len(k.slot[i]) < len(k.slot[s]) {
			s = i
		}
	}
	k.slot[s] = append(slices.Clone(k.slot[s]), t)
	k.count++
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
	return func() { k.remove(s, t) }
}

func (k *core) remove(s int, t *ticker) {
	k.mu.Lock()
	if i := slices.Index(k.slot[s], t); i >= 0 {
		k.slot[s] = slices.Delete(slices.Clone(k.slot[s]), i, i+1)
		k.count--
	}
	k.mu.Unlock()
	t.mu.Lock() // waits for a tick that runs
	t.removed = true
	t.mu.Unlock()
}

// next gives the first slot after n that has legs, at most one round on.
func (k *core) next(n int64) (slot int64, legs []*ticker) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := n + 1; i <= n+slots; i++ {
		if l := k.slot[i%slots]; len(l) > 0 {
			return i, l
		}
	}
	return n, nil
}

func (k *core) run() {
	start := time.Now()
	index := func() int64 { return int64(time.Since(start) / slotDur) }
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for n := int64(0); ; { // n is the slot done last
		i, legs := k.next(n)
		if legs == nil {
			select {
			case <-k.wake:
				n = max(n, index())
				continue
			case <-k.stop:
				return
			}
		}
		due := start.Add(time.Duration(i) * slotDur)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-k.wake: // a leg more, perhaps in an earlier slot
				timer.Stop()
				continue
			case <-k.stop:
				timer.Stop()
				return
			}
		} else if wait < -maxBehind {
			k.late.count(-wait, len(legs))
			n = index() - 1
			continue
		}
		k.late.count(time.Since(due), len(legs))
		for _, t := range legs {
			t.run(due)
		}
		n = i
	}
}

func (t *ticker) run(due time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.removed && !due.Before(t.from) {
		t.tick(due)
	}
}
