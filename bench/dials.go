package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	dialRate   = 20 // a second
	dialWithin = 10 * time.Second
)

// Dials is how quickly a call that was asked for is on the wire.
type Dials struct {
	Rate   int       `json:"calls_per_second"`
	Placed int       `json:"placed"`
	Answer Operation `json:"answer"` // to calls/create
	Invite Operation `json:"invite"` // on the wire, from when the request was due
	Notes  []string  `json:"notes,omitempty"`
}

// dials asks for calls to a telephone of the bench's, at a fixed rate.
func (b *apiRun) dials(ctx context.Context) error {
	c, closeIdle := b.server.client.keeping()
	defer closeIdle()
	agent, err := c.createAgent(ctx, Options{Endpointing: "sensitive"}, "")
	if err != nil {
		return err
	}
	defer c.deleteAgent(ctx, agent)
	e, err := newCallee()
	if err != nil {
		return err
	}
	defer e.close()
	const answer, invite = "answer to calls/create", "INVITE on the wire"
	for _, d := range []time.Duration{readsWarm, b.o.Talk} {
		t := newTally()
		pace(ctx, dialRate, d, func(i int, due time.Time) {
			user := fmt.Sprintf("bench-%d-%d", d.Milliseconds(), i)
			rings := e.expect(user)
			body, _ := json.Marshal(map[string]any{"agent": agent, "from_number": "+15551000001", "to_number": e.address(user)}) // texts
			err := c.ask(ctx, http.MethodPost, "/v1/calls/create", body)
			t.add(answer, time.Since(due), err)
			if err != nil {
				return
			}
			select {
			case <-rings:
				t.add(invite, e.called(user).Sub(due), nil)
			case <-time.After(dialWithin):
				t.add(invite, 0, errors.New("no INVITE came"))
			case <-ctx.Done():
			}
		})
		each, _ := t.operations([]string{answer, invite})
		b.report.Dials = &Dials{Rate: dialRate, Placed: each[0].N, Answer: each[0], Invite: each[1], Notes: slices.Clone(t.notes)}
	}
	return ctx.Err()
}
