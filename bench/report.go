package bench

import (
	"fmt"
	"io"
	"time"

	"github.com/parley-voice/parley"
)

// A Report is what was measured. Durations are in milliseconds.
type Report struct {
	Calls       int     `json:"calls"`
	Endpointing string  `json:"endpointing_sensitivity"`
	Late        bool    `json:"nothing_begun_early"`
	Recorded    bool    `json:"recorded"`
	VendorMS    float64 `json:"vendors_ms"` // already taken off Added

	Added   Stats            `json:"added"`   // caller's last speech → agent's first sound, less the vendors
	Stages  map[string]Stats `json:"stages"`  // where Added went, of the Matched turns; the means add up to the mean of "added"
	Barge   Stats            `json:"barge"`   // caller's interrupting speech → agent's last sound
	Spacing Stats            `json:"spacing"` // |time between two packets of the agent − their time stamps|, as the kernel saw them
	Setup   Stats            `json:"setup"`   // INVITE → 200
	Said    Said             `json:"said"`

	Heard
	Resources
	SetupsPerSecond int `json:"setups_per_second,omitempty"`
}

// Said compares what the calls say of their turns with what passed the wire: the caller's last packet with sound, the agent's first.
type Said struct {
	Off    Stats   `json:"off"`          // |gap on the wire − total_ms|
	Within float64 `json:"within_20_ms"` // share of the turns, 0 to 1
}

// near is how far the two may be apart: a packet.
const near = 20.0

func (s *Said) count(gaps []float64) {
	s.Off = statsOf(gaps)
	for _, g := range gaps {
		if g <= near {
			s.Within += 1 / float64(len(gaps))
		}
	}
}

// Heard is what was said, and what got lost.
type Heard struct {
	Turns       int      `json:"turns"`
	Matched     int      `json:"matched_turns"`
	LostTurns   int      `json:"lost_turns"` // unanswered for 10 s, or the agent hung up
	Failed      int      `json:"failed_calls"`
	PacketsLost int64    `json:"packets_lost"`
	Webhooks    int64    `json:"webhooks,omitempty"`
	WebhookEnds int64    `json:"webhook_ends,omitempty"` // calls whose end was told, the warm-up included
	Notes       []string `json:"notes,omitempty"`        // why calls failed, the first few
}

// Resources is what the server took and left.
type Resources struct {
	CPUPercent float64 `json:"cpu_percent"` // of one core, all calls
	CPUPerCall float64 `json:"cpu_percent_per_call"`
	RestMiB    float64 `json:"rest_mib"` // after one call, without any
	MiBPerCall float64 `json:"mib_per_call"`
	Before     State   `json:"before"`
	After      State   `json:"after"`
}

func (t *Heard) note(s string) {
	if len(t.Notes) < 5 {
		t.Notes = append(t.Notes, s)
	}
}

// Back reports whether goroutines, ports and calls are where they began.
func (r Resources) Back() bool {
	return r.After.Calls == 0 && r.After.RTPPorts <= r.Before.RTPPorts && r.After.Goroutines <= r.Before.Goroutines+slack
}

// The stages of an answer, in order. A vendor's fixed time is taken off its own. wire is what the server cannot see: from
// the caller's sending to its hearing, and from its sending to the caller's hearing.
var stageNames = []string{"endpointing", "stt", "queue", "llm", "actions", "chunking", "tts", "playout", "wire", "added"}

// stages collects the split, turn by turn.
type stages struct {
	parts [9][]float64
	total []float64
}

func (s *stages) add(l *parley.Latency, gap time.Duration, d Delays) {
	for i, part := range [9]time.Duration{l.Endpointing, l.STT - d.STT, l.Queue, l.LLM - d.LLM, l.Actions, l.Chunking, l.TTS - d.TTS - d.Silence, l.Playout, gap - l.Total} {
		s.parts[i] = append(s.parts[i], milliseconds(part))
	}
	s.total = append(s.total, milliseconds(gap-d.Total()))
}

func (s *stages) stats() map[string]Stats {
	m := map[string]Stats{}
	for i, p := range s.parts {
		m[stageNames[i]] = statsOf(p)
	}
	m["added"] = statsOf(s.total)
	return m
}

// Print writes the report as a table.
func (r Report) Print(w io.Writer) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-28s "+format+"\n", append([]any{name}, args...)...)
	}
	ms := func(name string, s Stats) {
		row(name, "p50 %7.1f   p95 %7.1f   p99 %7.1f   max %7.1f ms   (%d)", s.P50, s.P95, s.P99, s.Max, s.N)
	}
	kept := ""
	if r.Late {
		kept = ", nothing begun early"
	}
	if r.Recorded {
		kept += ", recorded"
	}
	if r.SetupsPerSecond > 0 {
		row("set-ups", "%d a second", r.SetupsPerSecond)
	} else {
		row("calls", "%d at once, endpointing %s%s", r.Calls, r.Endpointing, kept)
		ms("added latency", r.Added)
		for _, name := range stageNames {
			if s, ok := r.Stages[name]; ok && s.N > 0 {
				row("  "+name, "mean %6.1f   p50 %7.1f   p95 %7.1f ms", s.Mean, s.P50, s.P95)
			}
		}
		row("said of it by the calls", "%.1f %% within 20 ms; off by p50 %.1f   p95 %.1f   p99 %.1f   max %.1f ms", 100*r.Said.Within, r.Said.Off.P50, r.Said.Off.P95, r.Said.Off.P99, r.Said.Off.Max)
		ms("barge-in stop", r.Barge)
		ms("RTP spacing deviation", r.Spacing)
		row("turns", "%d answered, %d lost; %d packets lost", r.Turns, r.LostTurns, r.PacketsLost)
	}
	ms("INVITE to 200", r.Setup)
	row("failed calls", "%d", r.Failed)
	for _, n := range r.Notes {
		row("", "%s", n)
	}
	row("CPU of the server", "%.1f %% of a core, %.2f %% a call", r.CPUPercent, r.CPUPerCall)
	row("memory", "%.1f MiB without calls, %.2f MiB a call", r.RestMiB, r.MiBPerCall)
	if r.Webhooks > 0 {
		row("webhooks", "%d, %d calls told as ended", r.Webhooks, r.WebhookEnds)
	}
	row("goroutines before, after", "%d, %d", r.Before.Goroutines, r.After.Goroutines)
	row("ports in use before, after", "%d, %d", r.Before.RTPPorts, r.After.RTPPorts)
}
