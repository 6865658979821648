package metrics

import (
	"encoding/json"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-voice/parley"
)

// served counts who serves turns, and who fails. Vendors are labelled by our names for them, of which there are few.
type served struct {
	turns  *prometheus.CounterVec
	failed *prometheus.CounterVec
}

func newServed(r prometheus.Registerer) served {
	s := served{
		turns: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_vendor_turns_total",
			Help: "Turns that a vendor served, by skill: hearing, thinking, speaking. What stood is first where nobody failed before it, else backup."},
			[]string{"skill", "vendor", "stood"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_vendor_failures_total",
			Help: "How often a vendor was passed over, by skill and reason: unauthorized, rate_limited, refused, unavailable, timeout, bad_output, unsupported, empty, shunned (it has kept failing), slow (another was sooner)."},
			[]string{"skill", "vendor", "reason"}),
	}
	r.MustRegister(s.turns, s.failed)
	return s
}

// turn counts those who served a turn. Who heard what the agent answers has been counted with the caller's turn.
func (s served) turn(who parley.Who, c *parley.Credits) {
	if c == nil {
		return
	}
	for skill, x := range map[string]*parley.Credit{"hearing": c.Hearing, "thinking": c.Thinking, "speaking": c.Speaking} {
		if x == nil || x == c.Hearing && who == parley.Bot {
			continue
		}
		stood := "first"
		if x.Reason != "" {
			stood = "backup"
		}
		s.turns.WithLabelValues(skill, x.Vendor, stood).Inc()
	}
}

// trouble counts what a warning or an error says of vendors.
func (s served) trouble(payload json.RawMessage) {
	var p struct {
		Skill  string
		Failed parley.Failures
	}
	if json.Unmarshal(payload, &p) != nil {
		return
	}
	for _, f := range p.Failed {
		s.failed.WithLabelValues(p.Skill, f.Vendor, string(f.Reason)).Inc()
	}
}
