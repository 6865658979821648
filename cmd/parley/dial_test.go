package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/store"
)

// A counter is a trunk that counts what is dialled; nobody answers.
type counter struct{ dialled atomic.Int32 }

func (c *counter) Serve(ctx context.Context, _ func(context.Context, leg.Offer)) error {
	<-ctx.Done()
	return nil
}

func (c *counter) Dial(context.Context, leg.Call) (leg.Leg, error) {
	c.dialled.Add(1)
	return nil, &leg.Rejected{Cause: parley.Busy, Code: 486}
}

// dialling is a house with nothing but what dials, and a call whose dial waits.
func dialling(t *testing.T) (h *house, trunk *counter) {
	t.Helper()
	db := openStore(t)
	env, _, err := firstStart(t.Context(), db, "", forget)
	if err != nil {
		t.Fatal(err)
	}
	trunk = &counter{}
	h = &house{db: db, log: slog.New(slog.DiscardHandler), env: env}
	h.switchboard = call.New(call.Config{Trunk: trunk, Calls: db, Log: db.Log(), MayCall: db.MayCall, Logger: h.log,
		Directory: &directory{db: db, defaultEnv: env, trunks: func(context.Context) ([]parley.TrunkAccount, error) { return nil, nil }},
		Open:      func(context.Context, string, *parley.Agent) (call.Ready, error) { return call.Ready{}, nil }})
	c := parley.Call{ID: "c", UserID: env, Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true, To: "sip:a@192.0.2.1", Agent: json.RawMessage(`{}`)}
	if err := db.PlaceCall(t.Context(), c, nil, store.Job{Kind: dialJob, Subject: "c", DedupeKey: "c", Once: true}); err != nil {
		t.Fatal(err)
	}
	return h, trunk
}

// work has so many workers at the jobs for a while.
func (h *house) work(t *testing.T, workers int, how time.Duration) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), how)
	defer stop()
	ended := make(chan error)
	for i := range workers {
		q := job.New(h.db, job.Options{Owner: fmt.Sprint("process ", i), Logger: h.log}, job.Kind{Name: dialJob, AtOnce: 3, Run: h.dial, Doubt: h.inDoubt})
		go func() { ended <- q.Run(ctx) }()
	}
	for range workers {
		if err := <-ended; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}
}

func (h *house) outcome(t *testing.T) (parley.Call, string) {
	t.Helper()
	c, err := h.db.Call(t.Context(), h.env, "c")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.db.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := h.db.Log().Events(t.Context(), "c", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, e := range events {
		types = append(types, string(e.Type))
	}
	return c, strings.Join(types, " ")
}

func TestDialledOnceByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, trunk := dialling(t)
		h.work(t, 3, time.Minute)
		h.switchboard.Close()
		c, told := h.outcome(t)
		if trunk.dialled.Load() != 1 || c.Cause != parley.Busy || told != "event_phone_call_did_not_connect" {
			t.Errorf("dialled %d times, %+v, %s", trunk.dialled.Load(), c, told)
		}
		_ = h.db.Close()
	})
}

// A process died after it had begun to dial: nobody dials again, and the end is told once.
func TestInDoubtIsNeverDialledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, trunk := dialling(t)
		jobs, err := h.db.ClaimJobs(t.Context(), store.Claim{Owner: "a process that dies", Kind: dialJob, Limit: 1, Lease: time.Second})
		if err != nil || len(jobs) != 1 {
			t.Fatal(jobs, err)
		}
		time.Sleep(2 * time.Second)
		h.work(t, 2, 10*time.Minute)
		h.work(t, 1, 10*time.Minute)
		h.switchboard.Close()
		c, told := h.outcome(t)
		if trunk.dialled.Load() != 0 || c.Cause != parley.Unknown || c.Status != parley.Failed || !strings.Contains(c.ErrorMessage, "not dialled again") {
			t.Errorf("dialled %d times, %+v", trunk.dialled.Load(), c)
		}
		if told != "event_error event_phone_call_did_not_connect" {
			t.Errorf("told: %s", told)
		}
		_ = h.db.Close()
	})
}

// A number that was listed while the call waited for its turn.
func TestListedNumberIsNotDialled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, trunk := dialling(t)
		if _, err := h.db.AddDoNotCall(t.Context(), store.DoNotCall{EnvironmentID: h.env, Number: "sip:a@192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
		h.work(t, 1, time.Minute)
		h.switchboard.Close()
		c, told := h.outcome(t)
		if trunk.dialled.Load() != 0 || c.Cause != parley.Cancelled || !strings.Contains(c.ErrorMessage, "do-not-call") || told != "event_phone_call_did_not_connect" {
			t.Errorf("dialled %d times, %+v, %s", trunk.dialled.Load(), c, told)
		}
		_ = h.db.Close()
	})
}
