package bench

import (
	"fmt"
	"io"
	"strings"
)

// What the SIP leg is to keep to.
const (
	signalBar  = 1000 // calls a second
	dialogBar  = 4096 // bytes of heap
	strangeBar = 5.0  // ms between the answers to a known and an unknown user
	deathBar   = 2.0  // s beyond the media timeout
	gapBar     = 40.0 // ms, p99.9
)

// A SIPReport is what was measured of the SIP leg; a part that was not is nil.
type SIPReport struct {
	Signalling []Signalling `json:"signalling,omitempty"`
	Dialogs    *Dialogs     `json:"dialogs,omitempty"`
	Strangers  []Strangers  `json:"strangers,omitempty"`
	Deaths     *Deaths      `json:"deaths,omitempty"`
	Flood      *SIPFlood    `json:"flood,omitempty"`
}

// Signalling is calls that are set up, answered and hung up, as fast as they go.
type Signalling struct {
	Who       string   `json:"who"` // at the other end of the trunk
	PerSecond float64  `json:"calls_per_second"`
	Failed    int      `json:"failed"`
	Setup     Stats    `json:"setup_ms"` // INVITE to 200
	Cores     float64  `json:"cores"`    // of the whole process, both ends
	Notes     []string `json:"notes,omitempty"`
}

// Dialogs is the memory of calls in which nothing happens.
type Dialogs struct {
	N          int     `json:"n"`
	HeapBytes  float64 `json:"heap_bytes"`   // of the dialog alone
	MediaBytes float64 `json:"media_bytes"`  // of its leg: queues, jitter buffer
	WholeBytes float64 `json:"whole_bytes"`  // heap and stacks of the process, by call
	AfterBytes float64 `json:"after_bytes"`  // of WholeBytes, when all are over
	WaitedFor  float64 `json:"waited_for_s"` // until finished transactions were forgotten
}

// Strangers is how long the answer to a user we know takes, and to one we do not.
type Strangers struct {
	What           string `json:"what"`
	Known, Unknown Stats
}

// Deaths is calls whose far end vanished.
type Deaths struct {
	N          int            `json:"n"`
	Timeout    float64        `json:"timeout_s"`
	Late       Stats          `json:"late_s"` // end of the call after the timeout, in seconds
	Causes     map[string]int `json:"causes"`
	Unended    int            `json:"unended"`
	Ports      int            `json:"ports_left"`
	Goroutines int            `json:"goroutines_left"`
}

// SIPFlood is the sound of live calls while strangers write.
type SIPFlood struct {
	Sources  int     `json:"sources"`
	Messages int     `json:"messages"`
	Seconds  float64 `json:"seconds"`
	Live     int     `json:"live_calls"`
	Quiet    Gaps    `json:"quiet"`
	Flooded  Gaps    `json:"flooded"`
	Answers  int64   `json:"answers"`
	Most     float64 `json:"most_bytes_back"` // to one source, by byte that came from it
	Before   uint64  `json:"bytes_before"`
	After    uint64  `json:"bytes_after"`
	Dropped  int     `json:"calls_lost"`
	Note     string  `json:"note,omitempty"`
}

// Gaps is the time between two packets of one call, in milliseconds.
type Gaps struct {
	N    int     `json:"n"`
	P50  float64 `json:"p50"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

// Print writes the report as a table.
func (r SIPReport) Print(w io.Writer) {
	p := page{w}
	for _, s := range r.Signalling {
		p.row("calls a second, "+s.Who, "%.0f   %d failed   %.2f cores   ≥ %d: %s", s.PerSecond, s.Failed, s.Cores, signalBar, kept(s.PerSecond >= signalBar && s.Failed == 0))
		p.stats("  INVITE to 200", s.Setup, "")
		for _, n := range s.Notes {
			p.row("", "%s", n)
		}
	}
	if d := r.Dialogs; d != nil {
		p.row("an idle dialog", "%.0f bytes of heap   ≤ %d: %s", d.HeapBytes, dialogBar, kept(d.HeapBytes > 0 && d.HeapBytes <= dialogBar))
		p.row("  its leg and media", "%.0f bytes; %.0f in all with stacks and sockets, %.0f left afterwards (%d calls)", d.MediaBytes, d.WholeBytes, d.AfterBytes, d.N)
	}
	for _, s := range r.Strangers {
		apart := max(s.Known.P50-s.Unknown.P50, s.Unknown.P50-s.Known.P50)
		p.stats("known, "+s.What, s.Known, "")
		p.stats("unknown, "+s.What, s.Unknown, fmt.Sprintf("   apart %.2f < %g: %s", apart, strangeBar, kept(apart < strangeBar)))
	}
	if d := r.Deaths; d != nil {
		ok := d.Late.Max <= deathBar && d.Unended == 0 && d.Ports == 0 && d.Goroutines <= slack
		p.row("far ends that died", "%d; over after the timeout of %.0f s by p50 %.2f, max %.2f s   ≤ %g: %s", d.N, d.Timeout, d.Late.P50, d.Late.Max, deathBar, kept(ok))
		p.row("  left", "%d calls, %d ports, %d goroutines; causes %s", d.Unended, d.Ports, d.Goroutines, strings.TrimPrefix(fmt.Sprint(d.Causes), "map"))
	}
	if f := r.Flood; f != nil {
		if f.Note != "" {
			p.row("flood", "%s", f.Note)
			return
		}
		p.row("flood", "%d messages in %.0f s from %d sources, %d answered, at most %.2f bytes back for one", f.Messages, f.Seconds, f.Sources, f.Answers, f.Most)
		p.row("  RTP gaps, quiet", "p50 %.1f   p99.9 %.1f   max %.1f ms   (%d packets of %d calls)", f.Quiet.P50, f.Quiet.P999, f.Quiet.Max, f.Quiet.N, f.Live)
		p.row("  RTP gaps, flooded", "p50 %.1f   p99.9 %.1f   max %.1f ms   (%d)   p99.9 < %g: %s", f.Flooded.P50, f.Flooded.P999, f.Flooded.Max, f.Flooded.N, gapBar,
			kept(f.Flooded.P999 < gapBar && f.Dropped == 0))
		p.row("  memory", "%.1f MiB before, %.1f after; %d calls lost", float64(f.Before)/(1<<20), float64(f.After)/(1<<20), f.Dropped)
	}
}
