package bench

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"time"
)

// A SoakReport is what became of the calls, and what the server held meanwhile.
type SoakReport struct {
	Calls   int     `json:"calls"` // at once
	Minutes float64 `json:"minutes"`
	Kept    string  `json:"kept_in"` // SQLite, PostgreSQL, with NATS

	Placed  int            `json:"placed"`
	Good    int            `json:"good"`
	Talked  float64        `json:"talked_minutes"`
	Turns   int            `json:"turns"` // of callers, interruptions included
	BadTurn int            `json:"bad_turns"`
	Packets int64          `json:"packets"`
	Lost    int64          `json:"packets_lost"`
	Faults  map[string]int `json:"faults,omitempty"` // how often
	Notes   []string       `json:"notes,omitempty"`  // the first few

	SoakMemory
	Before      State `json:"before"`
	After       State `json:"after"`
	FilesBefore int   `json:"files_before"`
	FilesAfter  int   `json:"files_after"`
}

// SoakMemory is how what the server holds grew each hour, once it was warm.
type SoakMemory struct {
	WarmMinutes float64      `json:"warm_minutes"` // samples before it do not count
	MiB         float64      `json:"mib_per_hour"`
	Heap        float64      `json:"heap_mib_per_hour"`
	Goroutines  float64      `json:"goroutines_per_hour"`
	Files       float64      `json:"files_per_hour"`
	Threads     float64      `json:"threads_per_hour"`
	Samples     []SoakSample `json:"samples"`
}

const (
	soakNotes = 20
	warmMost  = 15 * time.Minute
	warmShare = 6
)

func newSoakReport(o SoakOptions) SoakReport {
	r := SoakReport{Calls: o.Calls, Kept: "SQLite", Faults: map[string]int{}}
	if o.Database != "" {
		r.Kept = "PostgreSQL"
	}
	if o.NATS != "" {
		r.Kept += " with NATS"
	}
	r.WarmMinutes = min(warmMost, o.Lasts/warmShare).Minutes()
	return r
}

func (r *SoakReport) warm() time.Duration { return time.Duration(r.WarmMinutes * float64(time.Minute)) }

// digits are what tells two faults of one kind apart.
var digits = regexp.MustCompile(`[0-9][0-9.]*(µs|ms|s|m)?`)

// count adds what became of a call.
func (s *soak) count(p soakPlan, c *soakCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.report
	r.Placed++
	if c.script != nil {
		r.Talked += c.end.Sub(c.answer).Minutes()
		r.Turns += c.script.turn + c.script.cut
		r.BadTurn += c.script.lost + c.slow + c.script.holes
		r.Packets, r.Lost = r.Packets+c.packet.got+c.packet.lost, r.Lost+c.packet.lost
	}
	if len(c.faults) == 0 {
		r.Good++
		return
	}
	for _, f := range c.faults {
		note := fmt.Sprintf("%s %s (%s, %s): %s", time.Now().UTC().Format(time.TimeOnly), c.name, c.id, p, f)
		s.o.Progress(note)
		if len(r.Notes) < soakNotes {
			r.Notes = append(r.Notes, note)
		}
	}
	r.Faults[digits.ReplaceAllString(c.faults[0], "…")]++ // one kind, whatever the figure
}

// String says what a call was to be.
func (p soakPlan) String() string {
	way := "in"
	if p.out {
		way = "out"
	}
	return fmt.Sprintf("%s, %v, ends by %s", way, p.talk.Round(time.Second), [...]string{"caller", "agent", "transfer", "API"}[p.ends])
}

// conclude computes the slopes.
func (r *SoakReport) conclude() {
	warm := slices.DeleteFunc(slices.Clone(r.Samples), func(s SoakSample) bool { return s.Minute < r.WarmMinutes || s.Calls < r.Calls*3/4 })
	m := &r.SoakMemory
	m.MiB = perHour(warm, func(s SoakSample) float64 { return s.MiB })
	m.Heap = perHour(warm, func(s SoakSample) float64 { return s.HeapMiB })
	m.Goroutines = perHour(warm, func(s SoakSample) float64 { return float64(s.Goroutines) })
	m.Files = perHour(warm, func(s SoakSample) float64 { return float64(s.Files) })
	m.Threads = perHour(warm, func(s SoakSample) float64 { return float64(s.Threads) })
}

// Print writes the report as a table.
func (r SoakReport) Print(w io.Writer) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-28s "+format+"\n", append([]any{name}, args...)...)
	}
	share := func(good, all int64) float64 { return 100 * float64(good) / float64(max(all, 1)) }
	row("soak", "%.0f minutes, %d calls at once, %s", r.Minutes, r.Calls, r.Kept)
	row("calls", "%d, of %.0f minutes together; %d good: %.3f %%", r.Placed, r.Talked, r.Good, share(int64(r.Good), int64(r.Placed)))
	row("turns", "%d; %d lost, late or broken: %.4f %% good", r.Turns, r.BadTurn, share(int64(r.Turns-r.BadTurn), int64(r.Turns)))
	row("packets of the agents", "%d; %d lost: %.5f %% came", r.Packets, r.Lost, share(r.Packets-r.Lost, r.Packets))
	for _, f := range slices.Sorted(maps.Keys(r.Faults)) {
		row("", "%d × %s", r.Faults[f], f)
	}
	for _, n := range r.Notes {
		row("", "%s", n)
	}
	if n := len(r.Samples); n > 0 {
		a, b := r.Samples[0], r.Samples[n-1]
		row("memory", "%.1f MiB after %.0f min, %.1f after %.0f; heap %.1f, %.1f", a.MiB, a.Minute, b.MiB, b.Minute, a.HeapMiB, b.HeapMiB)
	}
	row("growth each hour, warm", "%+.2f MiB, of the heap %+.2f MiB; %+.1f goroutines, %+.1f files, %+.1f threads", r.MiB, r.Heap, r.SoakMemory.Goroutines, r.SoakMemory.Files, r.Threads)
	row("goroutines before, after", "%d, %d", r.Before.Goroutines, r.After.Goroutines)
	row("files before, after", "%d, %d", r.FilesBefore, r.FilesAfter)
	row("ports in use before, after", "%d, %d", r.Before.RTPPorts, r.After.RTPPorts)
}
