package bench

import (
	"context"
	"sync"
	"time"
)

// pace does something at fixed times, rate times a second for d, whatever becomes of those before: an open loop, whose latencies count
// from when a thing was due and so hold what a slow server makes others wait for. It returns how late do was called, when
// the last has returned.
func pace(ctx context.Context, rate int, d time.Duration, do func(i int, due time.Time)) *histogram {
	late := new(histogram)
	var running sync.WaitGroup
	defer running.Wait()
	start := time.Now()
	for i := range int(d.Seconds() * float64(rate)) {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if !wait(ctx, time.Until(due)) {
			break
		}
		late.add(time.Since(due))
		running.Go(func() { do(i, due) })
	}
	return late
}

// A tally collects latencies by name. Safe from any goroutine.
type tally struct {
	mu     sync.Mutex // guards all below
	ms     map[string][]float64
	failed map[string]int
	notes  []string // why, the first few
}

func newTally() *tally { return &tally{ms: map[string][]float64{}, failed: map[string]int{}} }

func (t *tally) add(name string, took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.ms[name] = append(t.ms[name], milliseconds(took))
		return
	}
	if t.failed[name]++; len(t.notes) < 5 {
		t.notes = append(t.notes, name+": "+err.Error())
	}
}

// An Operation is what one sort of request took.
type Operation struct {
	Name   string `json:"name"`
	Failed int    `json:"failed"`
	Stats
}

// operations are those of the given names, and all together.
func (t *tally) operations(names []string) (each []Operation, all Operation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var together []float64
	all.Name = "all"
	for _, name := range names {
		together = append(together, t.ms[name]...)
		all.Failed += t.failed[name]
		each = append(each, Operation{name, t.failed[name], statsOf(t.ms[name])})
	}
	all.Stats = statsOf(together)
	return each, all
}
