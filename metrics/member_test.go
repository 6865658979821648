package metrics

import (
	"strings"
	"testing"
)

func TestMember(t *testing.T) {
	there := false
	m := Member{Apart: true, Duties: map[string]bool{"webhooks": true, "retention": false}, Nodes: map[string]int{"up": 2, "draining": 1}, NATS: &there, Refused: true}
	node := Node{Member: func() Member { return m }, Unkept: func() int { return 7 }}
	wants(t, shown(t, New(Config{Node: node})), `parley_node_apart 1`, `parley_node_draining 0`, `parley_nats_connected 0`, `parley_settings_refused 1`,
		`parley_duty_held{duty="webhooks"} 1`, `parley_duty_held{duty="retention"} 0`, `parley_nodes{state="up"} 2`, `parley_nodes{state="draining"} 1`,
		`parley_events_unkept 7`)
	there, m = true, Member{NATS: &there, Draining: true}
	wants(t, shown(t, New(Config{Node: node})), `parley_node_apart 0`, `parley_node_draining 1`, `parley_nats_connected 1`, `parley_settings_refused 0`)
	m.NATS = nil
	text := shown(t, New(Config{Node: node})) + shown(t, New(Config{}))
	for _, none := range []string{"parley_nats", "parley_duty", "parley_nodes"} {
		if strings.Contains(text, none) {
			t.Errorf("%s is shown of a process that is alone", none)
		}
	}
}
