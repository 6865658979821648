package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/llm"
)

func TestToolsAreNamedApart(t *testing.T) {
	a, b, c := newTool([]string{"transfer", "0s"}), newTool([]string{"transfer", "0s"}), newTool([]string{"transfer", "0s"})
	box := newToolbox([]action.Action{a, b, c})
	want := []string{"transfer", "transfer_2", "transfer_3"}
	for i, tool := range box.tools {
		if tool.Name != want[i] || box.actions[tool.Name] != []action.Action{a, b, c}[i] {
			t.Errorf("tool %d is %q, or stands for another action", i, tool.Name)
		}
	}
}

// events is a log that keeps.
type events struct{ all []parley.Event }

func (k *events) Append(e parley.Event) { k.all = append(k.all, e) }

// TestActionHistoryItem holds the contract: SPEC §3, action_history.
func TestActionHistoryItem(t *testing.T) {
	for _, tc := range []struct {
		name string
		res  action.Result
		err  error
		want any
	}{
		{"JSON", action.Result{Data: `{"ok":true}`}, nil, map[string]any{"json": map[string]any{"ok": true}, "http_status_code": nil, "error": nil}},
		{"text", action.Result{Data: "done so"}, nil, map[string]any{"json": "done so", "http_status_code": nil, "error": nil}},
		{"nothing", action.Result{}, nil, map[string]any{"json": nil, "http_status_code": nil, "error": nil}},
		{"an error", action.Result{Data: "half"}, errors.New("closed"), map[string]any{"json": nil, "http_status_code": nil, "error": "closed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := &events{}
			tool := &tool{name: "book", schema: json.RawMessage(`{"type":"object"}`), res: tc.res, err: tc.err}
			c := newLoop(idleLeg{}, Setup{CallID: "call", Log: log, Doing: Doing{Actions: []action.Action{tool}}})
			read, _ := c.carriesOut(t, llm.Call{ID: "1", Name: "book", Args: json.RawMessage(`{"day":"mon"}`)})
			if len(read) != 1 || read[0] == "" || len(log.all) != 2 || log.all[0].Type != parley.EventActionStart || log.all[1].Type != parley.EventAction {
				t.Fatalf("read %q, events %+v", read, log.all)
			}
			var item map[string]any
			if err := json.Unmarshal(log.all[1].Payload, &item); err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, item["timestamp"].(string))
			if err != nil || time.Since(at) > time.Hour {
				t.Errorf("timestamp %v: %v", item["timestamp"], err)
			}
			delete(item, "timestamp")
			want := map[string]any{"event_type": "action_completed", "action_id": "a-book", "action_type": "action_book", "action_label": "book",
				"parameters": map[string]any{"day": "mon"}, "result": tc.want}
			if !reflect.DeepEqual(item, want) {
				t.Errorf("got %v\nwant %v", item, want)
			}
		})
	}
}

// carriesOut runs a tool as a reply would.
func (c *loop) carriesOut(t *testing.T, call llm.Call) ([]string, effect) {
	r := reply{}
	r.mind.out.life, r.mind.out.quiet = t.Context(), r.mouth.quiet
	all := c.tools.errands(c, []llm.Call{call})
	r.mind.close(all)
	read, e := c.carryOut(t.Context(), &r.mind, all)
	if len(all) > 0 && r.mind.rounds[0].results[0] != read[0] {
		t.Errorf("kept %q, read %q", r.mind.rounds[0].results, read)
	}
	return read, e
}

func TestDigitsThatCannotBeSentAreToldToTheModel(t *testing.T) {
	tool := &tool{name: "keys", schema: json.RawMessage(`{}`), res: action.Result{Data: "pressed", DTMF: "x"}}
	c := newLoop(brokenKeys{}, Setup{Doing: Doing{Actions: []action.Action{tool}}})
	read, e := c.carriesOut(t, llm.Call{ID: "1", Name: "keys"})
	if !e.acted || read[0] != "error: the digits could not be sent: no such key" {
		t.Errorf("%q, %+v", read, e)
	}
}

type brokenKeys struct{ idleLeg }

func (brokenKeys) SendDTMF(context.Context, string) error { return errors.New("no such key") }

// TestMessagesOfACutReply: what was heard goes to the rounds in which it was said; tools that ran stay, whatever was heard.
func TestMessagesOfACutReply(t *testing.T) {
	call := []llm.Call{{ID: "1", Name: "look"}}
	m := &mind{rounds: []round{{bytes: len("One moment. "), calls: call, results: []string{"nothing"}}, {bytes: len("One moment. I found nothing.")}}}
	asked := llm.Message{Role: llm.Assistant, Text: "One moment.", Calls: call}
	result := llm.Message{Role: llm.ToolRole, CallID: "1", Text: "nothing"}
	for heard, want := range map[string][]llm.Message{
		"":                                 {{Role: llm.Assistant, Calls: call}, result},
		"One ":                             {{Role: llm.Assistant, Text: "One", Calls: call}, result},
		"One moment. ":                     {asked, result},
		"One moment. I found ":             {asked, result, {Role: llm.Assistant, Text: "I found"}},
		"One moment. I found nothing.":     {asked, result, {Role: llm.Assistant, Text: "I found nothing."}},
		"One moment. I found nothing. And": {asked, result, {Role: llm.Assistant, Text: "I found nothing. And"}},
	} {
		if got := m.messages(heard); !reflect.DeepEqual(got, want) {
			t.Errorf("heard %q:\n got %+v\nwant %+v", heard, got, want)
		}
	}
	if got := (&mind{}).messages(""); len(got) != 0 {
		t.Errorf("of nothing: %+v", got)
	}
	if got := (&mind{}).messages("cut before the round ended"); len(got) != 1 {
		t.Errorf("of a round that did not end: %+v", got)
	}
}
