package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-voice/parley/leg"
)

// Node is what a process knows of itself when it is asked. What is nil is not shown.
type Node struct {
	Late  func() leg.Lateness // of the clock that paces all legs
	Lines func() Lines
	Ports func() int // UDP ports of sound that are taken
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
	ports = prometheus.NewDesc("parley_rtp_ports_in_use", "UDP ports of sound that are taken, two a call.", nil, nil)
)

// Describe is prometheus.Collector's.
func (n *node) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{paced, regs, hops, ports} {
		out <- d
	}
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
}
