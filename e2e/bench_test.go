//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/parley-voice/parley/bench"
)

// TestBenchOfCalls: on a network that loses and delays each turn that a caller heard is one the call tells of, and its parts are all of
// what was added.
func TestBenchOfCalls(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), "bench", "--calls", "2", "--seconds", "10", "--loss", "2", "--jitter", "20ms", "--silence", "100ms", "--json")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var r bench.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if r.Failed != 0 || r.Turns == 0 || r.Matched != r.Turns || r.Said.Off.N != r.Turns {
		t.Errorf("%s", out)
	}
	sum := 0.0
	for name, s := range r.Stages {
		if name != "added" {
			sum += s.Mean
		}
	}
	if off := sum - r.Stages["added"].Mean; off > 0.1 || off < -0.1 {
		t.Errorf("the stages add up to %.2f ms, %.2f were added", sum, r.Stages["added"].Mean)
	}
}

// TestBenchOfTheAPI: every part of the measurement works against the real server, and nothing in it fails. How quick it was is
// for somebody with the machine to himself to say.
func TestBenchOfTheAPI(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), "bench", "api", "--rows", "500", "--rate", "50", "--calls", "2", "--seconds", "4", "--requests", "500", "--json")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var r bench.APIReport
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if r.Rows != 500 || r.Reads == nil || r.Dials == nil || r.Flood == nil || r.Hooks == nil || r.Memory == nil {
		t.Fatalf("%s", out)
	}
	if r.Reads.All.N != 200 || r.Reads.All.Failed != 0 {
		t.Errorf("reads: %+v", r.Reads)
	}
	if r.Dials.Invite.N != 80 || r.Dials.Invite.Failed != 0 || r.Dials.Answer.Failed != 0 {
		t.Errorf("dials: %+v", r.Dials)
	}
	if r.Flood.Events != 4000 || r.Flood.Failed != 0 || r.Flood.Quiet.N == 0 || r.Flood.Flooded.N == 0 {
		t.Errorf("flood: %+v", r.Flood)
	}
	if r.Hooks.Quick.N < 80 || r.Hooks.Failed != 0 || r.Hooks.SlowTold == 0 {
		t.Errorf("webhooks: %+v", r.Hooks)
	}
	if r.Memory.Requests != 500 || r.Memory.Failed != 0 || len(r.Memory.Samples) != 1 || r.Memory.Samples[0].MiB < 10 {
		t.Errorf("memory: %+v", r.Memory)
	}
}

// TestBenchOfWebCalls: both clients come to a sound, and the stages of each add up to the wait for it.
func TestBenchOfWebCalls(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), "bench", "web", "--runs", "2", "--json")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var r bench.WebReport
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*bench.WebCalls{r.Plain, r.Browser} {
		if c == nil || c.Failed != 0 || c.Sound.N != 2 || c.Stages["connected"].N != 2 {
			t.Fatalf("%s", out)
		}
		sum := 0.0
		for _, s := range c.Stages {
			sum += s.Mean
		}
		if sum < c.Sound.Mean-1 { // ticket and microphone overlap
			t.Errorf("%s: the stages add up to %.1f ms of %.1f", c.Who, sum, c.Sound.Mean)
		}
	}
}
