package phone

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

const (
	answerLimit  = 1 << 20 // bytes of an answer of the API
	followTries  = 5       // connections in a row that give nothing
	followPause  = time.Second
	endCallLimit = 5 * time.Second
)

// An Order is a call that the API is to place.
type Order struct {
	API      string // origin of the server: http://127.0.0.1:8080
	Key      string
	Agent    string // id
	From, To string
	Context  map[string]string // of the prompt
	Client   *http.Client      // nil: http.DefaultClient
	Out      io.Writer         // gets a line for all that happens; nil: nobody
}

// A Placed call is what became of an Order.
type Placed struct {
	CallID    string
	Connected bool
	Cause     parley.Cause // ended_reason
}

// Follow has the API place a call (POST /v1/calls/create) and shows its events (GET /v1/calls/events) until it is over. A
// stream that breaks is taken up where it broke. When ctx is done the call is ended through the API, and that is no error;
// neither is a call that nobody answers: see Placed.
func Follow(ctx context.Context, o Order) (Placed, error) {
	f := &follower{order: o, client: cmp.Or(o.Client, http.DefaultClient), base: strings.TrimRight(o.API, "/")}
	if err := f.create(ctx); err != nil {
		return f.placed, err
	}
	show(o.Out, 0, "", "call "+f.placed.CallID)
	err := f.follow(ctx)
	if ctx.Err() != nil {
		return f.placed, f.end()
	}
	return f.placed, err
}

type follower struct {
	order  Order
	client *http.Client
	base   string
	placed Placed
	last   int64     // sequence of the last event seen
	start  time.Time // of the first event, then of the answer
	over   bool
}

func (f *follower) request(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, f.base+path, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+f.order.Key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, refusal(res)
	}
	return res, nil
}

// A Refusal is an answer of the API that is no success.
type Refusal struct {
	Status  int
	Message string
}

func (e *Refusal) Error() string { return fmt.Sprintf("the API answers %d: %s", e.Status, e.Message) }

// refusal reads SPEC §1's error body, whose message is a string or a list.
func refusal(res *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	var body struct{ Message any }
	_ = json.Unmarshal(b, &body)
	e := &Refusal{Status: res.StatusCode, Message: http.StatusText(res.StatusCode)}
	switch m := body.Message.(type) {
	case string:
		e.Message = m
	case []any:
		parts := make([]string, len(m))
		for i, p := range m {
			parts[i] = fmt.Sprint(p)
		}
		e.Message = strings.Join(parts, "; ")
	}
	return e
}

func (f *follower) create(ctx context.Context) error {
	body := map[string]any{"from_number": f.order.From, "to_number": f.order.To, "agent": f.order.Agent}
	if len(f.order.Context) > 0 {
		body["context"] = f.order.Context
	}
	res, err := f.request(ctx, http.MethodPost, "/v1/calls/create", body)
	if err != nil {
		return fmt.Errorf("placing the call: %w", err)
	}
	defer res.Body.Close()
	var call struct{ ID string }
	if err := json.NewDecoder(io.LimitReader(res.Body, answerLimit)).Decode(&call); err != nil {
		return fmt.Errorf("placing the call: reading the answer: %w", err)
	}
	if call.ID == "" {
		return errors.New("placing the call: the answer holds no call")
	}
	f.placed.CallID = call.ID
	return nil
}

// follow reads the stream, again and again while it breaks, until the call is over.
func (f *follower) follow(ctx context.Context) error {
	for tries := 0; ; tries++ {
		before := f.last
		err := f.stream(ctx)
		var refused *Refusal
		if f.over || ctx.Err() != nil {
			return nil
		}
		if errors.As(err, &refused) && refused.Status < 500 {
			return fmt.Errorf("following the call: %w", err)
		}
		if f.last > before {
			tries = 0
		}
		if tries >= followTries {
			return fmt.Errorf("following the call: the stream keeps breaking (%w)", cmp.Or(err, io.ErrUnexpectedEOF))
		}
		select {
		case <-time.After(followPause):
		case <-ctx.Done():
		}
	}
}

func (f *follower) stream(ctx context.Context) error {
	q := url.Values{"id": {f.placed.CallID}, "after": {strconv.FormatInt(f.last, 10)}}
	res, err := f.request(ctx, http.MethodGet, "/v1/calls/events?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		f.over = true
		return nil
	}
	for data, err := range readSSE(res.Body) {
		if err != nil {
			return err
		}
		var e parley.Event
		if json.Unmarshal(data, &e) != nil || e.Sequence > 0 && e.Sequence <= f.last {
			continue
		}
		f.last = max(f.last, e.Sequence)
		if f.event(e); f.over {
			return nil
		}
	}
	return nil
}

// end hangs up, after ctx is done.
func (f *follower) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), endCallLimit)
	defer cancel()
	res, err := f.request(ctx, http.MethodPost, "/v1/calls/end?id="+url.QueryEscape(f.placed.CallID), nil)
	if err != nil {
		return fmt.Errorf("ending the call: %w", err)
	}
	return res.Body.Close()
}
