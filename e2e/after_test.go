//go:build e2e

package e2e

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A recorder is another system: it keeps how often each Idempotency-Key came, and with which bodies.
type recorder struct {
	url  string
	told func(moment, callID string)

	mu   sync.Mutex // guards keys
	keys map[string]map[string]int
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{keys: map[string]map[string]int{}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		b, _ := io.ReadAll(q.Body)
		k := q.Header.Get("Idempotency-Key")
		r.mu.Lock()
		if r.keys[k] == nil {
			r.keys[k] = map[string]int{}
		}
		r.keys[k][string(b)]++
		r.mu.Unlock()
		if r.told != nil {
			r.told("action", "")
		}
	}))
	t.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

// TestKilledAfterCalls: whenever the server is killed, each action of each call reaches the other system, under one key and with one
// body, and what became of it is told once.
func TestKilledAfterCalls(t *testing.T) {
	kills := number(t, "PARLEY_KILLS", 3)
	seed := number(t, "PARLEY_KILL_SEED", int(time.Now().Unix()%1e6))
	each(t, func(t *testing.T, url string, db *sql.DB) {
		g := lay(t, url, db, uint64(seed))
		t.Logf("PARLEY_KILL_SEED=%d", seed)
		crm := newRecorder(t)
		crm.told = g.tell
		g.moments = []string{"action", "action", "bye", "hangup", "webhook", "ended", ""}
		var account m
		g.api("POST", "/v1/account_connections/create", m{"type": "account_connection_external_api_key", "credentials": m{"base_url": crm.url, "api_key": "k"}}, &account)
		var actions []m
		for _, name := range []string{"one", "two"} {
			actions = append(actions, m{"id": name, "type": "trigger_custom_api", "provider_config": m{"destination_id": account["id"]},
				"config": m{"http_method": "POST", "relative_uri": "/" + name, "headers": "{}", "body": `{"call":"{call_id}","name":"` + name + `","said":"${transcript}","analysis":"{{analysis}}"}`}})
		}
		g.api("POST", "/v1/agents/update?id="+g.agent, m{"post_call_prompt": "Sum it up.", "post_call_actions": actions}, nil)
		for i := range kills {
			g.cycle(i)
			if t.Failed() {
				t.Fatalf("at cycle %d", i)
			}
		}
		g.until("all is done that is to be done after calls", 90*time.Second, func() bool {
			return len(g.column("SELECT id FROM jobs WHERE state IN ('ready', 'running')")) == 0
		})
		g.arrived(crm)
		g.report(kills)
	})
}

// arrived: what calls say of their actions is what came.
func (g *siege) arrived(crm *recorder) {
	g.t.Helper()
	crm.mu.Lock()
	defer crm.mu.Unlock()
	want, twice := map[string]bool{}, 0
	for _, id := range g.column("SELECT id FROM calls") {
		var c struct {
			Start    *string `json:"start_time"`
			Turns    []m
			Analysis *string `json:"post_call_analysis"`
			Outcomes []struct {
				ID, State, Error string
				Key              string `json:"idempotency_key"`
			} `json:"post_call_outcomes"`
		}
		g.api("GET", "/v1/calls?id="+id, nil, &c)
		if len(c.Outcomes) != 2 {
			g.t.Errorf("call %s has %d outcomes", id, len(c.Outcomes))
		}
		state := "done"
		if c.Start == nil {
			state = "skipped"
		}
		for _, o := range c.Outcomes {
			if o.State != state {
				g.t.Errorf("call %s, action %s: %s %s", id, o.ID, o.State, o.Error)
			}
			want[o.Key] = state == "done"
		}
		if (c.Analysis != nil) != (len(c.Turns) > 0) {
			g.t.Errorf("call %s has %d turns, and the analysis is %v", id, len(c.Turns), c.Analysis)
		}
	}
	for k, sent := range want {
		if sent && len(crm.keys[k]) != 1 {
			g.t.Errorf("key %s came with %d bodies", k, len(crm.keys[k]))
		}
	}
	for k, bodies := range crm.keys {
		if !want[k] {
			g.t.Errorf("key %s came, and no call has it", k)
		}
		for _, n := range bodies {
			twice += n - 1
		}
	}
	for what, q := range map[string]string{
		"its analysis was told twice":         "SELECT call_id FROM events WHERE type = 'event_analysis' GROUP BY call_id HAVING COUNT(*) > 1",
		"an action's end was not told, once":  "SELECT id FROM calls c WHERE (SELECT COUNT(*) FROM events e WHERE e.call_id = c.id AND e.type = 'after_action') <> 2",
		"a gap in the sequence of its events": "SELECT call_id FROM events GROUP BY call_id HAVING MAX(sequence) <> COUNT(*)",
	} {
		for _, id := range g.column(q) {
			g.t.Errorf("call %s: %s", id, what)
		}
	}
	g.t.Logf("%d actions of %d came, %d of them once more under their key", len(crm.keys), len(want), twice)
}

// TestAfterCall: a call on local speech is analysed by a model that calls tools, e-mailed by a mail server, and told to the webhook.
func TestAfterCall(t *testing.T) {
	t.Parallel()
	model := newModel(t)
	letters := newLetterbox(t)
	hook := make(chan m, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e struct {
			Type    string
			Payload m
		}
		if json.NewDecoder(r.Body).Decode(&e) == nil && e.Type == "event_analysis" {
			hook <- e.Payload
		}
	}))
	defer receiver.Close()
	s := serve(t, "OPENAI_BASE_URL="+model, "OPENAI_API_KEY=x")
	var account m
	s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_un_pw_oauth", "credentials": m{"base_url": "smtp://" + letters.addr, "username": "desk", "password": "p"}}, &account)
	id, _ := s.agent(m{"provider": "openai", "model": "gpt-4o-mini", "transcriber": m{"type": "transcriber_local"}, "initial_message": "Good day.",
		"webhook":          m{"url": receiver.URL, "subscriptions": []string{"event_analysis"}},
		"post_call_prompt": "What did they want?", "post_call_insights": []m{{"name": "wants_hours", "type": "boolean"}},
		"post_call_actions": []m{{"type": "email", "provider_config": m{"destination_id": account["id"]}, "conditions": []m{{"field": "wants_hours", "op": "eq", "value": true}},
			"config": m{"from_email": "desk@example.com", "to_email": "owner@example.com", "subject": "Call {call_id}", "body": "{analysis}"}}}})
	s.ring(2*time.Minute, "sip:"+id+"@"+s.sip, "--say", "What are your opening hours?")
	c := s.ended(30 * time.Second)
	select {
	case p := <-hook:
		if p["analysis"] != "They asked for the hours." || fmt.Sprint(p["insights"]) != "map[wants_hours:true]" || p["insight_turns"] == nil || len(p) != 3 {
			t.Errorf("%v", p)
		}
	case <-time.After(60 * time.Second):
		t.Fatal("no event_analysis came")
	}
	select {
	case l := <-letters.got:
		for _, part := range []string{"Subject: Call " + c.ID, "They asked for the hours.", "To: <owner@example.com>"} {
			if !strings.Contains(l, part) {
				t.Errorf("the letter lacks %q:\n%s", part, l)
			}
		}
	case <-time.After(60 * time.Second):
		t.Fatal("no letter came")
	}
}

// newModel is an OpenAI that asks for the tool it is given, and else answers in one sentence.
func newModel(t *testing.T) (base string) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			Tools    []any
			Messages []struct{ Content any }
		}
		if json.NewDecoder(r.Body).Decode(&req) != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		delta := m{"role": "assistant", "content": "They asked for the hours."}
		if len(req.Tools) > 0 && strings.Contains(fmt.Sprint(req.Tools...), "record_insights") {
			delta = m{"role": "assistant", "tool_calls": []m{{"index": 0, "id": "c1", "type": "function",
				"function": m{"name": "record_insights", "arguments": `{"wants_hours":{"value":true,"turns":[2]}}`}}}}
		}
		for _, choice := range []m{{"index": 0, "delta": delta, "finish_reason": nil}, {"index": 0, "delta": m{}, "finish_reason": "stop"}} {
			b, _ := json.Marshal(m{"id": "x", "object": "chat.completion.chunk", "model": "gpt-4o-mini", "choices": []m{choice}})
			fmt.Fprintf(w, "data: %s\n\n", b)
		}
		io.WriteString(w, "data: [DONE]\n\n")
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/v1"
}

// A letterbox is a mail server that takes all.
type letterbox struct {
	addr string
	got  chan string
}

func newLetterbox(t *testing.T) *letterbox {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	box := &letterbox{l.Addr().String(), make(chan string, 10)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go box.take(conn)
		}
	}()
	return box
}

func (b *letterbox) take(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "220 box\r\n")
	var letter *strings.Builder
	for in := bufio.NewScanner(conn); in.Scan(); {
		line := in.Text()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch {
		case letter != nil && line == ".":
			b.got <- letter.String()
			letter = nil
			fmt.Fprint(conn, "250 taken\r\n")
		case letter != nil:
			letter.WriteString(line + "\n")
		case verb == "EHLO":
			fmt.Fprint(conn, "250-box\r\n250 AUTH PLAIN\r\n")
		case verb == "AUTH":
			fmt.Fprint(conn, "235 ok\r\n")
		case verb == "DATA":
			letter = &strings.Builder{}
			fmt.Fprint(conn, "354 go\r\n")
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}
