package action

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
)

const signed = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// server answers every request alike, and keeps the last.
type server struct {
	res   fetch.Response
	err   error
	hangs bool
	asked fetch.Request
	n     int
}

func (s *server) Do(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	s.asked = r
	s.n++
	if s.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &s.res, s.err
}

func asks(t *testing.T, s *server, more string) *external {
	t.Helper()
	site := Site{CallID: "call-1", Fetch: s, Fill: func(_, text string) string { return strings.ReplaceAll(text, "${shop}", "blue") }}
	a, err := New(parley.Action{ID: "x1", Type: "action_external", Config: json.RawMessage(`{"name":"book table","url":"https://shops.example/${shop}/book",
		"description":"Books a table.","input_schema":{"type":"object","properties":{"seats":{"type":"integer"}}},"signature_secret":"` + signed + `"` + more + `}`)}, site)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := a.(*external)
	return x
}

func TestExternalAsks(t *testing.T) {
	s := &server{res: fetch.Response{Status: 200, Body: []byte(`{"result":{"table":7},"agent_message":" Table seven. "}`)}}
	x := asks(t, s, "")
	if tool := x.Tool(); tool.Name != "book_table" || !strings.Contains(string(tool.Schema), "seats") || !strings.Contains(tool.Description, "Books a table.") {
		t.Errorf("the tool is %+v", tool)
	}
	r, err := x.Run(t.Context(), Input{Args: json.RawMessage(`{"seats": 2}`)})
	if err != nil || r.Data != `{"table":7}` || r.Say != "Table seven." || r.Status != 200 || r.End != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if s.asked.Method != "POST" || s.asked.URL != "https://shops.example/blue/book" || string(s.asked.Body) != `{"call_id":"call-1","payload":{"seats":2}}` {
		t.Errorf("asked %s %s %s", s.asked.Method, s.asked.URL, s.asked.Body)
	}
	hook, err := standardwebhooks.NewWebhook(signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := hook.Verify(s.asked.Body, s.asked.Header); err != nil {
		t.Errorf("the specification's own library refuses it: %v", err)
	}
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(signed, "whsec_"))
	m := hmac.New(sha256.New, key)
	m.Write(s.asked.Body)
	if got := s.asked.Header.Get("x-vocode-signature"); got != base64.StdEncoding.EncodeToString(m.Sum(nil)) {
		t.Errorf("x-vocode-signature is %s", got)
	}
}

func TestExternalAnswers(t *testing.T) {
	for body, want := range map[string]Result{
		``:                            {Data: "done"},
		`null`:                        {Data: "done"},
		`{"result":null}`:             {Data: "done"},
		`{"result":"x"}`:              {Data: `"x"`},
		`{"agent_message":"Done."}`:   {Data: "done", Say: "Done."},
		`{"result":{},"other":1}`:     {Data: "{}"},
		`{"tables":[1,2]}`:            {Data: `{"tables":[1,2]}`},
		`[1]`:                         {Data: `[1]`},
		"plain text\n":                {Data: "plain text"},
		`{"agent_message":{"a":1}}`:   {Data: `{"agent_message":{"a":1}}`},
		`{"result":1,"agent_message"`: {Data: `{"result":1,"agent_message"`},
	} {
		want.Status = 201
		r, err := asks(t, &server{res: fetch.Response{Status: 201, Body: []byte(body)}}, "").Run(t.Context(), Input{Args: json.RawMessage(`{}`)})
		if err != nil || r != want {
			t.Errorf("%s: %+v, %v", body, r, err)
		}
	}
}

// What goes wrong is told once, and nobody is asked again.
func TestExternalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, s := range map[string]*server{
			"the server answered 500: oh no":         {res: fetch.Response{Status: 500, Body: []byte("oh\n\x00\xff no")}},
			"the server answered 302: ":              {res: fetch.Response{Status: 302}},
			"connection refused":                     {err: errors.New("connection refused")},
			"no answer within 10s":                   {hangs: true},
			"the answer is longer than 16384 bytes":  {res: fetch.Response{Status: 200, Body: []byte(`"` + strings.Repeat("x", externalBytes) + `"`)}},
			"the answer is too large":                {res: fetch.Response{Status: 200}, err: fetch.ErrTooLarge},
			"10.0.0.1 is an address of this network": {err: &fetch.BlockedError{Reason: "10.0.0.1 is an address of this network"}},
		} {
			began := time.Now()
			r, err := asks(t, s, "").Run(t.Context(), Input{Args: json.RawMessage(`{}`)})
			if err == nil || !strings.HasPrefix(err.Error(), want) || r.Data != "" || s.n != 1 || time.Since(began) > externalWithin {
				t.Errorf("%s: %+v, %v, asked %d times, after %v", want, r, err, s.n, time.Since(began))
			}
		}
	})
	s := &server{}
	if r, err := asks(t, s, "").Run(t.Context(), Input{Args: json.RawMessage(`{"seats":`)}); err == nil || s.n != 0 {
		t.Errorf("what is no JSON left: %+v", r)
	}
	a, err := New(parley.Action{Type: "action_external", Config: json.RawMessage(`{"name":"x","url":"https://e.com"}`)}, Site{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Run(t.Context(), Input{Args: json.RawMessage(`{}`)}); err == nil {
		t.Error("asked by nobody")
	}
	if h := a.(*external).headers(nil, time.Now()); h.Get("webhook-signature") != "" || h.Get("webhook-id") == "" {
		t.Errorf("signed with nothing: %v", h)
	}
}

func TestExternalManner(t *testing.T) {
	for more, want := range map[string]Manner{
		"":                              {Lasts: true},
		`,"speak_on_send":null`:         {Lasts: true},
		`,"speak_on_send":true`:         {Lasts: true},
		`,"speak_on_send":false`:        {Lasts: true, SilentBefore: true},
		`,"speak_on_send":"One moment"`: {Lasts: true, Before: "One moment"},
		`,"speak_on_send":"At ${shop}"`: {Lasts: true, Before: "At blue"},
		`,"speak_on_receive":"Booked."`: {Lasts: true, After: "Booked."},
		`,"speak_on_receive":false`:     {Lasts: true, SilentAfter: true},
		`,"speak_on_receive":true`:      {Lasts: true},
		`,"processing_mode":"muted"`:    {Lasts: true, Deaf: true},
	} {
		x := asks(t, &server{}, more)
		if x.Manner() != want {
			t.Errorf("%s: %+v", more, x.Manner())
		}
		silent := strings.Contains(x.Tool().Description, "Say nothing before")
		if silent != (strings.Contains(more, `send":"`) || strings.Contains(more, `send":false`)) || strings.Contains(x.Tool().Description, "Tell the caller") != strings.Contains(more, "send\":true") {
			t.Errorf("%s: %s", more, x.Tool().Description)
		}
	}
	for config, field := range map[string]string{
		`{}`: "config.name", `{"name":" ","url":"https://e.com"}`: "config.name", `{"name":"x"}`: "config.url",
		`{"name":"x","url":"https://e.com","speak_on_send":7}`: "config", `[]`: "config",
	} {
		_, err := New(parley.Action{Type: "action_external", Config: json.RawMessage(config)}, Site{})
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", config, err)
		}
	}
	for name, want := range map[string]string{"book_table": "book_table", "Tisch für 2!": "Tisch_f_r_2_", strings.Repeat("x", 80): strings.Repeat("x", 64)} {
		if got := called(name); got != want {
			t.Errorf("%q is called %q", name, got)
		}
	}
}
