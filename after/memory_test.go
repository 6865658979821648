package after

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/store"
)

const forgetful = `{"id":"agent","prompt":{"id":"p"},"actions":[],"voice":{}`

func (d *desk) known(agentID string) (m parley.Memory) {
	d.t.Helper()
	m, err := d.db.Recall(d.t.Context(), d.env, "+15550001111", agentID)
	if err != nil && !parley.IsNotFound(err) {
		d.t.Fatal(err)
	}
	return m
}

func TestACallIsRemembered(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		d.think = func(llm.Request) (string, error) {
			return `{"facts":["is called\n Ada","", "is called Ada","` + strings.Repeat("x", 400) + `"],"summary":"  Their card broke. "}`, nil
		}
		d.call("c1", forgetful+`,"memory_scope":"single_agent","combine_last_call_context":true}`, nil)
		d.work(time.Minute)
		m := d.known("agent")
		if len(m.Facts) != 2 || m.Facts[0] != "is called Ada" || len([]rune(m.Facts[1])) > parley.MemoryFact || m.Summary != "Their card broke." || m.CallID != "c1" {
			t.Errorf("%+v", m)
		}
		if len(d.asked) != 1 || d.asked[0].Tools[0].Name != "remember" || !strings.Contains(d.asked[0].Messages[1].Text, "Nothing is known of them yet.") {
			t.Errorf("asked %+v", d.asked)
		}
		if n := d.payloads("c1", parley.EventAnalysis); len(n) != 0 {
			t.Errorf("an analysis that nobody wanted: %q", n)
		}
		if u := d.row("c1").Usage; u.LLMTokensIn != 105 {
			t.Errorf("it is not charged: %+v", u)
		}

		d.think = func(r llm.Request) (string, error) {
			contain(t, "what is known", r.Messages[1].Text, "Known of them:\n- is called Ada\n- xxx", "HUMAN: My card")
			return `{"facts":["is called Eve"],"summary":"They called again."}`, nil
		}
		d.call("c2", forgetful+`,"memory_scope":"single_agent"}`, nil)
		d.work(time.Minute)
		if m := d.known("agent"); !slices.Equal(m.Facts, []string{"is called Eve"}) || m.Summary != "Their card broke." || m.CallID != "c2" {
			t.Errorf("facts alone: %+v", m)
		}
		d.think = func(llm.Request) (string, error) { return `{"facts":["known to all"],"summary":"s"}`, nil }
		d.call("c3", forgetful+`,"memory_scope":"all"}`, nil)
		d.work(time.Minute)
		if m := d.known(""); !slices.Equal(m.Facts, []string{"known to all"}) || m.Summary != "" {
			t.Errorf("of all agents: %+v", m)
		}
		d.call("c4", forgetful+`,"combine_last_call_context":true}`, nil)
		d.work(time.Minute)
		if m := d.known("agent"); !slices.Equal(m.Facts, []string{"is called Eve"}) || m.Summary != "s" {
			t.Errorf("the summary alone: %+v", m)
		}
	})
}

// What is nobody's to remember is not, and what the model makes no sense of changes nothing.
func TestACallIsNotRemembered(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		wants := forgetful + `,"memory_scope":"all","combine_last_call_context":true}`
		d.think = func(llm.Request) (string, error) { return `{"facts":["x"],"summary":"y"}`, nil }
		d.call("private-1", wants, nil)
		d.call("withheld", wants, func(c *parley.Call) { c.From = "anonymous" })
		d.call("machine", wants, func(c *parley.Call) { c.Human = "no_human" })
		d.call("nobody spoke", wants, func(c *parley.Call) { c.Turns = c.Turns[:1] })
		d.call("no scope", forgetful+`,"memory_scope":"none"}`, nil)
		d.work(time.Minute)
		if len(d.asked) != 0 {
			t.Errorf("the model was asked %d times", len(d.asked))
		}
		if l, err := d.db.Memories(t.Context(), d.env, store.Page{}); err != nil || l.Total != 0 {
			t.Errorf("%+v, %v", l, err)
		}
		if _, err := d.db.Remember(t.Context(), parley.Memory{UserID: d.env, Number: "+15550001111", Facts: []string{"as before"}}); err != nil {
			t.Fatal(err)
		}
		for _, said := range []string{"", "I remember nothing.", `{"facts":[],"summary":""}`, `{"facts":7}`} {
			d.think = func(llm.Request) (string, error) { return said, nil }
			d.call("odd "+said, wants, nil)
			d.work(time.Minute)
			if m := d.known(""); !slices.Equal(m.Facts, []string{"as before"}) {
				t.Errorf("%q: %+v", said, m)
			}
		}
		asked := len(d.asked)
		d.think = func(llm.Request) (string, error) { return "", errors.New("overloaded") }
		d.call("no model", wants, nil)
		d.work(time.Hour)
		if len(d.asked) != asked+len(thinkingWaits)+1 || !strings.Contains(strings.Join(d.row("no model").Warnings, " "), "overloaded") {
			t.Errorf("asked %d times, %q", len(d.asked)-asked, d.row("no model").Warnings)
		}
	})
}
