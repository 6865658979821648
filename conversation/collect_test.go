package conversation

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/collect"
)

func collecting(fields string) (*collector, *[]string) {
	list, _ := collect.ReadSkill(json.RawMessage(`{"fields":[` + fields + `]}`))
	var logged []string
	k := newCollector(&Setup{Doing: Doing{Collect: Collect{Fields: list, Near: "+15559870000"}}, History: &History{}}, func(t parley.EventType, p any) {
		b, _ := json.Marshal(p)
		logged = append(logged, string(t)+" "+string(b))
	})
	return k, &logged
}

func (k *collector) give(args string) string {
	res, err := k.Run(context.Background(), action.Input{Args: json.RawMessage(args)})
	if err != nil {
		return "error: " + err.Error()
	}
	return res.Data + res.Say
}

// TestOnlyTheCallerConfirms: a model that says that a value is confirmed cannot make it count.
func TestOnlyTheCallerConfirms(t *testing.T) {
	k, logged := collecting(`{"name":"account","kind":"digits","length":4}`)
	const sure = `{"field":"account","value":"1234","confirmed":true}`
	none := func(when string) {
		t.Helper()
		if len(k.values()) > 0 || len(*logged) > 0 {
			t.Fatalf("%s: %v", when, k.values())
		}
	}
	k.answered("yes", false)
	k.give(sure)
	none("before it was read")
	k.answered("yes", false)
	none("a yes before it was heard")
	k.said("I have noted:")
	k.answered("yes", false)
	none("a yes in the middle of it")
	k.give(sure)
	k.said("I have noted: 1 2 3 4. Is that right?")
	k.give(sure)
	none("before the caller said anything")
	k.answered("yes but which account do you mean", false)
	none("a yes with more")
	k.give(`{"field":"account","value":"1235","confirmed":true}`)
	none("another value than was read")
	k.said("I have noted: 1 2 3 5. Is that right?")
	k.answered("no", false)
	k.give(`{"field":"account","value":"1235","confirmed":true}`)
	none("after a no")
	k.said("I have noted: 1 2 3 5. Is that right?")
	k.answered("that is the one I mean", false)
	k.give(`{"field":"account","value":"1235","confirmed":true}`)
	if v := k.values(); len(v) != 1 || v[0].Value != "1235" || !v[0].Confirmed || len(*logged) != 1 {
		t.Errorf("%+v %q", v, *logged)
	}
	if got := k.give(`{"field":"account","value":"1 2 3 5"}`); !strings.Contains(got, `"recorded"`) || len(*logged) != 1 {
		t.Errorf("given again: %s %q", got, *logged)
	}
}

func TestCollectorRefuses(t *testing.T) {
	k, _ := collecting(`{"name":"account","kind":"digits","length":4}`)
	for args, want := range map[string]string{
		`{"field":"cat","value":"1"}`:            "error: there is no field cat",
		`{"field":7}`:                            "error: field and value were expected",
		`{"field":"account","value":"12"}`:       "error: account was not taken: it has 2 digits, and must have 4. Ask the caller for it again",
		`{"field":"account","value":"\u0000\n"}`: "error: account was not taken: it is empty",
	} {
		if got := k.give(args); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", args, got)
		}
	}
}

// TestKeyedIn: digits need no yes where they are what was keyed in last, and nothing was said since.
func TestKeyedIn(t *testing.T) {
	k, _ := collecting(`{"name":"phone","kind":"phone"},{"name":"account","kind":"digits"},{"name":"code","kind":"digits","confirm":true}`)
	k.pressed("5 5 5 0 1 2 3 4 5 6", false)
	if got := k.give(`{"field":"phone","value":"5550123456"}`); !strings.Contains(got, `"value":"+15550123456","status":"recorded"`) {
		t.Error(got)
	}
	if got := k.give(`{"field":"account","value":"15550123499"}`); !strings.Contains(got, "read_back") {
		t.Error(got)
	}
	k.pressed("6", false)
	if got := k.give(`{"field":"account","value":"123456"}`); !strings.Contains(got, "read_back") {
		t.Errorf("one key is not all of it: %s", got)
	}
	k.pressed("1 2", false)
	if got := k.give(`{"field":"code","value":"12"}`); !strings.Contains(got, "read_back") {
		t.Errorf("confirm was asked for: %s", got)
	}
	k.pressed("1 2 3 4 5 6", false)
	k.answered("one two three four five six", false)
	if got := k.give(`{"field":"account","value":"123456"}`); !strings.Contains(got, "read_back") {
		t.Errorf("it was said since: %s", got)
	}
}

func TestKeysWaitForWhatIsAsked(t *testing.T) {
	k, _ := collecting(`{"name":"pin","kind":"digits","length":4,"label":"your PIN"},{"name":"card","kind":"digits","length":16},{"name":"mail","kind":"email"}`)
	for _, c := range []struct {
		said string
		wait time.Duration
		most int
	}{{"hello", keyWait, maxDigits}, {"What is your PIN, please?", keyWait, 4}, {"And the card?", keyWait, 16}, {"Your PIN is not enough. What is your mail?", keyWait, maxDigits}} {
		k.said(c.said)
		if wait, most := k.keys(); wait != c.wait || most != c.most {
			t.Errorf("%s: %v %d", c.said, wait, most)
		}
	}
	k.pressed("1234", false)
	k.give(`{"field":"pin","value":"1234"}`)
	k.pressed("1234123412341234", false)
	k.give(`{"field":"card","value":"1234123412341234"}`)
	if wait, most := k.keys(); wait != digitWait || most != maxDigits {
		t.Errorf("all is there: %v %d", wait, most)
	}
	if wait, most := (*collector)(nil).keys(); wait != digitWait || most != maxDigits {
		t.Errorf("nothing is asked for: %v %d", wait, most)
	}
}

// TestCollectorGoesOn: what was given before a transfer that failed is not asked for again.
func TestCollectorGoesOn(t *testing.T) {
	s := Setup{Doing: Doing{Collect: Collect{Fields: []collect.Field{{Name: "a", Kind: collect.Text}, {Name: "b", Kind: collect.Text}}}}, History: &History{Collected: []parley.Collected{{Name: "a", Value: "x"}}}}
	k := newCollector(&s, func(parley.EventType, any) {})
	if got := k.give(`{"field":"b","value":"y"}`); !strings.Contains(got, `"still_to_ask":[]`) || len(k.values()) != 2 {
		t.Errorf("%s %v", got, k.values())
	}
	if tools := Opening(&s).Tools; len(tools) != 1 || tools[0].Name != ToolName {
		t.Errorf("%v", tools)
	}
}

// TestCollectsDiscreetly: what is given while nothing may be written down is the model's alone.
func TestCollectsDiscreetly(t *testing.T) {
	k, logged := collecting(`{"name":"a","kind":"digits"},{"name":"b","kind":"digits"},{"name":"c","kind":"digits"}`)
	k.secretly = &Discretion{}
	k.secretly.Begin()
	k.pressed("4242", false)
	k.give(`{"field":"a","value":"4242"}`)
	k.give(`{"field":"b","value":"4243"}`) // and confirmed when it may be again
	k.secretly.End()
	k.said("I have noted: 4 2 4 3. Is that right?")
	k.answered("yes", false)
	k.pressed("4244", true) // late
	k.give(`{"field":"c","value":"4244"}`)
	if v, all := k.values(), strings.Join(*logged, " "); len(v) > 0 || len(*logged) != 3 || strings.Contains(all, "424") {
		t.Errorf("%v %s", v, all)
	}
	if got := k.give(`{"field":"b","value":"4243"}`); !strings.Contains(got, `"recorded"`) {
		t.Error(got)
	}
}
