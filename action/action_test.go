package action

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

func pointer(s string) *string { return &s }

func TestEndConversation(t *testing.T) {
	a, err := New(parley.Action{ID: "a1", Type: "action_end_conversation", Label: pointer("Wrap up"),
		Description: pointer("Only after the order number was given."), Config: json.RawMessage(`{}`)}, Site{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := a.Describe(), (Info{ID: "a1", Type: "action_end_conversation", Label: "Wrap up"}); got != want {
		t.Errorf("described as %+v, want %+v", got, want)
	}
	tool := a.Tool()
	if tool.Name != "end_conversation" {
		t.Errorf("the model knows it as %q", tool.Name)
	}
	for _, want := range []string{"Wrap up.", "Only after the order number was given."} {
		if !strings.Contains(tool.Description, want) {
			t.Errorf("the description %q lacks %q", tool.Description, want)
		}
	}
	for _, want := range []string{"goodbye", "Wrap up", "Only after the order number was given."} {
		if !slices.Contains(tool.Phrases, want) {
			t.Errorf("the phrases lack %q", want)
		}
	}
	var schema map[string]any
	if err := json.Unmarshal(tool.Schema, &schema); err != nil || schema["type"] != "object" {
		t.Errorf("schema %s: %v", tool.Schema, err)
	}
	r, err := a.Run(context.Background(), Input{Args: json.RawMessage(`{}`)})
	if err != nil || r.End == nil || r.End.Cause != parley.AgentEnded || r.Data == "" {
		t.Errorf("result %+v, %v", r, err)
	}
}

func TestWithoutLabelOrConfig(t *testing.T) {
	for _, config := range []string{"", "null", "{}", ` {"unknown": 1} `} {
		a, err := New(parley.Action{Type: "action_end_conversation", Config: json.RawMessage(config)}, Site{})
		if err != nil {
			t.Errorf("config %q: %v", config, err)
			continue
		}
		if d := a.Tool().Description; strings.HasSuffix(d, " ") || strings.Contains(d, "  ") {
			t.Errorf("config %q: ragged description %q", config, d)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tc := range []struct {
		in    parley.Action
		field string
	}{
		{parley.Action{Type: "action_end_conversation", Config: json.RawMessage(`[]`)}, "config"},
		{parley.Action{Type: "action_end_conversation", Config: json.RawMessage(`"x"`)}, "config"},
		{parley.Action{Type: "action_end_conversation", Config: json.RawMessage(`{"a":`)}, "config"},
		{parley.Action{Type: "action_unheard_of", Config: json.RawMessage(`{}`)}, "type"},
		{parley.Action{}, "type"},
	} {
		_, err := New(tc.in, Site{})
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != tc.field || e.Status != 400 {
			t.Errorf("%s %s: %v", tc.in.Type, tc.in.Config, err)
		}
	}
}

func TestEveryRowOfTheTable(t *testing.T) {
	for typ := range Table {
		if !Known(typ) || !strings.HasPrefix(typ, "action_") {
			t.Errorf("%s is not known by its contract name", typ)
		}
		a, err := New(parley.Action{ID: "1", Type: typ, Config: json.RawMessage(`{"phone_number":"+15550001111","name":"ask","url":"https://e.com"}`)}, Site{})
		if err != nil {
			t.Errorf("%s: %v", typ, err)
			continue
		}
		tool := a.Tool()
		if tool.Name == "" || tool.Description == "" || !json.Valid(tool.Schema) || len(tool.Phrases) == 0 {
			t.Errorf("%s: the tool is incomplete: %+v", typ, tool)
		}
		if a.Describe().Type != typ {
			t.Errorf("%s calls itself %s", typ, a.Describe().Type)
		}
	}
	if Known("action_unheard_of") || Known("") {
		t.Error("known without a row")
	}
}
