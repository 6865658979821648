package bench

import (
	"fmt"
	"io"
	"time"
)

// What a caller may be left waiting.
const (
	backupBar = 2500.0  // ms, p95, with a backup
	aloneBar  = 10000.0 // ms, at most, without
)

// A FaultReport is the fault matrix: how long callers heard nothing.
type FaultReport struct {
	Calls  int         `json:"calls"`
	Cells  []FaultCell `json:"cells"`
	Backup Stats       `json:"with_backup_ms"`
	Alone  Stats       `json:"without_backup_ms"`
	Stuck  int         `json:"stuck"`
}

// A FaultCell is one fault of one skill.
type FaultCell struct {
	Skill   string   `json:"skill"`
	Fault   Fault    `json:"fault"`
	Backup  bool     `json:"backup"`
	Silence Stats    `json:"silence_ms"` // from the caller's last sound to the end of the reply, the longest of a call
	Stuck   []string `json:"stuck,omitempty"`

	ms []float64
}

func (c *FaultCell) add(took time.Duration, stuck string) {
	if stuck != "" {
		c.Stuck = append(c.Stuck, stuck)
		return
	}
	c.ms = append(c.ms, milliseconds(took))
}

func (r *FaultReport) sum() {
	var with, without []float64
	for i := range r.Cells {
		c := &r.Cells[i]
		r.Stuck += len(c.Stuck)
		if c.Backup {
			with = append(with, c.ms...)
		} else {
			without = append(without, c.ms...)
		}
		c.Silence = statsOf(c.ms)
	}
	r.Backup, r.Alone = statsOf(with), statsOf(without)
}

// Print shows the matrix.
func (r FaultReport) Print(w io.Writer) {
	fmt.Fprintf(w, "%d calls; silence from the caller's last sound to the end of the reply, p50 / p95 / max ms\n\n", r.Calls)
	fmt.Fprintf(w, "%-10s %-14s %24s %24s\n", "skill", "fault", "with a backup", "without")
	for i := 0; i+1 < len(r.Cells); i += 2 {
		a, b := r.Cells[i], r.Cells[i+1]
		fmt.Fprintf(w, "%-10s %-14s %24s %24s\n", a.Skill, a.Fault, a.shown(), b.shown())
	}
	fmt.Fprintf(w, "%-10s %-14s %24s %24s\n\n", "all", "", FaultCell{Silence: r.Backup}.shown(), FaultCell{Silence: r.Alone}.shown())
	fmt.Fprintf(w, "with a backup p95 %.0f ms (bar %.0f): %s\n", r.Backup.P95, backupBar, kept(r.Backup.P95 <= backupBar))
	fmt.Fprintf(w, "without, at most %.0f ms (bar %.0f): %s\n", r.Alone.Max, aloneBar, kept(r.Alone.Max <= aloneBar))
	fmt.Fprintf(w, "stuck %d of %d: %s\n", r.Stuck, r.Calls, kept(r.Stuck == 0))
}

func (c FaultCell) shown() string {
	s := fmt.Sprintf("%.0f / %.0f / %.0f", c.Silence.P50, c.Silence.P95, c.Silence.Max)
	if len(c.Stuck) > 0 {
		s += fmt.Sprintf(", %d stuck", len(c.Stuck))
	}
	return s
}
