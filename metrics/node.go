package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-voice/parley/capacity"
	"github.com/parley-voice/parley/leg"
)

// Node is what a process knows of itself when it is asked. What is nil is not shown.
type Node struct {
	Late  func() leg.Lateness // of the clock that paces all legs
	Lines func() Lines
	Ports func() int // UDP ports of sound that are taken

	Capacity   func() capacity.State
	Recordings func() Recordings // where they go to storage of their own
	Member     func() Member
	Unkept     func() int // events that are not on the disk yet
}

// Recordings are those that wait on the disk of this process for their storage.
type Recordings struct {
	Files   int
	Bytes   int64
	Oldest  time.Time // zero: none waits
	Refused int64     // calls that were not recorded for want of room, since the start
}

// Lines are how the SIP trunks of this process are doing.
type Lines struct {
	Registered, Unregistered int // trunks that are to be registered
	Up, Down                 int // addresses of far ends that are asked for their pulse
}

// node shows a Node.
type node struct{ Node }

var (
	paced = prometheus.NewDesc("parley_pacer_late_seconds", "How long after it was due a packet's turn to leave came.", nil, nil)
	regs  = prometheus.NewDesc("parley_trunk_registrations", "SIP trunks that are to be registered, by state: registered, unregistered.", []string{"state"}, nil)
	hops  = prometheus.NewDesc("parley_trunk_addresses", "Addresses of SIP trunks that are asked for their pulse, by state: up, down.", []string{"state"}, nil)
	queue = prometheus.NewDesc("parley_recordings_waiting", "Files of recordings that are not in their storage yet.", nil, nil)
	bytes = prometheus.NewDesc("parley_recordings_waiting_bytes", "How large these files are.", nil, nil)
	since = prometheus.NewDesc("parley_recordings_waiting_seconds", "For how long the oldest of these files has waited.", nil, nil)
	never = prometheus.NewDesc("parley_recordings_refused_total", "Calls that were not recorded: too much waits, or the disk is full.", nil, nil)
	most  = prometheus.NewDesc("parley_calls_capacity", "Calls at which the process would use all its cores, by what those that run take; 0: not known yet.", nil, nil)
	load  = prometheus.NewDesc("parley_load_ratio", "The share of its cores that the process used in the last 10 s.", nil, nil)
	shut  = prometheus.NewDesc("parley_calls_refused_now", "1 when no new calls are taken by what was measured, for the reason: cpu, late, full (calls by capacity); 0 else.", []string{"reason"}, nil)
	wait  = prometheus.NewDesc("parley_events_unkept", "Events in memory that the database has not taken yet.", nil, nil)
	ports = prometheus.NewDesc("parley_rtp_ports_in_use", "UDP ports of sound that are taken, two a call.", nil, nil)
)

// Describe is prometheus.Collector's.
func (n *node) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{paced, regs, hops, ports, most, load, shut, queue, bytes, since, never, wait} {
		out <- d
	}
	Member{}.describe(out)
}

// Collect is prometheus.Collector's.
func (n *node) Collect(out chan<- prometheus.Metric) {
	if n.Late != nil {
		l := n.Late()
		within := make(map[float64]uint64, len(l.Within))
		for i, b := range l.Bounds {
			within[b.Seconds()] = l.Within[i]
		}
		out <- prometheus.MustNewConstHistogram(paced, l.Ticks, l.Sum.Seconds(), within)
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	if n.Lines != nil {
		l := n.Lines()
		gauge(regs, l.Registered, "registered")
		gauge(regs, l.Unregistered, "unregistered")
		gauge(hops, l.Up, "up")
		gauge(hops, l.Down, "down")
	}
	if n.Ports != nil {
		gauge(ports, n.Ports())
	}
	if n.Unkept != nil {
		gauge(wait, n.Unkept())
	}
	if n.Member != nil {
		n.Member().collect(gauge)
	}
	if n.Capacity != nil {
		s := n.Capacity()
		gauge(most, s.Capacity)
		out <- prometheus.MustNewConstMetric(load, prometheus.GaugeValue, s.Load)
		for _, why := range []string{capacity.Busy, capacity.Late, capacity.Many} {
			gauge(shut, flag(s.Closed == why), why)
		}
	}
	if n.Recordings != nil {
		r := n.Recordings()
		gauge(queue, r.Files)
		gauge(bytes, int(r.Bytes))
		age := 0.0
		if !r.Oldest.IsZero() {
			age = max(0, time.Since(r.Oldest).Seconds())
		}
		out <- prometheus.MustNewConstMetric(since, prometheus.GaugeValue, age)
		out <- prometheus.MustNewConstMetric(never, prometheus.CounterValue, float64(r.Refused))
	}
}
