package responder

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
)

// TestNewcomer: what people say who try the demo agent for the first time, and answers that make sense of it.
func TestNewcomer(t *testing.T) {
	const (
		hours   = "We are open from nine in the morning until six in the evening, Monday to Friday, and on Saturday from ten until two."
		sunday  = "We are closed on Sunday and on public holidays."
		book    = "To make an appointment we need your name and a day that suits you."
		cancel  = "You can cancel an appointment free of charge until the day before."
		parking = "There is free parking behind the building."
		pay     = "We take all major insurance plans, and you can pay by card or in cash."
		address = "Our address is twelve Harbor Street, opposite the old lighthouse."
		urgent  = "In an emergency, come to the practice at once, we see emergencies the same day."
		kids    = "Children are welcome from the age of three."
		message = "I can take a message. What is your name?"
		unknown = "I don't know that. I can take a message. What is your name?"
		ready   = "What would you like to know?"
		more    = "All right. Is there anything else?"
	)
	for said, want := range map[string]string{
		"what are your opening hours":                   hours, // and no more than that
		"are you open today":                            hours,
		"could you tell me when you are open":           hours,
		"do you work on sundays":                        sunday,
		"and on sunday":                                 sunday,
		"can i come in on saturday morning":             book,
		"can i come on monday at ten":                   book,
		"i want to book an appointment":                 book,
		"do you have anything free on tuesday":          book,
		"i'd like to see a dentist as soon as possible": book,
		"i need to reschedule my appointment":           cancel,
		"do i have to pay for parking":                  parking,
		"is parking free":                               parking,
		"i have a question about parking":               parking,
		"can you help me with my insurance":             pay,
		"where are you located exactly":                 address,
		"my tooth is killing me":                        urgent,
		"my son fell and broke his tooth":               urgent,
		"my daughter is two years old can she come":     kids,
		"how old does my child have to be":              kids,
		"can i speak to doctor lee":                     message,
		"can i talk to the dentist please":              message,
		"how long does a cleaning take":                 unknown,
		"who is in charge":                              unknown,
		"how are you doing today":                       "I am fine, thank you. How can I help you?",
		"i am good thank you how are you":               "I am fine, thank you. How can I help you?",
		"what's up":                                     "I am fine, thank you. How can I help you?",
		"nice to meet you":                              "Nice to meet you, too. How can I help you?",
		"what can you do":                               "I can answer questions, and I can take a message. " + ready,
		"i have a question":                             "Of course. " + ready,
		"hi can you help me please":                     "Of course. " + ready,
		"tell me a joke":                                "I can only answer questions and take a message. " + ready,
		"what time is it":                               "I don't know that. Is there anything else?",
		"are you a real person":                         english.itself,
		"is this harbor dental":                         "Hello, this is Harbor Dental. " + english.itself,
		"is this the dentist":                           "Hello, this is Harbor Dental. " + english.itself,
		"is this pizza hut":                             "Hello, this is Harbor Dental. " + ready,
		"but you a robot":                               english.itself,
		"do you take walk ins":                          book,
		"hold on a second":                              "Take your time.",
		"never mind":                                    more,
		"stop":                                          more,
		"maybe":                                         ready,
		"testing one two three":                         english.here,
		"what":                                          greeting,
		"sorry":                                         greeting,
		"pardon me":                                     greeting,
		"i don't understand":                            greeting,
		"can you speak slower please":                   greeting,
		"sorry wrong number":                            english.bye,
		"that was it thanks":                            english.bye,
		"have a nice day":                               english.bye,
		"i have to go":                                  english.bye,
	} {
		c := ring(t, demo, hangUp)
		if got := c.say(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
		if (c.call != nil) != (want == english.bye) {
			t.Errorf("%q: ends the call: %v", said, c.call)
		}
	}
	for _, said := range []string{"is this the wrong number", "do you have a nice day care for children", "what is this insurance thing", "is this covered by insurance"} {
		c := ring(t, demo, hangUp)
		if got := c.say(said); c.call != nil || got == english.bye {
			t.Errorf("%q ends the call with %q", said, got)
		}
	}
}

// TestNoName: asked for a name, callers say other things, which nobody is called by.
func TestNoName(t *testing.T) {
	const unknown, more = "I don't know that. I can take a message. What is your name?", "All right. Is there anything else?"
	for said, want := range map[string]string{
		"what": unknown, "sorry": unknown, "say that again": unknown,
		"why": "Sorry, I did not catch that. What is your name?", "but": "Sorry, I did not catch that. What is your name?",
		"will": "Thank you, Will. What is your message?",
		"okay": "What is your name?", "yes that's right": "What is your name?", "yes please": "What is your name?",
		"thank you": "You are welcome. Is there anything else?",
		"no thanks": more, "i don't want to leave a message": more, "i'd rather not say": more, "maybe later": more,
		"parking": "There is free parking behind the building.", "opening hours please": "We are open from",
		"lee": "Thank you, Lee. What is your message?", "kim park": "Thank you, Kim Park. What is your message?",
		"my name is price": "Thank you, Price. What is your message?",
		"tuesday":          "Sorry, I did not catch that. What is your name?",
	} {
		c := ring(t, demo, hangUp)
		c.say("do you do root canals")
		if got := c.say(said); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// TestPromptAsksForAName: an agent that says what it needs is given it, and notes the whole request.
func TestPromptAsksForAName(t *testing.T) {
	const book, right = "To make an appointment we need your name and a day that suits you.", " Is that right?"
	for _, lines := range [][][2]string{
		{{"i'd like to make an appointment for tuesday", book},
			{"john smith", "Your message is: i'd like to make an appointment for tuesday. From John Smith." + right},
			{"yes", "Thank you, I have noted it. Is there anything else?"}},
		{{"i'd like to make an appointment", book},
			{"okay my name is anna brown and tuesday suits me", "Your message is: i'd like to make an appointment, tuesday suits me. From Anna Brown." + right},
			{"us", "Your message is: i'd like to make an appointment, tuesday suits me. From Anna Brown." + right},
			{"in the morning", "Your message is: i'd like to make an appointment, tuesday suits me, in the morning. From Anna Brown." + right}},
		{{"i'd like to make an appointment", book}, {"tuesday would be great", "What is your name?"},
			{"john", "Your message is: i'd like to make an appointment, tuesday would be great. From John." + right},
			{"no", "All right. What is your message?"},
			{"doctor lee should call me", "Your message is: doctor lee should call me. From John." + right}},
		{{"i'd like to make an appointment", book}, {"yes", "What is your name?"},
			{"jane doe", "Your message is: i'd like to make an appointment. From Jane Doe." + right}},
		{{"i'd like to make an appointment", book}, {"where can i park", "There is free parking behind the building."}},
		{{"i'd like to make an appointment", book}, {"no thanks", "All right. Is there anything else?"},
			{"no but where can i park", "There is free parking behind the building."}, {"no thanks", "You are welcome. Is there anything else?"}, {"no", english.bye}},
		{{"i'd like to make an appointment", book}, {"goodbye", english.bye}},
	} {
		c := ring(t, demo, hangUp)
		for _, l := range lines {
			if got := c.say(l[0]); got != l[1] {
				t.Errorf("%q: %q, want %q", l[0], got, l[1])
				break
			}
		}
	}
}

// TestMessageOrQuestion: a question while the message is awaited is answered where the prompt can, else it is the message.
func TestMessageOrQuestion(t *testing.T) {
	for said, want := range map[string]string{
		"what are your opening hours":      "We are open from",
		"how much is a root canal":         "Your message is: how much is a root canal.",
		"can doctor lee call me":           "Your message is: can doctor lee call me.",
		"please repeat my prescription in": "Your message is: please repeat my prescription in.",
		"sorry":                            "Thank you, Sarah. What is your message?",
	} {
		c := ring(t, demo, hangUp)
		c.say("do you do root canals")
		c.say("my name is sarah")
		if got := c.say(said); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// TestNameCorrected: a name said again is no message.
func TestNameCorrected(t *testing.T) {
	c := ring(t, demo, hangUp)
	for _, l := range [][2]string{{"can i speak to doctor lee", "I can take a message. What is your name?"}, {"mare", "Thank you, Mare. What is your message?"},
		{"my name is mary", "Thank you, Mary. What is your message?"}, {"please call me back", "Your message is: please call me back. From Mary. Is that right?"}} {
		if got := c.say(l[0]); got != l[1] {
			t.Errorf("%q: %q, want %q", l[0], got, l[1])
		}
	}
}

// TestOfferInPassing: who is told that a message can be taken has not been asked for a name.
func TestOfferInPassing(t *testing.T) {
	for _, said := range []string{"are you a robot", "what can you do", "tell me a joke", "who are you"} {
		c := ring(t, demo, hangUp)
		c.say(said)
		if got := c.say("saudi"); strings.Contains(got, "Saudi") {
			t.Errorf("after %q: %q", said, got)
		}
		contains(t, c.say("paul"), "Thank you, Paul.")
	}
}

// TestTakesOver: after another model that failed in the middle, the caller's question is answered, and what the wrapper told that
// model is not spoken.
func TestTakesOver(t *testing.T) {
	c := ring(t, demo)
	c.messages = append(c.messages, llm.Message{Role: llm.User, Text: "where can i park"}, llm.Message{Role: llm.Assistant, Text: "You can"},
		llm.Message{Role: llm.System, Text: "Your last message was cut off. Go on exactly where it stops, without repeating any of it."})
	contains(t, c.ask(), "free parking")
	c = ring(t, demo)
	c.messages = append(c.messages, llm.Message{Role: llm.System, Text: "Your last message was cut off. Go on exactly where it stops, without repeating any of it."})
	if got := c.say("is my message cut off"); strings.Contains(got, "last message") {
		t.Errorf("speaks what it was told: %q", got)
	}
}

// TestBrief: whatever of it is asked, the demo's prompt is not read out.
func TestBrief(t *testing.T) {
	index := newIndex(demo, "en")
	for _, s := range index.sentences {
		for _, said := range []string{s.spoken, "tell me about " + s.spoken, "what " + s.spoken} {
			got := index.best(wordsOf(said))
			if n := len(splitSentences(got)); n > 2 || !strings.Contains(got, s.spoken) {
				t.Errorf("%q: %d sentences: %q", said, n, got)
			}
		}
	}
}
