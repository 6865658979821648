package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// crm answers what is known of a number, by the path it is asked under.
type crm struct {
	mu      sync.Mutex
	answers map[string]fetch.Response // by path; none: it never answers
	asked   []string
}

func (c *crm) Do(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.asked = append(c.asked, u.RequestURI())
	res, ok := c.answers[u.Path]
	c.mu.Unlock()
	switch {
	case !ok:
		<-ctx.Done()
		return nil, ctx.Err()
	case res.Status == 0:
		return nil, errors.New("connection refused")
	}
	time.Sleep(100 * time.Millisecond)
	return &res, nil
}

func knows(body string, header ...string) fetch.Response {
	h := http.Header{}
	for _, v := range header {
		h.Add("Cache-Control", v)
	}
	return fetch.Response{Status: 200, Header: h, Body: []byte(body)}
}

// asks has the bench's agent ask both endpoints.
func asks(b *bench, answers map[string]fetch.Response) *crm {
	c := &crm{answers: answers}
	b.Fetch = c
	b.desk.agent.ContextEndpoint = ptr("https://crm.example/agent?k=1")
	b.desk.agent.Prompt.ContextEndpoint = ptr("https://crm.example/prompt")
	b.desk.agent.Prompt.Content = ptr("You speak to ${name} of ${company} in ${city}. {{> rules}}")
	return c
}

// takes has a call come in with headers, and end.
func takes(t *testing.T, ctx context.Context, b *bench, headers map[string]string) (line string) {
	t.Helper()
	p, l := legtest.Pipe(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Answer(ctx, &offer{ringing: leg.Ringing{ID: "sip-1", From: "+15550001111", To: "desk", Headers: headers}, leg: l})
	}()
	time.Sleep(8 * time.Second)
	p.Hangup()
	<-done
	c := b.rows.only(t)
	if len(c.Turns) == 0 {
		return ""
	}
	return c.Turns[0].Text
}

func events(b *bench) (out []parley.ContextAnswer) {
	for _, e := range b.book.events {
		if e.Type == parley.EventContext {
			var a parley.ContextAnswer
			_ = json.Unmarshal(e.Payload, &a)
			out = append(out, a)
		}
	}
	return out
}

func TestContextOfACaller(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		c := asks(b, map[string]fetch.Response{
			"/agent":  knows(`{"name":"Ada","age":36,"vip":true,"nothing":null,"orders":[1],"2x":"no","from_number":"+1999"}`),
			"/prompt": knows(`{"name":"Eve","city":"Turin"}`),
		})
		if said := takes(t, ctx, b, map[string]string{"name": "Mallory", "X-Ref": "7"}); said != "Hello Ada" {
			t.Errorf("it said %q", said)
		}
		row := b.rows.only(t)
		want := map[string]string{"name": "Ada", "age": "36", "vip": "true", "city": "Turin", "X-Ref": "7", "from_number": "+1999"}
		if !reflect.DeepEqual(row.Context, want) {
			t.Errorf("the call has %v", row.Context)
		}
		if v := variables(&row, time.Now()); v["from_number"] != "+15550001111" {
			t.Errorf("an endpoint wrote over the number: %q", v["from_number"])
		}
		if len(c.asked) != 2 || !strings.Contains(strings.Join(c.asked, " "), "/agent?k=1&phone_number=%2B15550001111") || !strings.Contains(strings.Join(c.asked, " "), "/prompt?phone_number=%2B15550001111") {
			t.Errorf("asked %q", c.asked)
		}
		got := events(b)
		if len(got) != 2 || got[0].Field != "context_endpoint" || got[0].TookMS != 100 || got[0].Status != 200 || len(got[0].Names) != 4 || len(got[0].LeftOut) != 2 || got[1].Field != "prompt.context_endpoint" {
			t.Errorf("events %+v", got)
		}
		warned := strings.Join(row.Warnings, "\n")
		for _, w := range []string{"orders (neither text", "2x (no name", "no value for ${company}", `there is no block "rules"`} {
			if !strings.Contains(warned, w) {
				t.Errorf("no warning of %q in %q", w, row.Warnings)
			}
		}
	})
}

func TestContextOfACallee(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		c := asks(b, map[string]fetch.Response{"/agent": knows(`{"name":"Ada","city":"Rome"}`), "/prompt": knows(`{}`)})
		snapshot, err := json.Marshal(b.desk.agent)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.rows.CreateCall(ctx, parley.Call{ID: "out-1", UserID: "env", Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true,
			From: "+15550001111", To: "+15552223333", Agent: snapshot, Context: map[string]string{"name": "Grace"}}); err != nil {
			t.Fatal(err)
		}
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
			return nil, &leg.Rejected{Cause: parley.Busy, Code: 486}
		}
		if err := b.Dial(ctx, "out-1"); err != nil {
			t.Fatal(err)
		}
		if got := b.rows.only(t).Context; got["name"] != "Grace" || got["city"] != "Rome" {
			t.Errorf("what was given with the call stands: %v", got)
		}
		if len(c.asked) != 2 || !strings.Contains(c.asked[0]+c.asked[1], "agent?k=1&phone_number=%2B15552223333") {
			t.Errorf("asked %q", c.asked)
		}
	})
}

// Whatever an endpoint does, the caller is answered.
func TestContextThatDoesNotCome(t *testing.T) {
	for name, tc := range map[string]struct {
		answers map[string]fetch.Response
		warned  string
	}{
		"hangs":      {map[string]fetch.Response{"/prompt": knows(`{}`)}, "context_endpoint: it did not answer within 2s"},
		"refuses":    {map[string]fetch.Response{"/agent": {}, "/prompt": knows(`{}`)}, "context_endpoint: connection refused"},
		"fails":      {map[string]fetch.Response{"/agent": {Status: 503}, "/prompt": knows(`{}`)}, "context_endpoint: it answered 503"},
		"is no JSON": {map[string]fetch.Response{"/agent": knows(`<html>`), "/prompt": knows(`{}`)}, "flat JSON object"},
		"is a list":  {map[string]fetch.Response{"/agent": knows(`{}`), "/prompt": knows(`[]`)}, "prompt.context_endpoint: its answer must be a flat"},
		"is null":    {map[string]fetch.Response{"/agent": knows(`null`), "/prompt": knows(`{}`)}, "flat JSON object"},
		"is long":    {map[string]fetch.Response{"/agent": knows(`{"a":"` + strings.Repeat("x", contextBytes) + `"}`), "/prompt": knows(`{}`)}, "longer than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(ctx context.Context, b *bench) {
				asks(b, tc.answers)
				if said := takes(t, ctx, b, nil); said != "Hello there" {
					t.Errorf("it said %q", said)
				}
				if w := strings.Join(b.rows.only(t).Warnings, "\n"); !strings.Contains(w, tc.warned) {
					t.Errorf("warned %q", w)
				}
			})
		})
	}
}

func TestContextIsNotWaitedForByWhoIsGone(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		asks(b, nil)
		b.openErr = errors.New("no such vendor")
		began := time.Now()
		_, o, done := b.ring(ctx, "desk")
		<-done
		if o.rejected == "" || time.Since(began) > time.Second {
			t.Errorf("rejected %q after %v", o.rejected, time.Since(began))
		}
	})
}

func TestContextIsGivenAgain(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		c := asks(b, map[string]fetch.Response{"/agent": knows(`{"name":"Ada"}`, "private, max-age=60"), "/prompt": knows(`{"city":"Rome"}`, "max-age=60", "no-store")})
		ask := func(call parley.Call) string {
			line := &line{id: "x", call: &call, facts: &facts{log: b.book, private: call.Private}}
			b.rows.rows["x"] = call
			b.learn(ctx, line, b.ask(ctx, &call, &b.desk.agent))
			return fmt.Sprint(line.call.Context["name"], line.call.Context["city"])
		}
		one, other, secret := parley.Call{ID: "x", UserID: "env", From: "+1"}, parley.Call{ID: "x", UserID: "env", From: "+2"}, parley.Call{ID: "x", UserID: "env", From: "+3", Private: true}
		for i, tc := range []struct {
			call  parley.Call
			asked int
			later time.Duration
		}{{one, 2, 0}, {one, 3, 30 * time.Second}, {other, 5, 0}, {secret, 7, 0}, {secret, 9, 0}, {one, 10, 29 * time.Second}, {one, 12, 5 * time.Second}} {
			time.Sleep(tc.later)
			if got := ask(tc.call); got != "AdaRome" || len(c.asked) != tc.asked {
				t.Errorf("%d: %q, asked %d times, want %d", i, got, len(c.asked), tc.asked)
			}
		}
		if e := events(b); !e[2].Cached || e[2].TookMS != 0 || len(e[2].Names) != 1 {
			t.Errorf("the second call: %+v", e[2])
		}
	})
}

func TestContextsAreBounded(t *testing.T) {
	var c contexts
	now := time.Now()
	for i := range contextKept + 100 {
		c.put(contextKey{number: fmt.Sprint(i)}, nil, now, time.Minute)
	}
	if n := len(c.kept); n > contextKept {
		t.Errorf("%d are kept", n)
	}
	if _, ok := c.get(contextKey{number: fmt.Sprint(contextKept + 99)}, now); !ok {
		t.Error("the newest is not there")
	}
	c.put(contextKey{number: "late"}, nil, now.Add(time.Hour), time.Minute)
	if n := len(c.kept); n != 1 {
		t.Errorf("%d are kept of which one is not over", n)
	}
}

func TestFreshFor(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "max-age=60": time.Minute, "public, MAX-AGE = 60": 0, `max-age="5"`: 5 * time.Second, "max-age=60, no-cache": 0, "no-store": 0,
		"max-age=-1": 0, "max-age=x": 0, "max-age=99999999": contextLife, "max-age=99999999999999999999": 0, "private": 0,
	} {
		if got := freshFor(http.Header{"Cache-Control": {header}}); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func FuzzReadContext(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"a":{"b":1}}`, `{"":"x"}`, `{"é":"\u0000"}`, `[]`, `{"a":1e400}`, `{"a":"` + strings.Repeat("x", contextValue+1) + `"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values, leftOut, err := readContext(b)
		if err != nil && (values != nil || leftOut != nil) {
			t.Error("values beside an error")
		}
		if len(values) > contextNames || len(leftOut) > 11 {
			t.Errorf("%d values, %d left out", len(values), len(leftOut))
		}
		for k, v := range values {
			if !parley.IsVariable(k) || len(v) > contextValue {
				t.Errorf("%q: %d bytes", k, len(v))
			}
		}
	})
}

func TestWithoutBlocks(t *testing.T) {
	for in, want := range map[string]string{"a {{> b}} c": "a  c", "{{>x": "{{>x", "{{> }}{{x}}": "{{x}}", "none": "none"} {
		if got, _ := withoutBlocks(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
	if _, gone := withoutBlocks("{{> a}}{{>b}}{{> a }}"); !reflect.DeepEqual(gone, []string{"a", "b"}) {
		t.Errorf("gone: %q", gone)
	}
}

// What is known of a caller whose carrier knows whose call it is: its name, its id, its carrier, and what it was given along.
func TestCallOfABrowser(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.agent.InitialMessage = ptr("Hello ${name}, or ${caller_name}")
		p, l := legtest.Pipe(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.Answer(ctx, &offer{ringing: leg.Ringing{ID: "c-1", CallID: "c-1", From: "web", FromName: "Eve", To: "desk", Carrier: "webrtc", Headers: map[string]string{"name": "Ada"}}, leg: l})
		}()
		time.Sleep(8 * time.Second)
		p.Hangup()
		<-done
		c := b.rows.only(t)
		if c.ID != "c-1" || c.Telephony != "webrtc" || len(c.Turns) == 0 || c.Turns[0].Text != "Hello Ada, or Eve" {
			t.Errorf("%+v", c)
		}
	})
}
