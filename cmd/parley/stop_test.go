package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
)

// A running server that the test itself stops.
type running struct {
	t    *testing.T
	dir  string
	url  string
	key  string
	sip  string
	log  *bytes.Buffer // read it after stop
	stop func() error
}

func start(t *testing.T, dir string) *running {
	t.Helper()
	return startWith(t, &serveCmd{Data: dir, HTTP: "127.0.0.1:0", SIP: "127.0.0.1:0", RTPPorts: portRange{45000, 45999}, AllowNetworks: []string{"127.0.0.0/8"}})
}

func startWith(t *testing.T, c *serveCmd) *running {
	t.Helper()
	dir := c.Data
	r := &running{t: t, dir: dir, log: &bytes.Buffer{}}
	ctx, cancel := context.WithCancel(t.Context())
	h, _, err := c.build(ctx, slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	door, err := net.Listen("tcp", c.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "api-key"))
	if err != nil {
		t.Fatal(err)
	}
	r.url, r.key, r.sip = "http://"+door.Addr().String(), strings.TrimSpace(string(key)), h.sipAddr
	ended := make(chan error, 1)
	go func() { ended <- h.serve(ctx, door) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		err := <-ended
		h.close()
		return err
	})
	t.Cleanup(func() { _ = r.stop() })
	return r
}

func (r *running) ask(method, path, body string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { res.Body.Close() })
	return res
}

func (r *running) made(path, body string) map[string]any {
	r.t.Helper()
	res := r.ask("POST", path, body)
	var doc map[string]any
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil || res.StatusCode != 201 {
		r.t.Fatalf("%s: %s %v %v", path, res.Status, doc, err)
	}
	return doc
}

// ring calls an agent and stays on the line until the far end hangs up; over is closed then.
func (r *running) ring(agent string) (over chan struct{}) {
	r.t.Helper()
	trunk, err := sip.New(sip.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, hangup := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- trunk.Serve(ctx, refuseAll) }()
	r.t.Cleanup(func() { hangup(); <-served })
	l, err := trunk.Dial(ctx, leg.Call{ID: "test", From: "1000", To: "sip:" + agent + "@" + r.sip})
	if err != nil {
		r.t.Fatal(err)
	}
	over = make(chan struct{})
	go func() {
		defer close(over)
		for {
			if _, err := l.Read(ctx); err != nil {
				return
			}
		}
	}()
	return over
}

// TestStopInTheMiddle: a server that is stopped hangs up, ends live streams, has told the webhook of the end when it is gone,
// and leaves nothing for the next start to repair.
func TestStopInTheMiddle(t *testing.T) {
	var mu sync.Mutex
	var told []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct{ Type string }
		_ = json.NewDecoder(r.Body).Decode(&m)
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("webhook-signature") != "" {
			told = append(told, m.Type)
		}
	}))
	defer hook.Close()
	dir := t.TempDir()
	r := start(t, dir)
	agent, _ := r.made("/v1/agents/create", `{"prompt":{"content":"x"},"voice":{"type":"voice_local"},"actions":[],
		"webhook":{"url":"`+hook.URL+`","subscriptions":["event_phone_call_connected","event_phone_call_ended"]}}`)["id"].(string)
	over := r.ring(agent)
	var list struct{ Items []struct{ ID, Status string } }
	if err := json.NewDecoder(r.ask("GET", "/v1/calls/list", "").Body).Decode(&list); err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	stream := r.ask("GET", "/v1/calls/events?id="+list.Items[0].ID, "")
	first, err := bufio.NewReader(stream.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(first, ": following") {
		t.Fatal(first, err)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	<-over
	if _, err := io.ReadAll(stream.Body); err != nil {
		t.Logf("the stream broke off: %v", err) // it may: the server is gone
	}
	mu.Lock()
	if got := strings.Join(told, " "); got != "event_phone_call_connected event_phone_call_ended" {
		t.Errorf("the webhook was told %q", got)
	}
	mu.Unlock()
	if said := r.log.String(); strings.Contains(said, "closed") && strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
		t.Errorf("it said:\n%s", said)
	}
	again := start(t, dir)
	if err := json.NewDecoder(again.ask("GET", "/v1/calls/list", "").Body).Decode(&list); err != nil || len(list.Items) != 1 || list.Items[0].Status != "error" && list.Items[0].Status != "ended" {
		t.Errorf("after the next start: %+v %v", list, err)
	}
	if err := again.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(again.log.String(), "calls of the last run were ended") {
		t.Error("the call was left open")
	}
}

// TestCanaries: secrets that a user gives are in no file of the data folder, no answer and no line of the log, the API key in none
// but its own.
func TestCanaries(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	const canary = "canary-4711"
	var answers []string
	keep := func(res *http.Response) {
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, string(b))
	}
	for path, bodies := range map[string][]string{
		"/v1/account_connections/create": {
			`{"type":"account_connection_sip","credentials":{"host":"192.0.2.1","username":"u","password":"` + canary + `-trunk"}}`,
			`{"type":"account_connection_openai","credentials":{"openai_api_key":"` + canary + `-openai"}}`,
			`{"type":"account_connection_deepgram","credentials":{"api_key":"` + canary + `-deepgram"}}`,
			`{"type":"account_connection_twilio","credentials":{"twilio_account_sid":"AC0","twilio_auth_token":"` + canary + `-twilio"}}`,
		},
		"/v1/voices/create": {`{"type":"voice_openai","voice":"alloy","api_key":"` + canary + `-voice"}`},
		"/v1/agents/create": {
			`{"prompt":{},"actions":[],"voice":{"type":"voice_openai","voice":"alloy","api_key":"` + canary + `-inline"},
				"openai_account_connection":{"type":"account_connection_openai","credentials":{"openai_api_key":"` + canary + `-nested"}}}`,
			`{"prompt":{},"actions":[],"voice":{"type":"voice_nobody","api_key":"` + canary + `-refused"}}`,
		},
		"/v1/calls/create": {`{"from_number":"1000","to_number":"sip:x@127.0.0.1:1","agent":{"prompt":{},"actions":[],
			"voice":{"type":"voice_openai","voice":"alloy","api_key":"` + canary + `-call"}}}`},
	} {
		for _, body := range bodies {
			req := r.ask("POST", path, body)
			if bad := strings.Contains(body, "nobody"); (req.StatusCode == 201) == bad {
				t.Errorf("%s: %s", path, req.Status)
			}
			keep(req)
		}
	}
	for _, kind := range []string{"account_connections", "voices", "agents", "calls"} {
		keep(r.ask("GET", "/v1/"+kind+"/list?size=100", ""))
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(strings.Join(answers, ""), canary) {
		t.Errorf("an answer has it: %s", answers)
	}
	if said := r.log.String(); strings.Contains(said, canary) || strings.Contains(said, r.key) {
		t.Errorf("the log has it: %s", said)
	}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%s has it", e.Name())
		}
		if bytes.Contains(b, []byte(r.key)) != (e.Name() == "api-key") {
			t.Errorf("%s and the API key", e.Name())
		}
		if info, _ := e.Info(); info.Mode().Perm()&0o077 != 0 && !strings.Contains(path, "/speech/") { // models are no secret
			t.Errorf("%s is readable by others: %v", e.Name(), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
