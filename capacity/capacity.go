// Package capacity finds out how many calls this machine carries, and says when no more are to be taken: before quality suffers.
//
// The model is small. A node is out of room when its process uses all cores that it may use (GOMAXPROCS, which heeds a cgroup's
// limit), or when the packets of its calls leave late, whoever it is that holds the machine up. Each second gives a Sample; ten make
// the window.
//
//   - The load is the share of its cores that the process used, over the window.
//   - The capacity is the number of calls at which that would be all of them: calls by load, both as means over the window, so that
//     calls which have just begun and cost nothing yet do not make it large. A load below a fifth says little, as what is done without
//     calls is in it: then the capacity is only ever found to be larger, a little each second. Until something is known of it, only the load counts.
//   - A second is late in which more than 1 % of the packets left more than 20 ms after they were due: the next one was on their heels.
//
// New calls end at the given share (80 %) of the load or of the capacity, or once five of the ten seconds were late. They are taken
// again when load and calls are an eighth below that, and one second at most was late. One bad second does not end them, nor what a
// process does in its first ten. And Least calls for each core are always taken: with so few, a node that is busy is busy with something
// else, and what it says of calls is no measure: then they are all that are taken.
//
// There are no goroutines here: whoever has a Gauge gives it a Sample a second.
package capacity

import (
	"math"
	"sync"
	"time"
)

// What is told of the model in the package's comment.
const (
	Every   = time.Second // between two samples
	window  = 10
	Least   = 4   // calls for each core
	enough  = 0.2 // load that says what a call costs
	release = 0.875
	creep   = 1.05 // by how much the capacity grows in a second of little load

	LateBy    = 20 * time.Millisecond // a packet is late that leaves so long after it was due, or later
	lateShare = 0.01
	lateEnds  = 5
	lateFew   = 1
)

// Why no call is taken.
const (
	Busy = "cpu"  // the cores are used up
	Many = "full" // as many run as there may be by the capacity that was measured
	Late = "late" // packets leave late
)

// A Sample is what was seen since the one before.
type Sample struct {
	Took    time.Duration // since that
	CPU     time.Duration // that the process used, of all its cores
	Cores   int           // that it may use
	Calls   int           // that run now
	Packets uint64        // that left
	Late    uint64        // of these, LateBy or more after they were due
}

// A State is what is known now.
type State struct {
	Load     float64 // share of the cores that is used; 0 to 1, and a little more
	Capacity int     // calls at which all would be; 0: not known yet
	Closed   string  // why no more are taken; "": they are
}

// A Gauge measures. It is safe from any goroutine.
type Gauge struct {
	mu       sync.Mutex // guards what follows
	full     float64    // share at which no more are taken; 0: they always are
	last     [window]Sample
	seen     int
	capacity float64
	state    State
	told     State // by Add, last
	few      bool  // it would be closed, were there not so few calls
	least    int
}

// SetFull has no more calls be taken from a share on, such as 0.8; 0, as at first: they always are.
func (g *Gauge) SetFull(share float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.full = share; share <= 0 {
		g.state.Closed, g.few = "", false
	}
}

// Add takes a sample, and gives the state before and after it.
func (g *Gauge) Add(s Sample) (before, after State) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before = g.told
	if s.Took <= 0 || s.Cores <= 0 {
		return before, before
	}
	g.last[g.seen%window] = s
	g.seen++
	g.least = Least * s.Cores
	load, calls, late := g.means()
	g.learn(load, calls)
	g.state.Load, g.state.Capacity = load, int(g.capacity)
	why := g.verdict(load, s.Calls, late)
	if g.few = why != "" && s.Calls < g.least; g.few {
		why = ""
	}
	g.state.Closed = why
	g.told = g.state
	return before, g.state
}

// means are those of the window.
func (g *Gauge) means() (load, calls float64, late int) {
	var had, used, held float64
	for _, s := range g.last[:min(g.seen, window)] {
		took := s.Took.Seconds()
		had += took * float64(s.Cores)
		used += s.CPU.Seconds()
		calls += took * float64(s.Calls)
		held += took
		if float64(s.Late) > lateShare*float64(s.Packets) {
			late++
		}
	}
	return used / had, calls / held, late
}

// learn finds the capacity.
func (g *Gauge) learn(load, calls float64) {
	if g.seen < window || calls < 1 || load <= 0 {
		return
	}
	now := min(calls/load, math.MaxInt32)
	switch {
	case load >= enough && calls >= float64(g.least):
		g.capacity = now
	case g.capacity > 0 && now > g.capacity: // calls that only ring cost next to nothing, so that is believed by and by
		g.capacity = min(now, creep*g.capacity)
	}
}

// verdict is why no more calls are taken.
func (g *Gauge) verdict(load float64, calls, late int) string {
	if g.full <= 0 || g.seen < window {
		return ""
	}
	full, lates := g.full, lateEnds
	if g.state.Closed != "" || g.few {
		full, lates = g.full*release, lateFew+1
	}
	switch {
	case late >= lates:
		return Late
	case load >= full:
		return Busy
	case g.capacity > 0 && calls >= g.limit(full):
		return Many
	}
	return ""
}

// State is what is known now.
func (g *Gauge) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

// limit is a share of the capacity, in calls.
func (g *Gauge) limit(share float64) int { return max(g.least, int(share*g.capacity+1e-6)) }

// Room is how many more calls may begin while so many run; a negative number: any. Once there is none, none are taken until there is
// some to spare.
func (g *Gauge) Room(calls int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := g.least
	if g.state.Closed == "" && !g.few {
		if g.full <= 0 || g.seen < window || g.capacity == 0 {
			return -1
		}
		if most = g.limit(g.full); calls >= most {
			g.state.Closed = Many
		}
	}
	return max(0, most-calls)
}
