package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// A composed file is what of a compose file matters here.
type composed struct {
	Services map[string]struct {
		Environment map[string]string
		Ports       []string
		Network     string   `yaml:"network_mode"`
		Grace       string   `yaml:"stop_grace_period"`
		Volumes     []string `yaml:"volumes"`
	}
	Volumes map[string]any
}

// serveSettings are the variables that serve knows, with their defaults.
func serveSettings(t *testing.T) map[string]string {
	t.Helper()
	k, err := kong.New(&struct {
		Serve serveCmd `cmd:""`
	}{}, kong.Vars{"version": version})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for _, c := range k.Model.Leaves(false) {
		for _, f := range slices.Concat(c.AllFlags(false)...) {
			for _, env := range f.Envs {
				known[env] = f.Default
			}
		}
	}
	if len(known) < 20 {
		t.Fatalf("only %d settings were found", len(known))
	}
	return known
}

// TestComposeFiles: what the files that start nodes in containers say is understood, no two listen at one port, each folder of data is one
// node's, and none is killed while its calls may go on.
func TestComposeFiles(t *testing.T) {
	known := serveSettings(t)
	drain, err := time.ParseDuration(known["PARLEY_DRAIN"])
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../compose*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c composed
		if err := yaml.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		whose := map[string]string{} // a port or a folder
		takes := func(service, what string) {
			if other, taken := whose[what]; taken {
				t.Errorf("%s: %s and %s both have %s", file, other, service, what)
			}
			whose[what] = service
		}
		for _, name := range slices.Sorted(maps.Keys(c.Services)) {
			s := c.Services[name]
			for _, p := range s.Ports {
				takes(name, "port "+strings.Split(p, ":")[1])
			}
			for _, v := range s.Volumes {
				volume, at, _ := strings.Cut(v, ":")
				if _, is := c.Volumes[volume]; !is {
					t.Errorf("%s: there is no volume %s", file, volume)
				}
				if at == "/data" {
					takes(name, "volume "+volume)
				}
			}
			if s.Network != "host" { // what is beside a node
				continue
			}
			for env := range s.Environment {
				if _, is := known[env]; !is {
					t.Errorf("%s: %s sets %s, which serve does not know", file, name, env)
				}
			}
			if grace, err := time.ParseDuration(s.Grace); err != nil || grace < drain+30*time.Second {
				t.Errorf("%s: %s is killed %s after it is told to stop, and its calls may go on for %v", file, name, s.Grace, drain)
			}
			set := func(env string) string {
				if v, is := s.Environment[env]; is {
					return v
				}
				return known[env]
			}
			for _, env := range []string{"PARLEY_HTTP", "PARLEY_SIP", "PARLEY_SIP_TLS", "PARLEY_ICE"} {
				at := set(env)
				if at == "" { // PARLEY_ICE is six above SIP then
					var sip int
					_, _ = fmt.Sscanf(set("PARLEY_SIP"), ":%d", &sip)
					at = fmt.Sprintf(":%d", sip+6)
				}
				_, port, err := net.SplitHostPort(at)
				if err != nil {
					t.Errorf("%s: %s: %s: %v", file, name, env, err)
				}
				takes(name, "port "+port)
			}
			var lo, hi int
			if n, err := fmt.Sscanf(set("PARLEY_RTP_PORTS"), "%d-%d", &lo, &hi); n != 2 || lo >= hi {
				t.Errorf("%s: %s: PARLEY_RTP_PORTS: %v", file, name, err)
			}
			for p := lo; p <= hi; p++ {
				takes(name, fmt.Sprintf("port %d", p))
			}
		}
	}
}

// TestUnit: the systemd unit and what it says of settings are those that serve knows, and it waits longer than calls may go on.
func TestUnit(t *testing.T) {
	b, err := os.ReadFile("../../packaging/parley.service")
	if err != nil {
		t.Fatal(err)
	}
	known := serveSettings(t)
	named := regexp.MustCompile(`\bPARLEY_[A-Z_0-9]*[A-Z0-9]\b`).FindAllString(string(b), -1)
	if len(named) < 3 {
		t.Error(named)
	}
	for _, n := range named {
		if _, is := known[n]; !is {
			t.Errorf("serve does not know %s", n)
		}
	}
	var stop int
	if _, after, _ := strings.Cut(string(b), "\nTimeoutStopSec="); true {
		fmt.Sscan(after, &stop)
	}
	if drain, _ := time.ParseDuration(known["PARLEY_DRAIN"]); time.Duration(stop)*time.Second < drain+30*time.Second {
		t.Errorf("it is killed after %d s", stop)
	}
}
