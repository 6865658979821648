//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// models is where all servers of a run keep the speech models: the first prepares them for all.
var models string

// beings are what a process of this test is instead of a test, by the variable that tells it so and what the variable is.
var beings = map[string]func(value string) error{}

func TestMain(m *testing.M) {
	for name, be := range beings {
		if v := os.Getenv(name); v != "" {
			if err := be(v); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			return
		}
	}
	var err error
	if models, err = os.MkdirTemp("", "parley-e2e-speech-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(models)
	os.Exit(code)
}

// binary is the parley that is tested: PARLEY_BIN, else ../bin/parley.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PARLEY_BIN")
	if path == "" {
		path = "../bin/parley"
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: make build first", err)
	}
	return path
}

// freePort is free for TCP and UDP now, and so is the port after it: baresip wants that for TLS.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		next, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		l.Close()
		if err != nil {
			continue
		}
		u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		next.Close()
		if err == nil {
			u.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// A server is a parley with a folder and ports of its own.
type server struct {
	t    *testing.T
	cmd  *exec.Cmd
	env  []string
	bin  string   // "": the one that is tested
	log  *os.File // what it said, in all its lives
	data string
	http string // origin
	sip  string // host:port
	gone chan struct{}
}

const key = "sk_test_e2e"

// serve starts one with nothing but local speech, and what env says; it ends with the test.
func serve(t *testing.T, env ...string) *server {
	t.Helper()
	s := prepare(t, env...)
	s.start()
	return s
}

// prepare makes one that is not started yet; what then runs ends with the test.
func prepare(t *testing.T, env ...string) *server {
	t.Helper()
	s := &server{t: t, data: filepath.Join(t.TempDir(), "data"),
		http: fmt.Sprintf("http://127.0.0.1:%d", freePort(t)), sip: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "PARLEY_") && !strings.HasSuffix(name, "_API_KEY") && !strings.HasSuffix(name, "_BASE_URL") {
			s.env = append(s.env, kv)
		}
	}
	s.env = append(s.env, "PARLEY_DATA="+s.data, "PARLEY_HTTP="+strings.TrimPrefix(s.http, "http://"), "PARLEY_SIP="+s.sip,
		"PARLEY_RTP_PORTS=24000-24999", "PARLEY_API_KEY="+key, "PARLEY_ALLOW_NETWORKS=127.0.0.0/8", "PARLEY_DEBUG=1",
		"PARLEY_FULL_AT=0") // the machine is shared: what other tests do is not to turn calls away
	s.env = append(s.env, env...)
	if err := errors.Join(os.MkdirAll(s.data, 0o700), os.Symlink(models, filepath.Join(s.data, "speech"))); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		s.log.Close()
		if b, err := os.ReadFile(s.log.Name()); t.Failed() && err == nil {
			t.Logf("the server said:\n%s", b[max(0, len(b)-64<<10):])
		}
	})
	return s
}

// start begins a life of the server, and waits until it is ready.
func (s *server) start() {
	s.t.Helper()
	s.launch()
	s.until("the server answers", 30*time.Second, func() bool { return status(s.http+"/readyz") == http.StatusOK })
}

// hearing waits until local hearing has prepared its models.
func (s *server) hearing() {
	s.t.Helper()
	s.until("local hearing has prepared its models", time.Minute, func() bool {
		log, err := os.ReadFile(s.log.Name())
		return err == nil && bytes.Contains(log, []byte("local hearing is"))
	})
}

// said waits until the agent of the only call there is has said so many things to their end.
func (s *server) said(n int) {
	s.t.Helper()
	s.follow(fmt.Sprintf("the agent has said %d things", n), time.Minute, func(typ string, payload m) bool {
		if typ == "event_message" && payload["sender"] == "bot" {
			n--
		}
		return n == 0
	})
}

// happened waits for an event of the only call there is.
func (s *server) happened(event string, limit time.Duration) (payload m) {
	s.t.Helper()
	s.follow(event+" is told", limit, func(typ string, p m) bool {
		payload = p
		return typ == event
	})
	return payload
}

// follow reads the events of the only call there is, from the first, until one is the right one.
func (s *server) follow(what string, limit time.Duration, right func(typ string, payload m) bool) {
	s.t.Helper()
	over := time.Now().Add(limit)
	s.until("a call is there", limit, func() bool { return len(s.calls()) > 0 })
	events, err := s.stream("GET", "/v1/calls/events?id="+s.calls()[0].ID)
	if err != nil {
		s.t.Fatal(err)
	}
	defer events.Close()
	defer time.AfterFunc(time.Until(over), func() { events.Close() }).Stop()
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if typ, payload, ok := s.event(lines.Text()); ok && right(typ, payload) {
			return
		}
	}
	s.t.Fatalf("not within %v, or before the call was over: %s", limit, what)
}

// event reads a line of an event stream, if it has an event.
func (s *server) event(line string) (typ string, payload m, ok bool) {
	s.t.Helper()
	data, ok := strings.CutPrefix(line, "data: ")
	if !ok {
		return "", nil, false
	}
	var e struct {
		Type    string
		Payload m
	}
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		s.t.Fatal(err)
	}
	return e.Type, e.Payload, true
}

// launch begins a life.
func (s *server) launch() {
	s.t.Helper()
	bin := s.bin
	if bin == "" {
		bin = binary(s.t)
	}
	s.cmd = exec.Command(bin, "serve")
	s.cmd.Dir, s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = s.t.TempDir(), s.env, s.log, s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, gone := s.cmd, make(chan struct{})
	s.gone = gone
	go func() { cmd.Wait(); close(gone) }()
}

// stop ends it as Ctrl-C does: with its calls.
func (s *server) stop() {
	if s.gone == nil {
		return
	}
	s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.gone:
	case <-time.After(20 * time.Second):
		s.t.Error("the server does not end")
		s.cmd.Process.Kill()
		<-s.gone
	}
}

// ends waits for the end of a life that is to come by itself.
func (s *server) ends(limit time.Duration) {
	s.t.Helper()
	select {
	case <-s.gone:
	case <-time.After(limit):
		s.t.Fatalf("it goes on for %v", limit)
	}
}

// until waits for something to become true.
func (s *server) until(what string, limit time.Duration, ok func() bool) {
	s.t.Helper()
	for over := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(over) {
			s.t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// api makes a request that must succeed.
func (s *server) api(method, path string, body, into any) {
	s.t.Helper()
	code, b, err := asking{method: method, url: s.http + path, key: key, body: body}.answer(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	if code >= 300 {
		s.t.Fatalf("%s %s: %d %s", method, path, code, b)
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = b
	} else if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
}

type m = map[string]any

// agent makes an agent that greets and hears by local speech; more overrides.
func (s *server) agent(more m) (id string, whole m) {
	s.t.Helper()
	body := m{"prompt": m{"content": "You are the receptionist of Harbor Dental. We are open from nine in the morning until six in the evening."},
		"voice": m{"type": "voice_local"}, "actions": []any{}, "initial_message": "Good morning, this is Harbor Dental, how can I help you today?"}
	for k, v := range more {
		body[k] = v
	}
	s.api("POST", "/v1/agents/create", body, &whole)
	id, _ = whole["id"].(string)
	return id, whole
}

// A call as the API shows it.
type call struct {
	ID        string
	Status    string
	Ended     string `json:"ended_reason"`
	From      string `json:"from_number"`
	Outgoing  bool   `json:"is_outgoing"`
	Recording bool   `json:"recording_available"`
	Text      string `json:"transcript"`
}

func (s *server) calls() []call {
	s.t.Helper()
	var list struct{ Items []call }
	s.api("GET", "/v1/calls/list?size=100", nil, &list)
	return list.Items
}

// ended waits for the end of the only call there is.
func (s *server) ended(limit time.Duration) call {
	s.t.Helper()
	var c call
	s.until("one call, and it is over", limit, func() bool {
		all := s.calls()
		if len(all) != 1 {
			return false
		}
		c = all[0]
		return c.Status == "ended" || c.Status == "error"
	})
	return c
}

// events are the types and payloads of a call that is over.
func (s *server) events(id string) (types []string, payloads []m) {
	s.t.Helper()
	var raw []byte
	s.api("GET", "/v1/calls/events?id="+id, nil, &raw)
	for line := range strings.SplitSeq(string(raw), "\n") {
		if typ, payload, ok := s.event(line); ok {
			types, payloads = append(types, typ), append(payloads, payload)
		}
	}
	return types, payloads
}

// pressed checks which keys the caller of a call that is over has pressed.
func (s *server) pressed(id, want string) {
	s.t.Helper()
	digits := ""
	types, payloads := s.events(id)
	for i, typ := range types {
		if typ == "digit" {
			digits += fmt.Sprint(payloads[i]["digit"])
		}
	}
	if digits != want {
		s.t.Errorf("digits %q, not %q, among %v", digits, want, types)
	}
}

// recording is both sides of a call.
func (s *server) recording(id string) *audio.Sound {
	s.t.Helper()
	s.until("the recording is there", 10*time.Second, func() bool {
		var c call
		s.api("GET", "/v1/calls?id="+id, nil, &c)
		return c.Recording
	})
	var raw []byte
	s.api("GET", "/v1/calls/recording?format=wav&id="+id, nil, &raw)
	w, err := audio.ReadWAV(bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	if w.Channels != 2 {
		s.t.Fatalf("the recording has %d channels", w.Channels)
	}
	return w
}

// ring runs parley call and returns what it printed, and its exit code.
func (s *server) ring(limit time.Duration, args ...string) (out string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(s.t), append([]string{"call"}, args...)...)
	cmd.Dir = s.t.TempDir()
	cmd.Env = append(os.Environ(), "PARLEY_API_KEY="+key, "PARLEY_URL="+s.http, "PARLEY_DATA="+s.data)
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		s.t.Fatalf("parley call does not end within %v:\n%s", limit, b)
	case errors.As(err, &exit):
		return string(b), exit.ExitCode()
	case err != nil:
		s.t.Fatal(err)
	}
	return string(b), 0
}

// need fails when a program is missing: make e2e installs them.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%v: make e2e installs it", err)
		}
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if b, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, b)
	}
}
