package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
)

const answerLimit = 64 << 20 // bytes of an answer

// A client is of the server's API. It keeps no connection, so that none is counted among the server's goroutines.
type client struct {
	base, key string
	http      *http.Client
}

// State is what /debug/state tells.
type State struct {
	Goroutines int `json:"goroutines"`
	RTPPorts   int `json:"rtp_ports_in_use"`
	Calls      int `json:"calls"`
}

func (c client) do(ctx context.Context, method, path string, body, into any) error {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.500s", method, path, res.Status, b)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (c client) healthy(ctx context.Context) error {
	return c.do(ctx, http.MethodGet, "/healthz", nil, nil)
}

func (c client) state(ctx context.Context) (s State, err error) {
	return s, c.do(ctx, http.MethodGet, "/debug/state", nil, &s)
}

// createAgent makes the agent that is measured and returns its id, which an INVITE may name.
func (c client) createAgent(ctx context.Context, o Options, webhook string) (string, error) {
	body := map[string]any{
		"name":   "bench",
		"prompt": map[string]any{"content": "You are the receptionist of a shop. Answer in one or two sentences."},
		"voice":  map[string]any{"type": "voice_deepgram", "model": "aura-2-thalia-en"}, "actions": []any{},
		"transcriber": map[string]any{"type": "transcriber_deepgram"}, "provider": "openai", "model": "gpt-4o-mini",
		"endpointing_sensitivity": o.Endpointing, "enable_recording": o.Record, "interrupt_sensitivity": "high",
	}
	if webhook != "" {
		body["webhook"] = map[string]any{"url": webhook, "method": "POST", "subscriptions": []string{
			string(parley.EventMessage), string(parley.EventConnected), string(parley.EventEnded), string(parley.EventTranscript)}}
	}
	var agent struct{ ID string }
	if err := c.do(ctx, http.MethodPost, "/v1/agents/create", body, &agent); err != nil {
		return "", fmt.Errorf("making the agent: %w", err)
	}
	return agent.ID, nil
}

// deleteAgent removes an agent and what was made with it, also when ctx is over.
func (c client) deleteAgent(ctx context.Context, id string) {
	_ = c.do(context.WithoutCancel(ctx), http.MethodDelete, "/v1/agents/delete?id="+id, nil, nil) // it may stay, too
}

// turns are those of all calls, by the calling user.
func (c client) turns(ctx context.Context) (map[string][]parley.Turn, error) {
	type call struct {
		ID    string
		From  string        `json:"from_number"`
		Turns []parley.Turn `json:"turns"`
	}
	all := map[string][]parley.Turn{}
	for page := 1; ; page++ {
		var list struct {
			Items   []call `json:"items"`
			HasMore bool   `json:"has_more"`
		}
		if err := c.do(ctx, http.MethodGet, "/v1/calls/list?size=100&page="+strconv.Itoa(page), nil, &list); err != nil {
			return nil, err
		}
		for _, item := range list.Items {
			if !strings.HasPrefix(item.From, callerPrefix) {
				continue
			}
			var whole call
			if err := c.do(ctx, http.MethodGet, "/v1/calls?id="+url.QueryEscape(item.ID), nil, &whole); err != nil {
				return nil, err
			}
			all[whole.From] = whole.Turns
		}
		if !list.HasMore {
			return all, nil
		}
	}
}
