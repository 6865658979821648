package metrics

import (
	"encoding/json"

	"github.com/prometheus/client_golang/prometheus"
)

// early is what became of replies that were begun before the caller's turn was over.
type early struct {
	replies *prometheus.CounterVec
	ahead   prometheus.Histogram
	wasted  *prometheus.CounterVec
}

func newEarly(r *prometheus.Registry) early {
	e := early{
		replies: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_early_replies_total",
			Help: "Replies that were begun before the caller's turn was over: used, or discarded because it went on."}, []string{"result"}),
		ahead: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "parley_early_ahead_seconds",
			Help:    "How long before the end of the turn those were begun that were used.",
			Buckets: []float64{.01, .025, .05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3}}),
		wasted: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_early_discarded_total",
			Help: "What was paid for those that were discarded: tokens_in, tokens_out, characters."}, []string{"what"}),
	}
	r.MustRegister(e.replies, e.ahead, e.wasted)
	return e
}

func (e early) observe(payload []byte) {
	var p struct {
		Result     string  `json:"result"`
		AheadMS    float64 `json:"ahead_ms"`
		TokensIn   int     `json:"llm_tokens_in"`
		TokensOut  int     `json:"llm_tokens_out"`
		Characters int     `json:"tts_characters"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return
	}
	switch p.Result {
	case "used":
		e.ahead.Observe(p.AheadMS / 1000)
	case "discarded":
		for what, n := range map[string]int{"tokens_in": p.TokensIn, "tokens_out": p.TokensOut, "characters": p.Characters} {
			e.wasted.WithLabelValues(what).Add(float64(max(n, 0)))
		}
	default:
		return
	}
	e.replies.WithLabelValues(p.Result).Inc()
}
