package metrics

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"gopkg.in/yaml.v3"

	"github.com/parley-voice/parley"
)

// What watches a node from outside, and goes out with it.
const (
	dashboard = "../packaging/grafana/parley.json"
	rules     = "../packaging/prometheus/parley.rules.yml"
)

var (
	described = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	named     = regexp.MustCompile(`\b((?:parley|process|go)_[a-z_0-9]+)(?:\{([^}]*)\})?`)
	matched   = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"`)
	grouped   = regexp.MustCompile(`\b(?:by|on|without)\s*\(([^)]*)\)`)
)

// shownNames are all names that /metrics can show, with their labels.
func shownNames(t *testing.T) map[string][]string {
	t.Helper()
	ch, out := make(chan *prometheus.Desc), map[string][]string{}
	go func() {
		New(Config{}).registry.Describe(ch)
		close(ch)
	}()
	for d := range ch {
		m := described.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("%s is not understood", d)
		}
		out[m[1]] = strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' })
	}
	return out
}

// expressions are all that is asked of Prometheus, by where.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	var d struct {
		Templating struct {
			List []struct{ Name, Definition string }
		}
		Panels []struct {
			Type, Title string
			Targets     []struct{ RefID, Expr string }
		}
	}
	read(t, dashboard, json.Unmarshal, &d)
	for _, v := range d.Templating.List {
		if v.Definition != "" {
			out["variable "+v.Name] = v.Definition
		}
	}
	for _, p := range d.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, q := range p.Targets {
			out["panel "+p.Title+" "+q.RefID] = q.Expr
		}
	}
	var r struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	read(t, rules, yaml.Unmarshal, &r)
	for _, g := range r.Groups {
		for _, a := range g.Rules {
			if out["alert "+a.Alert] != "" || a.Annotations["summary"] == "" || !slices.Contains([]string{"page", "ticket"}, a.Labels["severity"]) {
				t.Errorf("alert %q is there twice, or says neither what it is about nor how bad it is", a.Alert)
			}
			out["alert "+a.Alert] = a.Expr
		}
	}
	return out
}

func read(t *testing.T, file string, unmarshal func([]byte, any) error, to any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = unmarshal(b, to)
	}
	if err != nil {
		t.Fatal(file, err)
	}
}

// TestWatched: the dashboard and the alerts ask for nothing that a node does not show, and by no label that it does not have; and
// everything of our own that it shows is looked at by one of them.
func TestWatched(t *testing.T) {
	names, used := shownNames(t), map[string]bool{}
	asked := expressions(t)
	if len(asked) < 50 {
		t.Fatalf("only %d expressions were found", len(asked))
	}
	for where, expr := range asked {
		labels := []string{"le", "job", "instance"}
		for _, m := range named.FindAllStringSubmatch(expr, -1) {
			name := m[1]
			if _, ok := names[name]; !ok {
				for _, part := range []string{"_bucket", "_sum", "_count"} {
					name = strings.TrimSuffix(name, part)
				}
			}
			own, ok := names[name]
			if !ok {
				t.Errorf("%s asks for %s, which is not shown", where, m[1])
				continue
			}
			used[name] = true
			labels = append(labels, own...)
			for _, l := range matched.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains([]string{"le", "job", "instance"}, l[1]) && !slices.Contains(own, l[1]) {
					t.Errorf("%s: %s has no label %s", where, name, l[1])
				}
				if l[1] == "cause" {
					for c := range strings.SplitSeq(l[2], "|") {
						if !parley.Cause(c).Known() {
							t.Errorf("%s: no call ends by %q", where, c)
						}
					}
				}
			}
		}
		for _, g := range grouped.FindAllStringSubmatch(expr, -1) {
			for l := range strings.SplitSeq(g[1], ",") {
				if !slices.Contains(labels, strings.TrimSpace(l)) {
					t.Errorf("%s goes by %s, which none of what it asks for has", where, l)
				}
			}
		}
		if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
			t.Errorf("%s does not close what it opens: %s", where, expr)
		}
	}
	for _, unseen := range []string{"parley_metrics_lagged_total", "parley_preloaded_tokens_total", "parley_early_ahead_seconds", "parley_early_discarded_total",
		"parley_media_packets_total", "parley_warm_saved_seconds"} {
		used[unseen] = true // for who asks a question of their own
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if strings.HasPrefix(name, "parley_") && !used[name] {
			t.Errorf("nobody looks at %s", name)
		}
	}
}

// TestRules: Prometheus itself takes the alerts, and they fire when they should; where its tool is installed.
func TestRules(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (apt-get install prometheus)")
	}
	for _, args := range [][]string{{"check", "rules", rules}, {"test", "rules", "testdata/alerts.yml"}} {
		if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
