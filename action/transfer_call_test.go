package action

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// onCall fills ${desk} and nothing else.
var onCall = Site{Fill: func(_, text string) string {
	return strings.NewReplacer("${desk}", "+15550002222", "${word}", "nobody").Replace(text)
}}

func transfers(t *testing.T, config string) Action {
	t.Helper()
	a, err := New(parley.Action{ID: "t1", Type: "action_transfer_call", Label: pointer("Sales"), Config: json.RawMessage(config)}, onCall)
	if err != nil {
		t.Fatalf("%s: %v", config, err)
	}
	return a
}

func TestTransferCall(t *testing.T) {
	for _, tc := range []struct{ config, args, to string }{
		{`{"phone_number":"+15550001111"}`, `{}`, "+15550001111"},
		{`{"phone_number":"+15550001111"}`, `{"phone_number":"+15559999999"}`, "+15550001111"},
		{`{"phone_number":"+15550001111","allowed_numbers":["+15550003333"]}`, `{}`, "+15550001111"},
		{`{"phone_number":"${desk}"}`, `{}`, "+15550002222"},
		{`{"phone_number":"sip:ada@example.com"}`, `{}`, "sip:ada@example.com"},
		{`{"phone_number":"204"}`, `{}`, "204"},
		{`{"allowed_numbers":["+15550001111"]}`, `{}`, "+15550001111"},
		{`{"phone_number":"","allowed_numbers":["+15550001111","${desk}","+15550001111"]}`, `{"phone_number":"+15550002222"}`, "+15550002222"},
	} {
		a := transfers(t, tc.config)
		r, err := a.Run(context.Background(), Input{Args: json.RawMessage(tc.args)})
		if err != nil || r.End == nil || r.End.Cause != parley.Transferred || r.End.Transfer.To != tc.to || r.End.Transfer.ActionID != "t1" || !strings.Contains(r.Data, tc.to) {
			t.Errorf("%s %s: %+v, %v", tc.config, tc.args, r, err)
		}
	}
}

// Whatever the model asks for, the caller goes nowhere the owner has not named.
func TestTransferCallOnlyToTheNamed(t *testing.T) {
	a := transfers(t, `{"allowed_numbers":["+15550001111","+15550002222"]}`)
	var schema struct {
		Properties map[string]struct{ Enum []string }
		Required   []string
	}
	if err := json.Unmarshal(a.Tool().Schema, &schema); err != nil || len(schema.Properties["phone_number"].Enum) != 2 || len(schema.Required) != 1 {
		t.Errorf("the schema is %s", a.Tool().Schema)
	}
	for _, args := range []string{`{}`, `{"phone_number":"+15559999999"}`, `{"phone_number":["+15550001111"]}`, `{"phone_number":"+1555000 1111"}`, `x`, ``} {
		if r, err := a.Run(context.Background(), Input{Args: json.RawMessage(args)}); err == nil || r.End != nil {
			t.Errorf("%s: %+v, %v", args, r, err)
		}
	}
}

func TestTransferCallWithoutAnybody(t *testing.T) {
	for config, field := range map[string]string{
		`{}`: "config.phone_number", `{"allowed_numbers":[]}`: "config.phone_number", `{"phone_number":"${word}"}`: "config.phone_number",
		`{"phone_number":"+0"}`: "config.phone_number", `{"allowed_numbers":["+15550001111","a>;\r\nX: y"]}`: "config.allowed_numbers", `{"phone_number":7}`: "config",
	} {
		_, err := New(parley.Action{Type: "action_transfer_call", Config: json.RawMessage(config)}, onCall)
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", config, err)
		}
	}
	a, err := New(parley.Action{Type: "action_transfer_call", Config: json.RawMessage(`{}`)}, Site{})
	if err != nil {
		t.Fatalf("the contract lets it be saved: %v", err)
	}
	if r, err := a.Run(context.Background(), Input{Args: json.RawMessage(`{}`)}); err == nil || r.End != nil {
		t.Errorf("it ran: %+v", r)
	}
	if _, err := New(parley.Action{Type: "action_transfer_call", Config: json.RawMessage(`{"phone_number":"{{desk}}"}`)}, Site{}); err != nil {
		t.Errorf("a variable is known at the call only: %v", err)
	}
}

func TestTransferOnEnd(t *testing.T) {
	to := FirstTransfer([]Action{transfers(t, `{"phone_number":"+15550001111"}`), transfers(t, `{"phone_number":"+15550003333"}`)})
	if to == nil || to.To != "+15550001111" || to.ActionID != "t1" {
		t.Fatalf("the first is %+v", to)
	}
	if got := FirstTransfer(nil); got != nil {
		t.Errorf("of none: %+v", got)
	}
	a, err := New(parley.Action{Type: "action_end_conversation"}, Site{OnEnd: to})
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Run(context.Background(), Input{})
	if err != nil || r.End.Cause != parley.Transferred || r.End.Transfer.To != "+15550001111" || r.End.Transfer == to {
		t.Errorf("at the end: %+v, %v", r.End, err)
	}
	if strings.Contains(a.Tool().Description, "goodbye") {
		t.Errorf("the model is told to say goodbye: %s", a.Tool().Description)
	}
}

func TestDTMF(t *testing.T) {
	a, err := New(parley.Action{Type: "action_dtmf", Config: json.RawMessage(`{}`)}, onCall)
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range []string{"1", "0123456789*#ABCD", "w1W2"} {
		if r, err := a.Run(context.Background(), Input{Args: json.RawMessage(`{"digits":"` + keys + `"}`)}); err != nil || r.DTMF != keys || r.End != nil {
			t.Errorf("%s: %+v, %v", keys, r, err)
		}
	}
	for _, args := range []string{`{}`, `{"digits":""}`, `{"digits":"12 3"}`, `{"digits":"E"}`, `{"digits":1}`, `{"digits":"1\n"}`, `{"digits":"` + strings.Repeat("1", 33) + `"}`} {
		if r, err := a.Run(context.Background(), Input{Args: json.RawMessage(args)}); err == nil {
			t.Errorf("%s: %+v", args, r)
		}
	}
}
