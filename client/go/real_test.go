package client_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/oapi-codegen/nullable"

	"github.com/parley-voice/parley/api"
	client "github.com/parley-voice/parley/client/go"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// server is the real API on a store of its own.
func server(t *testing.T) *client.API {
	t.Helper()
	k, err := secret.NewKey("a master key for tests only")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "parley.db"), k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	blobs, err := store.NewBlobs(filepath.Join(dir, "recordings"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	quiet := slog.New(slog.DiscardHandler)
	a, err := api.New(api.Config{Store: db, Log: db.Log(), Blobs: blobs, Signer: k, Doors: api.Doors{DirectSIP: true}, Logger: quiet,
		Specs: all.Specs(local.New(local.Config{Logger: quiet}))})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	t.Cleanup(a.Close)
	e, err := db.CreateEnvironment(t.Context(), store.Environment{Name: "default"})
	if err != nil {
		t.Fatal(err)
	}
	key, prefix, hash := secret.NewAPIKey(true)
	if _, err := db.CreateKey(t.Context(), store.APIKey{EnvironmentID: e.ID, Prefix: prefix, Role: store.Operator}, hash); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(srv.URL, key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// union is one that cannot fail.
func union[T any, P interface {
	*T
	json.Unmarshaler
}](t *testing.T, v any) T {
	t.Helper()
	u, err := client.Union[T, P](v)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestTheRealServer: what the server answers fits the types, nulls, unions and fields of vendors included.
func TestTheRealServer(t *testing.T) {
	c, ctx := server(t), t.Context()
	p, err := c.CreatePromptWithResponse(ctx, nil, client.CreatePromptDto{Label: nullable.NewNullableWithValue("Desk"), Content: nullable.NewNullableWithValue("Be brief.")})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.CreateAgentWithResponse(ctx, nil, client.CreateAgentDto{
		Prompt: union[client.PromptRef](t, p.JSON201.Id), Actions: []client.ActionRef{},
		Voice: union[client.VoiceRef](t, map[string]any{"type": "voice_local", "voice": "slt", "rate": 1.2}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.JSON201; got.Prompt.Id != p.JSON201.Id || got.Voice.AdditionalProperties["rate"] != 1.2 {
		t.Errorf("the agent is %+v", got)
	}
	key := "once"
	order := client.CreateCallDto{ToNumber: "sip:a@127.0.0.1", Agent: union[client.AgentRef](t, a.JSON201.Id)}
	from := "1000"
	order.FromNumber = &from
	first, err := c.CreateCallWithResponse(ctx, &client.CreateCallParams{IdempotencyKey: &key}, order)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.CreateCallWithResponse(ctx, &client.CreateCallParams{IdempotencyKey: &key}, order)
	if err != nil || again.JSON201.Id != first.JSON201.Id {
		t.Errorf("the same key: %v", err)
	}
	n := 0
	for call, err := range c.Calls(ctx, client.List{Filters: map[string]any{"to_number": "sip:a@127.0.0.1"}}) {
		if n++; err != nil || call.Id != first.JSON201.Id || call.Status != "not_started" || !call.EndTime.IsNull() {
			t.Errorf("%v %+v", err, call)
		}
	}
	if n != 1 {
		t.Errorf("%d calls", n)
	}
	for agent, err := range c.Agents(ctx, client.List{}) {
		if err != nil || agent.Id != a.JSON201.Id {
			t.Errorf("%v %+v", err, agent)
		}
	}
	_, err = c.CreateAgentWithResponse(ctx, nil, client.CreateAgentDto{Actions: []client.ActionRef{},
		Prompt: union[client.PromptRef](t, map[string]any{"content": "x"}), Voice: union[client.VoiceRef](t, map[string]any{"type": "voice_nobody"})})
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status != 400 || len(problem.Fields) != 1 || problem.Fields[0].Name != "voice.type" || problem.RequestID == "" {
		t.Errorf("a voice of nobody: %+v", problem)
	}
	u, err := c.GetUsageWithResponse(ctx)
	if err != nil || u.JSON200.MonthlyUsageMinutes != 0 {
		t.Errorf("usage: %v", err)
	}
	wrong, err := client.New(c.ClientInterface.(*client.Client).Server, "sk_live_wrong")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.ListPromptsWithResponse(ctx, nil); !errors.As(err, &problem) || problem.Status != 401 {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestUnionOfWhatIsNoJSON(t *testing.T) {
	if _, err := client.Union[client.AgentRef](make(chan int)); err == nil {
		t.Error("a channel is taken for JSON")
	}
}
