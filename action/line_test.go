package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// A board is a Line that notes what is asked of it.
type board struct {
	asked []string
	now   Company
	err   error
}

func (b *board) Hold(_ context.Context, on *bool) (Company, error) {
	if on == nil {
		b.asked = append(b.asked, "toggle")
		b.now.Held = !b.now.Held
	} else {
		b.asked = append(b.asked, fmt.Sprint(*on))
		b.now.Held = *on
	}
	return b.now, b.err
}

func (b *board) Dismiss(context.Context) (Company, error) {
	b.asked = append(b.asked, "dismiss")
	b.now.Others = 0
	return b.now, b.err
}

func (b *board) Invite(_ context.Context, i Invitation) (Company, error) {
	b.asked = append(b.asked, strings.Join(strings.Fields(fmt.Sprint(i.To, " ", i.Extension, " ", i.Hold, " ", i.ActionID)), " "))
	if b.err == nil {
		b.now.Others++
		b.now.Held = i.Hold
	}
	return b.now, b.err
}

// on is an action of a call with a line.
func on(t *testing.T, typ, config string, l Line) Action {
	t.Helper()
	a, err := New(parley.Action{ID: "h1", Type: typ, Config: json.RawMessage(config)}, Site{Fill: onCall.Fill, Line: l})
	if err != nil {
		t.Fatalf("%s: %v", config, err)
	}
	return a
}

func TestSetHold(t *testing.T) {
	for _, tc := range []struct{ config, args, asked, data string }{
		{`{}`, `{}`, "toggle", "The caller is on hold"},
		{`{}`, `{"on":null}`, "toggle", "The caller is on hold"},
		{`{}`, `{"on":true}`, "true", "nobody hears you"},
		{`{}`, `{"on":false}`, "false", "off hold and hears you"},
		{``, `{"on":false}`, "false", "off hold"},
		{`{"on":null}`, `{}`, "toggle", "on hold"},
		{`{"on":true}`, `{}`, "true", "on hold"},
		{`{"on":false}`, `{"on":true}`, "false", "off hold"},
		{`{}`, `{"drop_others":true}`, "dismiss false", "off hold and hears you"},
		{`{}`, `{"drop_others":true,"on":false}`, "dismiss false", "off hold and hears you"},
		{`{"on":false}`, `{"drop_others":true}`, "dismiss false", "off hold and hears you"},
		{`{}`, `{"drop_others":false,"on":true}`, "true", "on hold"},
	} {
		b := &board{}
		r, err := on(t, "action_set_hold", tc.config, b).Run(context.Background(), Input{Args: json.RawMessage(tc.args)})
		if err != nil || strings.Join(b.asked, " ") != tc.asked || !strings.Contains(r.Data, tc.data) || r.End != nil {
			t.Errorf("%s %s: %+v, %v; asked %q", tc.config, tc.args, r, err, b.asked)
		}
	}
	for _, args := range []string{`{"on":true,"drop_others":true}`, `{"drop_others":"yes"}`, `{"on":"yes"}`, `{"on":1}`, `[]`, `x`} {
		b := &board{}
		if _, err := on(t, "action_set_hold", `{}`, b).Run(context.Background(), Input{Args: json.RawMessage(args)}); err == nil || len(b.asked) > 0 {
			t.Errorf("%s: %v, asked %q", args, err, b.asked)
		}
	}
	for _, config := range []string{`{"on":"x"}`, `{"on":1}`, `[]`} {
		if _, err := New(parley.Action{Type: "action_set_hold", Config: json.RawMessage(config)}, Site{}); err == nil {
			t.Errorf("%s is taken", config)
		}
	}
	if _, err := on(t, "action_set_hold", `{}`, nil).Run(context.Background(), Input{Args: json.RawMessage(`{}`)}); err == nil {
		t.Error("somebody is put on hold where there is no call")
	}
	if _, err := on(t, "action_set_hold", `{}`, &board{err: errors.New("no")}).Run(context.Background(), Input{Args: json.RawMessage(`{}`)}); err == nil {
		t.Error("the line's error is not told")
	}
}

// What the model may choose is in its schema, and nothing else.
func TestSetHoldSchema(t *testing.T) {
	for config, properties := range map[string]int{`{}`: 2, `{"on":true}`: 0, `{"on":false}`: 1} {
		var schema struct {
			Properties map[string]any
			Additional *bool `json:"additionalProperties"`
		}
		a := on(t, "action_set_hold", config, nil)
		if err := json.Unmarshal(a.Tool().Schema, &schema); err != nil || len(schema.Properties) != properties || schema.Additional == nil || *schema.Additional {
			t.Errorf("%s: %s", config, a.Tool().Schema)
		}
		if m := a.(Mannered).Manner(); !m.Waits || !m.Deaf || !m.Lasts || !m.SilentBefore {
			t.Errorf("its manner is %+v", m)
		}
	}
}

func TestAddToConference(t *testing.T) {
	for _, tc := range []struct{ config, args, asked, data string }{
		{`{"phone_number":"+15550001111"}`, `{}`, "+15550001111 true h1", "alone"},
		{`{"phone_number":"${desk}"}`, `{}`, "+15550002222 true h1", "set_hold"},
		{`{"phone_number":"+15550001111","extension":"204"}`, `{}`, "+15550001111 204 true h1", "+15550001111 has answered"},
		{`{"phone_number":"+15550001111,,7"}`, `{}`, "+15550001111 ,,7 true h1", "alone"},
		{`{"phone_number":"+15550001111","place_primary_on_hold":true}`, `{"phone_number":"+15559999999"}`, "+15550001111 true h1", "alone"},
		{`{"phone_number":"+15550001111","place_primary_on_hold":false}`, `{}`, "+15550001111 false h1", "Everybody hears"},
		{`{"allowed_numbers":["+15550001111","+15550003333"]}`, `{"phone_number":"+15550003333"}`, "+15550003333 true h1", "alone"},
	} {
		b := &board{}
		r, err := on(t, "action_add_to_conference", tc.config, b).Run(context.Background(), Input{Args: json.RawMessage(tc.args)})
		if err != nil || len(b.asked) != 1 || b.asked[0] != tc.asked || !strings.Contains(r.Data, tc.data) || r.End != nil {
			t.Errorf("%s %s: %+v, %v; asked %q", tc.config, tc.args, r, err, b.asked)
		}
	}
	for _, args := range []string{`{}`, `{"phone_number":"+15559999999"}`, `{"phone_number":["+15550001111"]}`, `x`} {
		b := &board{}
		if _, err := on(t, "action_add_to_conference", `{"allowed_numbers":["+15550001111","+15550003333"]}`, b).Run(context.Background(), Input{Args: json.RawMessage(args)}); err == nil || len(b.asked) > 0 {
			t.Errorf("%s: %v, asked %q", args, err, b.asked)
		}
	}
	for config, field := range map[string]string{
		`{}`: "config.phone_number", `{"phone_number":"+0"}`: "config.phone_number", `{"phone_number":"+15550001111","place_primary_on_hold":"x"}`: "config",
	} {
		_, err := New(parley.Action{Type: "action_add_to_conference", Config: json.RawMessage(config)}, onCall)
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", config, err)
		}
	}
	if _, err := on(t, "action_add_to_conference", `{"phone_number":"+15550001111"}`, nil).Run(context.Background(), Input{Args: json.RawMessage(`{}`)}); err == nil {
		t.Error("somebody is called where there is no call")
	}
}

// Why nobody came, and where the caller is then, is what the model reads.
func TestNobodyCame(t *testing.T) {
	for held, where := range map[bool]string{true: "still on hold", false: "hears you"} {
		b := &board{err: errors.New("not answered: busy (486)"), now: Company{Held: held}}
		_, err := on(t, "action_add_to_conference", `{"phone_number":"+15550001111"}`, b).Run(context.Background(), Input{Args: json.RawMessage(`{}`)})
		if err == nil || !strings.Contains(err.Error(), "busy (486)") || !strings.Contains(err.Error(), where) || !errors.Is(err, b.err) {
			t.Errorf("held %v: %v", held, err)
		}
	}
}

// A caller who waits interrupts nothing; one who hears it ring talks with the agent meanwhile.
func TestManners(t *testing.T) {
	for config, deaf := range map[string]bool{`{"phone_number":"+15550001111"}`: true, `{"phone_number":"+15550001111","place_primary_on_hold":false}`: false} {
		if m := on(t, "action_add_to_conference", config, nil).(Mannered).Manner(); m.Deaf != deaf || !m.Lasts || !m.Waits {
			t.Errorf("%s: %+v", config, m)
		}
	}
	for who, want := range map[Company]string{
		{Held: true, Others: 1}: "alone", {Held: true}: "nobody hears you", {Others: 2}: "Everybody", {}: "hears you",
	} {
		if got := told(who); !strings.Contains(got, want) {
			t.Errorf("%+v: %s", who, got)
		}
	}
}
