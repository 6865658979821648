package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	client "github.com/parley-voice/parley/client/go"
)

// a server that plays events, cutting the stream after each of cuts events.
type fakeAPI struct {
	t      *testing.T
	events []parley.Event
	cut    int // events a connection gives before it breaks; 0: all
	hold   bool
	asked  []string
	body   map[string]any
	ended  chan struct{}
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer key" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message":"no such key","statusCode":401}`)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/calls/create":
		json.NewDecoder(r.Body).Decode(&f.body)
		if f.body["to_number"] == "bad" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"message":["to_number must be E.164","so it is"],"statusCode":400}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"c1","status":"not_started"}`)
	case "GET /v1/calls/events":
		f.asked = append(f.asked, r.Header.Get("Last-Event-ID"))
		f.stream(w, r)
	case "POST /v1/calls/end":
		close(f.ended)
		fmt.Fprint(w, `{"id":"c1"}`)
	default:
		f.t.Errorf("asked for %s %s", r.Method, r.URL)
	}
}

func (f *fakeAPI) stream(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, ": following c1\n\n")
	n := 0
	for _, e := range f.events {
		if fmt.Sprint(e.Sequence) <= r.Header.Get("Last-Event-ID") {
			continue
		}
		b, _ := json.Marshal(e)
		fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.Sequence, e.Type, b)
		if n++; n == f.cut {
			return
		}
	}
	if f.hold {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

func story(start time.Time, steps ...any) (es []parley.Event) {
	for i := 0; i < len(steps); i += 3 {
		e := parley.NewEvent("c1", steps[i+1].(parley.EventType), steps[i+2])
		e.Sequence, e.Time = int64(i/3+1), start.Add(time.Duration(steps[i].(float64)*float64(time.Second)))
		es = append(es, e)
	}
	return es
}

type m = map[string]any

func answered() []parley.Event {
	return story(time.Now(),
		0.0, parley.EventCreated, m{},
		0.5, parley.EventRinging, m{},
		2.0, parley.EventConnected, m{"to_number": "+15550001"},
		3.2, parley.EventMessage, m{"text": "Hello, who is", "sender": "bot", "interrupted": true},
		4.0, parley.EventPartial, m{"text": "stop"},
		5.0, parley.EventMessage, m{"text": "Stop it.", "sender": "human"},
		6.0, parley.EventActionStart, m{"label": "End the call"},
		7.5, parley.EventEnded, m{"ended_reason": "agent_ended"})
}

func follow(t *testing.T, ctx context.Context, f *fakeAPI, change func(*Order)) (Placed, string, error) {
	t.Helper()
	f.t, f.ended = t, make(chan struct{})
	s := httptest.NewServer(f)
	defer s.Close()
	var out bytes.Buffer
	o := Order{API: s.URL + "/", Key: "key", Agent: "a1", From: "+15550000", To: "+15550001", Out: &out}
	if change != nil {
		change(&o)
	}
	p, err := Follow(ctx, o)
	return p, out.String(), err
}

func TestFollow(t *testing.T) {
	f := &fakeAPI{events: answered()}
	p, out, err := follow(t, t.Context(), f, func(o *Order) { o.Context = map[string]string{"name": "Ada"} })
	if err != nil || p != (Placed{"c1", true, parley.AgentEnded}) {
		t.Fatalf("%+v, %v", p, err)
	}
	if f.body["agent"] != "a1" || f.body["from_number"] != "+15550000" || f.body["to_number"] != "+15550001" {
		t.Errorf("asked for %v", f.body)
	}
	if c, _ := f.body["context"].(map[string]any); c["name"] != "Ada" {
		t.Errorf("context %v", f.body["context"])
	}
	want := `[00:00.0] call c1
[00:00.5] ringing
[00:00.0] answered
[00:01.2] agent: Hello, who is-
[00:03.0] them: Stop it.
[00:04.0] agent: (End the call)
[00:05.5] ended: agent_ended
`
	if out != want {
		t.Errorf("shown:\n%s", out)
	}
}

// TestFollowTakesUp: a stream that breaks after every third event is asked for what is missing, and nothing is shown twice.
func TestFollowTakesUp(t *testing.T) {
	f := &fakeAPI{events: answered(), cut: 3}
	p, out, err := follow(t, t.Context(), f, nil)
	if err != nil || p.Cause != parley.AgentEnded {
		t.Fatalf("%+v, %v", p, err)
	}
	if !slices.Equal(f.asked, []string{"0", "3", "6"}) {
		t.Errorf("asked for what follows %v", f.asked)
	}
	if strings.Count(out, "\n") != 7 {
		t.Errorf("shown:\n%s", out)
	}
}

func TestFollowNotAnswered(t *testing.T) {
	f := &fakeAPI{events: story(time.Now(), 0.0, parley.EventCreated, m{}, 1.0, parley.EventDidNotConnect, m{"ended_reason": "busy", "sip_code": 486})}
	p, out, err := follow(t, t.Context(), f, nil)
	if err != nil || p.Connected || p.Cause != parley.Busy || !strings.Contains(out, "not answered: busy") {
		t.Errorf("%+v, %v: %s", p, err, out)
	}
}

func TestFollowRefused(t *testing.T) {
	var refused *client.Problem
	_, _, err := follow(t, t.Context(), &fakeAPI{}, func(o *Order) { o.To = "bad" })
	if !errors.As(err, &refused) || refused.Status != 400 || !strings.Contains(err.Error(), "to_number must be E.164; so it is") {
		t.Errorf("%v", err)
	}
	_, _, err = follow(t, t.Context(), &fakeAPI{}, func(o *Order) { o.Key = "wrong" })
	if !errors.As(err, &refused) || refused.Status != 401 || refused.Message != "no such key" {
		t.Errorf("%v", err)
	}
}

// TestFollowCancelled: whoever stops following hangs up.
func TestFollowCancelled(t *testing.T) {
	f := &fakeAPI{events: answered()[:3], hold: true}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, _, err := follow(t, ctx, f, func(o *Order) { o.Out = stopAt{"answered", cancel} })
	if err != nil || !p.Connected {
		t.Errorf("%+v, %v", p, err)
	}
	select {
	case <-f.ended:
	default:
		t.Error("the call was not ended")
	}
}

type stopAt struct {
	word string
	stop func()
}

func (s stopAt) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.word) {
		s.stop()
	}
	return len(b), nil
}
