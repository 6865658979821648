//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestDashboardWebhooks(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var gone atomic.Bool // what is posted is answered with 410
	got := make(chan string, 16)
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/gone":
			gone.Store(true)
		case gone.Load():
			w.WriteHeader(http.StatusGone)
		default:
			got <- r.Header.Get("webhook-id")
		}
	}))
	t.Cleanup(far.Close)
	var v struct{ Empty, Focused, Refused, At, Secret, ID, Again string }
	person(t, s, "webhook_made", m{"url": far.URL}, "", &v)
	if !strings.Contains(v.Empty, "There is no webhook yet") || v.Focused != "f-label" || v.At != "f-url" || !strings.Contains(v.Refused, "http") {
		t.Errorf("%+v", v)
	}
	if !strings.HasPrefix(v.Secret, "whsec_") || strings.Contains(v.Again, v.Secret) || !strings.Contains(v.Again, "Signed with …") {
		t.Errorf("a secret that is shown once: %+v", v)
	}
	id, _ := s.agent(m{"name": "Desk", "provider": "local", "webhook": v.ID})
	s.api("POST", "/v1/calls/create", m{"from_number": "+15550001111", "to_number": "sip:nobody@127.0.0.1:9;transport=tcp", "agent": id}, nil)
	first := receive(t, got)
	var u struct {
		Row, Said, Query, Secret, Both, Used, Active, Cleared string
		Asked                                                 []string
	}
	person(t, s, "webhook_used", m{"id": v.ID, "url": far.URL}, "", &u)
	if again := receive(t, got); again != first {
		t.Errorf("sent again as %s, not as %s", again, first)
	}
	if !strings.Contains(u.Row, "HTTP 200") || !strings.Contains(u.Row, first) || !strings.Contains(u.Row, "Desk") || !strings.Contains(u.Said, "sent once more") || !strings.Contains(u.Query, "state=failed") {
		t.Errorf("%+v", u)
	}
	if !strings.HasPrefix(u.Secret, "whsec_") || u.Secret == v.Secret || !strings.Contains(u.Both, "and until") || !strings.Contains(u.Used, "agent") || u.Active != "false" || !strings.Contains(u.Cleared, "empty") || len(u.Asked) != 2 {
		t.Errorf("%+v", u)
	}
	var hook struct {
		Active        bool
		Subscriptions []string
	}
	s.api("GET", "/v1/webhooks?id="+v.ID, nil, &hook)
	if !hook.Active || !slices.Equal(hook.Subscriptions, []string{"event_phone_call_did_not_connect"}) {
		t.Errorf("%+v", hook)
	}
}

func TestDashboardKnowledge(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, _ = s.agent(m{"name": "Desk", "provider": "local"})
	var d struct {
		Refused, Taken, Asked                   []string
		Unread, ID, Row, Nothing, Found, Masked string
	}
	person(t, s, "documents", nil, "", &d)
	if len(d.Refused) != 3 || d.Refused[0] == "" || d.Refused[1] == "" || d.Refused[2] != "f-name" || !strings.Contains(d.Unread, "no text") || !slices.Equal(d.Taken, []string{"opening hours", "markdown"}) {
		t.Errorf("%+v", d)
	}
	if !strings.Contains(d.Row, "opening hours") || !strings.Contains(d.Row, "shop") || d.Nothing == "" || !strings.Contains(d.Found, "From ten to two") || !strings.Contains(d.Found, "Saturday") || len(d.Asked) != 2 || !strings.HasPrefix(d.Masked, "Stored …1a2b") {
		t.Errorf("%+v", d)
	}
	var v struct{ Given, Refused, Row string }
	person(t, s, "memories", nil, "", &v)
	if v.Given != "12" || v.Refused == "" || !strings.Contains(v.Row, "has a dog") || !strings.Contains(v.Row, "They moved to Monday.") || !strings.Contains(v.Row, "Desk") {
		t.Errorf("%+v", v)
	}
	var w struct{ IPA, Word, Number, Listed, Left string }
	person(t, s, "words", nil, "", &w)
	if !strings.Contains(w.IPA, "Phonetic") || !strings.Contains(w.Word, "Shivawn") || w.Number == "" || !strings.Contains(w.Listed, "asked for it") || w.Left != "" {
		t.Errorf("%+v", w)
	}
}

func TestDashboardPaged(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const numbers = 51 // one more than a page has
	for i := range numbers {
		s.api("POST", "/v1/do_not_call/create", m{"number": fmt.Sprint("+15550001", 100+i)}, nil)
	}
	var v struct {
		First, Fields int
		Pages         string
	}
	person(t, s, "paged", nil, "", &v)
	if v.First != numbers-1 || v.Fields != 0 || !strings.Contains(v.Pages, fmt.Sprintf("1–%d of %[1]d", numbers-1)) {
		t.Errorf("%+v", v)
	}
}

// TestDashboardJumped: any page of a long list can be gone to by its number, and what is no page of it leads to the nearest.
func TestDashboardJumped(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for i := range 201 {
		s.api("POST", "/v1/do_not_call/create", m{"number": fmt.Sprint("+15550001", 100+i)}, nil)
	}
	var v struct {
		Of    string
		There []string
	}
	person(t, s, "jumped", nil, "", &v)
	want := []string{"?page=3 3 50", "?page=3 3 50", "?page=5 5 1", " 1 50", "?page=2 2 50", "?page=2 2 50", "?page=3 3 50", "?page=2 2 50"}
	if !slices.Equal(v.There, want) || !strings.Contains(v.Of, "of 5") {
		t.Errorf("%q of %q, want %q", v.There, v.Of, want)
	}
}

// TestDashboardKeys: an operator makes an environment and its first key; what is not for a role is not shown to it.
func TestDashboardKeys(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var v struct {
		Refused, Admin, Member, Roles []string
		Row, Kept                     string
		Again                         bool
		Most, Rows                    int
	}
	person(t, s, "keys", nil, "", &v)
	if len(v.Refused) != 2 || v.Refused[0] == "" || v.Refused[1] == "" || !strings.Contains(v.Row, "Ann") || !strings.Contains(v.Row, "Acme") || !strings.Contains(v.Row, "admin") || v.Again || v.Kept != "30" {
		t.Errorf("%+v", v)
	}
	if !slices.Contains(v.Admin, "Keys") || !slices.Contains(v.Admin, "Environments") || slices.Contains(v.Member, "Keys") || slices.Contains(v.Member, "Environments") || !slices.Contains(v.Member, "Usage") {
		t.Errorf("an admin sees %q, a member %q", v.Admin, v.Member)
	}
	if v.Most != 0 || v.Rows != 1 || slices.Contains(v.Roles, "Operator") || !slices.Contains(v.Roles, "Admin") {
		t.Errorf("%+v", v)
	}
}

// TestDashboardKept looks at the pages of what an environment keeps, with something on each, in both themes and at a phone's width.
func TestDashboardKept(t *testing.T) {
	t.Parallel()
	prices := filepath.Join(t.TempDir(), "prices.yaml")
	if err := os.WriteFile(prices, []byte("telephony: {sip: 0.6}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "PARLEY_PRICES="+prices)
	var hook, doc, memory, word, acme struct{ ID string }
	s.api("POST", "/v1/webhooks/create", m{"label": "Desk", "url": "http://127.0.0.1:9/parley", "subscriptions": []string{"event_phone_call_ended", "event_message"}}, &hook)
	id, _ := s.agent(m{"name": "Desk", "provider": "local", "webhook": hook.ID})
	s.api("POST", "/v1/documents/create", m{"name": "Opening hours", "type": "markdown", "tags": []string{"shop"}, "content": "# Opening hours\n\nFrom ten to two."}, &doc)
	s.api("POST", "/v1/memories/write", m{"number": "+15551234567", "agent_id": id, "facts": []string{"is allergic to penicillin", "has a dog"}, "summary": "They moved their appointment to Monday."}, &memory)
	s.api("POST", "/v1/pronunciations/create", m{"word": "Siobhan", "respelling": "Shivawn", "ipa": "ʃɪˈvɔːn", "language": "en"}, &word)
	s.api("POST", "/v1/do_not_call/create", m{"number": "+15557654321", "reason": "asked not to be called again"}, nil)
	s.api("POST", "/v1/vector_databases/create", m{"type": "vector_database_pinecone", "index": "articles", "api_key": "very-secret", "api_environment": "us-east-1"}, nil)
	s.api("POST", "/v1/environments/create", m{"name": "Acme"}, &acme)
	s.api("POST", "/v1/keys/create", m{"environment_id": acme.ID, "label": "Ann", "role": "admin"}, nil)
	_, _ = s.ring(time.Minute, "sip:"+id+"@"+s.sip, "--say", "what are your opening hours", "--limit", "40s")
	c := s.ended(30 * time.Second)
	var u struct {
		Usage  []string
		Behind int
		Late   int
		Audit  string
	}
	person(t, s, "usage_audit", m{"agent": id, "call": c.ID}, "", &u)
	if all := strings.Join(u.Usage, " "); !strings.Contains(all, "Desk") || !strings.Contains(all, "Cost") || !strings.Contains(all, "Together") || u.Behind != 1 || u.Late != http.StatusConflict {
		t.Errorf("%+v", u)
	}
	if !strings.Contains(u.Audit, "Say") || !strings.Contains(u.Audit, "Too late.") || !strings.Contains(u.Audit, "Not running") {
		t.Errorf("%+v", u)
	}
	var v struct{ Menu string }
	person(t, s, "pages_seen", m{"pages": [][]string{
		{"webhooks", "/webhooks", "tbody tr"},
		{"webhook", "/webhooks/" + hook.ID, "tbody tr"},
		{"deliveries", "/deliveries", "tbody tr"},
		{"documents", "/documents", "tbody tr"},
		{"document", "/documents/" + doc.ID, "#f-content"},
		{"vector-databases", "/vector-databases", "tbody tr"},
		{"vector-database", "/vector-databases/new", "#f-index"},
		{"memories", "/memories", "tbody tr"},
		{"memory", "/memories/" + memory.ID, "#f-facts"},
		{"pronunciations", "/pronunciations", "tbody tr"},
		{"pronunciation", "/pronunciations/" + word.ID, "#f-ipa"},
		{"do-not-call", "/do-not-call", "tbody tr"},
		{"usage", "/usage", ".sum"},
		{"audit", "/audit", "tbody tr"},
		{"keys", "/keys", "tbody tr"},
		{"environments", "/environments", "tbody tr"},
		{"environment", "/environments/" + acme.ID, "#f-name"},
	}}, "", &v)
	if v.Menu != "Menu0" {
		t.Errorf("the menu: %s", v.Menu)
	}
}

func receive[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
	}
	return v
}
