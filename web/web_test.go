package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/secret"
)

// gate is a Door that takes every offer, or fails.
type gate struct {
	mu    sync.Mutex
	err   error
	taken []leg.Ringing
	sdp   string
	hung  []string
	left  []string
	gone  bool
	taker func(context.Context, leg.Offer)
}

func (g *gate) Take(_ context.Context, sdp []byte, r leg.Ringing, answer func(context.Context, leg.Offer)) (string, []byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taker = answer
	if g.err != nil {
		return "", nil, g.err
	}
	g.taken, g.sdp = append(g.taken, r), string(sdp)
	return "call-1", []byte("v=0\r\n"), nil
}

func (g *gate) Trickle(id string, fragment []byte) error {
	switch {
	case !g.Has(id):
		return webrtc.ErrNoCall
	case strings.Contains(string(fragment), "a=ice-ufrag:old"):
		return webrtc.ErrRestart
	}
	return nil
}

func (g *gate) Left(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = append(g.left, id)
}

func (g *gate) Hangup(id string) bool {
	has := g.Has(id)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hung = append(g.hung, id)
	return has
}

func (g *gate) Has(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return id == "call-1" && !g.gone
}

// feed is a Log with one reader.
type feed chan parley.Event

func (f feed) Subscribe(string) (<-chan parley.Event, func()) { return f, func() {} }

const agentID = "7f4ad3a1-2f0a-4a0f-9d7e-0d8f0a6f7a11"

func site(t *testing.T) (*Site, *gate, *secret.Key) {
	t.Helper()
	key, err := secret.NewKey(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{}
	return New(Config{Door: g, Log: make(feed, 16), Signer: key, Relays: func(who string) []webrtc.Server {
		return []webrtc.Server{{URLs: []string{"turn:turn.example"}, Username: "1:" + who, Credential: "p"}}
	},
		Inviting: func(_ context.Context, id string) (Inviting, error) {
			switch id {
			case agentID:
				return Inviting{"env", agentID, []string{"https://shop.example"}}, nil
			case "broken":
				return Inviting{}, errors.New("the store is away")
			}
			return Inviting{}, parley.NotFound("agent")
		},
		Demo: func(context.Context) (string, string) { return "home", "demo-agent" },
	}), g, key
}

func do(s http.Handler, method, url, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.9:4000"
	for i := 0; i < len(header); i += 2 {
		switch header[i] {
		case "from":
			r.RemoteAddr = header[i+1]
		case "Host":
			r.Host = header[i+1]
		default:
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestTickets(t *testing.T) {
	for name, tc := range map[string]struct {
		body   string
		header []string
		status int
		says   string
	}{
		"the page":          {`{"agent":"` + agentID + `"}`, []string{"Origin", "https://shop.example"}, 201, `"urls":["turn:turn.example"]`},
		"in capitals":       {`{"agent":"` + strings.ToUpper(agentID) + `"}`, []string{"Origin", "https://shop.example"}, 201, "token"},
		"another page":      {`{"agent":"` + agentID + `"}`, []string{"Origin", "https://evil.example"}, 403, "its owner names the pages"},
		"no page":           {`{"agent":"` + agentID + `"}`, nil, 403, "not_this_page"},
		"nobody":            {`{"agent":"x"}`, []string{"Origin", "https://shop.example"}, 403, "its owner names the pages"},
		"store away":        {`{"agent":"broken"}`, []string{"Origin", "https://shop.example"}, 503, "try again"},
		"nothing":           {`{}`, nil, 400, "agent must be"},
		"no JSON":           {`agent`, nil, 400, "agent must be"},
		"demo, here":        {`{"agent":"demo"}`, []string{"from", "127.0.0.1:5", "Host", "127.0.0.1:8080", "Origin", "http://127.0.0.1:8080"}, 201, "token"},
		"demo, localhost":   {`{"agent":"demo"}`, []string{"from", "[::1]:5", "Host", "localhost:8080", "Origin", "http://localhost:8080"}, 201, "token"},
		"demo, a program":   {`{"agent":"demo"}`, []string{"from", "127.0.0.1:5", "Host", "localhost"}, 201, "token"},
		"demo, elsewhere":   {`{"agent":"demo"}`, []string{"Host", "127.0.0.1:8080"}, 403, "own machine"},
		"demo, a page":      {`{"agent":"demo"}`, []string{"from", "127.0.0.1:5", "Host", "127.0.0.1:8080", "Origin", "https://evil.example"}, 403, "own machine"},
		"demo, a sandbox":   {`{"agent":"demo"}`, []string{"from", "127.0.0.1:5", "Host", "127.0.0.1:8080", "Origin", "null"}, 403, "own machine"},
		"demo, an image":    {`{"agent":"demo"}`, []string{"from", "127.0.0.1:5", "Host", "127.0.0.1:8080", "Sec-Fetch-Site", "cross-site"}, 403, "own machine"},
		"demo, another DNS": {`{"agent":"demo"}`, []string{"from", "127.0.0.1:5", "Host", "rebind.example:8080", "Origin", "http://rebind.example:8080"}, 403, "own machine"},
	} {
		s, _, _ := site(t)
		if w := do(s, "POST", "/web/tickets", tc.body, tc.header...); w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestLateCandidates(t *testing.T) {
	const kind = "application/trickle-ice-sdpfrag"
	for name, tc := range map[string]struct {
		id, body, kind string
		status         int
		says           string
	}{
		"one":               {"call-1", "a=ice-ufrag:abcd\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n", kind + "; charset=utf-8", 204, ""},
		"no such call":      {"call-2", "a=ice-ufrag:abcd\r\n", kind, 404, "not_found"},
		"a restart":         {"call-1", "a=ice-ufrag:old\r\n", kind, 422, "no_restart"},
		"an offer":          {"call-1", "v=0\r\n", "application/sdp", 415, "trickle-ice-sdpfrag"},
		"more than is read": {"call-1", strings.Repeat("a=x\r\n", 4000), kind, 400, "16 KB"},
	} {
		s, _, _ := site(t)
		if w := do(s, "PATCH", "/web/calls/"+tc.id, tc.body, "Content-Type", tc.kind); w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestTicketsAreFewFromOneAddress(t *testing.T) {
	s, _, _ := site(t)
	ask := func(from string) int {
		return do(s, "POST", "/web/tickets", `{"agent":"`+agentID+`"}`, "Origin", "https://shop.example", "from", from).Code
	}
	for range burst {
		if code := ask("203.0.113.9:1"); code != 201 {
			t.Fatal(code)
		}
	}
	if ask("203.0.113.9:2") != 429 || ask("203.0.113.10:1") != 201 {
		t.Error("an address is not held to its rate, or another is")
	}
	for range burst {
		ask("[2001:db8:1:2:3::1]:1")
	}
	if ask("[2001:db8:1:2:9::1]:1") != 429 || ask("[2001:db8:1:3::1]:1") != 201 {
		t.Error("IPv6 is counted by the /64")
	}
}

func TestPaceForgets(t *testing.T) {
	var p pace
	now := time.Now()
	r := httptest.NewRequest("POST", "/", nil)
	for i := range maxKept {
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		p.take(r, now)
	}
	r.RemoteAddr = "192.0.2.1:1"
	if p.take(r, now) {
		t.Error("more addresses are kept than may be")
	}
	if !p.take(r, now.Add(time.Minute)) {
		t.Error("those that are idle are not forgotten")
	}
}

// sealed is a ticket as the API makes them.
func sealed(t *testing.T, key *secret.Key, origin string) string {
	t.Helper()
	text, err := webrtc.Ticket{ID: fmt.Sprint(time.Now().UnixNano()), Environment: "env", AgentID: "a", Context: map[string]string{"name": "Ada"}, Origin: origin,
		Expires: time.Now().Add(time.Minute)}.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCalls(t *testing.T) {
	s, g, key := site(t)
	token := sealed(t, key, "https://shop.example")
	call := func(token, kind, origin string) *httptest.ResponseRecorder {
		return do(s, "POST", "/web/calls", "v=0 offer", "Authorization", "Bearer "+token, "Content-Type", kind, "Origin", origin)
	}
	if w := call("x.y", "application/sdp", ""); w.Code != 401 {
		t.Errorf("forged: %d %s", w.Code, w.Body)
	}
	if w := do(s, "POST", "/web/calls", "v=0", "Authorization", "Basic "+token); w.Code != 401 {
		t.Errorf("another scheme: %d %s", w.Code, w.Body)
	}
	if w := call(token, "application/sdp", "https://evil.example"); w.Code != 403 {
		t.Errorf("another page: %d %s", w.Code, w.Body)
	}
	if w := call(token, "application/json", "https://shop.example"); w.Code != 415 {
		t.Errorf("no SDP: %d %s", w.Code, w.Body)
	}
	w := call(token, "application/sdp; charset=utf-8", "https://shop.example")
	if w.Code != 201 || w.Header().Get("Location") != "/web/calls/call-1" || w.Header().Get("Content-Type") != "application/sdp" || w.Body.String() != "v=0\r\n" || g.sdp != "v=0 offer" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if r := g.taken[0]; r.Environment != "env" || r.To != "a" || r.Carrier != "webrtc" || r.Headers["name"] != "Ada" || r.Source.String() != "203.0.113.9:4000" {
		t.Errorf("%+v", r)
	}
	if w := call(token, "application/sdp", "https://shop.example"); w.Code != 401 || !strings.Contains(w.Body.String(), "ticket_used") || len(g.taken) != 1 {
		t.Errorf("again: %d %s", w.Code, w.Body)
	}
	if w := do(s, "DELETE", "/web/calls/call-1", ""); w.Code != 200 {
		t.Errorf("hang up: %d", w.Code)
	}
	if w := do(s, "POST", "/web/calls/call-1/end", ""); w.Code != 200 || len(g.hung) != 2 {
		t.Errorf("hang up as the page closes: %d", w.Code)
	}
	if w := do(s, "DELETE", "/web/calls/other", ""); w.Code != 404 {
		t.Errorf("hang up nothing: %d", w.Code)
	}
	if w := do(s, "OPTIONS", "/web/calls", "", "Origin", "https://shop.example"); w.Code != 204 || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
}

func TestCallsThatAreNotTaken(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
	}{
		{webrtc.ErrOffer, 400}, {webrtc.ErrCodec, 406}, {webrtc.ErrClosed, 503}, {&webrtc.RefusedError{Cause: parley.Busy}, 429},
		{&webrtc.RefusedError{Cause: parley.Unreachable}, 404}, {&webrtc.RefusedError{Cause: parley.ProviderFailed}, 503}, {errors.New("no socket"), 500},
	} {
		s, g, key := site(t)
		g.err = tc.err
		w := do(s, "POST", "/web/calls", "v=0", "Authorization", "Bearer "+sealed(t, key, ""), "Content-Type", "application/sdp")
		if w.Code != tc.status || !strings.Contains(w.Body.String(), `"code":`) || strings.Contains(w.Body.String(), "no socket") {
			t.Errorf("%v: %d %s", tc.err, w.Code, w.Body)
		}
	}
}

// TestTakeOver: a ticket for a call that runs has the browser take that over, with what the agent is to say.
func TestTakeOver(t *testing.T) {
	s, g, key := site(t)
	var got []string
	s.TakeOver = func(_ context.Context, _ leg.Offer, id, announce string) { got = append(got, id, announce) }
	s.Answer = func(context.Context, leg.Offer) { t.Error("an agent was asked to answer") }
	ticket := func() string {
		text, err := webrtc.Ticket{ID: fmt.Sprint(time.Now().UnixNano()), Environment: "env", TakesOver: "running", Announce: "Ann is here.", Expires: time.Now().Add(time.Minute)}.Seal(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if w := do(s, "POST", "/web/calls", "v=0", "Authorization", "Bearer "+ticket(), "Content-Type", "application/sdp"); w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	g.taker(t.Context(), nil)
	if !slices.Equal(got, []string{"running", "Ann is here."}) {
		t.Errorf("%q", got)
	}
	g.err = &webrtc.RefusedError{Cause: parley.Busy}
	if w := do(s, "POST", "/web/calls", "v=0", "Authorization", "Bearer "+ticket(), "Content-Type", "application/sdp"); w.Code != 409 || !strings.Contains(w.Body.String(), "not_talking") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestEndThatNothingTells: who follows a leg that is gone learns it, though it has no events.
func TestEndThatNothingTells(t *testing.T) {
	s, g, _ := site(t)
	srv := httptest.NewServer(s)
	defer srv.Close()
	res, err := http.Get(srv.URL + "/web/calls/call-1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	g.mu.Lock()
	g.gone = true
	g.mu.Unlock()
	if all, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(all), "event: event_phone_call_ended\ndata: {") {
		t.Errorf("%s, %v", all, err)
	}
}

// The door is told when the page follows its call no more.
func TestFollowerLeaves(t *testing.T) {
	s, g, _ := site(t)
	srv := httptest.NewServer(s)
	defer srv.Close()
	res, err := http.Get(srv.URL + "/web/calls/call-1/events")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for over := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		g.mu.Lock()
		left := slices.Clone(g.left)
		g.mu.Unlock()
		if slices.Equal(left, []string{"call-1"}) {
			return
		}
		if time.Now().After(over) {
			t.Fatalf("left: %v", left)
		}
	}
}

// TestEvents: whoever calls reads both sides' words and the end, and nothing of what the owner knows.
func TestEvents(t *testing.T) {
	s, _, _ := site(t)
	srv := httptest.NewServer(s)
	defer srv.Close()
	if res, err := http.Get(srv.URL + "/web/calls/other/events"); err != nil || res.StatusCode != 404 {
		t.Fatalf("%v, %v", res, err)
	}
	res, err := http.Get(srv.URL + "/web/calls/call-1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	log := s.Log.(feed)
	for typ, payload := range map[parley.EventType]any{
		parley.EventContext: map[string]any{"names": []string{"secret"}}, parley.EventActionStart: map[string]string{"label": "secret"}, parley.EventMemory: map[string]string{"facts": "secret"},
	} {
		log <- parley.NewEvent("call-1", typ, payload)
	}
	log <- parley.NewEvent("call-1", parley.EventMessage, map[string]any{"text": "hello", "sender": "bot", "turn_id": "secret", "interrupted": false})
	log <- parley.NewEvent("call-1", parley.EventEnded, map[string]any{"ended_reason": "agent_ended", "fault": "secret"})
	all, err := io.ReadAll(bufio.NewReader(res.Body))
	if err != nil {
		t.Fatal(err)
	}
	got := string(all)
	if strings.Contains(got, "secret") || strings.Count(got, "event: ") != 2 || !strings.Contains(got, `"text":"hello"`) || !strings.Contains(got, `"ended_reason":"agent_ended"`) {
		t.Errorf("%s", got)
	}
	for line := range strings.SplitSeq(got, "\n") {
		if data, ok := strings.CutPrefix(line, "data: "); ok && !json.Valid([]byte(data)) {
			t.Errorf("%s", data)
		}
	}
}

func TestFiles(t *testing.T) {
	s, _, _ := site(t)
	for path, kind := range map[string]string{"/widget.js": "text/javascript; charset=utf-8", "/try": "text/html; charset=utf-8", "/try.js": "text/javascript; charset=utf-8"} {
		w := do(s, "GET", path, "")
		if w.Code != 200 || w.Header().Get("Content-Type") != kind || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if strings.HasPrefix(kind, "text/html") && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	if w := do(s, "GET", "/web/calls/a/b", ""); w.Code/100 != 4 {
		t.Errorf("%d", w.Code)
	}
}

func TestUsedForgetsWhatHasExpired(t *testing.T) {
	var u used
	now := time.Now()
	for i := range maxKept {
		u.first(fmt.Sprint(i), now.Add(time.Minute), now)
	}
	if u.first("0", now.Add(time.Minute), now.Add(30*time.Second)) || !u.first("new", now.Add(time.Hour), now.Add(2*time.Minute)) || len(u.by) != 1 {
		t.Errorf("%d tickets are kept", len(u.by))
	}
}
