package responder

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
)

// noting is a tool by which an agent finds things out; its results are those of package conversation.
var noting = llm.Tool{Name: "record_field", Description: "Writes down what you are to find out from the caller. - phone: phone - account: digits",
	Questions: []llm.Question{{Value: "phone", Text: "Please say or key in: your telephone number. End with the hash key."}, {Value: "account", Text: "Please say or key in: your account number. End with the hash key."}}}

// told gives a result of the tool, and what the agent says then by itself.
func (c *caller) told(result, then string) string {
	c.t.Helper()
	if c.call == nil {
		c.t.Fatal("no tool was called")
	}
	c.messages = append(c.messages, llm.Message{Role: llm.ToolRole, CallID: c.call.ID, Text: result})
	if then != "" {
		c.messages = append(c.messages, llm.Message{Role: llm.Assistant, Text: then})
		return then
	}
	return c.ask()
}

func (c *caller) gave(field, value string) {
	c.t.Helper()
	if c.call == nil {
		c.t.Fatalf("nothing was written down of %q", value)
	}
	var args struct{ Field, Value string }
	if json.Unmarshal(c.call.Args, &args) != nil || args.Field != field || args.Value != value {
		c.t.Fatalf("%s", c.call.Args)
	}
}

const readBack = `{"field":"phone","value":"+15550123456","status":"read_back","asked":"Is that right?","still_to_ask":["account"]}`

func want(t *testing.T, got, part string) {
	t.Helper()
	if !strings.Contains(got, part) {
		t.Fatalf("%q, want %q in it", got, part)
	}
}

// TestCollects: what is to be found out is asked for one by one, behind what the caller wants to know.
func TestCollects(t *testing.T) {
	c := ring(t, demo, noting, hangUp)
	got := c.say("What are your opening hours?")
	want(t, got, "nine in the morning")
	want(t, got, "telephone number")
	c.say("five five five zero one two three four five six")
	c.gave("phone", "five five five zero one two three four five six")
	c.told(readBack, "I have noted: plus 1 5 5. Is that right?")
	c.say("Yes it is, you got it.")
	c.gave("phone", "+15550123456")
	want(t, c.told(`{"field":"phone","value":"+15550123456","status":"recorded","still_to_ask":["account"]}`, ""), "your account number")
	c.say("pressed 1 2 3 4")
	c.gave("account", "pressed 1 2 3 4")
	want(t, c.told(`{"field":"account","value":"1234","status":"recorded","still_to_ask":[]}`, ""), "anything else")
	if got := c.say("no thank you"); c.call == nil || c.call.Name != "end_conversation" {
		t.Errorf("%q", got)
	}
}

func TestCollectsAgain(t *testing.T) {
	c := ring(t, demo, noting)
	want(t, c.say("Is there parking?"), "free parking behind the building. Please say or key in: your telephone number")
	c.say("five five")
	want(t, c.told("error: phone was not taken: it has only 2 digits: digits are missing. Ask the caller for it again", ""), "I did not catch that. Please say or key in: your telephone number")
	c.say("five five five zero one two three four five seven")
	c.told(readBack, "I have noted: plus 1 5 5. Is that right?")
	want(t, c.say("No."), "All right. Please say or key in: your telephone number")
	c.say("five five five zero one two three four five six")
	c.told(readBack, "I have noted: plus 1 5 5. Is that right?")
	c.say("five five five zero one two three four five nine") // a correction
	c.gave("phone", "five five five zero one two three four five nine")
}

// TestCollectsMisheard: digits of which some were heard as a question are asked for again, and the prompt is left alone.
func TestCollectsMisheard(t *testing.T) {
	c := ring(t, demo, noting)
	c.say("Is there parking?")
	c.say("what do three four five six")
	if got := c.told("error: phone was not taken: it has only 4 digits: digits are missing. Ask the caller for it again", ""); got != "Sorry, I did not catch that. "+noting.Questions[0].Text {
		t.Errorf("%q", got)
	}
}

// TestCollectsNoMoreThanIsGiven: whoever does not give something is not asked for ever, nor held back.
func TestCollectsNoMoreThanIsGiven(t *testing.T) {
	c := ring(t, demo, noting, hangUp)
	c.say("Is there parking?")
	want(t, c.say("no I would rather not"), "your account number")
	for range 2 {
		c.say("what are your opening hours")
		c.told("error: account was not taken: there are no digits in it. Ask the caller for it again", "")
	}
	want(t, c.messages[len(c.messages)-1].Text, "nine in the morning")
	c.say("I do not have one")
	if got := c.told("error: account was not taken: there are no digits in it. Ask the caller for it again", ""); strings.Contains(got, "account") {
		t.Errorf("asked a fourth time: %q", got)
	}
	if c.say("goodbye"); c.call == nil || c.call.Name != "end_conversation" {
		t.Error("the caller could not leave")
	}
}

// TestRulesAreNotRead: what is for a model's judgement is no sentence to answer with.
func TestRulesAreNotRead(t *testing.T) {
	c := ring(t, demo+llm.Rules+"Talk only about opening hours of the moon.")
	if got := c.say("What are the hours of the moon?"); strings.Contains(got, "moon") {
		t.Errorf("%q", got)
	}
}
