package call

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider/local/responder"
	"github.com/parley-voice/parley/stt"
)

const collectSkill = `{"type":"skill_collect","config":{"fields":[{"name":"account","kind":"digits","length":6,"label":"your account number"},{"name":"phone","kind":"phone"},
	{"name":"email","kind":"email","required":false}]}}`

func TestFieldsOfAnAgent(t *testing.T) {
	agent := fromJSON(t, `{"prompt":{"collect_fields":["email","Full name",{"field_type":"cat","name":"x"}]},"skills":[
		{"type":"skill_collect","config":{"fields":[{"name":"account","kind":"digits","label":"the number of ${what}"},{"name":"n","kind":"iban"}]}},`+collectSkill+`]}`)
	s := write(&parley.Call{From: "204", To: "+442079460018", Context: map[string]string{"what": "your card"}}, agent, nil, time.Now())
	var got []string
	for _, f := range s.setup.Collect.Fields {
		got = append(got, fmt.Sprint(f.Name, " ", f.Kind, " ", f.Label, f.Required))
	}
	if g, w := strings.Join(got, ", "), "account digits the number of your cardtrue, phone phone true, email email false, Full name name true"; g != w {
		t.Errorf("%s\nwant %s", g, w)
	}
	if w := strings.Join(s.warnings, "\n"); w != "skills.0.config.fields.1.kind must be one of email, phone, name, date, address, digits, text; it is left out\n"+
		"prompt.collect_fields.2.kind must be one of email, phone, name, date, address, digits, text; it is left out" {
		t.Error(w)
	}
	if s.setup.Collect.Near != "+442079460018" {
		t.Error(s.setup.Collect.Near)
	}
}

// TestCollectsByRules: without a language model, digits that are keyed in and a telephone number that is said are on the call.
func TestCollectsByRules(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = responder.New()
		b.desk.agent.Skills.Skills = []json.RawMessage{json.RawMessage(collectSkill)}
		caller, _, done := b.ring(ctx, "desk")
		says := func(text string) { b.ear <- stt.Event{Text: text, Final: true, End: true} }
		time.Sleep(2 * time.Second)
		says("I would like a table please.") // your account number?
		time.Sleep(8 * time.Second)
		for _, k := range "123456" {
			caller.Press(string(k))
			time.Sleep(3 * time.Second)
		}
		time.Sleep(8 * time.Second) // your telephone number?
		says("five five five zero one two three four five six")
		time.Sleep(12 * time.Second) // is that right?
		says("Yes, that's right.")
		time.Sleep(10 * time.Second)
		caller.Hangup()
		<-done
		c := b.rows.only(t)
		want := []parley.Collected{{Name: "account", Kind: "digits", Value: "123456", Keyed: true}, {Name: "phone", Kind: "phone", Value: "+15550123456", Confirmed: true}}
		if fmt.Sprint(c.Collected) != fmt.Sprint(want) {
			t.Errorf("%+v", c.Collected)
			for _, x := range c.Turns {
				t.Log(x.Who, x.Text)
			}
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%q", c.Warnings)
		}
		if p := b.book.payload(t, parley.EventCollected); p != `{"confirmed":false,"field":"account","keyed":true,"kind":"digits","value":"123456"}` {
			t.Error(p)
		}
	})
}

// TestUncollected: what was required and not given is a warning; a value that nobody has confirmed does not count.
func TestUncollected(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = responder.New()
		b.desk.agent.Skills.Skills = []json.RawMessage{json.RawMessage(collectSkill)}
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		b.ear <- stt.Event{Text: "I would like a table please.", Final: true, End: true}
		time.Sleep(8 * time.Second)
		b.ear <- stt.Event{Text: "one two three four five six", Final: true, End: true}
		time.Sleep(8 * time.Second)
		caller.Hangup()
		<-done
		if c := b.rows.only(t); len(c.Collected) > 0 || len(c.Warnings) != 1 || c.Warnings[0] != "not collected: account, phone" {
			t.Errorf("%+v %q", c.Collected, c.Warnings)
		}
	})
}

// TestCollectsPrivately: of a private call no value stays.
func TestCollectsPrivately(t *testing.T) {
	f := &facts{callID: "c", log: &book{}, private: true}
	f.add(parley.EventCollected, map[string]any{"field": "account", "kind": "digits", "value": "987"})
	if p := f.log.(*book).payload(t, parley.EventCollected); strings.Contains(p, "987") || !strings.Contains(p, "account") {
		t.Error(p)
	}
	c := parley.Call{Private: true, Status: parley.Ended, Record: parley.Record{Collected: []parley.Collected{{Name: "account", Value: "987"}}}}
	if c.Seal(); c.Collected != nil {
		t.Errorf("%+v", c.Collected)
	}
}
