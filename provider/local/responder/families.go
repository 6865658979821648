package responder

import (
	"slices"
	"strings"
)

// idioms are questions whose words say little one by one, and the word that says it; the longer before the shorter.
var idioms = func() (out []idiom) {
	for _, line := range strings.Split(strings.TrimSpace(`
hours: what time do you close, what time do you open, what time are you open, when do you close, when do you open, when are you open, when are you closed, how late are you open
hours: do you work, are you working, are you around
appointment: take walk ins, take walk in, accept walk ins, walk ins, walk in, see a dentist, see the dentist, see a doctor, see the doctor, see someone today, can i come, could i come, anything free, anything available, anything open, something free, any openings, an opening, any availability, any slots, free slot, free slots, be seen, come by
hours: when do you, when are you, what time, what days, which days, when you, how late
address: where can i find you, where do i find you, where the practice is, where the practice, where the office is, where the office, where the store
address: how do i get, how can i get, how do i find, where are you, where is your, where's your, where you, where is the practice, where is the office, where is the store, where is the shop
price: how much, how expensive
duration: how long does it take, how long
manager: in charge
appointment: see someone, see a, see the, get an, come in
card: credit cards, credit card, debit card
child: my kids, my kid, my son, my daughter
`), "\n") {
		word, phrases, _ := strings.Cut(line, ":")
		for p := range strings.SplitSeq(phrases, ",") {
			out = append(out, idiom{strings.Fields(p), word})
		}
	}
	slices.SortStableFunc(out, func(a, b idiom) int { return len(b.said) - len(a.said) })
	return out
}()

type idiom struct {
	said []string
	word string
}

// moments say when; a prompt that has no word of them is not asked about them.
var moments = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`monday tuesday wednesday thursday friday saturday sunday next week month day morning afternoon evening noon
soon yesterday one two three four five six seven eight nine ten eleven twelve thirty put time`) {
		m[stem(w)] = true
	}
	return m
}()

// families are stems that answer one another. The first list is what a caller says; the second what a prompt says of it.
var families = func() map[string][]string {
	m := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(`
hours open opening close closing closed closes schedule | open close closed hours opening
weekend weekends | saturday sunday
weekday weekdays | monday friday
today tomorrow tonight now currently | open closed hours
holiday holidays christmas easter | holiday holidays
address located location directions street place building situated | address located location street opposite near next corner
price cost costs charge charges fee fees expensive cheap rate rates pricing | cost price fee charge dollar dollars free
duration | minute minutes hour last week
park parking car garage | parking park garage
insurance insured coverage cover covered plan | insurance plan cover coverage
appointment book booking schedule visit slot consultation reservation reserve | appointment book booking schedule visit
cancel cancellation reschedule move postpone change | cancel cancellation reschedule
emergency urgent pain painful hurt hurts ache toothache broken broke bleeding swollen swelling accident fell chipped cracked knocked infection infected agony killing | emergency urgent pain emergencies
doctor doctors dentist dentists physician | doctor doctors dentist dentists dr
child children kid kids baby toddler son daughter | child children kids pediatric age
pay paying payment payments cash card visa mastercard check | pay payment card cash credit free
old young age ages aged | age old
email mail write | email
phone telephone | phone telephone number call
website internet online web | website online
wheelchair disabled accessible access elevator lift ramp | wheelchair accessible access elevator step
bus train subway metro tram | bus train subway metro tram stop station
cleaning clean hygiene hygienist | cleaning hygienist
checkup checkups exam examination | checkup check exam examination
delivery deliver ship shipping | delivery deliver shipping ship
refund return returns | refund return
menu food eat | menu food
vegetarian vegan | vegetarian vegan
hire hiring job jobs work career | job jobs hiring career
`), "\n") {
		say, with, _ := strings.Cut(line, "|")
		for _, w := range strings.Fields(say) {
			for _, r := range strings.Fields(with) {
				m[stem(w)] = append(m[stem(w)], stem(r))
			}
		}
	}
	return m
}()

// attributes ask something of what the other words name.
var attributes = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("price cost costs charge fee fees expensive cheap address located location duration today tomorrow tonight now") {
		m[stem(w)] = true
	}
	return m
}()

// urgent are words that come before all else.
var urgent = func() map[string]bool {
	m := map[string]bool{}
	for w, with := range families {
		for _, r := range with {
			if r == stem("emergency") {
				m[w] = true
			}
		}
	}
	return m
}()

// acts are words of sentences about undoing something, which answer nobody who has not asked for that.
var acts = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("cancel cancellation reschedule refund return returns") {
		m[stem(w)] = true
	}
	return m
}()
