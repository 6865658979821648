package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/secret"
)

// A Fetcher makes requests to addresses that users give, as *fetch.Client does.
type Fetcher interface {
	Do(ctx context.Context, r fetch.Request) (*fetch.Response, error)
}

const (
	externalWithin = 10 * time.Second
	externalBytes  = 16 << 10 // of an answer that the model reads
)

// external asks a server of the owner's: POST {"call_id", "payload"}, which answers {"result", "agent_message"}, both optional, or with
// any other JSON, which is the result then.
type external struct {
	info   Info
	tool   llm.Tool
	url    string
	secret string
	callID string
	fetch  Fetcher
	manner Manner
}

func newExternal(a parley.Action, s Site) (Action, error) {
	var c struct {
		Name           string          `json:"name"`
		Description    *string         `json:"description"`
		URL            string          `json:"url"`
		InputSchema    json.RawMessage `json:"input_schema"`
		SpeakOnSend    speech          `json:"speak_on_send"`
		SpeakOnReceive speech          `json:"speak_on_receive"`
		ProcessingMode *string         `json:"processing_mode"`
		Secret         string          `json:"signature_secret"`
	}
	if err := config(a, &c); err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Name) == "" {
		return nil, parley.Invalid("config.name", "config.name: what the model calls the action is missing")
	}
	at, err := s.fillURL("config.url", c.URL)
	if err != nil {
		return nil, err
	}
	if at == "" {
		return nil, parley.Invalid("config.url", "config.url: the address that is asked is missing")
	}
	if len(c.InputSchema) == 0 || string(c.InputSchema) == "null" {
		c.InputSchema = json.RawMessage(`{"type":"object","properties":{}}`)
	}
	x := &external{info: info(a), url: at, secret: c.Secret, callID: s.CallID, fetch: s.Fetch, manner: Manner{
		Lasts: true, Deaf: text(c.ProcessingMode) == "muted",
		Before: s.fill("config.speak_on_send", c.SpeakOnSend.text), After: s.fill("config.speak_on_receive", c.SpeakOnReceive.text),
		SilentBefore: !c.SpeakOnSend.on && c.SpeakOnSend.given, SilentAfter: !c.SpeakOnReceive.on && c.SpeakOnReceive.given,
	}}
	what := strings.TrimSpace(text(c.Description))
	if what == "" {
		what = "Asks the system " + c.Name + "."
	}
	switch {
	case c.SpeakOnSend.on && c.SpeakOnSend.text == "":
		what += " Tell the caller in the same answer, in a few words, what you are about to do."
	case c.SpeakOnSend.given:
		what += " Say nothing before you use it."
	}
	x.tool = llm.Tool{Name: called(c.Name), Description: describe(what, a), Schema: c.InputSchema, Phrases: phrases([]string{c.Name, text(c.Description)}, a)}
	return x, nil
}

// speech is what speak_on_send and speak_on_receive may be: a boolean, or a sentence.
type speech struct {
	given bool
	on    bool   // the model phrases it
	text  string // it is spoken as it is
}

func (s *speech) UnmarshalJSON(b []byte) error {
	s.given = string(b) != "null"
	if !s.given || json.Unmarshal(b, &s.on) == nil {
		return nil
	}
	if json.Unmarshal(b, &s.text) != nil {
		return errors.New("neither a boolean nor a sentence")
	}
	if s.text = strings.TrimSpace(s.text); s.text != "" {
		s.on = true
	}
	return nil
}

// called is a name that every model takes: letters, digits, _ and -, 64 of them at most.
func called(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, strings.TrimSpace(name))
	return name[:min(len(name), 64)]
}

func (x *external) Describe() Info { return x.info }
func (x *external) Tool() llm.Tool { return x.tool }
func (x *external) Manner() Manner { return x.manner }

// Run asks once: nobody knows what a second request would do.
func (x *external) Run(ctx context.Context, in Input) (Result, error) {
	if x.fetch == nil {
		return Result{}, errors.New("this server asks nobody")
	}
	body, err := json.Marshal(map[string]any{"call_id": x.callID, "payload": in.Args})
	if err != nil {
		return Result{}, fmt.Errorf("the arguments are not JSON: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, externalWithin, fmt.Errorf("no answer within %v", externalWithin))
	defer cancel()
	res, err := x.fetch.Do(ctx, fetch.Request{Method: http.MethodPost, URL: x.url, Header: x.headers(body, time.Now()), Body: body})
	switch {
	case err != nil && ctx.Err() != nil:
		return Result{}, context.Cause(ctx)
	case errors.Is(err, fetch.ErrTooLarge):
		return Result{Status: res.Status}, errors.New("the answer is too large")
	case err != nil:
		return Result{}, err
	case res.Status < 200 || res.Status > 299:
		return Result{Status: res.Status}, fmt.Errorf("the server answered %d: %s", res.Status, head(res.Body, 500))
	}
	return answered(res)
}

// headers sign the body by the Standard Webhooks specification and in the hosted API's way.
func (x *external) headers(body []byte, now time.Time) http.Header {
	id := "msg_" + uuid.NewString()
	h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)}}
	if x.secret != "" {
		h.Set("Webhook-Signature", secret.SignWebhook(x.secret, id, now, body))
		h.Set("X-Vocode-Signature", secret.SignBody(x.secret, body))
	}
	return h
}

// answered reads what a server said.
func answered(res *fetch.Response) (Result, error) {
	r := Result{Status: res.Status}
	var said struct {
		Result  json.RawMessage `json:"result"`
		Message *string         `json:"agent_message"`
	}
	if json.Unmarshal(res.Body, &said) == nil && (said.Result != nil || said.Message != nil) {
		r.Data, r.Say = string(said.Result), strings.TrimSpace(text(said.Message))
	} else {
		r.Data = strings.TrimSpace(string(res.Body))
	}
	if len(r.Data) > externalBytes {
		return Result{Status: res.Status}, fmt.Errorf("the answer is longer than %d bytes", externalBytes)
	}
	if r.Data == "" || r.Data == "null" {
		r.Data = "done"
	}
	return r, nil
}

// head is the beginning of a text that may be anything, in one line.
func head(b []byte, most int) string {
	text := strings.ToValidUTF8(string(b[:min(len(b), most)]), " ")
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
