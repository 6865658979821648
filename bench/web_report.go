package bench

import (
	"fmt"
	"io"
)

// soundBar is what a web call is to keep to on loopback, in ms from the click to the first sound (median).
const soundBar = 400

// A WebReport is how long callers wait who call from a page. Durations are in milliseconds.
type WebReport struct {
	Runs    int       `json:"runs"`
	Codec   string    `json:"codec"`
	Local   bool      `json:"local_voice"`
	VoiceMS float64   `json:"voice_ms"` // to its first sound, when it is a vendor's
	Plain   *WebCalls `json:"plain"`
	Browser *WebCalls `json:"browser,omitempty"`
	Note    string    `json:"note,omitempty"`
}

// WebCalls are those of one kind of client.
type WebCalls struct {
	Who    string           `json:"who"`
	Failed int              `json:"failed"`
	First  float64          `json:"first_call"` // of the server, or of the browser; it is in no other figure
	Sound  Stats            `json:"sound"`      // click → first sound
	Stages map[string]Stats `json:"stages"`     // where that went, each from the end of the one before
	Notes  []string         `json:"notes,omitempty"`
}

// webStageNames are as a table shows them.
var webStageNames = map[string]string{
	"ticket": "ticket (from the click)", "microphone": "microphone (from the click)", "offered": "the offer is made", "answered": "POST of the offer → answer",
	"way": "ICE", "connected": "DTLS", "packet": "first packet of sound", "sound": "first that is heard",
}

// Print writes the report as a table.
func (r WebReport) Print(w io.Writer) {
	p := page{w}
	voice := fmt.Sprintf("a vendor that speaks after %g ms", r.VoiceMS)
	if r.Local {
		voice = "this machine"
	}
	p.row("web calls", "%d of each client, by %s; the voice is %s's", r.Runs, r.Codec, voice)
	for _, c := range []*WebCalls{r.Plain, r.Browser} {
		if c == nil {
			continue
		}
		p.row("\n"+c.Who, " %d failed; the first call %.1f ms", c.Failed, c.First)
		p.stats("click → first sound", c.Sound, fmt.Sprintf("   p50 ≤ %d: %s", soundBar, kept(c.Sound.N > 0 && c.Failed == 0 && c.Sound.P50 <= soundBar)))
		for _, s := range webStages {
			if at, ok := c.Stages[s]; ok {
				p.stats("  "+webStageNames[s], at, "")
			}
		}
		p.notes(c.Notes)
	}
	if r.Note != "" {
		p.row("", "%s", r.Note)
	}
}
