package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley/metrics/read"
)

func counters(t *testing.T, text string) read.Values {
	t.Helper()
	v, err := read.Text([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sooner and later are a server's counters a minute apart.
const sooner = `process_start_time_seconds 1.7e9
parley_calls_queued 0
parley_calls_ended_total{cause="busy"} 5
parley_vendor_turns_total{skill="hearing",vendor="deepgram",stood="first"} 100
parley_vendor_turns_total{skill="speaking",vendor="quiet",stood="first"} 7
`

const later = `process_start_time_seconds 1.7e9
process_cpu_seconds_total 30
process_resident_memory_bytes 52428800
go_goroutines 112
process_open_fds 91
process_max_fds 262144
parley_calls_running 12
parley_rtp_ports_in_use 24
parley_calls_queued 3
parley_calls_overdue_seconds 12.5
parley_jobs_waiting 5
parley_jobs_overdue_seconds 0
parley_event_log_unread 7
parley_calls_ended_total{cause="busy"} 6
parley_calls_ended_total{cause="caller_hung_up"} 9
parley_vendor_turns_total{skill="hearing",vendor="deepgram",stood="first"} 130
parley_vendor_turns_total{skill="speaking",vendor="quiet",stood="first"} 7
parley_vendor_failures_total{skill="thinking",vendor="openai",reason="timeout"} 3
parley_vendor_failures_total{skill="thinking",vendor="openai",reason="rate_limited"} 1
parley_webhook_attempts_total{result="delivered"} 60
parley_webhook_attempts_total{result="pending"} 2
parley_trunk_registrations{state="registered"} 2
parley_trunk_registrations{state="unregistered"} 1
parley_trunk_addresses{state="up"} 3
parley_trunk_addresses{state="down"} 0
parley_http_requests_total{route="/v1/calls",method="GET",status="5xx"} 4
# TYPE parley_pacer_late_seconds histogram
parley_pacer_late_seconds_bucket{le="0.001"} 99000
parley_pacer_late_seconds_bucket{le="0.02"} 99900
parley_pacer_late_seconds_bucket{le="+Inf"} 100000
parley_pacer_late_seconds_sum 20
parley_pacer_late_seconds_count 100000
# TYPE parley_turn_latency_seconds histogram
parley_turn_latency_seconds_bucket{stage="total",le="1"} 30
parley_turn_latency_seconds_bucket{stage="total",le="2"} 30
parley_turn_latency_seconds_bucket{stage="total",le="+Inf"} 30
parley_turn_latency_seconds_sum{stage="total"} 24
parley_turn_latency_seconds_count{stage="total"} 30
parley_turn_latency_seconds_bucket{stage="llm",le="+Inf"} 30
parley_turn_latency_seconds_sum{stage="llm"} 9
parley_turn_latency_seconds_count{stage="llm"} 30
`

func TestTopView(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	at := start.Add(time.Hour)
	since := at.Add(-95 * time.Second)
	old := &topSample{at: at.Add(-time.Minute), values: counters(t, sooner)}
	now := &topSample{url: "http://node", at: at, values: counters(t, later), total: 2,
		calls: []topCall{{ID: "call-1", Outgoing: true, From: "+15550001111", To: "sip:\x1b[31mred@example.com", Start: &since}, {ID: "call-2"}}}
	got := strings.Join(topView(old, now), "\n")
	for _, want := range []string{
		"Parley at http://node   " + at.Format(time.TimeOnly) + "   up 1h0m0s   rates and latencies: the last 1m0s",
		"process     0.50 cores   50 MiB   112 goroutines   91 of 262k files",
		"API         0 requests a second   p99 –   4 answered with 5xx",
		"calls       12 running   24 RTP ports   ended: 9 caller_hung_up  1 busy",
		"answers     30   p50 500 ms   p95 950 ms   p99 990 ms",
		"llm 300 ms  actions –",
		"pacer       100k packets   late by p50 0.5 ms   p99 1.0 ms   p99.9 20 ms   more than 20 ms: 0.10 %",
		"media       calls that are over, p90: lost in –  out –   jitter in –",
		"trunks      2 registered   1 not   addresses: 3 up   0 down",
		"queue       3 calls, the first overdue 12.5 s   5 jobs, the first overdue 0",
		"7 not handed to webhooks yet",
		"webhooks    a minute: 60 delivered   2 to be tried again   0 given up",
		"hearing    deepgram              30         –         –         0",
		"thinking   openai                 0         –         –         4  3 timeout  1 rate_limited",
		"(2 run in this key's environment)",
		"call-1                                outbound  1m35s     +15550001111              sip:?[31mred@example.com",
		"call-2                                inbound   –",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for _, bad := range []string{"NaN", "quiet", "\x1b"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is in\n%s", bad, got)
		}
	}
	got = strings.Join(topView(nil, &topSample{at: at, values: counters(t, "process_start_time_seconds 1.7e9\n"), note: "give a key"}), "\n")
	for _, want := range []string{"since its start", "ended: none", "database    does not answer", "nobody served a turn", "give a key"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// TestTopOfNodes: where there are several, each is a line, with what is wrong with it.
func TestTopOfNodes(t *testing.T) {
	at, most := time.Unix(1_700_003_600, 0), 150
	up := topNode{Name: "a", Address: "10.0.0.11:5060", Version: "v1.2.3", Roles: []string{"api", "media"}, Calls: 7, Most: &most, Started: at.Add(-time.Hour), Seen: at.Add(-2 * time.Second)}
	gone := topNode{Name: "b\x1b", Address: "10.0.0.12:5060", Version: "v1.2.4", Roles: []string{"jobs"}, Draining: true, Started: at, Seen: at.Add(-14 * time.Second)}
	now := &topSample{at: at, values: counters(t, later), nodes: []topNode{up, gone}}
	got := strings.Join(topView(nil, now), "\n")
	for _, want := range []string{
		"a                    10.0.0.11:5060        v1.2.3           7/150     api,media         up 1h0m0s\n",
		"b?                   10.0.0.12:5060        v1.2.4           0         jobs              draining, not heard of for 14s\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	now.nodes = now.nodes[:1]
	if got := strings.Join(topView(nil, now), "\n"); strings.Contains(got, "10.0.0.11") {
		t.Errorf("one alone is shown:\n%s", got)
	}
}

// TestTopOfAServer: what a real server shows is understood, whole.
func TestTopOfAServer(t *testing.T) {
	dir := t.TempDir()
	_, url := serve(t, dir)
	var out strings.Builder
	if err := (&topCmd{URL: url, Data: dir, Once: true}).show(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Parley at " + url, "calls       0 running   0 RTP ports   ended: none", "pacer       0 packets", "trunks      0 registered", "queue       0 calls", "(0 run in this key's environment)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if s, err := (&topCmd{URL: url, Data: dir}).sample(t.Context()); err != nil || len(s.nodes) != 1 || s.nodes[0].Version != version || time.Since(s.nodes[0].Seen) > time.Minute {
		t.Errorf("its nodes: %+v %v", s, err)
	}
	out.Reset()
	if err := (&topCmd{URL: url, Data: t.TempDir(), Once: true}).show(t.Context(), &out); err != nil || !strings.Contains(out.String(), "give a key") {
		t.Errorf("without a key: %v\n%s", err, out.String())
	}
	out.Reset()
	if err := (&topCmd{URL: url, Key: "no key of this server", Once: true}).show(t.Context(), &out); err != nil || !strings.Contains(out.String(), "cannot be listed with this key: 401") {
		t.Errorf("with a wrong key: %v\n%s", err, out.String())
	}
}

// TestTopGoesOn: a server that goes away is told of and looked for again, another process starts its figures anew, and the terminal is
// given back.
func TestTopGoesOn(t *testing.T) {
	var n atomic.Int32
	ctx, stop := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch k := n.Add(1); k {
		case 2:
			http.Error(w, "", http.StatusBadGateway)
		case 4:
			stop()
			fallthrough
		default:
			fmt.Fprintf(w, "process_start_time_seconds %d\n", 1_000_000_000+k/3)
		}
	}))
	defer s.Close()
	var out strings.Builder
	if err := (&topCmd{URL: s.URL, Data: t.TempDir()}).show(ctx, &out); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	if !strings.HasPrefix(got, topBegin) || !strings.HasSuffix(got, topEnd) || strings.Count(got, topHome) < 3 {
		t.Errorf("%q", got)
	}
	if !strings.Contains(got, "/metrics: 502") || strings.Count(got, "since its start") < 2 {
		t.Errorf("%q", got)
	}
}

func TestTopOfNothing(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }))
	defer page.Close()
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer closed.Close()
	for url, want := range map[string]string{gone.URL: "no server answers at " + gone.URL, page.URL: "/metrics: ", closed.URL: "key of an operator", "://": "missing protocol"} {
		for _, once := range []bool{true, false} {
			var out strings.Builder
			if err := (&topCmd{URL: url, Once: once}).show(t.Context(), &out); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", url, err, want)
			}
		}
	}
}

func TestNumbersOfTop(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 3: "3", 0.25: "0.2", 9999: "9999", 262144: "262k", 3e8: "300M"} {
		if got := count(n); got != want {
			t.Errorf("%v is %s, want %s", n, got, want)
		}
	}
	for s, want := range map[float64]string{0: "0", 0.0005: "0.5 ms", 0.4: "400 ms", 1.25: "1.2 s", 3700: "1h1m40s"} {
		if got := took(s); got != want {
			t.Errorf("%v s is %s, want %s", s, got, want)
		}
	}
}
