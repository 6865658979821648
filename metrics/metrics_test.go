package metrics

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/store"
)

// fakeLog hands out the channels it is given, one a subscription.
type fakeLog struct {
	readers   chan chan parley.Event
	cancelled int
}

func (l *fakeLog) Subscribe(string) (<-chan parley.Event, func()) {
	return <-l.readers, func() { l.cancelled++ }
}

func shown(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wants(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("%q is not shown", line)
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestFromTheStart(t *testing.T) {
	text := shown(t, New(Config{}))
	for _, c := range parley.Causes() {
		wants(t, text, `parley_calls_ended_total{cause="`+string(c)+`"} 0`)
	}
	for _, r := range []string{"delivered", "pending", "failed", "dropped"} {
		wants(t, text, `parley_webhook_attempts_total{result="`+r+`"} 0`)
	}
	if strings.Contains(text, "parley_calls_running") || strings.Contains(text, "parley_calls_queued") {
		t.Error("what cannot be looked up is shown")
	}
}

func TestRequests(t *testing.T) {
	m := New(Config{})
	for _, status := range []int{200, 204, 404, 0} {
		m.Request("/v1/calls", "GET", status, 30*time.Millisecond)
	}
	m.Attempted(store.Delivered)
	m.Attempted(store.Pending)
	wants(t, shown(t, m),
		`parley_http_requests_total{method="GET",route="/v1/calls",status="2xx"} 2`,
		`parley_http_requests_total{method="GET",route="/v1/calls",status="4xx"} 1`,
		`parley_http_requests_total{method="GET",route="/v1/calls",status="none"} 1`,
		`parley_http_request_duration_seconds_count{method="GET",route="/v1/calls"} 4`,
		`parley_http_request_duration_seconds_bucket{method="GET",route="/v1/calls",le="0.025"} 0`,
		`parley_http_request_duration_seconds_bucket{method="GET",route="/v1/calls",le="0.05"} 4`,
		`parley_webhook_attempts_total{result="delivered"} 1`, `parley_webhook_attempts_total{result="pending"} 1`)
}

func TestWhatWaits(t *testing.T) {
	depth, fails := store.Depth{Calls: 3, Jobs: 5, Unread: 7}, error(nil)
	m := New(Config{Running: func() int { return 2 }, Logger: quiet(), Depth: func(context.Context) (store.Depth, error) { return depth, fails }})
	wants(t, shown(t, m), "parley_calls_running 2", "parley_calls_queued 3", "parley_jobs_waiting 5", "parley_event_log_unread 7", "parley_calls_overdue_seconds 0", "parley_jobs_overdue_seconds 0")
	depth.CallsDue, depth.JobsDue = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	text := shown(t, m)
	wants(t, text, "parley_jobs_overdue_seconds 0")
	if !strings.Contains(text, "\nparley_calls_overdue_seconds 36") {
		t.Error("a call that was due an hour ago is not overdue")
	}
	fails = errors.New("the database is gone")
	text = shown(t, m)
	wants(t, text, "parley_calls_running 2")
	if strings.Contains(text, "parley_calls_queued") {
		t.Error("a number is shown that nobody knows")
	}
}

// TestWhatTheLogTells: the ends of calls, the parts of latency and the log's own delay; and a log that let go is followed again.
func TestWhatTheLogTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLog{readers: make(chan chan parley.Event, 2)}
		first, second := make(chan parley.Event), make(chan parley.Event)
		l.readers <- first
		l.readers <- second
		m := New(Config{Log: l, Logger: quiet()})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		tell := func(to chan parley.Event, kind parley.EventType, payload any) {
			e := parley.NewEvent("c", kind, payload)
			e.Sequence = 1
			to <- e
		}
		tell(first, parley.EventEnded, map[string]any{"ended_reason": "caller_hung_up"})
		tell(first, parley.EventDidNotConnect, map[string]any{"ended_reason": "busy"})
		tell(first, parley.EventEnded, map[string]any{"ended_reason": "a reason of tomorrow"})
		tell(first, parley.EventEnded, "no object")
		tell(first, parley.EventMessage, map[string]any{"text": "x", "latency": parley.Latency{LLM: 400 * time.Millisecond, Total: time.Second}})
		tell(first, parley.EventMessage, map[string]any{"text": "y"})
		tell(first, parley.EventMessage, map[string]any{"vendors": parley.Credits{Hearing: parley.Given("deepgram", nil)}})
		tell(first, parley.EventMessage, map[string]any{"vendors": parley.Credits{Speaking: parley.Given("rime", nil),
			Thinking: parley.Given("google", parley.Failures{{Vendor: "openai", Reason: parley.VendorTimeout}})}})
		tell(first, parley.EventWarning, map[string]any{"skill": "thinking", "failed": parley.Failures{{Vendor: "openai", Reason: parley.VendorTimeout}}})
		tell(first, parley.EventError, map[string]any{"skill": "thinking", "failed": parley.Failures{{Vendor: "openai", Reason: parley.VendorTimeout}, {Vendor: "google", Reason: parley.VendorShunned}}})
		tell(first, parley.EventWarning, "no object")
		old := parley.NewEvent("c", parley.EventWarning, struct{}{})
		old.Sequence, old.Time = 2, time.Now().Add(-2*time.Second)
		first <- old
		first <- parley.NewEvent("c", parley.EventPartial, struct{}{}) // has no sequence: it is not kept
		close(first)
		time.Sleep(time.Second)
		lost, trip := 1.0, 250.0
		tell(second, parley.EventEnded, map[string]any{"ended_reason": "caller_hung_up",
			"media": parley.Quality{Sent: 40, Received: 16, Lost: 5, Late: 1, Jitter: 3, FarLost: &lost, FarJitter: &trip, RoundTrip: &trip}})
		tell(second, parley.EventEnded, map[string]any{"ended_reason": "caller_hung_up", "media": parley.Quality{Sent: 2}})
		synctest.Wait()
		wants(t, shown(t, m),
			`parley_calls_ended_total{cause="caller_hung_up"} 3`, `parley_calls_ended_total{cause="busy"} 1`, `parley_calls_ended_total{cause="unknown"} 2`,
			`parley_turn_latency_seconds_sum{stage="llm"} 0.4`, `parley_turn_latency_seconds_sum{stage="total"} 1`, `parley_turn_latency_seconds_count{stage="stt"} 1`,
			`parley_event_log_delay_seconds_count 14`, `parley_event_log_delay_seconds_sum 2`, `parley_metrics_lagged_total 1`,
			`parley_vendor_turns_total{skill="hearing",stood="first",vendor="deepgram"} 1`, `parley_vendor_turns_total{skill="thinking",stood="backup",vendor="google"} 1`,
			`parley_vendor_turns_total{skill="speaking",stood="first",vendor="rime"} 1`, `parley_vendor_failures_total{reason="timeout",skill="thinking",vendor="openai"} 2`,
			`parley_vendor_failures_total{reason="shunned",skill="thinking",vendor="google"} 1`,
			`parley_media_packets_total{what="sent"} 42`, `parley_media_packets_total{what="received"} 16`, `parley_media_packets_total{what="late"} 1`,
			`parley_media_lost_ratio_sum{direction="in"} 0.25`, `parley_media_lost_ratio_count{direction="in"} 1`, `parley_media_lost_ratio_sum{direction="out"} 0.01`,
			`parley_media_jitter_seconds_sum{direction="in"} 0.003`, `parley_media_jitter_seconds_sum{direction="out"} 0.25`, `parley_media_round_trip_seconds_sum 0.25`)
		stop()
		if err := <-done; err != nil || l.cancelled != 2 {
			t.Errorf("%v, %d subscriptions cancelled", err, l.cancelled)
		}
	})
}

// TestNames: Prometheus' own rules for names and help texts, and no label that a client or a call could fill.
func TestNames(t *testing.T) {
	m := New(Config{Running: func() int { return 0 }, Depth: func(context.Context) (store.Depth, error) { return store.Depth{}, nil },
		Node: Node{Late: func() leg.Lateness { return leg.Lateness{} }, Lines: func() Lines { return Lines{} }, Ports: func() int { return 0 }}})
	m.Request("/v1/calls", "GET", 200, 0)
	text := shown(t, m)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, bad := range []string{"call_id=", "environment=", "number="} {
		if strings.Contains(text, bad) {
			t.Errorf("the counters have %s", bad)
		}
	}
}

func TestRequestAllocates(t *testing.T) {
	m := New(Config{})
	m.Request("/v1/calls", "GET", 200, 0)
	if n := testing.AllocsPerRun(100, func() { m.Request("/v1/calls", "GET", 200, time.Millisecond) }); n > 4 {
		t.Errorf("counting a request takes %v allocations", n)
	}
}
