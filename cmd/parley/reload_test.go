package main

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/spool/spooltest"
)

func writeLines(t *testing.T, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEnvFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	writeLines(t, path, "# a note", "; another", "", " A = b c ", `B="x y"`, `C='$a "b" \c'`, "D=", "E=a=b", "F=#no note\r")
	given, err := readEnvFile(path)
	want := map[string]string{"A ": ""}
	if err == nil {
		t.Errorf("a name with a space was read: %v", given)
	}
	writeLines(t, path, "# a note", "; another", "", " A= b c ", `B="x y"`, `C='$a "b" \c'`, "D=", "E=a=b", "F=#no note\r")
	want = map[string]string{"A": "b c", "B": "x y", "C": `$a "b" \c`, "D": "", "E": "a=b", "F": "#no note"}
	if given, err = readEnvFile(path); err != nil || !reflect.DeepEqual(given, want) {
		t.Errorf("%v, %v", given, err)
	}
	for line, says := range map[string]string{
		"sk-secret": "line 1: it is no setting; write NAME=value", "A B=sk-secret": "line 1", "=sk-secret": "line 1", `A="sk-secret`: "the value of A", `A=sk\secret`: "between ' and '",
		"A=\"sk-secret$B\"": "the value of A", "A=sk-secret 'x'": "the value of A", "A=sk-secret\nA=2": "line 2: A is there twice", "export A=sk-secret": "line 1",
	} {
		writeLines(t, path, line)
		if given, err := readEnvFile(path); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, %v", line, given, err)
		}
	}
	if given, err := readEnvFile("-" + path + "x"); err != nil || len(given) != 0 {
		t.Errorf("one that need not be there: %v, %v", given, err)
	}
	if _, err := readEnvFile(path + "x"); err == nil {
		t.Error("one that is not there was read")
	}
}

// readLine is a command line with its environment, as main has it.
func readLine(t *testing.T, args ...string) (*serveCmd, *environment, error) {
	t.Helper()
	e := newEnvironment(args)
	return e.again()
}

// TestOrderOfSettings: a flag counts before the file, that before the environment, that before parley.yaml.
func TestOrderOfSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	writeLines(t, "parley.yaml", "data: /yaml", "http: :1", "sip: :1", "public_ip: 1.1.1.1")
	writeLines(t, "env", "PARLEY_DATA=/file", "PARLEY_HTTP=:2", "PARLEY_SIP=:2", "OPENAI_API_KEY=of the file")
	t.Setenv("PARLEY_SIP", ":3")
	t.Setenv("PARLEY_PUBLIC_IP", "3.3.3.3")
	t.Setenv("OPENAI_API_KEY", "of the environment")
	t.Setenv("RIME_API_KEY", "of the environment, too")
	t.Setenv("PARLEY_ENV_FILE", "env")
	c, e, err := readLine(t, "serve", "--data", "/flag")
	if err != nil || c.Data != "/flag" || c.HTTP != ":2" || c.SIP != ":2" || c.PublicIP != "3.3.3.3" {
		t.Errorf("%+v, %v", c, err)
	}
	if e.get("OPENAI_API_KEY") != "of the file" || e.get("RIME_API_KEY") != "of the environment, too" {
		t.Error(e.get("OPENAI_API_KEY"), e.get("RIME_API_KEY"))
	}
	e.begin(map[string]bool{"OPENAI_API_KEY": true})
	writeLines(t, "env", "PARLEY_DATA=/file")
	if c, e, err = readLine(t, "--env-file", "env"); err != nil || c.SIP != ":1" || c.Data != "/file" || e.get("OPENAI_API_KEY") != "" {
		t.Errorf("what was taken out of the file stays: %+v, %q, %v", c, e.get("OPENAI_API_KEY"), err)
	}
	writeLines(t, "env", "PARLEY_DATTA=/file")
	if _, _, err = readLine(t); err == nil {
		_, _, err = readLine(t, "--env-file", "env")
	}
	if err == nil || !strings.Contains(err.Error(), "PARLEY_DATTA") {
		t.Errorf("a misspelt setting: %v", err)
	}
}

// TestRenewable: what is said to change is a setting, and docs/operate.md says of all of them, and of no other, that they change.
func TestRenewable(t *testing.T) {
	b, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "\n## Reload\n")
	section, _, _ = strings.Cut(section, "\n## ")
	changes, stays, both := strings.Cut(section, "\nOnly a restart changes")
	if !both {
		t.Fatal("docs/operate.md has no section of reloading, or does not say what only a restart changes")
	}
	known := serveSettings(t)
	for _, name := range renewable {
		if _, is := known[name]; !is || !strings.Contains(changes, "`"+name+"`") {
			t.Errorf("%s is no setting, or docs/operate.md does not say that it changes", name)
		}
	}
	for name := range known {
		if !slices.Contains(renewable, name) && (strings.Contains(changes, "| `"+name+"`") || !strings.Contains(stays, "`"+name+"`")) {
			t.Errorf("docs/operate.md does not say of %s that only a restart changes it", name)
		}
	}
}

// reloading is a house whose settings stand in a file.
func reloading(t *testing.T, lines ...string) (h *house, file string, log *bytes.Buffer) {
	t.Helper()
	file, log = filepath.Join(t.TempDir(), "env"), &bytes.Buffer{}
	writeLines(t, file, lines...)
	c, e, err := readLine(t, "serve", "--env-file", file, "--data", t.TempDir(), "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--sip-tls", "127.0.0.1:0", "--rtp-ports", "41000-41999")
	if err != nil {
		t.Fatal(err)
	}
	e.again = newEnvironment([]string{"serve", "--env-file", file, "--data", c.Data, "--http", c.HTTP, "--sip", c.SIP, "--sip-tls", c.TLS.SIP, "--rtp-ports", "41000-41999"}).again
	level := &slog.LevelVar{}
	h, _, err = c.buildBy(t.Context(), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level})), e)
	if err != nil {
		t.Fatal(err)
	}
	h.renewal.level = level
	t.Cleanup(h.close)
	return h, file, log
}

// TestReload: each setting that changes is seen to have changed where it counts, and nothing has when one of them is wrong.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert2, key2 := filepath.Join(dir, "cert2.pem"), filepath.Join(dir, "key2.pem")
	writePair(t, "one.example", cert, key)
	writePair(t, "two.example", cert2, key2)
	st := spooltest.New()
	defer st.Close()
	same := []string{"PARLEY_S3_URL=" + st.URL + "/b", "PARLEY_S3_REGION=" + spooltest.Region, "PARLEY_S3_ACCESS_KEY=" + spooltest.AccessKey}
	first := append([]string{"PARLEY_TLS_CERT=" + cert, "PARLEY_TLS_KEY=" + key, "PARLEY_S3_SECRET_KEY=" + spooltest.SecretKey, "PARLEY_TURN=turn:a:b@one.example", "OPENAI_API_KEY=one",
		"PARLEY_TWILIO_ACCOUNT_SID=AC1", "PARLEY_TWILIO_AUTH_TOKEN=one", "PARLEY_OTLP_URL=http://127.0.0.1:9", "PARLEY_OTLP_HEADERS=api-key=one"}, same...)
	h, file, log := reloading(t, first...)
	served := func() string {
		pair, err := h.renewal.cert.config().GetCertificate(&tls.ClientHelloInfo{})
		if err != nil || pair.Leaf == nil {
			t.Fatal(err)
		}
		return pair.Leaf.DNSNames[0]
	}
	spec := provider.Spec{Name: "openai", Env: "OPENAI"}
	keyOf := func(name string) string {
		a, _, err := h.renewal.vendors.access(t.Context(), h.env, &provider.Spec{Name: name, Env: spec.Env}, "")
		if err != nil {
			t.Fatal(err)
		}
		return a.Key
	}
	is := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, not %v", what, got, want)
		}
	}
	private := func() bool { return h.fetch.CheckURL("url", "http://10.0.0.7/") == nil }
	relay := func() string { return h.door.Servers("x")[0].URLs[0] + h.web().Relays("x")[0].URLs[0] }
	old := func(when string) {
		t.Helper()
		is(when+" key", keyOf("openai"), "one")
		is(when+" certificate", served(), "one.example")
		is(when+" networks", private(), false)
		is(when+" relay", relay(), "turn:one.exampleturn:one.example")
		is(when+" limit", h.set().Cluster.MaxCalls, 0)
		is(when+" debug log", h.log.Enabled(t.Context(), slog.LevelDebug), false)
		is(when+" Twilio", h.carriers().Own()["twilio_auth_token"], any("one"))
		is(when+" refused", h.renewal.refused.Load(), when != "at the start")
	}
	old("at the start")
	second := append([]string{"PARLEY_TLS_CERT=" + cert2, "PARLEY_TLS_KEY=" + key2, "PARLEY_S3_SECRET_KEY=" + spooltest.SecretKey, "PARLEY_S3_CACHE=5MB", "PARLEY_TURN=turn:a:b@two.example", "OPENAI_API_KEY=two",
		"PARLEY_TWILIO_ACCOUNT_SID=AC1", "PARLEY_TWILIO_AUTH_TOKEN=two", "PARLEY_OTLP_URL=http://127.0.0.1:9", "PARLEY_OTLP_HEADERS=api-key=two", "PARLEY_ALLOW_NETWORKS=10.0.0.0/8",
		"PARLEY_MAX_CALLS=1", "PARLEY_LOG=debug", "PARLEY_RATE=1", "PARLEY_HEDGE=500ms", "PARLEY_FALLBACK_PROVIDER=anthropic", "PARLEY_SIP_TRUST_LOOPBACK=true", "GOMEMLIMIT=1GiB"}, same...)
	for wrong, says := range map[string]string{"PARLEY_TLS_KEY=" + key2: "PARLEY_TLS_CERT, PARLEY_TLS_KEY", "PARLEY_S3_SECRET_KEY=wrong": "PARLEY_S3_ACCESS_KEY, PARLEY_S3_SECRET_KEY: writing to bucket recordings: the storage refuses",
		"PARLEY_TURN=turn": "PARLEY_TURN", "PARLEY_LOG=loud": "debug, info, warn or error", "PARLEY_ALLOW_NETWORKS=10.0.0.1": "PARLEY_ALLOW_NETWORKS", "PARLEY_FALLBACK_PROVIDER=nobody": "PARLEY_FALLBACK_PROVIDER",
		"PARLEY_TWILIO_AUTH_TOKEN=": "PARLEY_TWILIO_AUTH_TOKEN go together", "PARLEY_OTLP_HEADERS=x": "PARLEY_OTLP_HEADERS"} {
		name, _, _ := strings.Cut(wrong, "=")
		lines := slices.DeleteFunc(slices.Clone(second), func(l string) bool {
			return strings.HasPrefix(l, name+"=") || name == "PARLEY_TLS_KEY" && strings.HasPrefix(l, "PARLEY_TLS_CERT")
		})
		if name == "PARLEY_TLS_KEY" {
			lines = append(lines, "PARLEY_TLS_CERT="+cert) // of which it is not the key
		}
		writeLines(t, file, append(lines, wrong)...)
		log.Reset()
		h.reload(t.Context())
		if !strings.Contains(log.String(), "none is taken") || !strings.Contains(log.String(), says) {
			t.Errorf("%s: %s", wrong, log)
		}
		old("with " + name)
	}
	writeLines(t, file, second...)
	log.Reset()
	h.reload(t.Context())
	is("key", keyOf("openai"), "two")
	is("certificate", served(), "two.example")
	is("networks", private(), true)
	is("relay", relay(), "turn:two.exampleturn:two.example")
	is("Twilio", h.carriers().Own()["twilio_auth_token"], any("two"))
	is("debug log", h.log.Enabled(t.Context(), slog.LevelDebug), true)
	is("refused", h.renewal.refused.Load(), false)
	is("hedge", h.renewal.vendors.now().hedge.String(), "500ms")
	is("standby", h.renewal.vendors.now().behind["provider"], []standby{{"anthropic", ""}})
	nodes, err := h.db.Nodes(t.Context())
	is("limit that is told", nodes[0].Most, 1)
	release, e := h.take()
	_, full := h.take()
	if err != nil || e != nil || full == nil {
		t.Errorf("the limit does not hold: %v, %v, %v", err, e, full)
	}
	release()
	said := log.String()
	for _, name := range []string{"PARLEY_TLS_CERT", "PARLEY_S3_CACHE", "OPENAI_API_KEY", "PARLEY_RATE", "PARLEY_OTLP_HEADERS"} {
		if _, changed, _ := strings.Cut(said, "changed="); !strings.Contains(strings.SplitN(changed, "\n", 2)[0], name) {
			t.Errorf("%s is not said to have changed: %s", name, said)
		}
	}
	if !strings.Contains(said, "settings=PARLEY_SIP_TRUST_LOOPBACK,GOMEMLIMIT") || h.set().TrustLoopback || strings.Contains(said, "two") {
		t.Error(said)
	}
}

// TestKeysGoWhereTheyBelong: a key for storage or a collector at another address is not sent to the one before, until a restart.
func TestKeysGoWhereTheyBelong(t *testing.T) {
	start := &serveCmd{Watch: watchConfig{OTLP: "http://a", Headers: []string{"k=a"}}, storeConfig: storeConfig{S3: s3Config{URL: "http://a/b", AccessKey: "a", SecretKey: "a"}}}
	c := &serveCmd{Watch: watchConfig{OTLP: "http://b", Headers: []string{"k=b"}}, storeConfig: storeConfig{S3: s3Config{URL: "http://b/b", AccessKey: "b", SecretKey: "b"}},
		TLS: tlsConfig{Cert: "c", Key: "k"}}
	merged, changed, later := merge(start, start, c)
	want := []string{"PARLEY_OTLP_HEADERS", "PARLEY_OTLP_URL", "PARLEY_S3_ACCESS_KEY", "PARLEY_S3_SECRET_KEY", "PARLEY_S3_URL", "PARLEY_TLS_CERT", "PARLEY_TLS_KEY"}
	if slices.Sort(later); len(changed) > 0 || !slices.Equal(later, want) || !reflect.DeepEqual(merged, start) {
		t.Errorf("%q, %q", changed, later)
	}
}
