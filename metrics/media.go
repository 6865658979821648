package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-voice/parley"
)

// media is how sound travels, counted when a call is over: in is from the far end to us, out from us to it, as it reports.
type media struct {
	packets *prometheus.CounterVec
	lost    *prometheus.HistogramVec
	jitter  *prometheus.HistogramVec
	trip    prometheus.Histogram
}

func newMedia(r *prometheus.Registry) media {
	m := media{
		packets: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_media_packets_total",
			Help: "Packets of sound of calls that are over: received, sent, lost (not there when they were due), late (of them or the received: too late, or too far ahead of time, to be heard)."}, []string{"what"}),
		lost: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_media_lost_ratio",
			Help:    "The share of packets that a call lost, 0 to 1: in, from the far end, those that came too late among them; out, to it, as it reports.",
			Buckets: []float64{0, .001, .0025, .005, .01, .02, .05, .1, .25, .5}}, []string{"direction"}),
		jitter: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_media_jitter_seconds",
			Help:    "How unevenly the packets of a call came (RFC 3550): in, from the far end; out, to it, as it reports.",
			Buckets: []float64{.001, .0025, .005, .01, .02, .04, .08, .16, .32}}, []string{"direction"}),
		trip: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "parley_media_round_trip_seconds",
			Help:    "To the far end and back, as RTCP tells.",
			Buckets: []float64{.005, .01, .025, .05, .1, .2, .4, .8, 1.6}}),
	}
	r.MustRegister(m.packets, m.lost, m.jitter, m.trip)
	for _, what := range []string{"received", "sent", "lost", "late"} {
		m.packets.WithLabelValues(what)
	}
	return m
}

// observe counts a call.
func (m media) observe(q parley.Quality) {
	for what, n := range map[string]int64{"received": q.Received, "sent": q.Sent, "lost": q.Lost, "late": q.Late} {
		m.packets.WithLabelValues(what).Add(float64(max(n, 0)))
	}
	if due := max(q.Received+q.Lost-q.Late, q.Lost); due > 0 {
		m.lost.WithLabelValues("in").Observe(float64(q.Lost) / float64(due))
		m.jitter.WithLabelValues("in").Observe(q.Jitter / 1000)
	}
	if q.FarLost != nil {
		m.lost.WithLabelValues("out").Observe(*q.FarLost / 100)
	}
	if q.FarJitter != nil {
		m.jitter.WithLabelValues("out").Observe(*q.FarJitter / 1000)
	}
	if q.RoundTrip != nil {
		m.trip.Observe(*q.RoundTrip / 1000)
	}
}
