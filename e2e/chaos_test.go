//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A chaos is a world in which calls are made all the time and things go wrong.
type chaos struct {
	*world
	rng   *rand.Rand
	calls int  // at once
	few   bool // faults, and none that takes long
	busy  map[int]bool

	mu      sync.Mutex // guards all below
	filling bool
	placed  map[string]time.Time // calls that were accepted, when
	endedBy map[string]bool      // that were ended by the API
	seen    map[string]seen      // events that were shown
	periods []period
	active  int // faults

	tally
	filler sync.WaitGroup
}

// A period is when something was wrong.
type period struct {
	fault
	from, to time.Time // to: when it had been reconciled; zero: it has not
}

// A tally is what a run had to do with.
type tally struct {
	faults           map[string]int
	slowest          map[string]time.Duration // reconciled after
	calls, answered  int                      // that were looked at
	touched          int
	noticed          int
	refused          int
	packets, missing int
	late, excused    int // gaps of calls that were not touched; of which the machine's
	worst            time.Duration
	lost, played     int
	causes           map[string]int
	lostAfter        time.Duration
}

// TestChaos: whatever goes wrong between three nodes, their database, NATS, storage, vendors and carrier, calls of others do not notice,
// nothing is lost or done twice, and all is right again soon after, by itself.
func TestChaos(t *testing.T) {
	faults, minutes := number(t, "PARLEY_CHAOS_FAULTS", 3), number(t, "PARLEY_CHAOS_MINUTES", 0)
	seed := number(t, "PARLEY_CHAOS_SEED", int(time.Now().Unix()%1e6))
	t.Logf("PARLEY_CHAOS_SEED=%d", seed)
	few := minutes == 0 && faults < 20
	calls := 40
	if few {
		calls = 12
	}
	// The telephones are this process: what they note is the kernel's, what they send is to be on time.
	if b, err := exec.Command("chrt", "--rr", "-a", "-p", "1", strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
		t.Skipf("real time cannot be had here: %v: %s", err, b)
	}
	defer exec.Command("chrt", "--other", "-a", "-p", "0", strconv.Itoa(os.Getpid())).Run()
	c := &chaos{world: newWorld(t), rng: rand.New(rand.NewPCG(uint64(seed), 7)), calls: number(t, "PARLEY_CHAOS_CALLS", calls), few: few, busy: map[int]bool{},
		placed: map[string]time.Time{}, endedBy: map[string]bool{}, seen: map[string]seen{}, tally: tally{faults: map[string]int{}, slowest: map[string]time.Duration{}, causes: map[string]int{}}}
	c.fill()
	c.until("as many calls as there are to be", time.Minute, func() bool { return c.talking() >= c.calls*9/10 })
	control := 20 * time.Second
	if few {
		control = 5 * time.Second
	}
	time.Sleep(control)
	c.judge("before any fault")
	c.control()
	began := time.Now()
	for n := 0; minutes == 0 && n < faults || minutes > 0 && time.Since(began) < time.Duration(minutes)*time.Minute; {
		n += c.round(n)
		if n%10 < 2 {
			c.say(fmt.Sprintf("%d faults", n))
		}
		if minutes > 0 { // one each 30 s
			time.Sleep(time.Until(began.Add(time.Duration(n) * 30 * time.Second)))
		}
	}
	c.empty()
	c.say(fmt.Sprintf("seed %d, %v of faults", seed, time.Since(began).Round(time.Second)))
}

// round has one thing go wrong, or several that overlap, and looks at what became of it; n is the number of the first.
func (c *chaos) round(n int) int {
	many := []int{1, 1, 2, 2, 3}[c.rng.IntN(5)]
	clear(c.busy)
	var running sync.WaitGroup
	var names []string
	for i := range many {
		f := c.draw()
		for _, at := range f.nodes {
			if f.whose != theirEnd || len(f.nodes) == 1 {
				c.busy[at] = true
			}
		}
		names = append(names, fmt.Sprintf("%s %s for %v", f.kind, f.what, f.lasts.Round(time.Second)))
		wait := time.Duration(0)
		if i > 0 {
			wait = c.some(0, 8)
		}
		running.Go(func() {
			time.Sleep(wait)
			c.mu.Lock()
			c.faults[f.kind]++
			c.periods = append(c.periods, period{fault: f, from: time.Now()})
			c.mu.Unlock()
			c.t.Logf("%s %d: %s %s for %v", time.Now().Format(time.TimeOnly), n+i, f.kind, f.what, f.lasts.Round(100*time.Millisecond))
			heal := f.begin()
			if f.dead != nil {
				began := time.Now()
				running.Go(func() { c.bereaved(f.dead, began) })
			}
			time.Sleep(f.lasts)
			heal()
		})
	}
	running.Wait()
	healed := time.Now()
	what := fmt.Sprintf("fault %d (%s)", n, strings.Join(names, "; "))
	took := c.reconcile(what, healed)
	c.mu.Lock()
	for i := range c.periods {
		if p := &c.periods[i]; p.to.IsZero() {
			p.to = time.Now()
			c.slowest[p.kind] = max(c.slowest[p.kind], took)
		}
	}
	c.mu.Unlock()
	c.t.Logf("%s reconciled after %v", time.Now().Format(time.TimeOnly), took.Round(100*time.Millisecond))
	c.judge(what)
	return many
}

// talking is how many calls have been answered and are not over.
func (c *chaos) talking() (n int) {
	for _, l := range c.w.all() {
		if !l.answered.IsZero() && l.over.IsZero() {
			n++
		}
	}
	return n
}

// fill keeps so many calls running, out and in.
func (c *chaos) fill() {
	c.filling = true
	rng := rand.New(rand.NewPCG(1, 2))
	c.filler.Go(func() {
		for n := 0; ; n++ {
			c.mu.Lock()
			filling := c.filling
			asked := 0
			for _, at := range c.placed { // accepted, and not dialled yet
				if !at.IsZero() && time.Since(at) < 40*time.Second {
					asked++
				}
			}
			c.mu.Unlock()
			if !filling {
				return
			}
			live := 0
			for _, k := range c.w.live() {
				live += k
			}
			if live+asked >= c.calls {
				time.Sleep(50 * time.Millisecond)
				continue
			}
			agent, node := min(rng.IntN(4), 1), nodePlaces[rng.IntN(3)]
			if n%2 == 0 {
				c.w.ring(node, inNumbers[agent])
			} else {
				c.filler.Go(func() { c.place(n, agent, node, rng.IntN(8) == 0) })
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	c.filler.Go(func() { // what was dialled is a line by then
		for {
			time.Sleep(100 * time.Millisecond)
			dialled := c.w.dialled()
			c.mu.Lock()
			for id, at := range c.placed {
				if !at.IsZero() && dialled[id] > 0 {
					c.placed[id] = time.Time{}
				}
			}
			filling := c.filling
			c.mu.Unlock()
			if !filling {
				return
			}
		}
	})
}

// place has a call made, by whichever node answers; it is asked for under one key until one does.
func (c *chaos) place(n, agent, node int, short bool) {
	once := fmt.Sprintf("call %d", n)
	body := m{"agent": c.agent[agent], "from_number": inNumbers[agent], "to_number": fmt.Sprintf("+1415556%04d", n%10000)}
	for over := time.Now().Add(90 * time.Second); time.Now().Before(over); node = nodePlaces[(node-firstNode+1)%3] {
		var got struct{ ID string }
		code := c.ask(node, "POST", "/v1/calls/create", body, once, &got)
		if code == http.StatusCreated {
			c.mu.Lock()
			if _, there := c.placed[got.ID]; !there {
				c.placed[got.ID] = time.Now()
			}
			c.mu.Unlock()
			ctx, done := context.WithTimeout(context.Background(), 2*time.Minute)
			if short {
				time.AfterFunc(10*time.Second, func() { c.hangUp(got.ID, node) })
			}
			c.follow(ctx, node, got.ID)
			done()
			return
		}
		c.mu.Lock()
		filling := c.filling
		c.mu.Unlock()
		if code == http.StatusBadRequest || code == http.StatusUnprocessableEntity {
			c.t.Errorf("a call is not accepted: %d", code)
			return
		}
		if !filling {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// hangUp ends a call by the API.
func (c *chaos) hangUp(id string, node int) {
	c.mu.Lock()
	c.endedBy[id] = true
	c.mu.Unlock()
	c.ask(node, "POST", "/v1/calls/end?id="+id, nil, "", nil)
}

// follow notes which events of a call are shown by a node.
func (c *chaos) follow(ctx context.Context, node int, id string) {
	a := asking{by: &http.Client{Transport: c.httpc.Transport}, method: "GET", url: "http://" + c.at(node, 8080) + "/v1/calls/events?id=" + id, key: key}
	a.events(ctx, func(event string, sequence int64) {
		c.mu.Lock()
		c.seen[event] = seen{id, sequence}
		c.mu.Unlock()
	})
}

// say is what has been so far.
func (c *chaos) say(when string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	var by, slow, causes []string
	for _, k := range slices.Sorted(maps.Keys(c.faults)) {
		total += c.faults[k]
		by = append(by, fmt.Sprintf("%s %d", k, c.faults[k]))
		slow = append(slow, fmt.Sprintf("%s %v", k, c.slowest[k].Round(100*time.Millisecond)))
	}
	for _, k := range slices.Sorted(maps.Keys(c.causes)) {
		causes = append(causes, fmt.Sprintf("%s %d", k, c.causes[k]))
	}
	c.t.Logf("%s: %d faults (%s); %d calls (%d answered, %d refused, %d touched by a fault: %d others noticed); ended %s; lost %d; %d recordings played; "+
		"%d packets to calls that were not touched, %d gaps of 60 ms and more, %d of them while the machine's own pulse had one, longest of the others %v; calls of a dead node over after %v at most; reconciled after at most: %s",
		when, total, strings.Join(by, ", "), c.tally.calls, c.answered, c.refused, c.touched, c.noticed, strings.Join(causes, ", "), c.lost, c.played,
		c.packets, c.late, c.excused, c.worst.Round(time.Millisecond), c.lostAfter.Round(100*time.Millisecond), strings.Join(slow, ", "))
}
