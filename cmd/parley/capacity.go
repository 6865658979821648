package main

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/parley-voice/parley/capacity"
	"github.com/parley-voice/parley/leg"
)

// A fullError says that no call is taken by what was measured, and why. It is errFull.
type fullError struct{ capacity.State }

func (e *fullError) Error() string {
	switch e.Closed {
	case capacity.Late:
		return "packets of calls leave late: the machine has too little time for them"
	case capacity.Busy:
		return fmt.Sprintf("%.0f %% of the process's CPU are used", 100*e.Load)
	}
	return fmt.Sprintf("as many calls run as there may be: by what they take this machine carries %d", e.Capacity)
}

func (e *fullError) Is(err error) bool { return err == errFull }

// measure has the gauge know each second how busy this process is, and tells when it takes no more calls, and when it does again.
func (h *house) measure(ctx context.Context) error {
	tick := time.NewTicker(capacity.Every)
	defer tick.Stop()
	for was := h.meter(); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		now := h.meter()
		h.weigh(now.since(was))
		was = now
	}
}

// weigh takes a sample.
func (h *house) weigh(s capacity.Sample) {
	before, after := h.place.gauge.Add(s)
	switch {
	case before.Closed == after.Closed:
	case before.Closed == "":
		h.log.Warn("no new calls are taken until there is room again", "reason", &fullError{after}, "calls", s.Calls, "capacity", after.Capacity, "load", percentage(after.Load))
	case after.Closed == "":
		h.log.Info("new calls are taken again", "calls", s.Calls, "capacity", after.Capacity, "load", percentage(after.Load))
	}
}

func percentage(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// A reading is what meters showed.
type reading struct {
	at    time.Time
	cpu   time.Duration
	late  leg.Lateness
	calls int
}

// meter reads them.
func (h *house) meter() reading {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for another who alone
	return reading{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano()), h.clock.Lateness(), int(h.place.seats.taken.Load())}
}

// since is what there was between two readings.
func (r reading) since(was reading) capacity.Sample {
	s := capacity.Sample{Took: r.at.Sub(was.at), CPU: r.cpu - was.cpu, Cores: runtime.GOMAXPROCS(0), Calls: r.calls, Packets: r.late.Ticks - was.late.Ticks}
	inTime := func(l leg.Lateness) (n uint64) {
		for i, b := range l.Bounds {
			if b <= capacity.LateBy {
				n = l.Within[i]
			}
		}
		return n
	}
	s.Late = s.Packets - min(s.Packets, inTime(r.late)-inTime(was.late))
	return s
}
