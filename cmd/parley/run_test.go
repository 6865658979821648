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

	"github.com/parley-voice/parley/store"
)

// command runs a command line as main does, and gives its exit code and what it said of errors.
func command(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	code = run(ctx, args, &out, func(code int) { panic(exitCode(code)) })
	return code, out.String()
}

// TestMistakes: whatever is wrong is named, with what would be right, and ends with the code for it; nothing prints a stack.
func TestMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("noise.db", bytes.Repeat([]byte("noise"), 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("prices.yaml", []byte("hearing: {deepgram: -1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	free := []string{"serve", "--http=127.0.0.1:0", "--sip=127.0.0.1:0"}
	for name, row := range map[string]struct {
		args []string
		code int
		want string // fragments, separated by ¦
	}{
		"command":       {[]string{"ring"}, misused, `there is no command "ring"¦serve, call, bench`},
		"flag":          {[]string{"--htpp", "x"}, misused, "unknown flag --htpp¦serve --help"},
		"flag of call":  {[]string{"call", "--loud", "sip:a@b"}, misused, "unknown flag --loud¦call --help"},
		"whom":          {[]string{"call"}, misused, "<to>"},
		"too much":      {[]string{"serve", "x"}, misused, "unexpected argument x"},
		"log":           {[]string{"serve", "--log", "loud"}, misused, "PARLEY_LOG¦debug, info, warn or error"},
		"early":         {[]string{"serve", "--early", "perhaps"}, misused, "PARLEY_EARLY¦on or off"},
		"ports":         {[]string{"serve", "--rtp-ports", "5"}, misused, "PARLEY_RTP_PORTS¦20000-29999"},
		"HTTP":          {[]string{"serve", "--http", "banana"}, failed, `PARLEY_HTTP: "banana"¦write :8080`},
		"SIP":           {[]string{"serve", "--sip", "127.0.0.1:99999"}, failed, `PARLEY_SIP: "127.0.0.1:99999"¦write :5060`},
		"both":          {[]string{"serve", "--sip", "x", "--http", "y"}, failed, `PARLEY_SIP¦PARLEY_HTTP`},
		"busy":          {[]string{"serve", "--http", busy.Addr().String()}, failed, "PARLEY_HTTP¦address already in use¦set PARLEY_HTTP to another"},
		"IP":            {append(free, "--public-ip", "here"), failed, "PARLEY_PUBLIC_IP¦write 203.0.113.7"},
		"no prices":     {append(free, "--prices", "none.yaml"), failed, "PARLEY_PRICES¦none.yaml: no such file"},
		"prices":        {append(free, "--prices", "prices.yaml"), failed, "PARLEY_PRICES¦prices.yaml¦hearing.deepgram is no price"},
		"URL":           {append(free, "--public-url", "example.com"), failed, "PARLEY_PUBLIC_URL¦write https://"},
		"networks":      {append(free, "--allow-networks", "lan"), failed, "PARLEY_ALLOW_NETWORKS¦write 10.0.0.0/8"},
		"no folder":     {append(free, "--data", ""), failed, "PARLEY_DATA is empty¦./data"},
		"a file":        {append(free, "--data", "file"), failed, "PARLEY_DATA¦file: not a directory"},
		"short key":     {append(free, "--master-key", "short"), failed, "PARLEY_MASTER_KEY¦16 characters"},
		"database":      {append(free, "--database-url", "mysql://u:hunter2@h/d"), failed, "PARLEY_DATABASE_URL¦postgres://¦!hunter2"},
		"PostgreSQL":    {append(free, "--database-url", "postgres://u:hunter2@127.0.0.1:1/d"), failed, "PARLEY_DATABASE_URL¦connection refused¦!hunter2"},
		"no database":   {append(free, "--database-url", "noise.db"), failed, "PARLEY_DATABASE_URL¦not a database"},
		"number":        {[]string{"call", "+15551234567"}, failed, "sip:demo@127.0.0.1¦--api --agent ID"},
		"nonsense":      {[]string{"call", "a b"}, failed, "the address to call has a space"},
		"no WAV":        {[]string{"call", "sip:a@b", "--wav", "none.wav"}, misused, "--wav¦none.wav: no such file"},
		"digits":        {[]string{"call", "sip:a@b", "--dtmf", "abc"}, failed, `--dtmf: "abc"¦0-9 * # A-D`},
		"limit":         {[]string{"call", "sip:a@b", "--limit=-5s"}, failed, "--limit: -5s¦write 30s"},
		"no agent":      {[]string{"call", "--api", "+15551234567"}, failed, "--api needs --agent"},
		"no key":        {[]string{"call", "--api", "--agent", "a", "+15551234567"}, failed, "no API key: give --key"},
		"no server":     {[]string{"call", "--api", "--agent", "a", "--key", "k", "--url", "http://127.0.0.1:1", "+15551234567"}, failed, "127.0.0.1:1¦is the server running? --url"},
		"no server URL": {[]string{"call", "--api", "--agent", "a", "--key", "k", "--url", "banana", "+15551234567"}, failed, `--url: "banana"¦write http://`},
	} {
		code, said := command(t, row.args...)
		if code != row.code {
			t.Errorf("%s: exit code %d, want %d: %s", name, code, row.code, said)
		}
		if !strings.HasPrefix(said, "parley: error: ") || strings.Contains(said, "goroutine ") || strings.Count(said, "\n") > 4 {
			t.Errorf("%s: it said %q", name, said)
		}
		for want := range strings.SplitSeq(row.want, "¦") {
			if bad, not := strings.CutPrefix(want, "!"); not == strings.Contains(said, strings.TrimPrefix(want, "!")) {
				t.Errorf("%s: %q (unwanted: %v) in %q", name, bad, not, said)
			}
		}
	}
}

func TestParleyYAMLIsUnderstoodOrRefused(t *testing.T) {
	for text, want := range map[string]string{
		"htpp: ':81'\n":           `there is no setting "htpp"`,
		"PARLEY_HTPP: ':81'\n":    `there is no setting "PARLEY_HTPP"`,
		"http: [\n":               "parley.yaml",
		"- http\n":                "parley.yaml",
		"just words\n":            "parley.yaml",
		"http: banana\n":          `PARLEY_HTTP: "banana"`,
		"http: {a: b}\n":          "PARLEY_HTTP",
		"log: loud\n":             "debug, info, warn or error",
		"allow-networks: [lan]\n": "write 10.0.0.0/8",
	} {
		t.Chdir(t.TempDir())
		if err := os.WriteFile("parley.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, said := command(t, "serve", "--sip", "127.0.0.1:0"); code == 0 || !strings.Contains(said, want) || strings.Contains(said, "goroutine ") {
			t.Errorf("%q: %d %s", text, code, said)
		}
	}
	t.Chdir(t.TempDir())
	for _, text := range []string{"", "# nothing\n", "http: :81\nrtp-ports: 30000-30100\nPARLEY_SIP: :82\nurl: http://127.0.0.1:81\n"} {
		if err := os.WriteFile("parley.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := parse(t, "serve"); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"call", "--help"}, {"bench", "--help"}, {"--version"}} {
		func() {
			defer func() {
				if code, ok := recover().(exitCode); !ok || code != 0 {
					t.Errorf("%v: %v", args, code)
				}
			}()
			stdout := os.Stdout
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			os.Stdout = null
			defer func() { os.Stdout = stdout; null.Close() }()
			command(t, args...)
		}()
	}
}

// TestServeFromTheCommandLine starts and stops a server as a person does; a second one is told of the first.
func TestServeFromTheCommandLine(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	args := []string{"serve", "--http=127.0.0.1:0", "--sip=127.0.0.1:0", "--rtp-ports=44000-44999", "--log=error"}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, os.Stderr, func(int) {}) }()
	for i := 0; ; i++ {
		if _, err := os.Stat(filepath.Join("data", "api-key")); err == nil {
			break
		}
		if time.Sleep(20 * time.Millisecond); i > 500 {
			t.Fatal("no key after 10 s")
		}
	}
	if code, said := command(t, args...); code != failed || !strings.Contains(said, "another parley runs on ./data") {
		t.Errorf("the second: %d %s", code, said)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if code, said := command(t, append(args, "--master-key=another key than the file has")...); code != failed || !strings.Contains(said, "restore PARLEY_MASTER_KEY") {
		t.Errorf("with another key: %d %s", code, said)
	}
}

// TestStoppedWhileStarting: who stops a server that has not started yet is told of no fault.
func TestStoppedWhileStarting(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var said strings.Builder
	if code := run(ctx, []string{"serve", "--http=127.0.0.1:0", "--sip=127.0.0.1:0", "--rtp-ports=44000-44999", "--log=error"}, &said, func(int) {}); code != 0 || said.String() != "" {
		t.Errorf("%d %s", code, said.String())
	}
}

// TestCutShort: a first start that ended anywhere is made up for by the next.
func TestCutShort(t *testing.T) {
	v, _ := cast(t, nil)
	ctx := t.Context()
	if _, _, err := firstStart(ctx, v.db, "", func(string) error { return os.ErrPermission }); err == nil {
		t.Fatal("a key that could not be kept counts")
	}
	kept := ""
	env, made, err := firstStart(ctx, v.db, "", func(key string) error { kept = key; return nil })
	if err != nil || made == "" || kept != made {
		t.Fatalf("%q %q %v", made, kept, err)
	}
	if keys, err := v.db.Keys(ctx, env, store.Page{}); err != nil || keys.Total != 1 {
		t.Errorf("%d keys, %v", keys.Total, err)
	}
	l, err := v.db.Agents(ctx, env, store.Page{})
	if err != nil || l.Total != 1 {
		t.Errorf("%d demo agents, %v", l.Total, err)
	}
	n, err := v.db.LookupNumber(ctx, env, demoNumber)
	if err != nil || n.InboundAgent != l.Items[0]["id"] {
		t.Errorf("%+v %v", n, err)
	}
}
