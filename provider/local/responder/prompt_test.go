package responder

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
)

// shop is a prompt as people write them: headings, lists, instructions, questions with their answers.
const shop = `# Role
You are Ava, the friendly phone assistant of Bluebird Bikes. Your tone is warm. Never discuss politics.
Keep answers under two sentences. If the caller is angry, apologize. {{caller_name}} may be empty.

## Opening hours
- Mon-Fri: 10 a.m. to 7 p.m.
- Sat: 10 a.m. to 4 p.m.

## Services
* **Repairs**: from $35, usually done within 24 hours.
* **Rentals**: city bikes cost $20 a day, e-bikes cost $45 a day.
* We don't sell used bikes.

Q: Do you ship abroad?
A: We ship to Canada and Mexico only. Shipping takes about a week.

If asked about returns, say that unused items can be returned within 30 days.
When a customer wants a refund, tell them: refunds are paid within 5 days.
Always confirm the order number. Do not give discounts!
Dr. Wheel is our mascot.
`

func TestPromptsAsPeopleWriteThem(t *testing.T) {
	for said, want := range map[string]string{
		"what are your opening hours":               "10 a.m. to 7 p.m.",
		"how much is a repair":                      "Repairs: from $35",
		"how much does it cost to rent a city bike": "city bikes cost $20 a day",
		"do you ship to canada":                     "We ship to Canada and Mexico only.",
		"do you ship abroad":                        "We ship to Canada",
		"can i return an item":                      "Unused items can be returned within 30 days.",
		"i want a refund":                           "Refunds are paid within 5 days.",
		"do you sell used bikes":                    "We don't sell used bikes.",
		"who is doctor wheel":                       "Dr. Wheel is our mascot.",
		"can you give me a discount":                "I don't know that.",
		"what do you think about politics":          "I don't know that.",
		"what is my order number":                   "I don't know that.",
	} {
		contains(t, ring(t, shop).say(said), want)
	}
}

func TestNoInstructionIsSpoken(t *testing.T) {
	for _, s := range sentencesOf(shop) {
		for _, bad := range []string{"You are", "Your tone", "Never", "Keep", "angry", "{{", "Always", "Do not", "?", "#", "*", "Role"} {
			if strings.Contains(s.spoken, bad) {
				t.Errorf("would say %q", s.spoken)
			}
		}
	}
	if got := sentencesOf("Please be kind. You must never lie. Ask for the name. Try to sell. Don't swear. If they ask, end the call."); len(got) > 0 {
		t.Errorf("would say %+v", got)
	}
	if got := sentencesOf("You can park in the yard. Your first visit is free."); len(got) != 2 {
		t.Errorf("leaves out what callers are told: %+v", got)
	}
}

func TestSplitSentences(t *testing.T) {
	got := splitSentences("Dr. Lee is in at 9 a.m. on Monday. Call 555-0100! Price is 3.50 a piece? 営業は九時です。 End")
	want := []string{"Dr. Lee is in at 9 a.m. on Monday.", "Call 555-0100!", "Price is 3.50 a piece?", "営業は九時です。", "End"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q", got)
	}
}

func TestLanguages(t *testing.T) {
	for lang, c := range map[string]struct{ prompt, said, want string }{
		"es": {"Usted es la recepcionista de la clínica. Abrimos de lunes a viernes de nueve a seis. El aparcamiento está detrás del edificio.", "¿dónde está el aparcamiento?", "El aparcamiento está detrás del edificio."},
		"de": {"Die Praxis ist montags bis freitags von neun bis achtzehn Uhr geöffnet. Parkplätze sind hinter dem Haus.", "wann ist die praxis geöffnet", "von neun bis achtzehn Uhr"},
		"fr": {"Le cabinet est ouvert du lundi au vendredi. Le parking est derrière le bâtiment.", "où est le parking", "derrière le bâtiment"},
		"pt": {"O consultório fica na rua do Porto. O estacionamento é gratuito.", "onde fica o consultório", "rua do Porto"},
		"it": {"Lo studio è aperto dal lunedì al venerdì. Il parcheggio è dietro la casa.", "dove è il parcheggio", "dietro la casa"},
		"nl": {"De praktijk is open van maandag tot en met vrijdag. Het parkeren is gratis.", "is het parkeren gratis", "Het parkeren is gratis."},
		"id": {"Klinik buka dari Senin sampai Jumat. Tempat parkir ada di belakang gedung dan gratis untuk anda.", "di mana tempat parkir", "belakang gedung"},
		"hi": {"क्लिनिक सोमवार से शुक्रवार तक खुला है। पार्किंग इमारत के पीछे है।", "पार्किंग कहाँ है", "पार्किंग इमारत के पीछे है।"},
		"ja": {"診療時間は九時から六時までです。駐車場は建物の裏にあります。", "駐車場はありますか", "駐車場は建物の裏にあります。"},
		"ko": {"진료 시간은 아홉 시부터 여섯 시까지입니다. 주차장은 건물 뒤에 있습니다.", "주차장은 어디에 있습니까", "주차장은 건물 뒤에 있습니다."},
	} {
		if got := languageOf(c.prompt); got != lang {
			t.Errorf("%q is taken for %s, not %s", c.prompt, got, lang)
			continue
		}
		x := textsOf[lang]
		talk := &caller{t: t, messages: []llm.Message{{Role: llm.System, Text: c.prompt}}}
		contains(t, talk.ask(), x.hello)
		contains(t, talk.say(c.said), c.want)
		contains(t, talk.say("xyzzy plugh"), x.offer)
		contains(t, talk.say("Anna Müller"), strings.TrimSpace(x.askMessage))
		contains(t, talk.say("xyzzy plugh foo bar"), "xyzzy plugh foo bar")
		history := talk.messages
		for yes := range x.yesWords {
			talk.messages = history
			contains(t, talk.say(yes), x.noted)
		}
		for no := range x.noWords {
			talk.messages = history
			contains(t, talk.say(no), x.askMessage)
		}
		for bye := range x.goodbyes {
			talk.messages = history[:1]
			contains(t, talk.say(bye), x.bye)
		}
	}
	if got := languageOf("12345"); got != "en" {
		t.Errorf("digits are %s", got)
	}
}

// TestTextsAreWhole: no language lacks a phrase or a list, and those with places have them.
func TestTextsAreWhole(t *testing.T) {
	if len(textsOf) != 11 {
		t.Errorf("%d languages, the contract has 11", len(textsOf))
	}
	for lang, x := range textsOf {
		p := x.phrases
		for i, s := range []string{p.hello, p.pardon, p.unknown, p.offer, p.askName, p.thankName, p.askMessage, p.confirm, p.confirmFrom, p.noted,
			p.more, p.fineThen, p.welcome, p.what, p.bye, p.moment, p.need, p.happened, p.here, p.itself} {
			if s == "" {
				t.Errorf("%s: phrase %d is empty", lang, i)
			}
		}
		for s, n := range map[string]int{p.thankName: 1, p.confirm: 1, p.confirmFrom: 2, p.need: 1, p.hello: 0} {
			if strings.Count(s, "%s") != n || strings.Count(s, "%") != n {
				t.Errorf("%s: %q has not %d places", lang, s, n)
			}
		}
		if beginning(p.confirm) != beginning(p.confirmFrom) {
			t.Errorf("%s: the two confirmations begin differently", lang)
		}
		if len(x.yesWords) == 0 || len(x.noWords) == 0 || len(x.goodbyes) == 0 || len(x.myName) == 0 || stopWords[lang] == nil {
			t.Errorf("%s: words are missing", lang)
		}
	}
}

func FuzzChat(f *testing.F) {
	f.Add(demo, "what are your hours", "Your message is: %s")
	f.Add(shop, "my name is", english.offer+" "+english.askName)
	f.Add("Q: ?\nA: .\n{{x}}", "it's", english.need)
	f.Add("。。\x00 \xff", "não ñ 駅", "")
	f.Fuzz(func(t *testing.T, prompt, said, asked string) {
		c := &caller{t: t, tools: []llm.Tool{hangUp, transfer, booking}, messages: []llm.Message{{Role: llm.System, Text: prompt},
			{Role: llm.User, Text: "book an appointment"}, {Role: llm.Assistant, Text: asked}}}
		if c.say(said) == "" && c.call == nil {
			t.Errorf("nothing to say to %q", said)
		}
	})
}
