package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/phone"
	"github.com/parley-voice/parley/provider/local"
)

// TestMain lets this test program be its own speech worker, as parley is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "hear" {
		if err := local.Worker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// parse reads a command line as main does.
func parse(t *testing.T, args ...string) (*cli, error) {
	t.Helper()
	var c cli
	k, err := kong.New(&c, kong.Name("parley"), kong.Vars{"version": "x"}, kong.Configuration(yamlFile, "parley.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return &c, err
}

func TestConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Serve; s.Data != "./data" || s.HTTP != ":8080" || s.SIP != ":5060" || s.RTPPorts != (portRange{20000, 29999}) || s.Log.Level() != slog.LevelInfo {
		t.Errorf("defaults: %+v", s)
	}
	if err := os.WriteFile("parley.yaml", []byte("http: 127.0.0.1:81\nPARLEY_SIP: ':82'\nrtp_ports: 30000-30100\nlog: debug\nallow-networks: [10.0.0.0/8]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PARLEY_HTTP", ":9")
	c, err = parse(t, "serve", "--data", "/d")
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Serve; s.Data != "/d" || s.HTTP != ":9" || s.SIP != ":82" || s.RTPPorts != (portRange{30000, 30100}) || s.Log.Level() != slog.LevelDebug {
		t.Errorf("with a file, the environment and a flag: %+v", s)
	}
	if n, err := c.Serve.networks(); err != nil || !slices.Equal(n, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}) {
		t.Errorf("networks: %v %v", n, err)
	}
}

func TestWrongConfigurationSaysWhatIsRight(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, ports := range []string{"20000", "a-b", "30000-20000", "1-5", "20000-70000", ""} {
		if _, err := parse(t, "serve", "--rtp-ports", ports); err == nil || !strings.Contains(err.Error(), "20000-29999") {
			t.Errorf("ports %q: %v", ports, err)
		}
	}
	if _, err := (&serveCmd{PublicIP: "here"}).publicIP(); err == nil || !strings.Contains(err.Error(), "PARLEY_PUBLIC_IP") {
		t.Error(err)
	}
	if _, err := (&serveCmd{AllowNetworks: []string{"10.0.0.1"}}).networks(); err == nil || !strings.Contains(err.Error(), "10.0.0.0/8") {
		t.Error(err)
	}
	if err := os.WriteFile("parley.yaml", []byte("a: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var c cli
	k, err := kong.New(&c, kong.Name("parley"), kong.Vars{"version": "x"}, kong.Configuration(yamlFile, "parley.yaml"))
	if err == nil {
		_, err = k.Parse([]string{"serve"})
	}
	if err == nil || !strings.Contains(err.Error(), "parley.yaml") {
		t.Errorf("a broken file: %v", err)
	}
}

func TestTargets(t *testing.T) {
	for to, want := range map[string]string{
		"sip:demo@127.0.0.1": "sip:demo@127.0.0.1", "demo@127.0.0.1:5061": "sip:demo@127.0.0.1:5061",
		"+15551234567": "", "1000": "", "sip:a b@c": "", "": "",
	} {
		got, err := (&callCmd{To: to}).target()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", to, got, err)
		}
	}
	if reach(":8080") != "127.0.0.1:8080" || reach("[::]:5060") != "127.0.0.1:5060" || reach("192.0.2.1:1") != "192.0.2.1:1" {
		t.Error("reach is wrong about where a server is")
	}
	if got := own(":8080", "127.0.0.1:5060", "nonsense"); len(got) != 2 || got[0].String() != "0.0.0.0:8080" || got[1].String() != "127.0.0.1:5060" {
		t.Errorf("own: %v", got)
	}
}

// serve starts a server on free ports and returns it with the address of its API; it is stopped with the test.
func serve(t *testing.T, dir string) (*house, string) {
	t.Helper()
	return serveWith(t, &serveCmd{Data: dir, HTTP: "127.0.0.1:0", SIP: "127.0.0.1:0", RTPPorts: portRange{41000, 41999}, Watch: watchConfig{Debug: true}})
}

func serveWith(t *testing.T, c *serveCmd) (*house, string) {
	t.Helper()
	dir := c.Data
	ctx, stop := context.WithCancel(t.Context())
	h, made, err := c.build(ctx, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, "api-key")); err != nil || made != "" && strings.TrimSpace(string(kept)) != made {
		t.Errorf("the key in the folder is %q, %v", kept, err)
	}
	door, err := net.Listen("tcp", c.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- h.serve(ctx, door) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error("serve:", err)
		}
		h.close()
	})
	return h, "http://" + door.Addr().String()
}

// get reads an answer of the API.
func get(t *testing.T, dir, url string, into any) *http.Response {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(dir, "api-key"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			t.Fatal(url, err)
		}
	}
	return res
}

// TestACallEndToEnd rings the demo agent of a new server over SIP and finds the call in the API afterwards.
func TestACallEndToEnd(t *testing.T) {
	dir := t.TempDir()
	h, url := serve(t, dir)
	if info, err := os.Stat(filepath.Join(dir, "api-key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info, err)
	}
	ctx, hangup := context.WithCancel(t.Context())
	trunk, err := sip.New(sip.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- trunk.Serve(ctx, refuseAll) }()
	defer func() { hangup(); <-served }()
	r, err := phone.Run(ctx, phone.Options{Trunk: trunk, Call: leg.Call{From: "1000", To: "sip:demo@" + h.sipAddr}, Limit: time.Minute})
	if err != nil || !r.OK() {
		t.Fatalf("%+v %v", r, err)
	}
	var list struct {
		Items []struct {
			ID        string
			Status    string
			Ended     string `json:"ended_reason"`
			Recording bool   `json:"recording_available"`
			Text      string `json:"transcript"`
			Media     *parley.Quality
		}
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		get(t, dir, url+"/v1/calls/list", &list)
		if len(list.Items) == 1 && list.Items[0].Status == "ended" || time.Now().After(end) {
			break
		}
	}
	if len(list.Items) != 1 {
		t.Fatalf("%d calls", len(list.Items))
	}
	c := list.Items[0]
	if m := c.Media; m == nil || m.Codec == "" || m.Received < 10 || m.Sent < 10 {
		t.Errorf("how its sound travelled: %+v", m)
	}
	if c.Ended != "caller_hung_up" || !c.Recording || !strings.Contains(c.Text, "BOT: Hello, this is Harbor Dental. How can I help you?") {
		t.Errorf("%+v", c)
	}
	if res := get(t, dir, url+"/v1/calls/recording?format=wav&id="+c.ID, nil); res.StatusCode != 200 || res.ContentLength < 64000 {
		t.Errorf("recording: %s, %d bytes", res.Status, res.ContentLength)
	}
	var state struct {
		Calls int
		Ports int `json:"rtp_ports_in_use"`
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if get(t, dir, url+"/debug/state", &state); state.Calls+state.Ports == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("afterwards: %+v", state)
		}
	}
}

func TestTwoServersCannotShareAFolder(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir)
	c := &serveCmd{Data: dir, HTTP: "127.0.0.1:0", SIP: "127.0.0.1:0", RTPPorts: portRange{42000, 42999}}
	if _, _, err := c.build(t.Context(), slog.New(slog.NewTextHandler(io.Discard, nil))); err == nil || !strings.Contains(err.Error(), "another parley runs") {
		t.Errorf("the second server: %v", err)
	}
}

func TestSecondStartKeepsTheKey(t *testing.T) {
	dir := t.TempDir()
	t.Run("first", func(t *testing.T) { serve(t, dir) })
	first, err := os.ReadFile(filepath.Join(dir, "api-key"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("second", func(t *testing.T) {
		_, url := serve(t, dir)
		if res := get(t, dir, url+"/v1/agents/list", nil); res.StatusCode != 200 {
			t.Errorf("the first key answers %s", res.Status)
		}
	})
	if second, _ := os.ReadFile(filepath.Join(dir, "api-key")); string(second) != string(first) {
		t.Error("the key was written anew")
	}
}
