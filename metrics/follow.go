package metrics

import (
	"context"
	"encoding/json"
	"time"

	"github.com/parley-voice/parley"
)

// resume is how long to wait before following a log again that let go of this reader.
const resume = 100 * time.Millisecond

// Run counts what the event log tells, until ctx is done.
func (m *Metrics) Run(ctx context.Context) error {
	for {
		events, cancel := m.Log.Subscribe("")
		m.follow(ctx, events)
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(resume):
			m.missed.Inc()
		}
	}
}

func (m *Metrics) follow(ctx context.Context, events <-chan parley.Event) {
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			m.count(e)
		case <-ctx.Done():
			return
		}
	}
}

// count takes what matters here out of an event.
func (m *Metrics) count(e parley.Event) {
	if e.Sequence > 0 {
		m.delay.Observe(max(0, time.Since(e.Time).Seconds()))
	}
	switch e.Type {
	case parley.EventEnded, parley.EventDidNotConnect:
		var p struct {
			Cause parley.Cause    `json:"ended_reason"`
			Media *parley.Quality `json:"media"`
		}
		if json.Unmarshal(e.Payload, &p) != nil || !p.Cause.Known() {
			p.Cause = parley.Unknown
		}
		if p.Media != nil {
			m.media.observe(*p.Media)
		}
		m.ended.WithLabelValues(string(p.Cause)).Inc()
	case parley.EventWarmed:
		m.warm.observe(e.Payload)
	case parley.EventEarlyReply:
		m.early.observe(e.Payload)
	case parley.EventWarning, parley.EventError:
		m.served.trouble(e.Payload)
	case parley.EventMessage:
		var p struct {
			Sender  parley.Who      `json:"sender"`
			Latency *parley.Latency `json:"latency"`
			Vendors *parley.Credits `json:"vendors"`
		}
		if json.Unmarshal(e.Payload, &p) != nil {
			return
		}
		m.served.turn(p.Sender, p.Vendors)
		if p.Latency != nil {
			m.latency.observe(*p.Latency, p.Vendors)
		}
	}
}
