package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/leg"
)

// brief is every part, as short as can be. What was measured in so little time says nothing.
func brief(only ...string) SIPOptions {
	return SIPOptions{Talk: 300 * time.Millisecond, At: 4, Dialogs: 20, Deaths: 10, Silent: 500 * time.Millisecond, Live: 2, Rate: 20, Rest: 100 * time.Millisecond, Only: only}
}

func TestSIPParts(t *testing.T) {
	var began []string
	o := brief()
	o.Progress = func(s string) { began = append(began, s) }
	r, err := RunSIP(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(began, sipParts) {
		t.Errorf("measured %v", began)
	}
	if len(r.Signalling) != 2 {
		t.Fatalf("%+v", r)
	}
	for _, s := range r.Signalling {
		if s.Failed > 0 || s.Setup.N == 0 || s.PerSecond <= 0 {
			t.Errorf("signalling: %+v", s)
		}
	}
	if d := r.Dialogs; d == nil || d.N != 20 || d.HeapBytes <= 0 || d.MediaBytes <= 0 {
		t.Errorf("dialogs: %+v", d)
	}
	if len(r.Strangers) != 2 || r.Strangers[0].Known.N != asks || r.Strangers[1].Unknown.N != asks {
		t.Errorf("strangers: %+v", r.Strangers)
	}
	if d := r.Deaths; d == nil || d.Unended > 0 || d.Ports > 0 || d.Causes["media_timeout"] != d.N {
		t.Errorf("deaths: %+v", d)
	}
	if f := r.Flood; f == nil || f.Note == "" && (f.Messages == 0 || f.Quiet.N == 0 || f.Flooded.N == 0 || f.Dropped > 0) {
		t.Errorf("flood: %+v", f)
	}
	var out bytes.Buffer
	r.Print(&out)
	for _, want := range []string{"our trunk at both ends", "a plain caller", "an idle dialog", "unknown, wrong proof", "far ends that died", "flood"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestSIPOnly(t *testing.T) {
	r, err := RunSIP(t.Context(), brief("strangers"))
	if err != nil || r.Strangers == nil || r.Signalling != nil || r.Flood != nil {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := RunSIP(t.Context(), brief("weather")); err == nil || !strings.Contains(err.Error(), "weather") {
		t.Errorf("an unknown part: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := RunSIP(ctx, brief("signalling")); err == nil {
		t.Error("it succeeds when it is over")
	}
}

// TestSIPReport: what was not measured is left out, and a bar that was missed is told.
func TestSIPReport(t *testing.T) {
	b, err := json.Marshal(SIPReport{})
	if err != nil || string(b) != "{}" {
		t.Errorf("%s %v", b, err)
	}
	var out bytes.Buffer
	SIPReport{}.Print(&out)
	if out.Len() > 0 {
		t.Errorf("%s", out.String())
	}
	SIPReport{Deaths: &Deaths{N: 3, Timeout: 5, Late: Stats{Max: 1}, Causes: map[string]int{"media_timeout": 3}},
		Flood: &SIPFlood{Flooded: Gaps{P999: 41}}, Dialogs: &Dialogs{HeapBytes: 4000}}.Print(&out)
	if s := out.String(); strings.Count(s, ": yes") != 2 || strings.Count(s, ": NO") != 1 {
		t.Errorf("%s", s)
	}
}

// TestStation: a call that ends is remembered with its cause.
func TestStation(t *testing.T) {
	s, err := newStation("127.0.0.1:0", leg.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	l, err := newLine(s.loopback())
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	e, err := newEar()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	d, err := l.dial(t.Context(), "bench", "agent", e.addr())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.over(d.id); ok {
		t.Error("it is over before it has begun")
	}
	g, err := listenTo(t.Context(), []*ear{e}, func() { time.Sleep(200 * time.Millisecond) })
	if err != nil || g.N == 0 || g.P50 > g.Max {
		t.Errorf("%+v %v", g, err)
	}
	d.bye(t.Context())
	if !until(t.Context(), 10*time.Second, func() bool { _, ok := s.over(d.id); return ok }) {
		t.Fatal("it is never over")
	}
	if e, _ := s.over(d.id); e.cause != "caller_hung_up" {
		t.Errorf("%+v", e)
	}
}
