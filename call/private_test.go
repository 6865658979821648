package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// canaries are words of a private call; none may be found afterwards.
var canaries = []string{"heardcanary", "saidcanary", "promptcanary", "greetingcanary", "contextcanary", "linecanary", "argumentcanary", "vendorcanary",
	"keycanary", "variablecanary", "toolcanary", "knowncanary", "fetchedcanary", "987"}

func private(t *testing.T, b *bench) string {
	b.desk.agent.Name = ptr("Nurse")
	b.desk.agent.Prompt.Content = ptr("promptcanary ${variablecanary} ${patient}")
	b.desk.agent.InitialMessage = ptr("greetingcanary")
	b.desk.agent.ContextEndpoint = ptr("https://crm.example/agent")
	b.Fetch = &crm{answers: map[string]fetch.Response{"/agent": knows(`{"knowncanary":"fetchedcanary","list_knowncanary":[]}`)}}
	b.desk.agent.DeepgramKeywords = map[string]any{"keycanary": "much"}
	snapshot, err := json.Marshal(b.desk.agent)
	if err != nil {
		t.Fatal(err)
	}
	c := parley.Call{ID: "out-1", UserID: "env", Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true, Private: true, Created: time.Now(),
		From: "+15550001111", To: "+15552223333", Agent: snapshot, Context: map[string]string{"patient": "contextcanary"}}
	if err := b.rows.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func TestPrivateCallLeavesNoWords(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		var log bytes.Buffer
		b.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		folder := t.TempDir()
		b.Recordings = dir(folder)
		b.model = lines(llm.Delta{Text: "saidcanary of course. "}, llm.Delta{Call: &llm.Call{ID: "1", Name: "end_conversation", Args: json.RawMessage(`{"why":"argumentcanary"}`)}},
			llm.Delta{Call: &llm.Call{ID: "2", Name: "toolcanary", Args: json.RawMessage(`{}`)}})
		id := private(t, b)
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
			p, l := legtest.Pipe(ctx)
			time.AfterFunc(8*time.Second, func() { p.Press("987") })
			return l, nil
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := b.Dial(ctx, id); err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(2 * time.Second)
		b.ear <- stt.Event{Text: "heardcanary please"}
		b.ear <- stt.Event{Text: "heardcanary please", Final: true, End: true}
		time.Sleep(time.Second)
		for range 20 {
			_ = b.Control(ctx, id, conversation.Command{Kind: conversation.Say, Text: "linecanary"})
		}
		time.Sleep(20 * time.Second)
		select { // the agent may have ended it by now
		case b.ear <- stt.Event{Text: "heardcanary bye", Final: true, End: true}:
			time.Sleep(5 * time.Second)
		case <-done:
		}
		_ = b.End(ctx, id)
		<-done
		c := b.rows.only(t)
		row, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var all bytes.Buffer
		all.Write(row)
		all.Write(log.Bytes())
		for _, e := range b.book.events {
			all.WriteString("\n" + string(e.Type) + " ")
			all.Write(e.Payload)
		}
		for _, w := range canaries {
			if i := strings.Index(all.String(), w); i >= 0 {
				t.Errorf("%q is left: …%s…", w, all.String()[max(0, i-120):min(all.Len(), i+60)])
			}
		}
		if files, err := os.ReadDir(folder); err != nil || len(files) != 0 || c.Recording != "" {
			t.Errorf("recorded: %v %v %q", files, err, c.Recording)
		}
		if string(c.Agent) != `{"id":"agent-1","name":"Nurse"}` || c.Context != nil || c.Turns != nil || c.Notes != nil {
			t.Errorf("the row: %s", row)
		}
		if u := c.Usage; u.TTSCharacters == 0 || u.STTSeconds == 0 {
			t.Errorf("what it used is not secret: %+v", u)
		}
		hasNot(t, b.book.types(), parley.EventPartial, parley.EventRecording)
		has(t, b.book.types(), parley.EventConnected, parley.EventMessage, parley.EventDecision, parley.EventTurnEnded, parley.EventTranscript, parley.EventEnded)
		if got := b.book.payload(t, parley.EventTranscript); got != `{"transcript":"","turns":[]}` {
			t.Errorf("the transcript: %s", got)
		}
		if len(c.Warnings) == 0 || !strings.Contains(strings.Join(c.Warnings, "\n"), "withheld") {
			t.Errorf("warnings %q", c.Warnings)
		}
	})
}

// While it runs, nothing of it is on the row but what was there before.
func TestPrivateCallWhoseVendorRepeatsWords(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = failing("vendorcanary: no such model as promptcanary")
		id := private(t, b)
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) { _, l := legtest.Pipe(ctx); return l, nil }
		done := make(chan struct{})
		go func() { defer close(done); _ = b.Dial(ctx, id) }()
		for range 2 {
			time.Sleep(8 * time.Second)
			b.ear <- stt.Event{Text: "heardcanary", Final: true, End: true}
		}
		<-done
		c := b.rows.only(t)
		if c.Cause != parley.ProviderFailed || c.ErrorMessage != parley.Withheld || c.Status != parley.Failed {
			t.Errorf("%+v", c)
		}
		for _, e := range b.book.events {
			for _, w := range canaries {
				if strings.Contains(string(e.Payload), w) {
					t.Errorf("%s has %q: %s", e.Type, w, e.Payload)
				}
			}
		}
	})
}

func failing(why string) llm.Model {
	return llm.Func(func(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
		return func(yield func(llm.Delta, error) bool) { yield(llm.Delta{}, errors.New(why)) }
	})
}

func TestWordless(t *testing.T) {
	for _, c := range []struct {
		typ      parley.EventType
		in, want string
	}{
		{parley.EventMessage, `{"text":"a","sender":"human","timestamp":"x","turn_id":"t1","interrupted":true}`, `{"interrupted":true,"sender":"human","text":"","timestamp":"x","turn_id":"t1"}`},
		{parley.EventTurnEnded, `{"text":"a","why":"vendor"}`, `{"text":"","why":"vendor"}`},
		{parley.EventInterrupted, `{"text":"a"}`, `{"text":""}`},
		{parley.EventDecision, `{"decision":"turn_end","text":"a","inputs":{"asked":"date","finished":0.5}}`, `{"decision":"turn_end","inputs":{"finished":0.5},"text":""}`},
		{parley.EventDecision, `{"decision":"answered","class":"human","evidence":["said \"a\""]}`, `{"class":"human","decision":"answered","evidence":[]}`},
		{parley.EventDecision, `{"decision":"menu","class":"press","menu":1,"text":"2","why":"model","evidence":["a bill"]}`, `{"class":"press","decision":"menu","evidence":[],"menu":1,"text":"","why":"model"}`},
		{parley.EventMenuChosen, `{"menu":1,"text":"a","pressed":"1","said":"a","by":"model","why":"a"}`, `{"by":"model","menu":1,"pressed":"","said":"","text":"","why":""}`},
		{parley.EventMenuDeadEnd, `{"text":"a","why":"a","then":"end"}`, `{"text":"","then":"end","why":""}`},
		{parley.EventEarlyReply, `{"ahead_ms":150,"result":"used","text":"a"}`, `{"ahead_ms":150,"result":"used","text":""}`},
		{parley.EventDigit, `{"digit":"1"}`, `{"digit":""}`},
		{parley.EventActionStart, `{"action_type":"x","parameters":{"a":1}}`, `{"action_type":"x","parameters":{}}`},
		{parley.EventAction, `{"action_type":"x","parameters":{"a":1},"result":{"json":{"a":1},"http_status_code":500,"error":"a"}}`,
			`{"action_type":"x","parameters":{},"result":{"error":"withheld: the call is private","http_status_code":500,"json":null}}`},
		{parley.EventAction, `{"result":{"json":1,"http_status_code":null,"error":null}}`, `{"result":{"error":null,"http_status_code":null,"json":null}}`},
		{parley.EventTranscript, `{"transcript":"a","turns":[{}]}`, `{"transcript":"","turns":[]}`},
		{parley.EventError, `{"code":"llm_failed","message":"a"}`, `{"code":"llm_failed","message":"withheld: the call is private"}`},
		{parley.EventWarning, `{"code":"bad_arguments","message":"a"}`, `{"code":"bad_arguments","message":"withheld: the call is private"}`},
		{parley.EventWarning, `{"code":"setup","message":"a"}`, `{"code":"setup","message":"a"}`},
		{parley.EventEnded, `{"ended_reason":"x"}`, `{"ended_reason":"x"}`},
		{parley.EventAnalysis, `{"analysis":"a"}`, `{}`},
		{parley.EventWarning, `{"code":"model_changed","message":"openai failed: 400: \"a\" is not allowed"}`, `{"code":"model_changed","message":"withheld: the call is private"}`},
		{parley.EventWarning, `{"code":"voice_changed","message":"a"}`, `{"code":"voice_changed","message":"withheld: the call is private"}`},
		{parley.EventWarning, `{"code":"transcriber_changed","message":"a"}`, `{"code":"transcriber_changed","message":"withheld: the call is private"}`},
		{"new_type", `{"words":"a"}`, `{}`},
		{parley.EventMessage, `"a"`, `{}`},
		{parley.EventWarning, `{"code":{},"message":"a"}`, `{"code":{},"message":"withheld: the call is private"}`},
	} {
		got, ok := wordless(parley.Event{Type: c.typ, Payload: json.RawMessage(c.in)})
		if !ok || string(got.Payload) != c.want {
			t.Errorf("%s %s: %v %s, want %s", c.typ, c.in, ok, got.Payload, c.want)
		}
	}
	if _, ok := wordless(parley.Event{Type: parley.EventPartial}); ok {
		t.Error("a partial is passed on")
	}
}

// The store gives the calls of a crash without their agents: what is on the row counts.
func TestBuriedCalls(t *testing.T) {
	for _, private := range []bool{true, false} {
		rows := &rows{rows: map[string]parley.Call{}}
		c := parley.Call{ID: "c", Private: private, Agent: json.RawMessage(`{"id":"a","name":"N","prompt":{"content":"promptcanary"}}`),
			Context: map[string]string{"x": "contextcanary"}, Start: time.Now(), Status: parley.Failed, Ending: parley.Ending{Cause: parley.NodeLost}}
		rows.rows["c"] = c
		c.Agent, c.Context = nil, nil
		log := &past{before: []parley.Event{{Sequence: 1, Type: parley.EventMessage, Payload: json.RawMessage(`{"text":"","sender":"human"}`)}}}
		if err := Bury(t.Context(), log, rows, func(string) bool { return false }, c); err != nil {
			t.Fatal(err)
		}
		got := rows.rows["c"]
		if private && (string(got.Agent) != `{"id":"a","name":"N"}` || got.Context != nil || got.Turns != nil) {
			t.Errorf("private: %+v", got)
		}
		if !private && (!strings.Contains(string(got.Agent), "promptcanary") || got.Context == nil || len(got.Turns) != 1) {
			t.Errorf("not private: %+v", got)
		}
	}
}
