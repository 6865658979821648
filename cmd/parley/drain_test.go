package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/cluster"
)

// TestGentleStop: after a gentle stop was asked for nothing new is taken, and with no call left the server ends at once.
func TestGentleStop(t *testing.T) {
	h := &house{cfg: &serveCmd{Cluster: clusterConfig{Drain: time.Hour}}, log: slog.New(slog.DiscardHandler), switchboard: call.New(call.Config{})}
	defer h.switchboard.Close()
	g := &gentle{asked: make(chan struct{})}
	ctx, stop := h.untilDrained(context.WithValue(t.Context(), gentleKey{}, g))
	defer stop()
	if !g.known.Load() || full(h) != nil || ctx.Err() != nil {
		t.Error("before it is asked for")
	}
	close(g.asked)
	<-ctx.Done()
	if err := full(h); !errors.Is(err, errDraining) || !h.load().Draining {
		t.Errorf("%v", err)
	}
	if err := h.ready(t.Context()); err == nil {
		t.Error("it says that it is ready")
	}
	if ended, next, err := h.admit(t.Context()); ended != nil || !next.IsZero() || err != nil {
		t.Error("queued calls are let go")
	}
}

// full is why no call is taken.
func full(h *house) error {
	_, err := h.room()
	return err
}

// TestSeats: however many calls want to begin at once, there are never more than may be, and each seat that is given back can be taken.
func TestSeats(t *testing.T) {
	const most, many = 7, 100
	h := &house{cfg: &serveCmd{Cluster: clusterConfig{MaxCalls: most}}}
	for range 5 {
		var all sync.WaitGroup
		var mu sync.Mutex
		var taken []func()
		for range many {
			all.Go(func() {
				release, err := h.take()
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken = append(taken, release)
				} else if !errors.Is(err, errFull) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(taken) > most || len(taken) == 0 || full(h) == nil != (len(taken) < most) {
			t.Errorf("%d of %d are taken: %v", len(taken), most, full(h))
		}
		for _, release := range taken {
			release()
			release()
		}
	}
	if n, err := h.room(); n != most || err != nil {
		t.Errorf("there is room for %d: %v", n, err)
	}
}

// TestClusterSettings: what cannot work is said before anything is opened.
func TestClusterSettings(t *testing.T) {
	const pg = "postgres://x/y"
	for what, c := range map[string]struct {
		conf     clusterConfig
		database string
		says     string
	}{
		"nothing":        {clusterConfig{}, "", ""},
		"a cluster":      {clusterConfig{NATS: "nats://u:p@10.0.0.5:4222, tls://b:4222"}, pg, ""},
		"SQLite":         {clusterConfig{NATS: "nats://10.0.0.5"}, "", "PARLEY_DATABASE_URL"},
		"no NATS":        {clusterConfig{NATS: "nats://secret@a,http://b"}, pg, "no address of a NATS server"},
		"negative limit": {clusterConfig{MaxCalls: -1}, "", "PARLEY_MAX_CALLS"},
		"negative drain": {clusterConfig{Drain: -1}, "", "PARLEY_DRAIN"},
	} {
		err := c.conf.check(c.database)
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestForeignCommands: what a node of another version asks, or nobody would, is refused.
func TestForeignCommands(t *testing.T) {
	s := call.New(call.Config{})
	defer s.Close()
	l := liveHere{live{s}}
	for _, body := range []string{"", "[]", `{"Act":"dance"}`, `{"Act":"take_over"}`, `{"Act":"transfer"}`} {
		if err := l.Command(t.Context(), "c", []byte(body)); err == nil {
			t.Errorf("%s is carried out", body)
		}
	}
	for _, body := range []string{`{"Act":"end"}`, `{"Act":"say","Text":"x"}`, `{"Act":"transfer","Text":"+15550001111","Transfer":{"To":"+15550001111"}}`} {
		if err := l.Command(t.Context(), "c", []byte(body)); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("%s to a call that is not here: %v", body, err)
		}
	}
	var _ cluster.Calls = l
}
