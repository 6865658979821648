package responder

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
)

func contains(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTakesAMessage(t *testing.T) {
	c := ring(t, demo, hangUp)
	contains(t, c.say("do you do root canals"), "I don't know that. I can take a message. What is your name?")
	contains(t, c.say("my name is john smith"), "Thank you, John Smith. What is your message?")
	contains(t, c.say("please ask doctor lee to call me about a root canal"), "Your message is: please ask doctor lee to call me about a root canal. From John Smith. Is that right?")
	contains(t, c.say("no"), "What is your message?")
	contains(t, c.say("doctor lee should call me tomorrow"), "Your message is: doctor lee should call me tomorrow. From John Smith.")
	contains(t, c.say("yes that's right"), "I have noted it. Is there anything else?")
	contains(t, c.say("where can i park"), "free parking")
	contains(t, c.say("thank you"), "You are welcome. Is there anything else?")
	contains(t, c.say("thank you goodbye"), "Goodbye")
	if c.call == nil || c.call.Name != "end_conversation" || string(c.call.Args) != "{}" {
		t.Errorf("goodbye asked for %+v", c.call)
	}
}

func TestMessageByOtherWays(t *testing.T) {
	c := ring(t, demo, hangUp)
	contains(t, c.say("i'd like to leave a message"), "I can take a message. What is your name?")
	contains(t, c.say("mary jones and please call me back about my bill"), "Your message is: call me back about my bill. From Mary Jones.")
	contains(t, c.say("yes"), "Is there anything else?")
	contains(t, c.say("no"), "Goodbye")
	if c.call == nil {
		t.Error("no to anything else does not end the call")
	}

	c = ring(t, demo)
	contains(t, c.say("can i speak to a real person please"), "I can take a message. What is your name?")
	contains(t, c.say("no thanks"), "All right. Is there anything else?")
	contains(t, c.say("no thank you"), "Goodbye")
	if c.call != nil {
		t.Errorf("called %s, which it was not given", c.call.Name)
	}

	c = ring(t, demo)
	c.say("do you do root canals")
	contains(t, c.say("what are your opening hours"), "nine in the morning") // a question is no name
	contains(t, c.say("okay"), "Is there anything else?")

	c = ring(t, demo)
	c.say("do you do root canals")
	contains(t, c.say("can i speak to a person please"), "I can take a message. What is your name?")
	contains(t, c.say("do you do teeth whitening"), "I don't know that. I can take a message.")
	contains(t, c.say("it's for the big one on the left side you know"), "Sorry, I did not catch that. What is your name?")
	contains(t, c.say("um it's peter miller"), "Thank you, Peter Miller.")

	c = ring(t, demo)
	c.say("do you do root canals")
	contains(t, c.say("khoury"), "Thank you, Khoury. What is your message?")
	contains(t, c.say("never mind"), "All right. Is there anything else?") // nothing is noted
	c = ring(t, demo)
	c.say("do you do root canals")
	contains(t, c.say("never mind"), "All right. Is there anything else?")
}

// TestInterrupted: of what the agent said only the beginning may stand in the history.
func TestInterrupted(t *testing.T) {
	c := ring(t, demo)
	c.messages = append(c.messages, llm.Message{Role: llm.User, Text: "do you sell cars"},
		llm.Message{Role: llm.Assistant, Text: "I don't know that. I can take a message."})
	contains(t, c.say("my name is anna"), "Thank you, Anna.")
	c.messages[len(c.messages)-1].Text = "Thank you, Anna. What is your message?"
	c.messages = append(c.messages, llm.Message{Role: llm.User, Text: "call me"}, llm.Message{Role: llm.Assistant, Text: "Your message is: call"})
	contains(t, c.say("yes"), "I have noted it")
}

func TestCourtesy(t *testing.T) {
	for said, want := range map[string]string{
		"hello":                       "How can I help you?",
		"hi good morning":             "How can I help you?",
		"thank you":                   "You are welcome.",
		"thanks a lot that's great":   "",
		"can you hear me":             "Yes, I can hear you.",
		"are you a robot":             "without a language model",
		"who am i speaking to":        "this is Harbor Dental.",
		"sorry can you repeat that":   greeting,
		"what did you say":            greeting,
		"...":                         "I did not catch that",
		"bye bye":                     "Goodbye",
		"good buy":                    "Goodbye",
		"no sam to you goodbye":       "Goodbye",
		"okay great thank you bye":    "Goodbye",
		"that's all thank you":        "Goodbye",
		"goodbye and have a nice day": "Goodbye",
	} {
		contains(t, ring(t, demo, hangUp).say(said), want)
	}
	c := ring(t, demo, hangUp)
	contains(t, c.say("do you say goodbye to patients on sunday or are you open"), "Sunday")
	if c.call != nil {
		t.Error("goodbye within a question ends the call")
	}
}

func TestFirstWords(t *testing.T) {
	c := &caller{t: t, messages: []llm.Message{{Role: llm.System, Text: demo}}}
	contains(t, c.ask(), "How can I help you?")
	c = &caller{t: t}
	contains(t, c.ask(), "How can I help you?")
	contains(t, ring(t, "").say("what are your hours"), "I don't know that.")
}

var (
	transfer = llm.Tool{Name: "transfer_call", Description: "Transfers the call. Billing department", Phrases: []string{"billing", "transfer me", "talk to accounting"},
		Schema: json.RawMessage(`{"type":"object","properties":{}}`)}
	booking = llm.Tool{Name: "book_slot", Description: "Books a slot.", Phrases: []string{"book an appointment", "make an appointment"},
		Schema: json.RawMessage(`{"type":"object","properties":{"name":{"type":"string","description":"your name"},"day":{"type":"string","description":"the day that suits you"},
		"guests":{"type":"integer","description":"how many people"},"kind":{"enum":["cleaning","check up"]},"new":{"type":"boolean","description":"whether you are new here"}},"required":["day","name","guests","new"]}`)}
)

func TestTools(t *testing.T) {
	for said, want := range map[string]string{
		"i have a question for billing":           "transfer_call",
		"please transfer me":                      "transfer_call",
		"transfer the call":                       "transfer_call",
		"don't transfer me":                       "",
		"can i talk to accounting":                "transfer_call",
		"can i talk to the department of billing": "transfer_call",
		"where can i park":                        "",
	} {
		c := ring(t, demo, hangUp, transfer)
		text := c.say(said)
		switch {
		case want == "" && c.call != nil:
			t.Errorf("%q called %s", said, c.call.Name)
		case want != "" && (c.call == nil || c.call.Name != want || c.call.ID == "" || !json.Valid(c.call.Args)):
			t.Errorf("%q: %q, called %+v, want %s", said, text, c.call, want)
		}
	}
}

func TestToolAsksForWhatItNeeds(t *testing.T) {
	c := ring(t, demo, booking)
	contains(t, c.say("i want to book an appointment on next tuesday"), "For that I need to know one thing: your name")
	contains(t, c.say("it's john smith"), "how many people")
	contains(t, c.say("two of us"), "whether you are new here")
	contains(t, c.say("yes"), "One moment")
	if c.call == nil || c.call.Name != "book_slot" {
		t.Fatalf("called %+v", c.call)
	}
	var args map[string]any
	if err := json.Unmarshal(c.call.Args, &args); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{"day": "next tuesday", "name": "John Smith", "guests": 2.0, "new": true} {
		if args[k] != want {
			t.Errorf("%s is %v, want %v", k, args[k], want)
		}
	}
	c.messages = append(c.messages, llm.Message{Role: llm.ToolRole, CallID: c.call.ID, Text: `{"message":"You are booked for Tuesday at ten"}`})
	if got := c.ask(); got != "You are booked for Tuesday at ten." || c.call != nil {
		t.Errorf("told %q", got)
	}
	contains(t, c.say("where can i park"), "free parking")

	c = ring(t, demo, booking)
	c.say("book an appointment")
	contains(t, c.say("never mind"), "All right.")
	if c.call != nil {
		t.Error("called although the caller gave up")
	}
}

func TestToolResults(t *testing.T) {
	for result, want := range map[string]string{
		"":                            "That is done.",
		"The table is free":           "The table is free.",
		`{"price":80,"day":"Monday"}`: "day: Monday, price: 80.",
		`[1,2,3]`:                     "That is done.",
		`{"a":{"b":1}}`:               "That is done.",
		`{"error":"no such order"}`:   "no such order.",
		strings.Repeat("word ", 200):  "That is done.",
	} {
		c := &caller{t: t, messages: []llm.Message{{Role: llm.User, Text: "book an appointment"},
			{Role: llm.Assistant, Calls: []llm.Call{{ID: "1", Name: "x"}}}, {Role: llm.ToolRole, CallID: "1", Text: result}}}
		contains(t, c.ask(), want)
	}
}

func TestStreamsWordByWord(t *testing.T) {
	n, text := 0, ""
	for d, err := range New().Chat(context.Background(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "hello"}}}) {
		if err != nil {
			t.Fatal(err)
		}
		if (n == 0) != (d.Vendor == "local") {
			t.Errorf("delta %d names %q", n, d.Vendor)
		}
		if n++; strings.Count(strings.TrimSpace(d.Text), " ") > 0 {
			t.Errorf("%q is more than a word", d.Text)
		}
		text += d.Text
	}
	if text != english.hello || n < 5 {
		t.Errorf("%d deltas, %q", n, text)
	}
	for range New().Chat(context.Background(), llm.Request{}) {
		break // leaving the loop is fine
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var last error
	for _, err := range New().Chat(ctx, llm.Request{}) {
		last = err
	}
	if last != context.Canceled {
		t.Errorf("a cancelled turn ends with %v", last)
	}
}
