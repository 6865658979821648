package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// A List says which objects are wanted, and in which order; the zero value is all of them.
type List struct {
	Filters map[string]any // field to value, or to {"gt": value} and the like
	Sort    string         // field; "": the time of creation
	Desc    bool
	Size    int // objects a request, up to 100; 0 is 100
}

func (l List) query(page int) (url.Values, error) {
	q := url.Values{"page": {strconv.Itoa(page)}, "size": {strconv.Itoa(l.Size)}}
	if l.Size == 0 {
		q.Set("size", "100")
	}
	if l.Sort != "" {
		q.Set("sort_column", l.Sort)
	}
	if l.Desc {
		q.Set("sort_desc", "true")
	}
	if len(l.Filters) > 0 {
		b, err := json.Marshal(l.Filters)
		if err != nil {
			return nil, fmt.Errorf("filters: %w", err)
		}
		q.Set("filters", string(b))
	}
	return q, nil
}

// Each gives all objects of a list by its path (/v1/agents/list), page after page. It ends at the first error.
func Each[T any](ctx context.Context, a *API, path string, l List) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for page := 1; ; page++ {
			q, err := l.query(page)
			if err != nil {
				yield(none, err)
				return
			}
			raw, err := a.Send(ctx, http.MethodGet, path, q, nil)
			if err != nil {
				yield(none, err)
				return
			}
			var got struct {
				Items   []T
				HasMore bool `json:"has_more"`
			}
			if err := json.Unmarshal(raw, &got); err != nil {
				yield(none, fmt.Errorf("page %d of %s: %w", page, path, err))
				return
			}
			for _, item := range got.Items {
				if !yield(item, nil) {
					return
				}
			}
			if !got.HasMore || len(got.Items) == 0 {
				return
			}
		}
	}
}

// Agents gives all agents.
func (a *API) Agents(ctx context.Context, l List) iter.Seq2[AgentDto, error] {
	return Each[AgentDto](ctx, a, "/v1/agents/list", l)
}

// Calls gives all calls, newest first unless sorted.
func (a *API) Calls(ctx context.Context, l List) iter.Seq2[CallDto, error] {
	return Each[CallDto](ctx, a, "/v1/calls/list", l)
}

// Numbers gives all numbers.
func (a *API) Numbers(ctx context.Context, l List) iter.Seq2[NumberDto, error] {
	return Each[NumberDto](ctx, a, "/v1/numbers/list", l)
}

// AccountConnections gives all account connections.
func (a *API) AccountConnections(ctx context.Context, l List) iter.Seq2[AccountConnectionDto, error] {
	return Each[AccountConnectionDto](ctx, a, "/v1/account_connections/list", l)
}

// Prompts gives all prompts.
func (a *API) Prompts(ctx context.Context, l List) iter.Seq2[PromptDto, error] {
	return Each[PromptDto](ctx, a, "/v1/prompts/list", l)
}

// Actions gives all actions.
func (a *API) Actions(ctx context.Context, l List) iter.Seq2[ActionDto, error] {
	return Each[ActionDto](ctx, a, "/v1/actions/list", l)
}

// Voices gives all voices.
func (a *API) Voices(ctx context.Context, l List) iter.Seq2[VoiceDto, error] {
	return Each[VoiceDto](ctx, a, "/v1/voices/list", l)
}

// Webhooks gives all webhooks.
func (a *API) Webhooks(ctx context.Context, l List) iter.Seq2[WebhookDto, error] {
	return Each[WebhookDto](ctx, a, "/v1/webhooks/list", l)
}

// Deliveries gives all deliveries of webhooks, newest first unless sorted.
func (a *API) Deliveries(ctx context.Context, l List) iter.Seq2[DeliveryDto, error] {
	return Each[DeliveryDto](ctx, a, "/v1/webhooks/deliveries", l)
}

// DoNotCall gives all numbers that are not called.
func (a *API) DoNotCall(ctx context.Context, l List) iter.Seq2[DoNotCallDto, error] {
	return Each[DoNotCallDto](ctx, a, "/v1/do_not_call/list", l)
}
