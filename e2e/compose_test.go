//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// TestComposedCluster: the three nodes of compose.cluster.yaml, as processes with the settings that stand there, but for the addresses, and with
// PostgreSQL and NATS that want a password: started at once they become one cluster, and calls go to all of them.
func TestComposedCluster(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../compose.cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct{ Environment map[string]string }
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	broker := natsServerOf(t, "parley", "two")
	url, _ := onPostgres(t)
	given := map[string]string{"NATS_PASSWORD": "two", "PARLEY_MASTER_KEY": strings.Repeat("3", 64), "PARLEY_API_KEY": key}
	var nodes []*server
	for _, name := range []string{"node1", "node2", "node3"} {
		var env []string
		for k, v := range file.Services[name].Environment {
			switch k {
			case "PARLEY_HTTP", "PARLEY_SIP", "PARLEY_SIP_TLS", "PARLEY_ICE", "PARLEY_RTP_PORTS": // the test's own
				continue
			case "PARLEY_DATABASE_URL":
				v = url
			}
			v = os.Expand(v, func(name string) string { name, _, _ = strings.Cut(name, ":"); return given[name] })
			env = append(env, k+"="+strings.Replace(v, "127.0.0.1:4222", broker.Addr().String(), 1))
		}
		if len(env) < 4 {
			t.Fatalf("%s: %v", name, env)
		}
		nodes = append(nodes, prepare(t, env...))
	}
	for _, s := range nodes {
		s.launch()
	}
	for _, s := range nodes {
		s.until("it is ready", 60*time.Second, func() bool { return status(s.http+"/readyz") == http.StatusOK })
	}
	nodes[0].until("each knows the others", 30*time.Second, func() bool {
		var all struct{ Items []m }
		nodes[2].api("GET", "/v1/nodes", nil, &all)
		return len(all.Items) == 3
	})
	w := newWire(t, nodes[0].sip)
	agent, _ := nodes[0].agent(nil)
	var n int
	called := map[string]bool{}
	nodes[0].until("calls go to each", time.Minute, func() bool {
		n++
		by := nodes[n%3]
		var c call
		by.api("POST", "/v1/calls/create", m{"from_number": "15550000", "to_number": w.address("talk", n), "agent": agent}, &c)
		by.until("it runs", 30*time.Second, func() bool { by.api("GET", "/v1/calls?id="+c.ID, nil, &c); return c.Status == "in_progress" })
		var all struct {
			Items []struct {
				ID    string
				Calls int
			}
		}
		by.api("GET", "/v1/nodes", nil, &all)
		for _, i := range all.Items {
			if i.Calls > 0 {
				called[i.ID] = true
			}
		}
		return len(called) == 3
	})
	var ids []string
	for _, s := range nodes {
		ids = append(ids, s.node())
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 3 {
		t.Error(fmt.Sprint(ids))
	}
}
