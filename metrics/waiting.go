package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// waiting is what is looked up when somebody asks.
type waiting struct{ m *Metrics }

var (
	running = prometheus.NewDesc("parley_calls_running", "Calls that this process carries.", nil, nil)
	queued  = prometheus.NewDesc("parley_calls_queued", "Calls that wait for their time or a free slot, on the whole server.", nil, nil)
	jobs    = prometheus.NewDesc("parley_jobs_waiting", "Durable work that is ready or waits for its time.", nil, nil)
	callAge = prometheus.NewDesc("parley_calls_overdue_seconds", "How long the call that has waited longest in the queue could have been dialled, had there been a slot.", nil, nil)
	jobAge  = prometheus.NewDesc("parley_jobs_overdue_seconds", "How long ago the first of the jobs that are ready was due.", nil, nil)
	behind  = prometheus.NewDesc("parley_event_log_unread", "Events that webhooks have not been read from yet.", nil, nil)
)

// Describe is prometheus.Collector's.
func (w *waiting) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{running, queued, jobs, callAge, jobAge, behind} {
		out <- d
	}
}

// Collect is prometheus.Collector's. What the store does not say in time is left out.
func (w *waiting) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, n int64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n))
	}
	age := func(d *prometheus.Desc, due time.Time) {
		late := 0.0
		if !due.IsZero() {
			late = max(0, time.Since(due).Seconds())
		}
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, late)
	}
	if w.m.Running != nil {
		gauge(running, int64(w.m.Running()))
	}
	if w.m.Depth == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), depthPatience)
	defer cancel()
	d, err := w.m.Depth(ctx)
	if err != nil {
		w.m.Logger.Warn("what waits could not be counted", "error", err)
		return
	}
	gauge(queued, d.Calls)
	gauge(jobs, d.Jobs)
	age(callAge, d.CallsDue)
	age(jobAge, d.JobsDue)
	gauge(behind, d.Unread)
}
