package client

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
)

// TestGeneratedCodeFitsTheContract fails after a change of the contract until "go generate ./client/go" has run.
func TestGeneratedCodeFitsTheContract(t *testing.T) {
	a, err := api.New(api.Config{Specs: all.Specs(local.New(local.Config{}))})
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(a.Contract())); sum != contractSum {
		t.Errorf("client.gen.go was made from another contract: run go generate ./client/go")
	}
}

// answers is a server that gives the answers one after the other, then the last one again; got are the requests.
func answers(t *testing.T, replies ...http.HandlerFunc) (a *API, got *[]*http.Request) {
	t.Helper()
	got = &[]*http.Request{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := min(len(*got), len(replies)-1)
		*got = append(*got, r)
		replies[i](w, r)
	}))
	t.Cleanup(srv.Close)
	a, err := New(srv.URL, "k")
	if err != nil {
		t.Fatal(err)
	}
	return a, got
}

// reply answers with a status, a body and headers "Name: value".
func reply(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

const refusal = `{"statusCode":400,"error":"Bad Request","code":"invalid","message":["a is wrong","b is missing"],"request_id":"r1",` +
	`"errors":[{"field":"a","message":"a is wrong"},{"field":"b","message":"b is missing"}]}`

func TestRefusalsAreProblems(t *testing.T) {
	a, _ := answers(t, reply(400, refusal))
	res, err := a.CreatePromptWithResponse(t.Context(), nil, CreatePromptDto{})
	var p *Problem
	if !errors.As(err, &p) || res != nil {
		t.Fatalf("res %v, err %v", res, err)
	}
	if p.Status != 400 || p.Code != "invalid" || p.RequestID != "r1" || len(p.Fields) != 2 || p.Fields[1] != (Field{"b", "b is missing"}) {
		t.Errorf("%+v", p)
	}
	if want := "the API answers 400: a is wrong; b is missing"; p.Error() != want {
		t.Errorf("%q, want %q", p.Error(), want)
	}

	full, _ := answers(t, reply(429, `{"message":"full","code":"too_many_calls","limit":{"current":20,"max":20}}`, "Retry-After: 7"))
	_, err = full.CreateCallWithResponse(t.Context(), nil, CreateCallDto{})
	if !errors.As(err, &p) || p.RetryAfter != 7*time.Second || p.Limit == nil || *p.Limit != (Limit{20, 20}) {
		t.Errorf("a full environment: %+v", p)
	}

	proxy, _ := answers(t, reply(502, "<html>bad gateway", "X-Request-Id: r2"))
	_, err = proxy.Send(t.Context(), "GET", "/v1/agents/list", nil, nil)
	if !errors.As(err, &p) || p.Status != 502 || p.Message != "Bad Gateway" || p.RequestID != "r2" {
		t.Errorf("a proxy's page: %+v", p)
	}
}

func TestWhatIsSentAgain(t *testing.T) {
	busy, ok := reply(503, "", "Retry-After: 0"), reply(200, `{"items":[]}`)
	for name, row := range map[string]struct {
		replies []http.HandlerFunc
		ask     func(*API, context.Context) error
		tries   int
		fails   bool
	}{
		"a GET": {[]http.HandlerFunc{busy, ok}, func(a *API, ctx context.Context) error {
			_, err := a.ListAgentsWithResponse(ctx, nil)
			return err
		}, 2, false},
		"a POST": {[]http.HandlerFunc{busy, ok}, func(a *API, ctx context.Context) error {
			_, err := a.CreatePromptWithResponse(ctx, nil, CreatePromptDto{})
			return err
		}, 1, true},
		"a POST with a key": {[]http.HandlerFunc{busy, busy, ok}, func(a *API, ctx context.Context) error {
			_, err := a.Send(ctx, "POST", "/v1/prompts/create", nil, map[string]any{"a": 1}, IdempotencyKey("once"))
			return err
		}, 3, false},
		"too long a wait": {[]http.HandlerFunc{reply(429, "", "Retry-After: 3600"), ok}, func(a *API, ctx context.Context) error {
			_, err := a.ListAgentsWithResponse(ctx, nil)
			return err
		}, 1, true},
		"never well": {[]http.HandlerFunc{busy}, func(a *API, ctx context.Context) error {
			_, err := a.ListAgentsWithResponse(ctx, nil)
			return err
		}, 4, true},
		"an error of the server": {[]http.HandlerFunc{reply(500, ""), ok}, func(a *API, ctx context.Context) error {
			_, err := a.ListAgentsWithResponse(ctx, nil)
			return err
		}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, got := answers(t, row.replies...)
			err := row.ask(a, t.Context())
			if len(*got) != row.tries || (err != nil) != row.fails {
				t.Errorf("%d tries and %v, want %d", len(*got), err, row.tries)
			}
			for i, r := range *got {
				if r.Header.Get("Authorization") != "Bearer k" {
					t.Errorf("try %d went without the key", i+1)
				}
				if r.ContentLength != (*got)[0].ContentLength {
					t.Errorf("try %d has a body of %d bytes, the first one %d", i+1, r.ContentLength, (*got)[0].ContentLength)
				}
			}
		})
	}
}

func TestTries(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { n++; w.WriteHeader(503) }))
	defer srv.Close()
	a, err := New(srv.URL+"/", "k", WithTries(1), WithHTTPClient(srv.Client()), WithTries(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Send(t.Context(), "GET", "/x", nil, nil); err == nil || n != 1 {
		t.Errorf("%d tries, %v", n, err)
	}
	if _, err := New(srv.URL, "k", WithTries(0)); err == nil {
		t.Error("no try at all is accepted")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	a, _ = answers(t, reply(503, "", "Retry-After: 20"))
	if _, err := a.Send(ctx, "GET", "/x", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait that is given up: %v", err)
	}
}

func TestWrongAddressesAndKeys(t *testing.T) {
	for _, u := range []string{"", "banana", "ftp://h", "http://", "http://h?a=b", "http://h#a", "127.0.0.1:8080"} {
		if _, err := New(u, "k"); err == nil || !strings.Contains(err.Error(), "write http://127.0.0.1:8080") {
			t.Errorf("%q: %v", u, err)
		}
	}
	if _, err := New("http://h", "a\nb"); err == nil || strings.Contains(err.Error(), "a\nb") {
		t.Errorf("a key with a line break: %v", err)
	}
}

func TestEachPage(t *testing.T) {
	page := func(w http.ResponseWriter, r *http.Request) {
		n := r.URL.Query().Get("page")
		more := n != "3"
		fmt.Fprintf(w, `{"items":[{"id":"%s-a"},{"id":"%s-b"}],"has_more":%v}`, n, n, more)
	}
	a, got := answers(t, page)
	var ids []string
	for p, err := range a.Prompts(t.Context(), List{Filters: map[string]any{"label": "x y"}, Sort: "label", Desc: true, Size: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.Id)
	}
	if strings.Join(ids, " ") != "1-a 1-b 2-a 2-b 3-a 3-b" {
		t.Errorf("%v", ids)
	}
	q := (*got)[2].URL.Query()
	if q.Get("filters") != `{"label":"x y"}` || q.Get("sort_column") != "label" || q.Get("sort_desc") != "true" || q.Get("size") != "2" {
		t.Errorf("the question was %v", q)
	}
	for range a.Prompts(t.Context(), List{}) {
		break
	}
	if len(*got) != 4 {
		t.Errorf("one who wants one object makes %d requests", len(*got)-3)
	}
	broken, _ := answers(t, reply(200, `{"items":[{"id":5}]}`))
	for _, err := range broken.Prompts(t.Context(), List{}) {
		if err == nil || !strings.Contains(err.Error(), "page 1") {
			t.Errorf("an object of the wrong form: %v", err)
		}
	}
}

func TestSendTakesJSONOnly(t *testing.T) {
	a, _ := answers(t, reply(200, "<html>"), reply(204, ""))
	if _, err := a.Send(t.Context(), "GET", "/", nil, nil); err == nil || !strings.Contains(err.Error(), "is it a Parley server?") {
		t.Errorf("a page: %v", err)
	}
	if raw, err := a.Send(t.Context(), "GET", "/", nil, json.RawMessage(`{}`)); raw != nil || err != nil {
		t.Errorf("no content: %s %v", raw, err)
	}
}
