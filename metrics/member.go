package metrics

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Member is how a process does among the others of its installation, and by the settings that all of it goes by.
type Member struct {
	Apart    bool            // it has not reached the database for so long that it takes no calls
	Draining bool            // it ends when the last call is over
	NATS     *bool           // whether the server is reached; nil: there is to be none
	Duties   map[string]bool // of those that one node does for all and this one may do: whether it does
	Nodes    map[string]int  // the nodes of the database by state, as they were seen last; nil: there can be no others
	Refused  bool            // when the settings were read again last something was wrong, and all is as it was
}

var (
	apart   = prometheus.NewDesc("parley_node_apart", "1 when the database has not been reached for so long that no calls are taken and others do what was this node's duty; 0 else.", nil, nil)
	drains  = prometheus.NewDesc("parley_node_draining", "1 when no new calls are taken because the process ends once the last is over; 0 else.", nil, nil)
	natsUp  = prometheus.NewDesc("parley_nats_connected", "1 when the NATS server is reached, 0 when it is away; not shown where there is to be none.", nil, nil)
	duties  = prometheus.NewDesc("parley_duty_held", "1 when this node does what one node does for all, by duty; 0 when it could, and does not.", []string{"duty"}, nil)
	nodes   = prometheus.NewDesc("parley_nodes", "Nodes of the database that this one saw last, by state: up, draining.", []string{"state"}, nil)
	refused = prometheus.NewDesc("parley_settings_refused", "1 when the settings that were read again last were wrong, so that those before hold; 0 else.", nil, nil)
)

func (m Member) describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{apart, drains, natsUp, duties, nodes, refused} {
		out <- d
	}
}

func (m Member) collect(gauge func(d *prometheus.Desc, n int, labels ...string)) {
	gauge(apart, flag(m.Apart))
	gauge(drains, flag(m.Draining))
	gauge(refused, flag(m.Refused))
	if m.NATS != nil {
		gauge(natsUp, flag(*m.NATS))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Duties)) {
		gauge(duties, flag(m.Duties[name]), name)
	}
	for _, state := range slices.Sorted(maps.Keys(m.Nodes)) {
		gauge(nodes, m.Nodes[state], state)
	}
}

// flag is how a gauge says yes or no.
func flag(is bool) int {
	if is {
		return 1
	}
	return 0
}
