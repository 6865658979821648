//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// A listener is a webhook's receiver that keeps what it is told.
type listener struct {
	*httptest.Server
	mu   sync.Mutex // guards told
	told map[string][]m
}

func listen(t *testing.T) *listener {
	l := &listener{told: map[string][]m{}}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var e struct {
			Type    string
			Payload m
		}
		if err := json.Unmarshal(b, &e); err != nil {
			t.Errorf("%v: %s", err, b)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.told[e.Type] = append(l.told[e.Type], e.Payload)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) of(kind string) []m {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]m(nil), l.told[kind]...)
}

// TestNeverAgain: a person answers, a webhook is told that it is one, and asks not to be called again. The call says so, and in an
// environment that wants that the number is on its do-not-call list, and is not called again.
func TestNeverAgain(t *testing.T) {
	t.Parallel()
	need(t, "flite", "sox")
	dir := t.TempDir()
	say := func(text string) []audio.Frame {
		wide, said := filepath.Join(dir, "wide.wav"), filepath.Join(dir, "said.wav")
		run(t, "flite", "-voice", "rms", "-o", wide, "-t", text)
		run(t, "sox", wide, "-r", "16000", "-c", "1", "-b", "16", said, "gain", "-3")
		return framed(readWAV(t, said).PCM)
	}
	hello, refusal := say("Hello?"), say("Please, never call this number again.")
	d := open(t)
	d.talk = func(ctx context.Context, l leg.Leg) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			for _, fs := range [][]audio.Frame{hello, make([]audio.Frame, 300), refusal, make([]audio.Frame, 250)} {
				for _, f := range fs {
					if l.Play(ctx, f) != nil {
						return
					}
				}
			}
			_ = l.Hangup(ctx, parley.AgentEnded)
		}()
		for {
			if _, err := l.Read(ctx); err != nil {
				return
			}
		}
	}
	model := httptest.NewServer(http.HandlerFunc(understanding))
	t.Cleanup(model.Close)
	hook := listen(t)
	s := serve(t, "OPENAI_API_KEY=x", "OPENAI_BASE_URL="+model.URL+"/v1")
	var envs struct{ Items []m }
	s.api("GET", "/v1/environments/list", nil, &envs)
	id, _ := s.agent(m{"provider": "openai", "model": "listener", "transcriber": m{"type": "transcriber_local"}, "run_do_not_call_detection": true,
		"webhook": m{"url": hook.URL, "subscriptions": []string{"event_human_detection"}}})
	s.hearing()
	to := func(user string) string { return "sip:" + user + "@" + d.Addr().String() }
	place := func(user string) m {
		s.api("POST", "/v1/calls/create", m{"agent": id, "from_number": "1000", "to_number": to(user)}, nil)
		var c m
		s.until("the call to "+user+" is over, and its end is told", 90*time.Second, func() bool {
			for _, x := range s.calls() {
				s.api("GET", "/v1/calls?id="+x.ID, nil, &c)
				if c["to_number"] == to(user) && x.Status == "ended" && c["do_not_call_result"] != nil {
					return true
				}
			}
			return false
		})
		return c
	}
	listed := func() (numbers []string) {
		var list struct{ Items []struct{ Number string } }
		s.api("GET", "/v1/do_not_call/list", nil, &list)
		for _, x := range list.Items {
			numbers = append(numbers, x.Number)
		}
		return numbers
	}
	if c := place("ann"); c["human_detection_result"] != "human" || c["do_not_call_result"] != true || len(listed()) > 0 {
		t.Errorf("%v, %v; listed: %q", c["human_detection_result"], c["do_not_call_result"], listed())
	}
	var told m // the last of it: while they talk there may be a guess before, whose result is null
	s.until("the webhook is told who answered", 10*time.Second, func() bool {
		if of := hook.of("event_human_detection"); len(of) > 0 {
			told = of[len(of)-1]
		}
		return told["result"] != nil
	})
	if told["result"] != "human" || told["classification"] != "human" {
		t.Errorf("%v answered", told)
	}
	for _, p := range hook.of("event_human_detection") {
		announced(t, "event_human_detection", "result classification confidence evidence at_ms", p)
		if p["result"] == nil && p["confidence"].(float64) >= 0.75 {
			t.Errorf("%v has no result", p)
		}
	}
	s.api("POST", "/v1/environments/update?id="+envs.Items[0]["id"].(string), m{"auto_do_not_call": true}, nil)
	if c := place("bob"); c["do_not_call_result"] != true {
		t.Errorf("%v", c["do_not_call_result"])
	}
	s.until("the number is listed", 10*time.Second, func() bool { return strings.Join(listed(), " ") == to("bob") })
	b, _ := json.Marshal(m{"agent": id, "from_number": "1000", "to_number": to("bob")})
	req, err := http.NewRequest("POST", s.http+"/v1/calls/create", strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusForbidden || !strings.Contains(string(b), "do_not_call") {
		t.Errorf("they are called again: %s %s", res.Status, b)
	}
}

// understanding is a model that takes whatever was said for a wish not to be called again, where it is asked that.
func understanding(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	text := "I am sorry to have troubled you."
	if strings.Contains(string(b), "not to be called again") {
		text = "yes"
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, chunk := range []m{{"choices": []m{{"index": 0, "delta": m{"content": text}}}}, {"choices": []m{{"index": 0, "delta": m{}, "finish_reason": "stop"}}}} {
		b, _ := json.Marshal(chunk)
		fmt.Fprintf(w, "data: %s\n\n", b)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}
