package action

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func warm(config string, s Site) (Action, error) {
	return New(parley.Action{ID: "w1", Type: "action_warm_transfer", Label: pointer("Claims"), Config: json.RawMessage(config)}, s)
}

func TestWarmTransfer(t *testing.T) {
	for config, want := range map[string]parley.Transfer{
		`{"phone_number":"+15550001111"}`: {To: "+15550001111", Warm: &parley.Warm{}},
		`{"phone_number":"${desk},,204","briefing":" They called ${desk}. ","hold_sound":"ringing","answer_timeout_seconds":15,"on_failure":"hangup"}`: {
			To: "+15550002222", Extension: ",,204", Warm: &parley.Warm{Briefing: "They called +15550002222.", HoldSound: "ringing", Answer: 15 * time.Second, HangUp: true}},
		`{"phone_number":"+15550001111","extension":"9w1","on_failure":"resume","hold_sound":"music","briefing":null,"answer_timeout_seconds":null}`: {
			To: "+15550001111", Extension: "9w1", Warm: &parley.Warm{HoldSound: "music"}},
		`{"phone_number":"+15550001111;ext=7","extension":"9"}`:  {To: "+15550001111", Extension: "7", Warm: &parley.Warm{}},
		`{"phone_number":"sip:ada@example.com","extension":"9"}`: {To: "sip:ada@example.com", Extension: "9", Warm: &parley.Warm{}},
	} {
		a, err := warm(config, onCall)
		if err != nil {
			t.Errorf("%s: %v", config, err)
			continue
		}
		r, err := a.Run(context.Background(), Input{Args: json.RawMessage(`{"phone_number":"+15559999999"}`)})
		if err != nil || r.End == nil || r.End.Cause != parley.Transferred || r.End.Transfer == nil {
			t.Errorf("%s: %+v, %v", config, r, err)
			continue
		}
		got := *r.End.Transfer
		if got.To != want.To || got.Extension != want.Extension || got.ActionID != "w1" || got.Warm == nil || *got.Warm != *want.Warm {
			t.Errorf("%s: %+v %+v", config, got, got.Warm)
		}
		if a.Tool().Name != "warm_transfer" || !strings.Contains(a.Tool().Description, want.To) || a.Describe().Label != "Claims" {
			t.Errorf("%s: %+v", config, a.Tool())
		}
		if first := FirstTransfer([]Action{a}); first == nil || first.To != want.To || first.Warm == nil {
			t.Errorf("%s: the first is %+v", config, first)
		}
	}
}

func TestWarmTransferThatDoesNotFit(t *testing.T) {
	for config, field := range map[string]string{
		`{}`: "config.phone_number", `{"phone_number":"${word}"}`: "config.phone_number", `{"phone_number":"+0"}`: "config.phone_number",
		`{"phone_number":"+15550001111,E"}`: "config.phone_number", `{"phone_number":"+15550001111","extension":"a"}`: "config.extension",
		`{"phone_number":"+15550001111","hold_sound":"jazz"}`: "config.hold_sound", `{"phone_number":"+15550001111","on_failure":"retry"}`: "config.on_failure",
		`{"phone_number":"+15550001111","answer_timeout_seconds":0}`: "config.answer_timeout_seconds", `{"phone_number":"+15550001111","answer_timeout_seconds":601}`: "config.answer_timeout_seconds",
		`{"phone_number":7}`: "config", `{"phone_number":"+15550001111","briefing":[]}`: "config", `[]`: "config",
	} {
		_, err := warm(config, onCall)
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", config, err)
		}
	}
	if _, err := warm(`{"phone_number":"{{desk}}","extension":"${x}","briefing":"${y}"}`, Site{}); err != nil {
		t.Errorf("variables are known at the call only: %v", err)
	}
}

func TestBriefingIsBounded(t *testing.T) {
	a, err := warm(`{"phone_number":"+15550001111","briefing":"`+strings.Repeat("é", mostBriefing)+`"}`, onCall)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := a.Run(context.Background(), Input{})
	if n := len(r.End.Transfer.Warm.Briefing); n > mostBriefing || n < mostBriefing-1 {
		t.Errorf("%d bytes", n)
	}
}

// Where no number can be lent the caller stays, and the model reads why.
func TestWarmTransferWithoutANumberToCallFrom(t *testing.T) {
	site := onCall
	var asked parley.Transfer
	site.Steer = func(_ context.Context, to parley.Transfer) error { asked = to; return errors.New("all are lent") }
	a, err := warm(`{"phone_number":"+15550001111"}`, site)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := a.Run(context.Background(), Input{}); err == nil || err.Error() != "all are lent" || r.End != nil || asked.To != "+15550001111" {
		t.Errorf("%+v, %v, asked %+v", r, err, asked)
	}
}

func TestTransferWithAnExtension(t *testing.T) {
	for _, tc := range []struct{ config, args, to, ext, shown string }{
		{`{"phone_number":"+15550001111,,123"}`, `{}`, "+15550001111", ",,123", "+15550001111,,123"},
		{`{"phone_number":"+15550001111","extension":"204"}`, `{}`, "+15550001111", "204", "+15550001111;ext=204"},
		{`{"phone_number":"${desk};ext=9"}`, `{}`, "+15550002222", "9", "+15550002222;ext=9"},
		{`{"allowed_numbers":["+15550001111,1","+15550001111,2"],"extension":"3"}`, `{"phone_number":"+15550001111,2"}`, "+15550001111", ",2", "+15550001111,1"},
		{`{"allowed_numbers":["+15550001111,1","+15550003333"],"extension":"3"}`, `{"phone_number":"+15550003333;ext=3"}`, "+15550003333", "3", "+15550003333;ext=3"},
	} {
		a := transfers(t, tc.config)
		r, err := a.Run(context.Background(), Input{Args: json.RawMessage(tc.args)})
		if err != nil || r.End == nil || r.End.Transfer.To != tc.to || r.End.Transfer.Extension != tc.ext {
			t.Errorf("%s: %+v, %v", tc.config, r, err)
		}
		if tool := a.Tool(); !strings.Contains(tool.Description+string(tool.Schema), tc.shown) {
			t.Errorf("%s: the model reads %s %s", tc.config, tool.Description, tool.Schema)
		}
	}
	if r, err := transfers(t, `{"allowed_numbers":["+15550001111,1","+15550001111,2"]}`).Run(context.Background(), Input{Args: json.RawMessage(`{"phone_number":"+15550001111,3"}`)}); err == nil {
		t.Errorf("an extension that nobody named: %+v", r)
	}
	var e *parley.Error
	if _, err := New(parley.Action{Type: "action_transfer_call", Config: json.RawMessage(`{"phone_number":"+15550001111","extension":"x"}`)}, onCall); !errors.As(err, &e) || e.Field != "config.extension" {
		t.Errorf("%v", err)
	}
}
