package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/parley-voice/parley"
	client "github.com/parley-voice/parley/client/go"
)

const endCallLimit = 5 * time.Second

// An Order is a call that the API is to place.
type Order struct {
	API      string // origin of the server: http://127.0.0.1:8080
	Key      string
	Agent    string // id
	From, To string
	Context  map[string]string // of the prompt
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
	api, err := client.New(o.API, o.Key)
	if err != nil {
		return Placed{}, err
	}
	f := &follower{order: o, api: api}
	if err := f.create(ctx); err != nil {
		return f.placed, err
	}
	show(o.Out, 0, "", "call "+f.placed.CallID)
	err = f.follow(ctx)
	if ctx.Err() != nil {
		return f.placed, f.end()
	}
	return f.placed, err
}

type follower struct {
	order  Order
	api    *client.API
	placed Placed
	start  time.Time // of the first event, then of the answer
	over   bool
}

func (f *follower) create(ctx context.Context) error {
	body := map[string]any{"from_number": f.order.From, "to_number": f.order.To, "agent": f.order.Agent}
	if len(f.order.Context) > 0 {
		body["context"] = f.order.Context
	}
	answer, err := f.api.Send(ctx, http.MethodPost, "/v1/calls/create", nil, body)
	if err != nil {
		return fmt.Errorf("placing the call: %w", err)
	}
	var call struct{ ID string }
	if err := json.Unmarshal(answer, &call); err != nil || call.ID == "" {
		return errors.New("placing the call: the answer holds no call")
	}
	f.placed.CallID = call.ID
	return nil
}

// follow shows the events until the call is over.
func (f *follower) follow(ctx context.Context) error {
	for e, err := range f.api.Events(ctx, f.placed.CallID, 0) {
		if err != nil {
			return fmt.Errorf("following the call: %w", err)
		}
		payload, err := json.Marshal(e.Payload)
		if err != nil {
			return fmt.Errorf("following the call: %w", err)
		}
		f.event(parley.Event{Sequence: int64(e.Sequence), Type: parley.EventType(e.Type), Time: e.Timestamp, Payload: payload})
		if f.over {
			return nil
		}
	}
	return nil
}

// end hangs up, after ctx is done.
func (f *follower) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), endCallLimit)
	defer cancel()
	if _, err := f.api.Send(ctx, http.MethodPost, "/v1/calls/end", url.Values{"id": {f.placed.CallID}}, nil); err != nil {
		return fmt.Errorf("ending the call: %w", err)
	}
	return nil
}
