package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// fakeMeter notes the requests it is told of.
type fakeMeter struct {
	mu   sync.Mutex
	seen []string
}

func (m *fakeMeter) Request(route, method string, status int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, method+" "+route+" "+itoa(status))
}

func (m *fakeMeter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = io.WriteString(w, "counters 1\n")
}

func TestPages(t *testing.T) {
	h := newHouse(t)
	h.api.Meter = &fakeMeter{}
	h.play(t, []scenario{
		{"alive", "GET", "/healthz", ``, 200, `"status":"ok"`},
		{"ready", "GET", "/readyz", ``, 200, `"status":"ok"`},
		{"the contract", "GET", "/openapi.json", ``, 200, `"openapi":"3.0.3"`},
		{"the contract as YAML", "GET", "/openapi.yml", ``, 200, `openapi: 3.0.3`},
		{"the page", "GET", "/docs", ``, 200, `/docs/swagger-ui-bundle.js`},
		{"in short", "GET", "/llms.txt", ``, 200, `POST /v1/calls/create {`},
		{"counters for an operator", "operator GET", "/metrics", ``, 200, `counters 1`},
		{"counters for a tenant", "GET", "/metrics", ``, 403, `role operator`},
		{"counters for its admin", "admin GET", "/metrics", ``, 403, `role operator`},
	})
}

// TestWhoMayReadCounters: this machine, when nobody says that it asks for somebody else, and operators.
func TestWhoMayReadCounters(t *testing.T) {
	h := newHouse(t)
	h.api.Meter = &fakeMeter{}
	for _, row := range []struct {
		from, header, value string
		want                int
	}{
		{"127.0.0.1:5", "", "", 200}, {"[::1]:5", "", "", 200}, {"[::ffff:127.0.0.1]:5", "", "", 200}, {"10.0.0.1:5", "", "", 403}, {"nonsense", "", "", 403},
		{"127.0.0.1:5", "X-Forwarded-For", "203.0.113.9", 403}, {"127.0.0.1:5", "X-Forwarded-For", "", 403}, {"127.0.0.1:5", "Forwarded", "for=1", 403},
		{"127.0.0.1:5", "X-Real-IP", "203.0.113.9", 403}, {"127.0.0.1:5", "Via", "1.1 proxy", 403},
		{"10.0.0.1:5", "Authorization", "Bearer " + h.operator.key, 200}, {"10.0.0.1:5", "Authorization", "Bearer " + h.a.key, 403}, {"10.0.0.1:5", "Authorization", "Bearer x", 401},
	} {
		req := httptest.NewRequest("GET", "/metrics", nil)
		req.RemoteAddr = row.from
		if row.header != "" {
			req.Header.Set(row.header, row.value)
		}
		if r := h.send(req); r.status != row.want {
			t.Errorf("from %s, %s %q: %d %s", row.from, row.header, row.value, r.status, r.body)
		}
	}
	h.api.Meter = nil
	if r := h.do(h.operator, "GET", "/metrics", ""); r.status != 404 {
		t.Errorf("a process that counts nothing: %d", r.status)
	}
}

// TestPageAsksNobodyElse: the page and all its files come from here, and its policy lets it ask nobody else and run nothing inline.
func TestPageAsksNobodyElse(t *testing.T) {
	h := newHouse(t)
	page := h.do(nil, "GET", "/docs", "")
	policy := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy is loose: %s", policy)
	}
	if bad := regexp.MustCompile(`<script>|<style|style=| on[a-z]+=|https?://|"//`).Find(page.body); bad != nil {
		t.Errorf("the page has %s", bad)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllStringSubmatch(string(page.body), -1) {
		r := h.do(nil, "GET", m[1], "")
		if r.status != 200 || len(r.body) == 0 {
			t.Errorf("%s: %d, %d bytes", m[1], r.status, len(r.body))
		}
		packed := h.do(nil, "GET", m[1], "", "Accept-Encoding", "br, gzip")
		if packed.header.Get("Content-Encoding") != "gzip" {
			continue
		}
		rd, err := gzip.NewReader(bytes.NewReader(packed.body))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(rd); err != nil || string(b) != string(r.body) {
			t.Errorf("%s differs when it is packed: %v", m[1], err)
		}
	}
	if r := h.do(nil, "GET", "/docs/../openapi.yaml", ""); r.status != 404 {
		t.Errorf("a file beside the page: %d", r.status)
	}
}

// TestInShort: each operation is a line, and the text stays one that a model can read.
func TestInShort(t *testing.T) {
	h := newHouse(t)
	text := string(h.do(nil, "GET", "/llms.txt", "").body)
	for _, rt := range h.api.Routes() {
		if !rt.unlisted && strings.Count(text, "- "+rt.method+" "+rt.path+"?")+strings.Count(text, "- "+rt.method+" "+rt.path+" ") != 1 {
			t.Errorf("%s %s is not one line of it", rt.method, rt.path)
		}
	}
	for _, want := range []string{"Authorization: Bearer", "(role operator)", "/openapi.json", "?id*"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	if len(text) > 16_000 {
		t.Errorf("%d bytes are not short", len(text))
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(10)
		taken := 0
		for l.take("a") == nil {
			taken++
		}
		if taken != 20 {
			t.Errorf("a burst of %d", taken)
		}
		if l.take("b") != nil {
			t.Error("another key is held back, too")
		}
		time.Sleep(time.Second)
		for taken = 0; l.take("a") == nil; taken++ {
		}
		if taken != 10 {
			t.Errorf("%d in a second", taken)
		}
		for range 100 {
			_ = l.take("a") // what was refused costs nothing
		}
		time.Sleep(100 * time.Millisecond)
		if l.take("a") != nil {
			t.Error("asking in vain put the next request off")
		}
	})
	free := newLimits(-1)
	for range 1000 {
		if err := free.take("a"); err != nil {
			t.Fatal("no limit limits:", err)
		}
	}
	l := newLimits(0.1)
	for i := range maxLimiters + 10 {
		_ = l.take(itoa(i))
	}
	time.Sleep(time.Millisecond)
	if len(l.by) > maxLimiters+10 {
		t.Errorf("%d limiters", len(l.by))
	}
}

func TestRateOfAKey(t *testing.T) {
	h := newHouse(t)
	h.api.limits = newLimits(0.001) // a burst of one
	if r := h.do(h.a, "GET", "/v1/agents/list", ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	r := h.do(h.a, "GET", "/v1/agents/list", "")
	if r.status != 429 || r.header.Get("Retry-After") == "" || r.header.Get("Retry-After") == "0" || !strings.Contains(string(r.body), "too_many_requests") {
		t.Errorf("%d, Retry-After %q %s", r.status, r.header.Get("Retry-After"), r.body)
	}
	if r := h.do(h.b, "GET", "/v1/agents/list", ""); r.status != 200 {
		t.Errorf("another key: %d", r.status)
	}
}

func TestRequestIDs(t *testing.T) {
	h := newHouse(t)
	for given, kept := range map[string]bool{"req-1_2.3": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false, "": false, "a\"b": false, "é": false} {
		got := h.do(h.a, "GET", "/v1/agents/list", "", "X-Request-Id", given).header.Get("X-Request-Id")
		if (got == given) != kept || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
}

// TestAccessLog: a line has the route and whose key it was, and nothing that a client could put there.
func TestAccessLog(t *testing.T) {
	h := newHouse(t)
	var logged bytes.Buffer
	meter := &fakeMeter{}
	h.api.Meter, h.api.Logger = meter, slog.New(slog.NewTextHandler(&logged, nil))
	h.do(h.a, "GET", "/v1/numbers?phone_number=%2B15551239876543", "")
	h.do(h.a, "GET", "/v1/sk_live_pasted_by_mistake", "")
	h.do(h.a, "BREW", "/v1/agents", "")
	head := httptest.NewRequest("HEAD", "/v1/agents/list", nil)
	head.Header.Set("Authorization", "Bearer "+h.a.key)
	head.Header.Set("X-Request-Id", "mine")
	h.raw(head)
	text := logged.String()
	for _, want := range []string{"method=GET path=/v1/numbers status=404", "environment=" + h.a.env, "key=sk_live_", "method=other path=none status=404",
		"method=other path=none status=405", "method=GET path=/v1/agents/list status=200", "request_id=mine", " ms="} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s: %s", want, text)
		}
	}
	for _, bad := range []string{"1239876543", "pasted", "BREW", h.a.key} {
		if strings.Contains(text, bad) {
			t.Errorf("the log has %s: %s", bad, text)
		}
	}
	if got := strings.Join(meter.seen, ", "); got != "GET /v1/numbers 404, other none 404, other none 405, GET /v1/agents/list 200" {
		t.Errorf("counted: %s", got)
	}
}

// TestOldRecording: what has become an MP3 is answered as it is, and no longer as a WAV.
func TestOldRecording(t *testing.T) {
	h := newHouse(t)
	f, err := h.blobs.Create("old.mp3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("ID3 sound")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	id := h.call(h.a, finished(h.a))
	setRecording(t, h.db, id, "old.mp3")
	for _, path := range []string{"", "&format=mp3"} {
		if r := h.do(h.a, "GET", "/v1/calls/recording?id="+id+path, ""); r.status != 200 || string(r.body) != "ID3 sound" || r.header.Get("Content-Type") != "audio/mpeg" {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := h.do(h.a, "GET", "/v1/calls/recording?format=wav&id="+id, ""); r.status != 406 || !strings.Contains(string(r.body), "no_wav") {
		t.Errorf("as a WAV: %d %s", r.status, r.body)
	}
}

func setRecording(t *testing.T, db *store.DB, id, name string) {
	t.Helper()
	if err := db.UpdateCall(t.Context(), id, func(c *parley.Call) error { c.Recording = name; return nil }); err != nil {
		t.Fatal(err)
	}
}
