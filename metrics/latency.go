package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-voice/parley"
)

// split is where the time before an agent's words goes, and who takes it.
type split struct {
	stages  *prometheus.HistogramVec
	vendors *prometheus.HistogramVec
	silence *prometheus.HistogramVec
}

func newSplit(r prometheus.Registerer) split {
	buckets := []float64{.01, .025, .05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 10}
	s := split{
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_turn_latency_seconds", Buckets: buckets,
			Help: "From the caller's last sound to the agent's first, by stage; total is all of it."}, []string{"stage"}),
		vendors: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_vendor_latency_seconds", Buckets: buckets,
			Help: "What a vendor took of it: hearing from the caller's last sound to the words, thinking to the first token, speaking from the first piece to the first sound."},
			[]string{"skill", "vendor"}),
		silence: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_voice_silence_seconds",
			Help:    "The silence with which a voice's sound began; part of what speaking took.",
			Buckets: []float64{.02, .04, .06, .1, .15, .2, .3, .5, 1}}, []string{"vendor"}),
	}
	r.MustRegister(s.stages, s.vendors, s.silence)
	return s
}

// observe takes a turn's.
func (s split) observe(l parley.Latency, c *parley.Credits) {
	for _, part := range []struct {
		stage string
		took  time.Duration
	}{{"endpointing", l.Endpointing}, {"stt", l.STT}, {"queue", l.Queue}, {"llm", l.LLM}, {"actions", l.Actions}, {"chunking", l.Chunking},
		{"tts", l.TTS}, {"playout", l.Playout}, {"total", l.Total}} {
		s.stages.WithLabelValues(part.stage).Observe(part.took.Seconds())
	}
	if c == nil {
		return
	}
	for _, part := range []struct {
		skill string
		by    *parley.Credit
		took  time.Duration
	}{{"hearing", c.Hearing, l.STT}, {"thinking", c.Thinking, l.LLM}, {"speaking", c.Speaking, l.TTS}} {
		if part.by != nil {
			s.vendors.WithLabelValues(part.skill, part.by.Vendor).Observe(part.took.Seconds())
		}
	}
	if c.Speaking != nil {
		s.silence.WithLabelValues(c.Speaking.Vendor).Observe(l.Silence.Seconds())
	}
}
