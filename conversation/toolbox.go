package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/llm"
)

// maxCalls is how many tools a model may ask for at once; what goes beyond is not run.
const maxCalls = 8

// A toolbox is the agent's actions as the model sees them. It does not change.
type toolbox struct {
	tools   []llm.Tool
	actions map[string]action.Action // by the tool's name
}

// newToolbox names the tools apart: two actions of one type get _2, _3 …
func newToolbox(actions []action.Action) *toolbox {
	b := &toolbox{actions: map[string]action.Action{}}
	for _, a := range actions {
		t := a.Tool()
		name := t.Name
		for n := 2; b.actions[t.Name] != nil; n++ {
			t.Name = fmt.Sprintf("%s_%d", name, n)
		}
		b.actions[t.Name] = a
		b.tools = append(b.tools, t)
	}
	return b
}

// started is the payload of an action that begins.
func started(info action.Info, args json.RawMessage) any {
	return map[string]any{"action_id": info.ID, "action_type": info.Type, "label": info.Label, "parameters": args}
}

// find is the action meant by a call, if there is one and the arguments fit it.
func (b *toolbox) find(c *loop, name string, args json.RawMessage) (action.Action, error) {
	a := b.actions[name]
	if a == nil {
		c.warn("unknown_tool", "the model asked for a tool that the agent does not have: "+name)
		return nil, errors.New("there is no tool named " + name)
	}
	if err := fits(args, a.Tool().Schema); err != nil {
		c.warn("bad_arguments", "the model called "+name+" with arguments that do not fit: "+err.Error())
		return nil, fmt.Errorf("the arguments do not fit: %w", err)
	}
	return a, nil
}

// perform runs one action and says what the model is to read of it.
func perform(ctx context.Context, log func(parley.EventType, any), a action.Action, info action.Info, args json.RawMessage) (res action.Result, read string, ok bool) {
	res, err := a.Run(ctx, action.Input{Args: args})
	if err != nil && ctx.Err() != nil {
		if err = errInterrupted; mannerOf(a).Lasts {
			err = errOver
		}
	}
	log(parley.EventAction, completed(info, args, res, err))
	if err != nil {
		return action.Result{}, "error: " + err.Error(), false
	}
	if res.Data == "" {
		return res, "done", true
	}
	return res, res.Data, true
}

// completed is the contract's action_history item.
func completed(info action.Info, args json.RawMessage, res action.Result, err error) any {
	type result struct {
		JSON   any     `json:"json"`
		Status *int    `json:"http_status_code"`
		Error  *string `json:"error"`
	}
	var r result
	if res.Status != 0 {
		r.Status = &res.Status
	}
	switch {
	case err != nil:
		text := err.Error()
		r.Error = &text
	case json.Valid([]byte(res.Data)):
		r.JSON = json.RawMessage(res.Data)
	case res.Data != "":
		r.JSON = res.Data
	}
	return struct {
		Event  string          `json:"event_type"`
		Time   string          `json:"timestamp"`
		ID     string          `json:"action_id"`
		Type   string          `json:"action_type"`
		Label  string          `json:"action_label"`
		Args   json.RawMessage `json:"parameters"`
		Result result          `json:"result"`
	}{"action_completed", stamp(time.Now()), info.ID, info.Type, info.Label, args, r}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
