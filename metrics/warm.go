package metrics

import (
	"encoding/json"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-voice/parley"
)

// warm is what is made ready for calls while their phones ring.
type warm struct {
	took   *prometheus.HistogramVec
	saved  *prometheus.HistogramVec
	tokens *prometheus.CounterVec
}

func newWarm(r *prometheus.Registry) warm {
	buckets := []float64{.001, .005, .01, .025, .05, .1, .2, .4, .8, 1.6, 3.2}
	w := warm{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_warm_seconds", Buckets: buckets,
			Help: "How long it took to make a vendor ready while the phone rang, by skill (hearing, thinking, speaking; prompt: the model read it) and result (opened, open already, skipped, failed)."},
			[]string{"skill", "vendor", "result"}),
		saved: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_warm_saved_seconds", Buckets: buckets,
			Help: "What of that the call need not wait for any more."}, []string{"skill", "vendor"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_preloaded_tokens_total",
			Help: "Tokens of prompts that models read while the phone rang: in, out; cached: those of in that the vendor knew already."}, []string{"vendor", "what"}),
	}
	r.MustRegister(w.took, w.saved, w.tokens)
	return w
}

func (w warm) observe(payload []byte) {
	var p parley.Warmth
	if json.Unmarshal(payload, &p) != nil || p.Skill == "" {
		return
	}
	result := "opened"
	switch {
	case p.Error != "":
		result = "failed"
	case p.Skipped != "":
		result = "skipped"
	case p.Open:
		result = "open"
	}
	w.took.WithLabelValues(p.Skill, p.Vendor, result).Observe(p.TookMS / 1000)
	if p.Skill == "prompt" {
		for what, n := range map[string]int{"in": p.TokensIn, "out": p.TokensOut, "cached": p.TokensCached} {
			w.tokens.WithLabelValues(p.Vendor, what).Add(float64(max(n, 0)))
		}
		return
	}
	w.saved.WithLabelValues(p.Skill, p.Vendor).Observe(p.SavedMS / 1000)
}
