//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/rtp"
)

// A surfer is who calls by the far end of a web call, as a browser would, and plays a tone all the time.
type surfer struct {
	*webrtc.Browser
	t     *testing.T
	where string // of the call

	mu  sync.Mutex // guards ear
	ear []int16
}

// surf has one call an agent by a ticket, and play a tone of so many Hz.
func (s *server) surf(agent string, hz float64) *surfer {
	s.t.Helper()
	var pass struct{ Token string }
	s.api("POST", "/v1/calls/web", m{"agent": agent}, &pass)
	clock := leg.NewClock()
	b, err := webrtc.NewBrowser(s.t.Context(), webrtc.BrowserConfig{Codecs: []rtp.Codec{rtp.Opus}, Clock: clock})
	if err != nil {
		s.t.Fatal(err)
	}
	v := &surfer{Browser: b, t: s.t}
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.http+"/web/calls", bytes.NewReader(b.Offer()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/sdp")
	req.Header.Set("Authorization", "Bearer "+pass.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusCreated {
		s.t.Fatalf("%s %v: %s", res.Status, err, answer)
	}
	v.where = s.http + res.Header.Get("Location")
	if err := b.Connect(s.t.Context(), answer); err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Go(func() {
		for n := 0; ; {
			var f audio.Frame
			for i := range f {
				f[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(n)/audio.Rate))
				n++
			}
			if hz == 0 {
				f = audio.Frame{}
			}
			if b.Play(ctx, f) != nil {
				return
			}
		}
	})
	both.Go(func() {
		for {
			e, err := b.Read(ctx)
			if err != nil {
				return
			}
			if e.Kind == leg.Audio {
				v.mu.Lock()
				v.ear = append(v.ear, e.Frame[:]...)
				v.mu.Unlock()
			}
		}
	})
	s.t.Cleanup(func() {
		stop()
		b.Close()
		both.Wait()
		clock.Close()
	})
	return v
}

// heard is all that has been.
func (v *surfer) heard() *audio.Sound {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &audio.Sound{Rate: audio.Rate, Channels: 1, PCM: append([]int16(nil), v.ear...)}
}

func (v *surfer) hangup() {
	v.t.Helper()
	req, err := http.NewRequest("DELETE", v.where, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	res.Body.Close()
}

// TestBrowserIsPutThrough: a browser's leg moves no calls, and whoever calls by it is put through here: at once, with whoever takes the call told
// before, or in a conference for which they were on hold. They and a telephone hear each other, and they hear something all the time.
func TestBrowserIsPutThrough(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		action string
		more   m
		by     string
		meet   time.Duration // until they have heard each other for some seconds
	}{
		{"bridge", "action_transfer_call", nil, "bridge", 8 * time.Second},
		{"warm", "action_warm_transfer", m{"briefing": "It is Ann."}, "warm", 26 * time.Second},
		{"conference", "action_add_to_conference", nil, "", 22 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			says := []string{"600:120"}
			if tc.by == "warm" {
				says = []string{"25", "600:120"} // they listen to what they are told, and are silent for a while after it
			}
			bob := baresip(t, "bob", tape(t, says...), "udp", "auto", "PCMU")
			config := m{"phone_number": bob.uri}
			for k, v := range tc.more {
				config[k] = v
			}
			acts := []m{{"activity": "time_elapsed", "config": m{"seconds": 3}, "action": m{"type": tc.action, "config": config}}}
			if tc.by == "" {
				acts = append(acts, m{"activity": "time_elapsed", "config": m{"seconds": 14}, "action": m{"type": "action_set_hold", "config": m{"on": false}}})
			}
			agent, _ := s.agent(m{"activity_actions": acts})
			s.hearing()
			v := s.surf(agent, 440)
			bob.wait("CALL_ESTABLISHED", 30*time.Second)
			if tc.by == "warm" {
				time.Sleep(8 * time.Second)
				bob.do("sndcode", "1")
			}
			time.Sleep(tc.meet)
			if a := tone(v.heard(), 600, 2); a < 0.5 {
				t.Errorf("the browser hears %.2f of the telephone", a)
			}
			v.hangup()
			bob.wait("CALL_CLOSED", 10*time.Second)
			if b := tone(bob.heard(), 440, 2); b < 0.5 {
				t.Errorf("the telephone hears %.2f of the browser", b)
			}
			c := s.ended(10 * time.Second)
			if c.Ended != "caller_hung_up" && c.Ended != "transferred" {
				t.Errorf("ended %s:\n%s", c.Ended, c.Text)
			}
			want, by := "transferred", any(tc.by)
			if tc.by == "" {
				want, by = "unheld", nil
			}
			types, payloads := s.events(c.ID)
			if i := slices.Index(types, want); i < 0 || payloads[i]["by"] != by {
				t.Errorf("no %s by %v: %v", want, by, types)
			}
			if h := v.heard(); tc.by != "warm" && stillFor(h.Mono()[2*h.Rate:], h.Rate) > 3*time.Second {
				t.Errorf("the browser heard nothing for %v", stillFor(h.Mono()[2*h.Rate:], h.Rate))
			}
		})
	}
}

// TestBrowserPressesKeys: digits of a browser are in the call as a telephone's are.
func TestBrowserPressesKeys(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, _ := s.agent(nil)
	v := s.surf(agent, 0)
	time.Sleep(4 * time.Second)
	if err := v.SendDTMF(t.Context(), "42#"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	v.hangup()
	c := s.ended(20 * time.Second)
	pressed := ""
	types, payloads := s.events(c.ID)
	for i, typ := range types {
		if typ == "digit" {
			pressed += fmt.Sprint(payloads[i]["digit"])
		}
	}
	if pressed != "42#" {
		t.Errorf("pressed %q: %v", pressed, payloads)
	}
}
