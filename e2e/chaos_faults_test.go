//go:build e2e && linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// A fault is one thing that goes wrong for a while.
type fault struct {
	kind  string
	what  string
	lasts time.Duration
	nodes []int // whose calls it touches
	whose string
	dead  *member // whose calls are to be over soon
	base  bool    // nodes do not reach the database, or hardly
	begin func() (heal func())
}

// Whose calls a fault touches, and how: their sound stops or goes amiss, they may end, or both; of others nobody may notice anything.
const (
	theirSound = "sound" // stops or has gaps; they go on, or end
	theirEnd   = "end"   // may come, their pace is kept
	theirFiles = "files" // recordings may have holes, or be none
)

// kinds are all faults, and how often each is drawn among the others.
var kinds = []struct {
	often int
	name  string
	draw  func(c *chaos) fault
}{
	{5, "kill -9", (*chaos).killed},
	{3, "stopped 5 s", func(c *chaos) fault { return c.stopped(5 * time.Second) }},
	{2, "stopped 40 s", func(c *chaos) fault { return c.stopped(40 * time.Second) }},
	{2, "disk full", (*chaos).full},
	{2, "database away", (*chaos).baseAway},
	{2, "database crashed", (*chaos).baseCrashed},
	{2, "NATS server killed", (*chaos).brokerKilled},
	{2, "NATS away", (*chaos).brokersAway},
	{2, "storage away", (*chaos).storageAway},
	{3, "clock stepped", (*chaos).stepped},
	{2, "vendors frozen", (*chaos).frozen},
	{9, "network cut", (*chaos).cut},
	{4, "network slow and lossy", (*chaos).lossy},
}

// some is a time between two, in seconds.
func (c *chaos) some(from, to int) time.Duration {
	return time.Duration(from*1000+c.rng.IntN((to-from)*1000)) * time.Millisecond
}

// anyNode is one to which nothing is being done.
func (c *chaos) anyNode() *member {
	free := []*member{}
	for _, m := range c.nodes {
		if !c.busy[m.n] {
			free = append(free, m)
		}
	}
	return free[c.rng.IntN(len(free))]
}

func (c *chaos) killed() fault {
	m := c.anyNode()
	return fault{nodes: []int{m.n}, whose: theirSound, what: placeNames[m.n], lasts: c.some(1, 20), dead: m, begin: func() func() {
		m.hold(true)
		m.now().kill()
		return func() { m.hold(false) }
	}}
}

func (c *chaos) stopped(lasts time.Duration) fault {
	m := c.anyNode()
	f := fault{nodes: []int{m.n}, whose: theirSound, what: placeNames[m.n], lasts: lasts, begin: func() func() {
		p := m.now()
		p.signal(syscall.SIGSTOP)
		return func() { p.signal(syscall.SIGCONT) }
	}}
	if lasts > reconcileWithin {
		f.dead = m
	}
	return f
}

func (c *chaos) full() fault {
	m := c.anyNode()
	return fault{nodes: []int{m.n}, whose: theirFiles, what: placeNames[m.n], lasts: c.some(8, 20), begin: func() func() {
		name := filepath.Join(m.data, "filler")
		f, err := os.Create(name)
		if err != nil {
			c.t.Error(err)
			return func() {}
		}
		for size := 1 << 20; size > 0; {
			if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
				size /= 2
			} else if err != nil {
				c.t.Error(err)
				break
			}
		}
		f.Close()
		return func() { os.Remove(name) }
	}}
}

func (c *chaos) baseAway() fault {
	lasts := c.some(8, 25)
	if c.rng.IntN(4) == 0 {
		lasts = time.Minute
	}
	return fault{lasts: lasts, base: true, begin: func() func() {
		var ways []way
		for _, n := range nodePlaces {
			ways = append(ways, both(n, dbPlace, 1, 0)...)
		}
		return c.net.spoil(ways...)
	}}
}

func (c *chaos) baseCrashed() fault {
	return fault{lasts: c.some(1, 12), base: true, begin: func() func() {
		p := c.run(dbPlace)
		p.signal(syscall.SIGQUIT)
		<-p.gone
		return func() {
			if err := c.beginDatabase(); err != nil {
				c.t.Error(err)
			}
		}
	}}
}

func (c *chaos) brokerKilled() fault {
	at := natsPlaces[c.rng.IntN(3)]
	for c.busy[at] {
		at = natsPlaces[c.rng.IntN(3)]
	}
	return fault{nodes: []int{at}, what: placeNames[at], lasts: c.some(5, 20), begin: func() func() {
		c.run(at).kill()
		return func() {
			if err := c.tryBe(at, brokerAt, subnet+strconv.Itoa(at)); err != nil {
				c.t.Error(err)
			}
		}
	}}
}

func (c *chaos) brokersAway() fault {
	return fault{lasts: c.some(8, 30), begin: func() func() {
		var ways []way
		for _, n := range nodePlaces {
			for _, b := range natsPlaces {
				ways = append(ways, both(n, b, 1, 0)...)
			}
		}
		return c.net.spoil(ways...)
	}}
}

func (c *chaos) storageAway() fault {
	return fault{lasts: c.some(10, 30), begin: func() func() {
		var ways []way
		for _, n := range nodePlaces {
			ways = append(ways, both(n, storagePlace, 1, 0)...)
		}
		return c.net.spoil(ways...)
	}}
}

func (c *chaos) stepped() fault {
	m := c.anyNode()
	by := []time.Duration{-2 * time.Hour, -10 * time.Minute, -45 * time.Second, -5 * time.Second, 5 * time.Second, 45 * time.Second, 10 * time.Minute, 2 * time.Hour}[c.rng.IntN(8)]
	return fault{nodes: []int{m.n}, what: fmt.Sprintf("%s by %v", placeNames[m.n], by), lasts: c.some(10, 25), begin: func() func() {
		p := m.now()
		if err := stepClock(p.cmd.Process.Pid, by); err != nil && p.alive() {
			c.t.Error(err)
		}
		return func() {
			if err := stepClock(p.cmd.Process.Pid, 0); err != nil && p.alive() {
				c.t.Error(err)
			}
		}
	}}
}

func (c *chaos) frozen() fault {
	return fault{nodes: nodePlaces, whose: theirEnd, lasts: c.some(5, 15), begin: func() func() {
		p := c.run(vendorPlace)
		p.signal(syscall.SIGSTOP)
		return func() { p.signal(syscall.SIGCONT) }
	}}
}

// A pairing is two parts of the world between which something is wrong, and whose calls that touches.
func (c *chaos) pairing() (f fault, from, to []int) {
	m := c.anyNode()
	f.nodes, f.lasts = []int{m.n}, c.some(8, 25)
	from = []int{m.n}
	switch c.rng.IntN(9) {
	case 0, 1:
		to, f.what, f.base = []int{dbPlace}, "PostgreSQL", true
		if c.rng.IntN(3) == 0 {
			f.lasts = 40 * time.Second
		}
	case 2, 3:
		to, f.what = natsPlaces, "all of NATS"
	case 4:
		to, f.what, f.whose = []int{vendorPlace}, "the vendors", theirEnd
	case 5:
		to, f.what, f.whose = []int{carrierPlace}, "the carrier", theirSound
	case 6:
		to, f.what = []int{storagePlace}, "the storage"
	case 7:
		other := c.anyNode()
		to, f.what = []int{other.n}, placeNames[other.n]
	case 8: // PostgreSQL and NATS, vendors and carrier, two NATS servers: who never speak to each other, or only among themselves
		pairs := [][2]int{{dbPlace, firstNATS}, {dbPlace, vendorPlace}, {dbPlace, carrierPlace}, {vendorPlace, carrierPlace}, {firstNATS, firstNATS + 1}, {firstNATS + 1, firstNATS + 2},
			{firstNATS, vendorPlace}, {firstNATS, carrierPlace}}
		p := pairs[c.rng.IntN(len(pairs))]
		f.nodes, from, to = nil, []int{p[0]}, []int{p[1]}
		f.what = placeNames[p[0]] + " and " + placeNames[p[1]]
		return f, from, to
	}
	f.what = placeNames[m.n] + " and " + f.what
	return f, from, to
}

func (c *chaos) cut() fault {
	f, from, to := c.pairing()
	how := c.rng.IntN(4)
	f.what += []string{", both ways", ", both ways", ", there", ", back"}[how]
	f.begin = func() func() { return c.net.spoil(waysBetween(from, to, how < 3, how != 2, 1, 0)...) }
	return f
}

func (c *chaos) lossy() fault {
	f, from, to := c.pairing()
	f.begin = func() func() { return c.net.spoil(waysBetween(from, to, true, true, 0.3, 100*time.Millisecond)...) }
	return f
}

func waysBetween(from, to []int, there, back bool, loss float64, delay time.Duration) (ways []way) {
	for _, a := range from {
		for _, b := range to {
			if there {
				ways = append(ways, way{a, b, loss, delay})
			}
			if back {
				ways = append(ways, way{b, a, loss, delay})
			}
		}
	}
	return ways
}

// draw is the next fault, by how often each is to come.
func (c *chaos) draw() fault {
	all := 0
	for _, k := range kinds {
		all += k.often
	}
	n := c.rng.IntN(all)
	for _, k := range kinds {
		if n -= k.often; n < 0 {
			f := k.draw(c)
			f.kind = k.name
			if c.few && f.lasts > 12*time.Second {
				return c.draw()
			}
			return f
		}
	}
	panic("unreachable")
}
