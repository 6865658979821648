package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/capacity"
	"github.com/parley-voice/parley/leg"
)

// TestFullByMeasure: a node that is busy by what was measured takes no calls, says so to others and in its log, and takes them again later.
func TestFullByMeasure(t *testing.T) {
	var log bytes.Buffer
	h := &house{cfg: &serveCmd{}, log: slog.New(slog.NewTextHandler(&log, nil)), switchboard: call.New(call.Config{})}
	defer h.switchboard.Close()
	h.place.gauge.SetFull(0.8)
	seconds := func(n, calls int, cpu time.Duration) {
		for range n {
			h.weigh(capacity.Sample{Took: time.Second, CPU: cpu, Cores: 1, Calls: calls})
		}
	}
	var releases []func()
	for range 20 {
		release, err := h.take()
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	seconds(20, 20, 900*time.Millisecond)
	if release, err := h.take(); !errors.Is(err, errFull) || release != nil || !strings.Contains(err.Error(), "90 %") || !h.load().Full {
		t.Errorf("it takes a call: %v, %+v", err, h.load())
	}
	if n := h.place.seats.taken.Load(); n != 20 {
		t.Errorf("%d seats are taken", n)
	}
	if got := log.String(); strings.Count(got, "no new calls are taken") != 1 || !strings.Contains(got, "90 %") {
		t.Errorf("the log: %s", got)
	}
	for _, release := range releases[:15] {
		release()
	}
	seconds(20, 5, 50*time.Millisecond)
	if full(h) != nil || h.load().Full || strings.Count(log.String(), "taken again") != 1 {
		t.Errorf("%v: %s", full(h), log.String())
	}
}

// TestMeter: what lies between two readings.
func TestMeter(t *testing.T) {
	bounds := []time.Duration{time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond}
	was := reading{at: time.Unix(100, 0), cpu: time.Second, late: leg.Lateness{Ticks: 100, Bounds: bounds, Within: []uint64{50, 90, 100}}, calls: 1}
	now := reading{at: time.Unix(101, 0), cpu: 3 * time.Second, late: leg.Lateness{Ticks: 200, Bounds: bounds, Within: []uint64{120, 175, 200}}, calls: 7}
	s := now.since(was)
	if s.Took != time.Second || s.CPU != 2*time.Second || s.Cores < 1 || s.Calls != 7 || s.Packets != 100 || s.Late != 15 {
		t.Errorf("%+v", s)
	}
	h := &house{sound: sound{clock: leg.NewClock()}}
	defer h.clock.Close()
	a := h.meter()
	for b := a; ; b = h.meter() {
		if b.cpu-a.cpu > 20*time.Millisecond {
			break
		}
		if b.at.Sub(a.at) > time.Minute {
			t.Fatal("a process that works uses no CPU")
		}
	}
}
