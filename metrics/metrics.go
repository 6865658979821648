// Package metrics counts what happens, for Prometheus: requests, calls by how they ended, what waits, how webhooks and the event
// log keep up, and where an agent's time to answer goes. What happens on calls it reads from the event log; nothing is labelled by a call.
//
// Goroutines: Run is one, until its context is done.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// Log is the event log as it is read here. *store.Log is one.
type Log interface {
	Subscribe(callID string) (events <-chan parley.Event, cancel func())
}

// Config is what is looked at when the counters are asked for; what is nil is not shown.
type Config struct {
	Log     Log
	Running func() int                                     // calls that this process carries
	Depth   func(ctx context.Context) (store.Depth, error) // what waits
	Node    Node                                           // of this process
	Logger  *slog.Logger                                   // nil: slog.Default()
}

// Metrics are the counters. They are safe from any goroutine.
type Metrics struct {
	Config
	registry *prometheus.Registry
	handler  http.Handler

	requests   *prometheus.CounterVec
	took       *prometheus.HistogramVec
	ended      *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	latency    split
	delay      prometheus.Histogram
	missed     prometheus.Counter
	media      media
	warm       warm
	early      early
	served     served
}

// depthPatience is how long the store may take to say what waits.
const depthPatience = 2 * time.Second

// What becomes of an attempt to deliver, as webhook says it: a pending delivery is tried again later.
var results = []string{store.Delivered, store.Pending, store.Failed, store.Dropped}

// New makes the counters; each cause and result is there from the start.
func New(c Config) *Metrics {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	m := &Metrics{Config: c, registry: prometheus.NewRegistry()}
	m.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_http_requests_total",
		Help: "Requests that were answered, by route, method and class of status."}, []string{"route", "method", "status"})
	m.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_http_request_duration_seconds",
		Help:    "From a request's head to the end of its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"route", "method"})
	m.ended = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_calls_ended_total", Help: "Calls that are over, by ended_reason."}, []string{"cause"})
	m.deliveries = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_webhook_attempts_total",
		Help: "Attempts to deliver a webhook, by what became of the delivery: delivered, pending (it is tried again), failed (given up), dropped (the webhook is gone)."},
		[]string{"result"})
	m.delay = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "parley_event_log_delay_seconds",
		Help:    "From an event to its being written and told.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}})
	m.missed = prometheus.NewCounter(prometheus.CounterOpts{Name: "parley_metrics_lagged_total",
		Help: "How often events came faster than they were counted here, and some were not."})
	m.registry.MustRegister(m.requests, m.took, m.ended, m.deliveries, m.delay, m.missed, &waiting{m}, &node{m.Node},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.warm, m.early, m.latency = newWarm(m.registry), newEarly(m.registry), newSplit(m.registry)
	m.media, m.served = newMedia(m.registry), newServed(m.registry)
	for _, c := range parley.Causes() {
		m.ended.WithLabelValues(string(c))
	}
	for _, r := range results {
		m.deliveries.WithLabelValues(r)
	}
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	return m
}

// Request counts a request of a route; status 0 is a client that left before it was answered. route and method are the server's own
// words, never the client's.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	class := "none"
	if status > 0 {
		class = strconv.Itoa(status/100) + "xx"
	}
	m.requests.WithLabelValues(route, method, class).Inc()
	m.took.WithLabelValues(route, method).Observe(took.Seconds())
}

// Attempted counts an attempt to deliver a webhook, by the state of the delivery after it.
func (m *Metrics) Attempted(state string) { m.deliveries.WithLabelValues(state).Inc() }

// ServeHTTP shows the counters.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }
