package after

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

func raws(list ...string) (out []json.RawMessage) {
	for _, s := range list {
		out = append(out, json.RawMessage(s))
	}
	return out
}

func TestInsightsOf(t *testing.T) {
	a := &parley.Agent{Prompt: &parley.Prompt{CollectFields: raws(`"first name"`, `{"field_type":"FIELD_TYPE_EMAIL","label":"Mail","name":"mail"}`, `"stars"`)}}
	a.PostCallInsights = raws(`{"name":"stars","type":"integer","minimum":1,"maximum":5,"description":"How happy"}`, `{"name":"topic","type":"enum","enum":["card","loan"]}`,
		`{"name":"when","type":"date","description":"Day"}`, `{"name":"größe 1","schema":{"type":"array","items":{"type":"number"}}}`, `{"name":"größe_1"}`,
		`{"type":"string"}`, `{"name":"x","type":"quaternion"}`, `[1]`, `{"name":"y","type":"string","pattern":"("}`)
	list, warnings := insightsOf(a)
	var got []string
	for _, x := range list {
		b, _ := json.Marshal(x.schema)
		got = append(got, x.name+" "+x.tool+" "+string(b))
	}
	want := []string{
		`stars stars {"description":"How happy","maximum":5,"minimum":1,"type":"integer"}`,
		`topic topic {"enum":["card","loan"],"type":"string"}`,
		`when when {"description":"Day (a date as YYYY-MM-DD)","type":"string"}`,
		`größe 1 gr__e_1 {"items":{"type":"number"},"type":"array"}`,
		`größe_1 gr__e_1_4 {"type":"string"}`,
		`first name first_name {"type":"string"}`,
		`mail mail {"description":"an e-mail address","type":"string"}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	said := strings.Join(warnings, "\n")
	contain(t, "warnings", said, "post_call_insights.5: an insight needs a name", `post_call_insights.6: its type "quaternion" is none of address, array`,
		"post_call_insights.7: an insight is an object", "post_call_insights.8: its type is no JSON Schema")
	if len(warnings) != 4 {
		t.Errorf("%q", warnings)
	}
}

// TestTheTypesTableIsNotWrittenTo: one insight's words are not on the next.
func TestTheTypesTableIsNotWrittenTo(t *testing.T) {
	for range 2 {
		x, err := readInsight(json.RawMessage(`{"name":"a","type":"list","description":"d","minItems":1}`))
		if err != nil || x.schema["description"] != "d" {
			t.Fatal(x, err)
		}
		if y, err := readInsight(json.RawMessage(`{"name":"a","type":"list"}`)); err != nil || len(y.schema) != 2 {
			t.Fatal(y, err)
		}
	}
}

func TestTake(t *testing.T) {
	a := &parley.Agent{}
	a.PostCallInsights = raws(`{"name":"stars","type":"integer","maximum":5}`, `{"name":"glad","type":"boolean"}`, `{"name":"who"}`, `{"name":"tags","type":"array"}`)
	turns := []parley.Turn{{ID: "t1"}, {ID: "t2"}, {}}
	for args, want := range map[string]struct{ values, support, wrong string }{
		`{"stars":{"value":4,"turns":[2,1,7]},"glad":{"value":false,"turns":[]}}`:     {`{"glad":false,"stars":4}`, `{"stars":["t1","t2"]}`, ""},
		`{"stars":{"value":"4","turns":["2"]},"glad":{"value":"True","turns":[0,3]}}`: {`{"glad":true,"stars":4}`, `{"stars":["t2"]}`, ""},
		`{"stars":4,"glad":null,"who":"Ada","tags":["a"]}`:                            {`{"stars":4,"tags":["a"],"who":"Ada"}`, `{}`, ""},
		`{"stars":{"value":9,"turns":[1]},"who":{"value":7}}`:                         {`{}`, `{}`, "stars does not fit its type: - at '': maximum: got 9, want 5; who does not fit its type: - at '': got number, want string"},
		`{"who":{"value":null,"turns":[1]},"more":{"value":1}}`:                       {`{}`, `{}`, ""},
		`{}`:    {`{}`, `{}`, ""},
		`[]`:    {`{}`, `{}`, "the model named no insights"},
		`null`:  {`{}`, `{}`, "the model named no insights"},
		``:      {`{}`, `{}`, "the model named no insights"},
		`{"wh`:  {`{}`, `{}`, "the model named no insights"},
		`"who"`: {`{}`, `{}`, "the model named no insights"},
		`{"who":"` + strings.Repeat("x", maxValue) + `"}`: {`{}`, `{}`, "who is longer than 16384 bytes"},
	} {
		list, _ := insightsOf(a)
		f := &found{insights: map[string]json.RawMessage{}, support: map[string][]string{}}
		open, wrong := take(list, json.RawMessage(args), turns, f)
		v, _ := json.Marshal(f.insights)
		s, _ := json.Marshal(f.support)
		if string(v) != want.values || string(s) != want.support || strings.Join(wrong, "; ") != want.wrong || (len(open) > 0) != (want.wrong != "") {
			t.Errorf("%s:\n%s %s %q", clip(args, 100), v, s, wrong)
		}
	}
}

// TestInsightsThatDoNotFit are asked for once more, those alone.
func TestInsightsThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		answers  []string
		insights string
		warning  string
	}{
		"mended":         {[]string{`{"wants_card":{"value":"perhaps","turns":[2]},"mood":{"value":"calm","turns":[2]}}`, `{"wants_card":{"value":true,"turns":[2]}}`}, `{"mood":"calm","wants_card":true}`, ""},
		"not mended":     {[]string{`{"wants_card":{"value":"perhaps","turns":[2]}}`, `{"wants_card":{"value":"perhaps","turns":[2]}}`}, `null`, "post_call_insights: wants_card does not fit its type"},
		"as text":        {[]string{"Here you are:\n```json\n" + insights + "\n```"}, `{"mood":"calm","wants_card":true}`, ""},
		"nothing at all": {[]string{"I cannot do that.", "No."}, `null`, "post_call_insights: the model named no insights"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, d *desk) {
				n := 0
				d.think = func(r llm.Request) (string, error) {
					if len(r.Tools) == 0 {
						return "a", nil
					}
					n++
					return c.answers[n-1], nil
				}
				d.call("c", agentWith(), nil)
				d.work(time.Second)
				row := d.row("c")
				b, _ := json.Marshal(row.After.Insights)
				if string(b) != c.insights || n != len(c.answers) {
					t.Errorf("%s after %d answers", b, n)
				}
				if said := strings.Join(row.Warnings, "\n"); !strings.Contains(said, c.warning) || (said != "") != (c.warning != "") {
					t.Errorf("warnings: %q", row.Warnings)
				}
				if n == 2 && name == "mended" {
					if again := d.asked[len(d.asked)-1]; strings.Contains(string(again.Tools[0].Schema), "mood") || !strings.Contains(again.Messages[3].Text, "wants_card does not fit") {
						t.Errorf("%s\n%s", again.Tools[0].Schema, again.Messages[3].Text)
					}
				}
			})
		})
	}
}

func TestLongTranscriptsAreCutInTheMiddle(t *testing.T) {
	c := &parley.Call{Record: parley.Record{Turns: []parley.Turn{{Text: "first"}, {Text: strings.Repeat("ü", maxTranscript)}, {Text: "last"}}}}
	s := transcript(c)
	if len(s) > maxTranscript+100 || !strings.Contains(s, "1 HUMAN: first") || !strings.HasSuffix(s, "3 HUMAN: last\n") || !strings.Contains(s, "[…]") {
		t.Errorf("%d bytes", len(s))
	}
}

// TestGivenInsights: what the caller gave when the agent asked for it needs no model, unless it is of another type.
func TestGivenInsights(t *testing.T) {
	a := &parley.Agent{Prompt: &parley.Prompt{CollectFields: raws(`{"field_type":"integer","name":"guests"}`, `"email"`, `"topic"`, `{"field_type":"integer","name":"age"}`)}}
	list, _ := insightsOf(a)
	row := &parley.Call{Record: parley.Record{Collected: []parley.Collected{{Name: "guests", Value: "4"}, {Name: "email", Value: "ada@example.com"}, {Name: "age", Value: "old"}}}}
	var f found
	open := f.given(row, list)
	if len(open) != 2 || open[0].name != "topic" || open[1].name != "age" || string(f.insights["guests"]) != "4" || string(f.insights["email"]) != `"ada@example.com"` || len(f.insights) != 2 {
		t.Errorf("%+v %s", open, f.insights)
	}
	v := valuesOf(&parley.Call{Context: map[string]string{"email": "before"}, Record: row.Record}, a, nil)
	if s, missing := fill("${collected.email} ${email} {guests} ${collected.x|none}", v, plainly); s != "ada@example.com before 4 none" || len(missing) > 0 {
		t.Errorf("%q %q", s, missing)
	}
}

// TestCollectedAlone: a call whose agent asked for things gets its insights where no model thinks.
func TestCollectedAlone(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		d.think = func(llm.Request) (string, error) { t.Error("the model was asked"); return "", nil }
		d.call("c1", `{"id":"agent","prompt":{"id":"p","collect_fields":["email"]},"actions":[],"voice":{}}`, func(c *parley.Call) {
			c.Collected = []parley.Collected{{Name: "email", Kind: "email", Value: "ada@example.com"}}
		})
		d.work(time.Minute)
		if c := d.row("c1"); string(c.After.Insights["email"]) != `"ada@example.com"` || len(c.Warnings) > 0 {
			t.Errorf("%+v %q", c.After, c.Warnings)
		}
	})
}
