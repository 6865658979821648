package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/leg"
)

func TestNode(t *testing.T) {
	late := leg.Lateness{Ticks: 10, Sum: 3 * time.Second, Bounds: []time.Duration{time.Millisecond, 20 * time.Millisecond}, Within: []uint64{7, 9}}
	m := New(Config{Node: Node{Late: func() leg.Lateness { return late }, Lines: func() Lines { return Lines{1, 2, 3, 4} }, Ports: func() int { return 5 }}})
	wants(t, shown(t, m),
		`parley_pacer_late_seconds_bucket{le="0.001"} 7`, `parley_pacer_late_seconds_bucket{le="0.02"} 9`, `parley_pacer_late_seconds_bucket{le="+Inf"} 10`,
		`parley_pacer_late_seconds_sum 3`, `parley_pacer_late_seconds_count 10`,
		`parley_trunk_registrations{state="registered"} 1`, `parley_trunk_registrations{state="unregistered"} 2`,
		`parley_trunk_addresses{state="up"} 3`, `parley_trunk_addresses{state="down"} 4`, `parley_rtp_ports_in_use 5`)
	if text := shown(t, New(Config{})); strings.Contains(text, "parley_pacer") || strings.Contains(text, "parley_trunk") || strings.Contains(text, "parley_rtp") {
		t.Error("what nobody knows is shown")
	}
}

// TestNodeOfAClock: a real clock's figures are a histogram that Prometheus takes.
func TestNodeOfAClock(t *testing.T) {
	c := leg.NewClock()
	defer c.Close()
	text := shown(t, New(Config{Node: Node{Late: c.Lateness}}))
	wants(t, text, `parley_pacer_late_seconds_bucket{le="0.0005"} 0`, `parley_pacer_late_seconds_bucket{le="0.5"} 0`, `parley_pacer_late_seconds_count 0`)
}
