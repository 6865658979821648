package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/store"
)

func examined(t *testing.T, env map[string]string, args ...string) (report, string) {
	t.Helper()
	c, err := parse(t, append([]string{"doctor"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r := report{out: &out}
	c.Doctor.examine(t.Context(), &r, func(k string) string { return env[k] })
	return r, out.String()
}

var freePorts = []string{"--http=127.0.0.1:0", "--sip=127.0.0.1:0", "--rtp-ports=47000-47999"}

// TestDoctorAsksVendors: keys of the environment and of account connections; a wrong one is named by where it comes from, never shown.
func TestDoctorAsksVendors(t *testing.T) {
	dir := t.TempDir()
	deepgram, openai := providertest.NewDeepgram(t), providertest.NewOpenAI(t)
	db, _, err := store.OpenFolder(t.Context(), filepath.Join(dir, databaseFile), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	env, _, err := firstStart(t.Context(), db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Create(t.Context(), env, store.AccountConnections, store.Doc{"type": "account_connection_openai", "label": "Main", "config": store.Doc{},
		"credentials": store.Doc{"openai_api_key": "wrong-key-of-main-quux", "base_url": openai.URL + "/v1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"DEEPGRAM_API_KEY": "right-key-xyzzy", "DEEPGRAM_BASE_URL": deepgram.URL}
	args := append([]string{"--data", dir, "--allow-networks=127.0.0.0/8"}, freePorts...)
	r, said := examined(t, vars, args...)
	for _, want := range []string{"Deepgram hears, speaks", "(DEEPGRAM_API_KEY)", `account connection ` + d["id"].(string) + ` "Main" of environment ` + env, "OpenAI hears, thinks, speaks", "does not take the key"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if r.wrong != 1 || strings.Contains(said, "quux") || strings.Contains(said, "xyzzy") || strings.Contains(said, "wrong-key") {
		t.Errorf("%d wrong, or a key is shown:\n%s", r.wrong, said)
	}
	if r, said := examined(t, vars, append(args, "--offline")...); r.wrong != 0 || !strings.Contains(said, "2, not tried") || deepgram.Count() != 1 {
		t.Errorf("offline: %d wrong, %d asked\n%s", r.wrong, deepgram.Count(), said)
	}
	if r, said := examined(t, vars, append([]string{"--data", dir}, freePorts...)...); r.wrong != 1 || openai.Count() != 1 {
		t.Errorf("a tenant's address on loopback was asked: %d\n%s", openai.Count(), said)
	}
}

// TestDoctorOnAFreshMachine: no folder, no keys: nothing is wrong, and what to do next is said. Nothing is made.
func TestDoctorOnAFreshMachine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	r, said := examined(t, nil, append([]string{"--data", dir}, freePorts...)...)
	if r.wrong != 0 || !strings.Contains(said, "not there yet") || !strings.Contains(said, "Set OPENAI_API_KEY") {
		t.Errorf("%d wrong:\n%s", r.wrong, said)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it made the data folder")
	}
}

// TestDoctorFindsWhatIsWrong with the machine, each by its setting.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"PARLEY_HTTP: ":         {"--http", busy.Addr().String()},
		"another program has":   {"--http", busy.Addr().String()},
		"is no folder":          {"--data", file},
		"PARLEY_PUBLIC_IP":      {"--public-ip", "here"},
		"PARLEY_ALLOW_NETWORKS": {"--allow-networks", "lan"},
	} {
		r, said := examined(t, nil, append(append([]string{"--data", t.TempDir(), "--offline"}, freePorts...), args...)...)
		if r.wrong == 0 || !strings.Contains(said, want) {
			t.Errorf("%v: %d wrong, no %q in\n%s", args, r.wrong, want, said)
		}
	}
	if _, said := examined(t, map[string]string{"OPENAI_BASE_URL": "banana"}, append([]string{"--data", t.TempDir()}, freePorts...)...); !strings.Contains(said, "OPENAI_BASE_URL: ") {
		t.Error(said)
	}
	if f := clock(time.Unix(0, 0)); f.verdict != wrong || !strings.Contains(f.said, "1970") {
		t.Errorf("%+v", f)
	}
	if r, said := examined(t, nil, append([]string{"--data", t.TempDir(), "--public-ip=10.0.0.1"}, freePorts...)...); r.wrong != 0 || !strings.Contains(said, "10.0.0.1 is private") {
		t.Error(said)
	}
}

// TestDoctorBesideAServer: the ports that it has are no fault.
func TestDoctorBesideAServer(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	_, http, _ := strings.Cut(r.url, "://")
	if rep, said := examined(t, nil, "--data", dir, "--http", http, "--sip=127.0.0.1:0"); rep.wrong != 0 || !strings.Contains(said, "the server runs") {
		t.Errorf("%d wrong:\n%s", rep.wrong, said)
	}
}

// TestDoctorsExitCode is for scripts.
func TestDoctorsExitCode(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, said := command(t, append([]string{"doctor", "--offline"}, freePorts...)...); code != 0 {
		t.Error(code, said)
	}
	if code, said := command(t, append([]string{"doctor", "--offline"}, append(freePorts, "--public-ip=x")...)...); code != failed || said != "" {
		t.Error(code, said)
	}
}

// TestAVendorThatDoesNotAnswer is given up.
func TestAVendorThatDoesNotAnswer(t *testing.T) {
	hang := provider.Check{Skills: []provider.Skill{provider.Thinks}, Ask: func(ctx context.Context, _ provider.Access) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	if f := try8(t.Context(), []held{{"Far", "FAR_API_KEY", hang, provider.Access{}}}, time.Millisecond); f[0].verdict != wrong || f[0].said != "no answer within 1ms (FAR_API_KEY)" {
		t.Errorf("%+v", f)
	}
}
