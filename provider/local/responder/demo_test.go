package responder

import (
	"context"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
)

// demo is the prompt of the agent that a first start makes.
const demo = `You are the receptionist of Harbor Dental, a dental practice. Be brief and friendly, and answer in one or two sentences.
We are open from nine in the morning until six in the evening, Monday to Friday, and on Saturday from ten until two.
We are closed on Sunday and on public holidays.
Our address is twelve Harbor Street, opposite the old lighthouse.
There is free parking behind the building.
A check up costs eighty dollars, and a cleaning costs sixty dollars.
We take all major insurance plans, and you can pay by card or in cash.
To make an appointment we need your name and a day that suits you.
In an emergency, come to the practice at once, we see emergencies the same day.
Doctor Lee and Doctor Moreno are our two dentists.
Children are welcome from the age of three.
You can cancel an appointment free of charge until the day before.
When the caller says goodbye, end the call.`

const greeting = "Hello, this is Harbor Dental. How can I help you?"

var hangUp = llm.Tool{Name: "end_conversation", Description: "Ends the call. End the call. The caller said goodbye and wants nothing more.",
	Phrases: []string{"goodbye", "bye", "that's all", "hang up", "End the call", "The caller said goodbye and wants nothing more."}}

// A caller talks to the responder; what both say becomes history.
type caller struct {
	t        testing.TB
	messages []llm.Message
	tools    []llm.Tool
	call     *llm.Call // in the last answer
}

func ring(t testing.TB, prompt string, tools ...llm.Tool) *caller {
	return &caller{t: t, tools: tools, messages: []llm.Message{{Role: llm.System, Text: prompt}, {Role: llm.Assistant, Text: greeting}}}
}

func (c *caller) ask() string {
	c.t.Helper()
	var b strings.Builder
	c.call = nil
	for d, err := range New().Chat(context.Background(), llm.Request{Messages: c.messages, Tools: c.tools}) {
		if err != nil {
			c.t.Fatal(err)
		}
		if c.call != nil {
			c.t.Error("words after the tool")
		}
		b.WriteString(d.Text)
		if d.Call != nil {
			c.call = d.Call
		}
	}
	m := llm.Message{Role: llm.Assistant, Text: b.String()}
	if c.call != nil {
		m.Calls = []llm.Call{*c.call}
	}
	c.messages = append(c.messages, m)
	return b.String()
}

func (c *caller) say(text string) string {
	c.t.Helper()
	c.messages = append(c.messages, llm.Message{Role: llm.User, Text: text})
	return c.ask()
}

func TestDemoAgentAnswers(t *testing.T) {
	const (
		hours, sunday, address, parking = "nine in the morning", "closed on Sunday", "Harbor Street", "free parking"
		prices, insurance, book         = "sixty dollars", "insurance plans", "To make an appointment"
		emergency, doctors, children    = "same day", "Moreno", "age of three"
		cancel, unknown                 = "until the day before", "I don't know that. I can take a message."
	)
	for _, c := range []struct{ said, want string }{
		{"What are your opening hours?", hours},
		{"what are your opening hours on saturday", hours},
		{"when do you open", hours},
		{"what time do you close", hours},
		{"are you open on saturday", hours},
		{"are you open on sunday", sunday},
		{"are you open on the weekend", sunday},
		{"are you open on public holidays", sunday},
		{"where are you", address},
		{"where are you located", address},
		{"what's your address please", address},
		{"how do i get there", address},
		{"can you tell me where the practice is", address},
		{"where can i park", parking},
		{"do you have a parking lot", parking},
		{"is parking free", parking},
		{"how much does a cleaning cost", prices},
		{"how much is a check up", prices},
		{"what are your prices", prices},
		{"um how much do you charge for a cleaning", prices},
		{"do you take delta dental insurance", insurance},
		{"do you accept my insurance", insurance},
		{"can i pay by card", insurance},
		{"do you take credit cards", insurance},
		{"i'd like to book an appointment", book},
		{"can i make an appointment for tuesday", book},
		{"can i see a dentist", ""},
		{"i have a terrible toothache", emergency},
		{"my tooth hurts", emergency},
		{"it's an emergency", emergency},
		{"who are the dentists", doctors},
		{"is doctor lee there", doctors},
		{"do you see children", children},
		{"can i bring my son", children},
		{"do you see kids", children},
		{"hi what kind do you open tomorrow", hours},
		{"can i pay with a credit cards", insurance},
		{"do you do route to bells", unknown},
		{"i need to cancel my appointment", cancel},
		{"can i cancel", cancel},
		// what the recogniser makes of it
		{"what are your opening i was on saturday", hours},
		{"town much as it cleaning cost", prices},
		{"how much is a clean in", prices},
		{"where can i bark", unknown},
		{"do you take insurance is", insurance},
		{"i have a terrible two sections yesterday", unknown},
		{"can i put an appointment for next tuesday", book},
		{"do you have barking", unknown},
		{"is there free park in", parking},
		// what nobody told it
		{"how much is a root canal", unknown},
		{"do you do teeth whitening", unknown},
		{"what is the capital of france", unknown},
		{"do you sell toothbrushes", unknown},
		{"what is the weather tomorrow", unknown},
		{"where is the pharmacy", unknown},
	} {
		if got := ring(t, demo, hangUp).say(c.said); !strings.Contains(got, c.want) {
			t.Errorf("%q: %q, want %q", c.said, got, c.want)
		} else if strings.Contains(got, "receptionist") || strings.Contains(got, "brief") || strings.Contains(got, "end the call") {
			t.Errorf("%q: speaks its instructions: %q", c.said, got)
		}
	}
}
