package bench

import (
	"fmt"
	"io"
)

// What the API is to keep to (milliseconds; at p99).
const (
	readBar = 10
	dialBar = 30
	hookBar = 200
	spaceBy = 1.0 // how much the log may add to the spacing of packets
)

// An APIReport is what was measured of the API; a part that was not is nil. Durations are in milliseconds unless they say otherwise.
type APIReport struct {
	Rows         int     `json:"calls_in_store"`
	SeedSeconds  float64 `json:"seed_seconds"` // 0: they were there
	StartSeconds float64 `json:"start_seconds"`
	Reads        *Reads  `json:"reads,omitempty"`
	Dials        *Dials  `json:"dials,omitempty"`
	Flood        *Flood  `json:"flood,omitempty"`
	Hooks        *Hooks  `json:"webhooks,omitempty"`
	Memory       *Memory `json:"memory,omitempty"`
}

// A page is a table that is being printed.
type page struct{ w io.Writer }

func (p page) row(name, format string, args ...any) {
	fmt.Fprintf(p.w, "%-28s "+format+"\n", append([]any{name}, args...)...)
}

func (p page) stats(name string, s Stats, after string) {
	p.row(name, "p50 %7.1f   p95 %7.1f   p99 %7.1f   max %7.1f ms   (%d)%s", s.P50, s.P95, s.P99, s.Max, s.N, after)
}

func (p page) operation(o Operation, bar float64) {
	after := ""
	if o.Failed > 0 {
		after = fmt.Sprintf("   %d failed", o.Failed)
	}
	if bar > 0 {
		after += fmt.Sprintf("   p99 ≤ %g: %s", bar, kept(o.P99 <= bar && o.N > 0 && o.Failed == 0))
	}
	p.stats(o.Name, o.Stats, after)
}

func (p page) notes(notes []string) {
	for _, n := range notes {
		p.row("", "%s", n)
	}
}

func kept(yes bool) string {
	if yes {
		return "yes"
	}
	return "NO"
}

// Print writes the report as a table.
func (r APIReport) Print(w io.Writer) {
	p := page{w}
	p.row("calls in the store", "%d, ready in %.1f s; the server answered %.1f s after its start", r.Rows, r.SeedSeconds, r.StartSeconds)
	if q := r.Reads; q != nil {
		p.row("\nGET and list", " %d requests a second for %.0f s, open loop", q.Rate, q.Seconds)
		p.operation(q.All, readBar)
		for _, o := range q.Operations {
			o.Name = "  " + o.Name
			p.operation(o, 0)
		}
		p.stats("sent late by the bench", q.Late, "")
		p.row("CPU of the server", "%.1f %% of a core", q.CPUPercent)
		p.notes(q.Notes)
	}
	if d := r.Dials; d != nil {
		p.row("\nCalls placed", " %d at %d a second", d.Placed, d.Rate)
		p.operation(d.Answer, 0)
		p.operation(d.Invite, dialBar)
		p.notes(d.Notes)
	}
	if f := r.Flood; f != nil {
		p.row("\nEvents", " %d a second into the log, %d in all, beside %d calls", f.Rate, f.Events, f.Calls)
		p.stats("RTP spacing, quiet", f.Quiet, fmt.Sprintf("   CPU %.0f %%", f.QuietCPU))
		p.stats("RTP spacing, flooded", f.Flooded, fmt.Sprintf("   CPU %.0f %%   p99 within %g ms: %s", f.FloodedCPU, spaceBy, kept(f.Flooded.P99 <= f.Quiet.P99+spaceBy)))
		p.row("failed calls", "%d", f.Failed)
		p.notes(f.Notes)
	}
	if h := r.Hooks; h != nil {
		p.row("\nWebhooks", " %.0f a second, beside one that takes %v (it was told %d events of %d calls)", h.PerSecond, slowAnswer, h.SlowTold, h.SlowCalls)
		p.operation(h.Quick, hookBar)
		p.row("failed calls", "%d", h.Failed)
		p.notes(h.Notes)
	}
	if m := r.Memory; m != nil {
		m.print(p)
	}
}

func (m *Memory) print(p page) {
	p.row("\nMemory", " %d requests, %.0f a second, %d failed", m.Requests, m.PerSecond, m.Failed)
	p.stats("latency, closed loop", m.All, "")
	for _, s := range m.Samples {
		p.row(fmt.Sprintf("  after %d", s.Requests), "%.1f MiB", s.MiB)
	}
	p.row("growth, second half", "%.2f MiB each 100,000 requests", m.PerHundredThousand)
	p.notes(m.Notes)
}
