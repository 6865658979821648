//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// sipp runs a scenario of testdata once; it fails when a message does not come, or one that does not belong.
func sipp(t *testing.T, s *server, scenario, user string, limit time.Duration) {
	t.Helper()
	need(t, "sipp")
	file, err := filepath.Abs(filepath.Join("testdata", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sipp", "-sf", file, "-s", user, s.sip, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", fmt.Sprint(freePort(t)),
		"-m", "1", "-nostdin", "-trace_err", "-trace_msg", "-message_file", "messages.log", "-error_file", "errors.log", "-timeout", fmt.Sprintf("%ds", int(limit.Seconds())))
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		dump := exec.Command("sh", "-c", "cat errors.log messages.log | head -c 12000")
		dump.Dir = cmd.Dir
		b, _ := dump.CombinedOutput()
		t.Fatalf("sipp %s: %v\n%s", scenario, err, b)
	}
}

func (s *server) quiet() {
	s.t.Helper()
	s.until("no call is left and no port taken", 10*time.Second, func() bool {
		var state struct {
			Calls int
			Ports int `json:"rtp_ports_in_use"`
		}
		s.api("GET", "/debug/state", nil, &state)
		return state.Calls == 0 && state.Ports == 0
	})
}

func TestSippRetransmitted(t *testing.T) {
	t.Parallel()
	s := serve(t)
	sipp(t, s, "retransmitted", "demo", 20*time.Second)
	s.ended(10 * time.Second) // of exactly one call
	s.quiet()
}

func TestSippUnacknowledged(t *testing.T) {
	t.Parallel()
	s := serve(t)
	sipp(t, s, "unacknowledged", "demo", time.Minute)
	s.quiet()
}

func TestSippLateBye(t *testing.T) {
	t.Parallel()
	s := serve(t)
	sipp(t, s, "late", "demo", 20*time.Second)
	if c := s.ended(10 * time.Second); c.Ended != "caller_hung_up" {
		t.Errorf("%+v", c)
	}
	s.quiet()
}

// TestSippRefused: who calls nobody, or is nobody, is refused, and no vendor hears of it.
func TestSippRefused(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "{}", http.StatusTeapot)
	}))
	defer vendor.Close()
	s := serve(t, "OPENAI_API_KEY=x", "OPENAI_BASE_URL="+vendor.URL+"/v1", "DEEPGRAM_API_KEY=x", "DEEPGRAM_BASE_URL="+vendor.URL)
	id, _ := s.agent(m{"voice": m{"type": "voice_deepgram", "model": "aura-2-thalia-en"}})
	time.Sleep(time.Second)
	asked.Store(0)
	sipp(t, s, "nobody", "nobody-by-that-name", 20*time.Second)
	s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_sip", "label": "a trunk", "config": m{},
		"credentials": m{"host": "192.0.2.10", "username": "u", "password": "p", "allowed_addresses": []string{"192.0.2.10"}}}, nil)
	time.Sleep(1500 * time.Millisecond) // the accounts are read once a second
	sipp(t, s, "stranger", id, 20*time.Second)
	if n := asked.Load(); n != 0 {
		t.Errorf("vendors were asked %d times", n)
	}
	for _, c := range s.calls() {
		if strings.HasPrefix(c.Status, "in_") || c.Status == "ended" {
			t.Errorf("there was a call: %+v", c)
		}
	}
	s.quiet()
}
