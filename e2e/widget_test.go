//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// scene is what a scenario of testdata/widget.js tells.
type scene struct {
	Scenario, Failed    string
	Muted, Said         []string
	After, Label, First any
	Bubble, Placed      string
	Hidden, Apart       bool
	Sizes               []struct {
		Inside bool
		Ink    string
		Height float64
	}
}

// said reports whether the page's console has a line with that.
func (s scene) said(part string) bool {
	return slices.ContainsFunc(s.Said, func(line string) bool { return strings.Contains(line, part) })
}

// shop is a page with the widget of an agent; its query says what is odd about it.
func shop(t *testing.T, s *server, agent *string) *httptest.Server {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch q.Get("csp") {
		case "yes":
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+s.http+"; connect-src "+s.http+"; require-trusted-types-for 'script'")
		case "script":
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+s.http)
		}
		id := *agent
		if a := q.Get("agent"); a != "" {
			id = a
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><meta name="viewport" content="width=device-width"><title>Shop</title><h1>Shop</h1>`)
		if q.Get("csp") == "" {
			fmt.Fprint(w, `<style>* { line-height: 3; text-transform: uppercase } div { display: none }</style>`)
		}
		for range max(1, len(q.Get("widgets"))*2) { // one, or two
			fmt.Fprintf(w, `<script src="%s/widget.js" data-agent="%s" data-label="Call us" data-color="%s"></script>`, s.http, html.EscapeString(id), html.EscapeString(q.Get("color")))
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// plays has Chromium go through scenarios; told gets what each has seen.
func plays(t *testing.T, page string, told func(scene), scenarios ...string) {
	t.Helper()
	playwright, err := exec.Command("../scripts/vendor_sdk.sh", "npm", "playwright-core@1.65.1").Output()
	if err != nil {
		t.Fatalf("installing a browser: %v", err)
	}
	shots := os.Getenv("PARLEY_SHOTS") // for who wants to see them
	if shots == "" {
		shots = t.TempDir()
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"testdata/widget.js", strings.TrimSpace(string(playwright)), page, shots}, scenarios...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s scene
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Errorf("%v in %s", err, lines.Text())
			continue
		}
		if s.Failed != "" {
			t.Errorf("%s: %s", s.Scenario, s.Failed)
		}
		if s.said("thrown: ") {
			t.Errorf("%s: the page failed: %q", s.Scenario, s.Said)
		}
		told(s)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestWidgetAsVisitorsUseIt: by keyboard alone, on a page with a strict policy, twice on a page, by somebody hasty, on a telephone, and where
// something is amiss. What is amiss visitors read in words for them, and the page's owner in the console.
func TestWidgetAsVisitorsUseIt(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var id string
	h := shop(t, s, &id)
	id, _ = s.agent(m{"initial_message": "Welcome to the shop.", "provider": "local", "transcriber": m{"type": "transcriber_local"}, "web_origins": []string{h.URL}})
	checks := map[string]func(t *testing.T, v scene){
		"keyboard": func(t *testing.T, v scene) {
			if !slices.Equal(v.Muted, []string{"Unmute", "true", "mute"}) || v.After != "" || !v.Hidden {
				t.Errorf("%+v", v)
			}
		},
		"policy": func(t *testing.T, v scene) {
			if v.Placed != "fixed" || v.said("Content Security Policy") {
				t.Errorf("%+v", v)
			}
		},
		"forgotten": func(t *testing.T, v scene) {
			if !v.said("connect-src") || v.Label != "Call us" {
				t.Errorf("%+v", v)
			}
		},
		"two": func(t *testing.T, v scene) {
			if !v.Apart || v.First != "Call us" {
				t.Errorf("%+v", v)
			}
		},
		"hasty": func(t *testing.T, v scene) {
			if v.Label != "Call us" || v.Bubble != "" {
				t.Errorf("%+v", v)
			}
		},
		"nobody": func(t *testing.T, v scene) {
			if !v.said("its owner names the pages") {
				t.Errorf("%+v", v)
			}
		},
		"insecure": func(*testing.T, scene) {},
		"looks": func(t *testing.T, v scene) {
			for i, z := range v.Sizes {
				if want := []string{"rgb(255, 255, 255)", "rgb(17, 17, 17)"}[i%2]; !z.Inside || z.Ink != want || z.Height < 44 {
					t.Errorf("%+v", z)
				}
			}
		},
		"leaves": func(*testing.T, scene) {},
		"denied": func(t *testing.T, v scene) {
			if !v.said("microphone is not allowed") {
				t.Errorf("%+v", v)
			}
		},
		"none": func(*testing.T, scene) {},
	}
	var names []string
	for name := range checks {
		names = append(names, name)
	}
	plays(t, h.URL, func(v scene) {
		t.Logf("%s: %d calls", v.Scenario, len(s.calls()))
		t.Run(v.Scenario, func(t *testing.T) { checks[v.Scenario](t, v) })
	}, names...)
	over := time.Now().Add(10 * time.Second)
	for slices.ContainsFunc(s.calls(), func(c call) bool { return c.Status != "ended" || c.Ended != "caller_hung_up" }) {
		if time.Sleep(100 * time.Millisecond); time.Now().After(over) {
			t.Fatalf("not all of them have hung up: %+v", s.calls())
		}
	}
}

// TestServerGoes: a visitor whose call's server is gone is told so.
func TestServerGoes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var id string
	h := shop(t, s, &id)
	id, _ = s.agent(m{"initial_message": "Welcome to the shop.", "provider": "local", "transcriber": m{"type": "transcriber_local"}, "web_origins": []string{h.URL}})
	plays(t, h.URL, func(v scene) {
		switch v.Scenario {
		case "connected":
			s.cmd.Process.Kill()
		case "gone":
			t.Logf("told after %v s", v.After)
			if v.Label != "Call us" {
				t.Errorf("%+v", v)
			}
		}
	}, "gone")
	s.gone = nil
}
