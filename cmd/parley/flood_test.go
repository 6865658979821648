package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// A timedLog notes when events came.
type timedLog struct {
	calls map[string]int
	at    []time.Time
}

func (l *timedLog) Append(e parley.Event) {
	l.calls[e.CallID]++
	l.at = append(l.at, time.Now())
}

// TestFloodIsEven: events come at their rate all the time, and every call has its share.
func TestFloodIsEven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, start := &timedLog{calls: map[string]int{}}, time.Now()
		if n := appendEvenly(t.Context(), l, []string{"a", "b"}, 1000, 3*time.Second); n != 3000 || len(l.at) != 3000 {
			t.Fatalf("%d events, %d came", n, len(l.at))
		}
		if l.calls["a"] != 1500 || l.calls["b"] != 1500 {
			t.Errorf("%v", l.calls)
		}
		for i, at := range l.at {
			if due := time.Duration(i) * time.Millisecond; (at.Sub(start) - due).Abs() > 2*time.Millisecond {
				t.Fatalf("event %d after %v", i, at.Sub(start))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if n := appendEvenly(ctx, l, []string{"a"}, 10, time.Minute); n < 9 || n > 10 {
			t.Errorf("%d events in a second, of a flood that was ended", n)
		}
	})
}

func TestFloodRefuses(t *testing.T) {
	for _, q := range []string{"", "rate=10&seconds=1", "rate=0&seconds=1&call=a", "rate=10001&seconds=1&call=a", "rate=1&seconds=601&call=a", "rate=x&seconds=1&call=a"} {
		w := httptest.NewRecorder()
		new(house).flood(w, httptest.NewRequest(http.MethodPost, "/debug/flood?"+q, nil))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "seconds (1 to 600)") {
			t.Errorf("%q: %d %s", q, w.Code, w.Body)
		}
	}
}

func TestBenchCommands(t *testing.T) {
	c, err := parse(t, "bench", "--calls", "7", "--seconds", "5")
	if err != nil || c.Bench.Calls.Calls != 7 || c.Bench.Calls.Seconds != 5 || !c.Bench.Calls.Record {
		t.Errorf("%+v, %v", c.Bench.Calls, err)
	}
	c, err = parse(t, "bench", "api", "--rows", "1000", "--only", "reads,hooks", "--requests", "9")
	if err != nil || c.Bench.API.Rows != 1000 || len(c.Bench.API.Only) != 2 || c.Bench.API.Rate != 500 || c.Bench.API.Requests != 9 {
		t.Errorf("%+v, %v", c.Bench.API, err)
	}
}
