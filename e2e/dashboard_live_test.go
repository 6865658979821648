//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/bench"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/sip"
)

// scripted starts a server whose vendors always hear and answer the same, at no cost, and makes an agent of theirs that greets with words.
func scripted(t *testing.T, greeting string) (s *server, agent string) {
	t.Helper()
	v, err := bench.NewVendors(bench.FixedDelays())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	s = serve(t, "DEEPGRAM_BASE_URL="+v.Origin(), "DEEPGRAM_API_KEY=k", "OPENAI_BASE_URL="+v.Origin()+"/v1", "OPENAI_API_KEY=k")
	agent, _ = s.agent(m{"name": "Desk", "provider": "openai", "model": "gpt-4o-mini", "voice": m{"type": "voice_deepgram", "model": "aura-2-thalia-en"},
		"transcriber": m{"type": "transcriber_deepgram"}, "initial_message": greeting})
	return s, agent
}

// crowd has so many callers ring an agent. Each says something every eight seconds, at times of their own, until the test is over.
func (s *server) crowd(agent string, n int) {
	s.t.Helper()
	trunk, err := sip.New(sip.Config{Listen: "127.0.0.1:0", TrustLoopback: true})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = trunk.Serve(ctx, func(ctx context.Context, o leg.Offer) { _ = o.Reject(ctx, "declined") }) })
	s.t.Cleanup(func() { stop(); running.Wait() })
	for i := range n {
		l, err := trunk.Dial(ctx, leg.Call{From: fmt.Sprint(3000 + i), To: "sip:" + agent + "@" + s.sip, RingTimeout: 30 * time.Second})
		if err != nil {
			s.t.Fatalf("caller %d: %v", i, err)
		}
		running.Go(func() { listens(ctx, l) })
		running.Go(func() { speaks(ctx, l, time.Duration(i)*400*time.Millisecond) })
	}
}

// listens takes what comes, until the call is over.
func listens(ctx context.Context, l leg.Leg) {
	for {
		if _, err := l.Read(ctx); err != nil {
			return
		}
	}
}

// speaks says something every eight seconds; the pacing is the leg's.
func speaks(ctx context.Context, l leg.Leg, first time.Duration) {
	words, hush := legtest.Tone(300, 1500*time.Millisecond, 9000), make([]audio.Frame, 6500*time.Millisecond/audio.FrameDur)
	frames := append(make([]audio.Frame, (4*time.Second+first)/audio.FrameDur), words...)
	for {
		for _, f := range frames {
			if l.Play(ctx, f) != nil {
				return
			}
		}
		frames = append(hush, words...)
	}
}

// TestDashboardLive: twenty running calls, with whose turn it is and what was said last; one is followed, listened to, whispered to, and taken over from the
// browser; another is hung up.
func TestDashboardLive(t *testing.T) {
	const running = 20
	s, agent := scripted(t, "Good morning, this is Harbor Dental. How can I help you?")
	s.crowd(agent, running)
	var v struct {
		Total, Said, Followed, Taken, Over string
		Phases                             []string
		Rows, After, Used                  int
		Caller, Agent                      float64
	}
	person(t, s, "live", m{"calls": running, "from": "3007"}, "", &v)
	if v.Rows != running || v.After != running-1 || !strings.Contains(v.Total, "20 calls are running") {
		t.Errorf("%+v", v)
	}
	for _, phase := range []string{"Agent speaks", "Caller speaks", "Agent thinks"} {
		if !slices.Contains(v.Phases, phase) {
			t.Errorf("no call was at %q: %q", phase, v.Phases)
		}
	}
	if !strings.Contains(v.Said, "could you") && !strings.Contains(v.Said, "open from nine") {
		t.Errorf("what was said last: %q", v.Said)
	}
	if !strings.Contains(v.Followed, "Harbor Dental") || v.Caller == 0 || v.Agent == 0 {
		t.Errorf("followed: %q; listened to, the caller was as loud as %.2f and the agent as %.2f", v.Followed, v.Caller, v.Agent)
	}
	if v.Used != 0 {
		t.Error("a call that runs says what it has used up, which nobody has counted yet")
	}
	if !strings.Contains(v.Taken, "You talk with the caller") || !strings.Contains(v.Over, "See what happened") {
		t.Errorf("%q, %q", v.Taken, v.Over)
	}
	for _, k := range s.calls() {
		if k.From != "3007" {
			continue
		}
		types, payloads := s.events(k.ID)
		i := slices.Index(types, "transferred")
		if i < 0 || payloads[i]["by"] != "take_over" || payloads[i]["to"] != "web" || !slices.Contains(types, "whispered") || !slices.Contains(types, "muted") {
			t.Errorf("%v", types)
		}
		if k.Ended != "transferred" || strings.Contains(k.Text, "discount") || !strings.Contains(k.Text, "Ann takes over now") {
			t.Errorf("%s\n%s", k.Ended, k.Text)
		}
	}
}

// TestDashboardWords: on the page that talks to an agent its words stand as they have been heard. How long after the last frame of a word went on the wire
// is printed; the browser plays that 50 ms after it.
func TestDashboardWords(t *testing.T) {
	s, agent := scripted(t, "Good morning this is the shop and we can help you with everything that you may need today")
	var v struct {
		Lags  []float64
		Final string
		Grew  int
	}
	person(t, s, "spoken", m{"agent": agent}, "", &v)
	if v.Grew < 10 || !strings.Contains(v.Final, "may need today") {
		t.Errorf("the agent's words came in %d steps, and at last were %q", v.Grew, v.Final)
	}
	if len(v.Lags) > 0 {
		slices.Sort(v.Lags)
		at := func(p float64) float64 { return v.Lags[int(p*float64(len(v.Lags)-1))] }
		t.Logf("words stand on the page after their sound was on the wire: p50 %.0f ms, p95 %.0f, most %.0f, of %d", at(0.5), at(0.95), at(1), len(v.Lags))
	}
}
