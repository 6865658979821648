package vocabulary

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// callers are what people say to whoever answers, whatever the business.
var callers = strings.Split(strings.TrimSpace(`
hello
hi there
hi good morning
good afternoon
hello can you hear me
hello is anyone there
who is this
who am i speaking to
are you a robot
are you a real person
can i speak to a person please
can i talk to someone
i'd like to speak to someone
i want to talk to a human
put me through to someone please
can you transfer me please
what are your opening hours
what are your hours
what time do you open
what time do you close
when do you open
when do you close
when are you open
are you open today
are you open on saturday
are you open on sunday
are you open on monday
are you open tomorrow
are you open on weekends
are you open right now
where are you
where are you located
where is your office
what is your address
what's your address
how do i get there
how do i find you
is there parking
where can i park
do you have parking
what's your phone number
what is your email
what is your website
how much is it
how much does it cost
how much does it cost for that
what does it cost
what is the price
what are your prices
what do you charge
is it free
how long does it take
do you accept credit cards
do you take credit cards
can i pay by card
can i pay in cash
how can i pay
i'd like to make an appointment
i would like to make an appointment
i'd like to book an appointment
i would like to book an appointment
can i book an appointment
can i make an appointment
i need an appointment
i want to make an appointment
i need to cancel my appointment
i'd like to cancel my appointment
can i change my appointment
i need to reschedule
i need to reschedule my appointment
do i need an appointment
do you have anything on tuesday
do you have anything this week
do you have anything tomorrow
on monday morning
on tuesday afternoon
next wednesday
this thursday
friday at ten
tomorrow at three
in the morning
in the afternoon
is it possible to come in today
can i come in today
i have a question
i have a question about my bill
i have a problem
it's an emergency
it is urgent
what services do you offer
what do you do
do you offer that
can you help me
can you help me with something
could you repeat that
can you repeat that
sorry can you repeat that please
can you say that again
sorry i didn't hear that
what did you say
pardon
what
sorry
sorry what was that
i don't understand
how are you
how are you doing today
what can you do
sorry wrong number
never mind
i have to go
yes
yes please
yes that's right
yes that is correct
yeah
sure
okay
ok great
that's right
correct
that sounds good
no
no thank you
no thanks
no that's all
no that's it
no that's wrong
not right now
i don't know
i'm not sure
my name is
my name is john smith
my phone number is
can i leave a message
i'd like to leave a message
please leave a message
please call me back
can someone call me back
tell him i called
thank you
thanks
thank you very much
thanks a lot
thank you goodbye
thanks bye
that's all thank you
that is all
nothing else
goodbye
bye
bye bye
have a nice day
hang on
one moment please
just a minute
`), "\n")

// dated are what callers say with the name of a day.
var dated = strings.Split("i'd like to make an appointment for %|can i come in on %|do you have anything on %|are you open on %|on %|for %", "|")

var days = strings.Fields("monday tuesday wednesday thursday friday saturday sunday tomorrow today")

// introduced are how callers give a name, in pairs of the commonest; the general model knows others.
var introduced = strings.Split("my name is %|this is %|it's %|%", "|")

var given = strings.Fields("james mary michael patricia robert jennifer john linda david elizabeth william barbara richard susan joseph jessica thomas karen " +
	"daniel sarah matthew lisa anthony nancy mark sandra paul ashley steven emily andrew donna george michelle peter laura kevin anna maria jane bob")

var family = strings.Fields("smith johnson williams brown jones garcia miller davis rodriguez martinez wilson anderson taylor thomas moore jackson " +
	"martin lee thompson white harris clark lewis robinson walker young king wright hill green adams baker nelson carter mitchell roberts")

// carriers are how a caller asks for a thing the agent's text names.
var carriers = strings.Split(strings.TrimSpace(`
do you have %
do you offer %
do you take %
do you accept %
do you do %
how much is %
how much is a %
how much are %
how much does % cost
how much does a % cost
what about %
what is %
tell me about %
tell me about the %
i need %
i need a %
i'd like a %
i have a question about %
is there %
are there %
can i get a %
can i speak to %
what is the %
what are the %
where is the %
when is the %
%
% please
`), "\n")

// situations are what callers say for whom the agent's text has another word.
var situations = []struct {
	named     []string // any of these in the text
	sentences []string
}{
	{strings.Fields("dental dentist dentists tooth teeth"), []string{"my tooth hurts", "my teeth hurt", "i have a toothache", "i have a terrible toothache", "i broke a tooth",
		"i lost a filling", "i need a filling", "i need a root canal", "i'd like to see a dentist"}},
	{strings.Fields("emergency emergencies urgent doctor doctors clinic"), []string{"i'm in pain", "i have a lot of pain", "it hurts", "i am in a lot of pain", "i had an accident"}},
	{strings.Fields("child children kids"), []string{"do you see kids", "can i bring my son", "can i bring my daughter", "my son is two years old"}},
	{strings.Fields("table tables restaurant menu"), []string{"can i book a table", "a table for two", "a table for four at seven", "do you have anything vegetarian"}},
	{strings.Fields("order orders delivery shipping"), []string{"where is my order", "i want to return my order", "when will it arrive"}},
}

// callerWords are possible anywhere.
var callerWords = strings.Fields(`zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred oh double
monday tuesday wednesday thursday friday saturday sunday today tomorrow tonight morning afternoon evening noon o'clock a.m. p.m. half past quarter
january february march april may june july august september october november december
yes no yeah yep nope okay please thanks hello goodbye bye help operator agent representative`)

// little are words that carry no topic.
var little = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`a an the and or but if of to in on at by for from with without as is are was were be been being am it its this
that these those there here he she they them their his her you your yours we us our ours i me my mine who what when where which how why do does did
done have has had can could will would shall should may might must not no yes so than then too very just only also any all each every some such
more most other into out up down over under about after before again once because while until during between through off own same both few
let's say tell ask never always don't please keep answer caller callers agent voice assistant speak talk give make sure use be`) {
		m[w] = true
	}
	return m
}()

const (
	maxTopics    = 160
	maxSentences = 400
)

// Expect are the sentences a caller of this agent may say: the agent's own text, what callers say anywhere, and the one
// asked about in the words of the other. Keywords are asked about as often as their boost says.
func Expect(text []string, keywords map[string]float64) (sentences [][]string, extra []string) {
	for _, c := range callers {
		s := strings.Fields(c)
		sentences = append(sentences, s, s) // twice: they come in every call
	}
	for _, c := range dated {
		for _, day := range days {
			sentences = append(sentences, strings.Fields(strings.ReplaceAll(c, "%", day)))
		}
	}
	for i, name := range given {
		name += " " + family[i%len(family)]
		for _, c := range introduced {
			sentences = append(sentences, strings.Fields(strings.ReplaceAll(c, "%", name)))
		}
	}
	topics := map[string]int{}
	named := map[string]bool{}
	for i, t := range text {
		s := Spoken(t)
		if i == maxSentences {
			break
		}
		if len(s) > 0 {
			sentences = append(sentences, s)
		}
		for i, w := range s {
			named[w] = true
			if little[w] || len(w) < 3 {
				continue
			}
			topics[w]++
			if i+1 < len(s) && !little[s[i+1]] && len(s[i+1]) > 2 {
				topics[w+" "+s[i+1]]++
			}
		}
	}
	for _, u := range situations {
		if slices.ContainsFunc(u.named, func(w string) bool { return named[w] }) {
			for _, c := range u.sentences {
				sentences = append(sentences, strings.Fields(c), strings.Fields(c))
			}
		}
	}
	times := map[string]int{}
	for k, boost := range keywords {
		if s := Spoken(k); len(s) > 0 {
			k := strings.Join(s, " ")
			times[k] = int(math.Ceil(min(max(boost, 1), 10) / 3))
			topics[k] += maxSentences // before all others
		}
	}
	names := make([]string, 0, len(topics))
	for t := range topics {
		names = append(names, t)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(topics[b]-topics[a], cmp.Compare(a, b)) })
	for _, t := range names[:min(len(names), maxTopics)] {
		for range max(1, times[t]) {
			for _, c := range carriers {
				sentences = append(sentences, strings.Fields(strings.ReplaceAll(c, "%", t)))
			}
		}
	}
	return sentences, callerWords
}
