//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	hostileMarkup = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`
	foreignMark   = "of another environment"
)

// rooms are the paths of the dashboard's pages.
func rooms(t *testing.T) (paths []string) {
	t.Helper()
	b, err := os.ReadFile("../dashboard/src/rooms.json")
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct{ Rooms []struct{ Path string } }
	if err := json.Unmarshal(b, &groups); err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, r := range g.Rooms {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

// as asks the API with another key.
func (s *server) as(key, method, path string, body, into any) int {
	s.t.Helper()
	code, b, err := asking{method: method, url: s.http + path, key: key, body: body}.answer(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if into != nil {
		_ = json.Unmarshal(b, into)
	}
	return code
}

// pageIDs fills the {id} of pages with the first entry of the list that a page is about, as a key sees it.
func (s *server) pageIDs(key string, paths []string) (filled []string) {
	lists := map[string]string{"connections": "account_connections", "knowledge": "documents", "memory": "memories", "vector-databases": "vector_databases", "do-not-call": "do_not_call"}
	for _, p := range paths {
		if !strings.Contains(p, "{") {
			continue
		}
		of := strings.Split(p, "/")[1]
		if l := lists[of]; l != "" {
			of = l
		}
		var list struct{ Items []struct{ ID string } }
		if code := s.as(key, "GET", "/v1/"+of+"/list", nil, &list); code != 200 || len(list.Items) == 0 {
			s.t.Logf("%s: nothing is known to show there (%d)", p, code)
			continue
		}
		filled = append(filled, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(p, list.Items[0].ID))
	}
	return filled
}

// A stranger is a caller whose every word on the wire is theirs.
type stranger struct {
	t    *testing.T
	conn net.Conn
	to   string
	from string
	id   string
}

// calls rings a user of the server, and returns once it has answered.
func (s *server) stranger(user, from, display string) *stranger {
	s.t.Helper()
	conn, err := net.Dial("udp", s.sip)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	at := conn.LocalAddr().String()
	x := &stranger{t: s.t, conn: conn, to: "<sip:" + user + "@" + s.sip + ">", from: fmt.Sprintf("%q <sip:%s@%s>;tag=x", display, from, at), id: at}
	port := freePort(s.t)
	sdp := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", port)
	x.send("INVITE", "1 INVITE", "Contact: <sip:x@"+at+">\r\nContent-Type: application/sdp\r\n", sdp)
	for {
		b := make([]byte, 65536)
		if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			s.t.Fatal(err)
		}
		n, err := conn.Read(b)
		if err != nil {
			s.t.Fatalf("the stranger's call: %v", err)
		}
		status, _, _ := strings.Cut(string(b[:n]), "\r\n")
		if strings.HasPrefix(status, "SIP/2.0 2") {
			x.to = strings.TrimPrefix(regexp.MustCompile(`(?im)^To: .*$`).FindString(strings.ReplaceAll(string(b[:n]), "\r", "")), "To: ")
			x.send("ACK", "1 ACK", "", "")
			return x
		}
		if !strings.HasPrefix(status, "SIP/2.0 1") {
			s.t.Fatalf("the stranger's call: %s", status)
		}
	}
}

func (x *stranger) send(method, seq, more, body string) {
	x.t.Helper()
	_, err := fmt.Fprintf(x.conn, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		method, strings.Trim(strings.SplitAfter(x.to, ">")[0], "<>"), x.id, strings.ReplaceAll(seq, " ", ""), x.from, x.to, x.id, seq, more, len(body), body)
	if err != nil {
		x.t.Fatal(err)
	}
}

// TestDashboardHostile: on every page of the dashboard what callers (number and display name), models, webhooks' answers, documents, memories and the names of
// things say is text; and what belongs to another environment is on none of them.
func TestDashboardHostile(t *testing.T) {
	s, _ := scripted(t, "")
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, hostileMarkup)
	}))
	t.Cleanup(far.Close)
	s.fill(key, hostileMarkup)
	var agent struct{ ID string }
	s.api("POST", "/v1/agents/create", m{"name": hostileMarkup, "description": hostileMarkup, "initial_message": hostileMarkup + " Hello ${caller_name}.", "prompt": m{"content": "${x} " + hostileMarkup, "label": hostileMarkup},
		"provider": "openai", "model": "gpt-4o-mini", "voice": m{"type": "voice_deepgram", "model": "aura-2-thalia-en"}, "transcriber": m{"type": "transcriber_deepgram"},
		"actions": []any{m{"type": "action_dtmf", "label": hostileMarkup}}, "webhook": m{"url": far.URL + "/?" + url.QueryEscape(hostileMarkup), "label": hostileMarkup, "subscriptions": []string{"event_message", "event_phone_call_connected"}}}, &agent)
	s.api("POST", "/v1/numbers/link", m{"phone_number": "front", "inbound_agent": agent.ID, "label": hostileMarkup}, nil)
	gone := s.stranger("front", "%3Cimg%20src=x%20onerror=window.hacked=1%3E", hostileMarkup)
	s.until("a webhook was answered", 60*time.Second, func() bool {
		var list struct{ Items []m }
		s.api("GET", "/v1/webhooks/deliveries", nil, &list)
		return len(list.Items) > 0 && fmt.Sprint(list.Items[0]["attempts"]) != "0"
	})
	time.Sleep(3 * time.Second) // it has said something
	gone.send("BYE", "2 BYE", "", "")
	over := s.ended(30 * time.Second)
	s.stranger("front", "%3Cimg%20src=x%20onerror=window.hacked=1%3E", hostileMarkup)
	_ = s.as(key, "POST", "/v1/calls/take_over?id="+over.ID, m{"phone_number": "+15557654321", "announce": hostileMarkup}, nil)
	var tenant, foreign struct{ ID, Key string }
	s.api("POST", "/v1/environments/create", m{"name": hostileMarkup + foreignMark}, &tenant)
	s.api("POST", "/v1/keys/create", m{"environment_id": tenant.ID, "role": "admin", "label": hostileMarkup}, &foreign)
	s.fill(foreign.Key, foreignMark)
	s.as(foreign.Key, "POST", "/v1/calls/create", m{"from_number": "+15550001111", "to_number": "sip:nobody@127.0.0.1:9", "agent": m{"name": foreignMark, "prompt": m{}, "voice": m{}, "actions": []any{}}, "not_before": "2099-01-01T00:00:00Z"}, nil)
	all := rooms(t)
	var paths []string
	for _, p := range all {
		if !strings.Contains(p, "{") {
			paths = append(paths, p)
		}
	}
	paths = append(append(paths, "/calls/"+over.ID, "/agents/"+agent.ID), s.pageIDs(key, all)...)
	elsewhere := s.pageIDs(foreign.Key, all)
	var v struct {
		Pages map[string]struct {
			Run      any
			Elements int
			Text     string
		}
		Foreign map[string]string
	}
	person(t, s, "hostile", m{"paths": paths, "foreign": elsewhere, "live": true}, "", &v)
	for path, p := range v.Pages {
		if p.Run != "nothing" || p.Elements != 0 {
			t.Errorf("%s: %v was run, and %d elements were made of text", path, p.Run, p.Elements)
		}
		if path != "/environments" && !strings.HasPrefix(path, "/keys") && strings.Contains(p.Text, foreignMark) {
			t.Errorf("%s shows what is another environment's", path)
		}
	}
	for _, path := range []string{"/agents", "/agents/" + agent.ID, "/calls/" + over.ID, "/live"} {
		if !strings.Contains(v.Pages[path].Text, "<img") {
			t.Errorf("%s does not show what was written:\n%.500s", path, v.Pages[path].Text)
		}
	}
	for path, text := range v.Foreign {
		if strings.Contains(text, foreignMark) {
			t.Errorf("%s shows what is another environment's:\n%.500s", path, text)
		}
	}
	if len(v.Pages) < len(all)/2 || len(v.Foreign) == 0 {
		t.Errorf("%d pages of %d were seen, %d of another's", len(v.Pages), len(all), len(v.Foreign))
	}
	t.Logf("%d pages, %d of another's", len(v.Pages), len(v.Foreign))
}

// fill makes one of everything that has words, of an environment.
func (s *server) fill(key, words string) {
	s.t.Helper()
	for path, body := range map[string]m{
		"/v1/agents/create":              {"name": words, "prompt": m{"content": words, "label": words}, "voice": m{"type": "voice_local", "label": words}, "actions": []any{m{"type": "action_dtmf", "label": words}}},
		"/v1/prompts/create":             {"label": words, "content": words},
		"/v1/account_connections/create": {"type": "account_connection_deepgram", "label": words, "credentials": m{"api_key": "k"}},
		"/v1/webhooks/create":            {"url": "https://hooks.example/?" + url.QueryEscape(words), "label": words, "subscriptions": []string{"event_message"}},
		"/v1/documents/create":           {"name": words, "type": "html", "content": "<p>We are open.</p>" + words, "tags": []string{words}},
		"/v1/memories/write":             {"number": "+15551234567", "facts": []string{words}, "summary": words},
		"/v1/do_not_call/create":         {"number": "+15559990001", "reason": words},
		"/v1/pronunciations/create":      {"word": "Siobhan", "respelling": "Shivawn"},
		"/v1/vector_databases/create":    {"type": "vector_database_pinecone", "index": words, "api_key": "k", "api_environment": words, "label": words},
		"/v1/keys/create":                {"label": words},
	} {
		var answer m
		if code := s.as(key, "POST", path, body, &answer); code != 201 {
			s.t.Errorf("%s: %d %v", path, code, answer)
		}
	}
}
