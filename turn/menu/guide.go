// Package menu finds the way through the menus of a telephone that answers by itself. It gathers what is read out until all of it has
// been, remembers what was heard on the call and what was chosen, tells people from recordings where words alone do, and notices when a way
// leads nowhere. What serves the call's purpose it does not know: for that it has somebody asked. It is told everything with the time
// since answer and does nothing; no I/O, no clock, no goroutine.
package menu

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
)

const (
	settle   = 1300 * time.Millisecond // of silence, and all has been read out: between two choices there is less
	greeted  = 800 * time.Millisecond  // of silence after a mere greeting: recordings greet, too, and go on
	lag      = time.Second             // of words behind their sound
	music    = 2500 * time.Millisecond // after the last word sound is no speech
	longest  = 10 * time.Minute        // without a word
	retries  = 1                       // of a choice that came straight back
	comes    = 4                       // so often the same menu may come
	waits    = 3                       // so often in a row a menu is let go by
	fewWords = 9                       // of a person who says no more than who they are
	manyTalk = 40                      // nobody answers a telephone with more words
	most     = 25                      // choices in a call
	mostAsks = 60                      // and questions
	mostText = 4000                    // bytes of an announcement: its end
	mostFail = 3                       // questions in a row that got no answer
)

// Operator is the key that reaches a person in most menus.
const Operator = "0"

// Options are the agent's dials.
type Options struct {
	Language string  // contract code; "" is en
	Speed    float64 // conversation_speed: divides the waits; 0 is 1
	Purpose  string  // of the call, in words: what is chosen by where nobody chooses
}

// A Piece is what was understood of one stretch of talk.
type Piece struct {
	Text       string
	Start, End time.Duration // of its sound
	Waits      bool          // it asks for a moment
}

// A Kind is what a Choice or a Step is.
type Kind uint8

const (
	None   Kind = iota
	Press       // the keys of Choice.Text
	Say         // the words of Choice.Text
	Wait        // do nothing
	Person      // it is a person who talks
	Record      // Choice: a message may be left
	Leave       // Choice: nothing here serves
	Ask         // Step: somebody is to choose, and Answer is to be told
	Is          // Step: Class tells what has answered
	End         // Step: Why the way ends here
)

// A Choice is what is done about an announcement.
type Choice struct {
	Kind Kind
	Text string
	Why  string // in words, for the log
}

// By says who made a choice.
type By string

const (
	ByModel    By = "model"    // who was asked
	ByMemory   By = "memory"   // it was made here before
	ByOperator By = "operator" // nothing else is left to try
	ByWords    By = "words"    // they leave no choice
	ByAPI      By = "api"      // somebody outside
)

// A Step is a decision.
type Step struct {
	Choice
	By    By
	Place *Place       // nil: it is about nothing that was read out as a whole
	Class answer.Class // Is
	Sure  float64      // Is, Person
	Ask   int          // Ask: the number of the question
}

// A Guide finds the way on one call. It belongs to one goroutine.
type Guide struct {
	o       Options
	purpose []string // its words
	active  bool
	now     reading
	memory

	asks     int // questions so far
	fails    int // in a row that nobody answered
	choices  int
	operator bool // has been tried
}

// A reading is an announcement that is read out.
type reading struct {
	said    []string      // what was, so far
	partial string        // and is being
	wordsAt time.Duration // the newest word came; 0: none yet
	whole   bool          // it has begun anew: all of it was read out
	waits   bool          // it asks for a moment
	beeped  bool
	greets  string  // why it may be a person who waits; "": it may not
	urgent  bool    // somebody is asked before all of it was read out
	asked   bool    // somebody has been
	here    *Place  // what it is
	decided *Choice // by who was asked
}

// A memory is what was heard and chosen on the call.
type memory struct {
	known    []*Place
	at       *Place // where the last choice was made
	last     *Made
	madeAt   time.Duration
	since    time.Duration // the same, or when the way began
	straight int           // choices in a row that came straight back
}

// New makes a guide for one call. It only gathers until Begin.
func New(o Options) *Guide {
	if o.Speed <= 0 {
		o.Speed = 1
	}
	if o.Language == "" {
		o.Language = "en"
	}
	return &Guide{o: o, purpose: strings.Fields(turn.Plain(o.Purpose))}
}

// Begin: a machine reads out choices.
func (g *Guide) Begin(now time.Duration) {
	if !g.active {
		g.active, g.since, g.now.wordsAt = true, now, max(g.now.wordsAt, now)
	}
}

// Stop: somebody talks who is no machine. What was heard and chosen is remembered.
func (g *Guide) Stop() { g.active, g.now = false, reading{} }

// Active reports whether a way is being looked for.
func (g *Guide) Active() bool { return g.active }

// Path is what was read out and chosen so far, oldest first.
func (g *Guide) Path() []*Place { return g.known }

// Words: more is being said, and so far this is understood of it.
func (g *Guide) Words(partial string, now time.Duration) {
	r := &g.now
	if partial == "" || partial == r.partial {
		return
	}
	r.partial, r.wordsAt, r.greets, r.urgent = partial, now, "", false
	r.whole = r.whole || g.again(partial)
}

// Piece takes what was said until a pause.
func (g *Guide) Piece(p Piece) Step {
	r := &g.now
	r.partial = ""
	text := strings.TrimSpace(p.Text)
	if g.last != nil && p.Start < g.madeAt { // it began before the choice
		text = strings.TrimSpace(g.beyond(g.at, text))
	}
	if text == "" {
		return Step{}
	}
	r.wordsAt = max(r.wordsAt, p.End)
	if g.again(text) {
		r.whole = true
		return Step{}
	}
	g.depart()
	r.add(text)
	r.waits = p.Waits
	if !g.active || p.Waits {
		return Step{}
	}
	gist := answer.GistOf(g.o.Language, text)
	if gist.Class != "" || namesMachine(text) {
		return Step{}
	}
	words := len(strings.Fields(text))
	switch {
	case gist.Person != "" && !gist.Company && words <= manyTalk:
		return g.person(fmt.Sprintf("said %q, and waits", gist.Person))
	case gist.Greets && strings.ContainsAny(text, "?？"):
		return g.person("a greeting, and they wait")
	case gist.Greets && !turn.Listens(g.o.Language, text):
		r.greets = "a greeting, and they wait"
	default:
		r.urgent = gist.Person != "" || !gist.Company && words <= fewWords
	}
	return Step{}
}

func (g *Guide) person(why string) Step {
	return Step{Choice: Choice{Kind: Person, Why: why}, Sure: 0.9, By: ByWords}
}

// add takes note of more that was said. Who was asked about less of it is not listened to.
func (r *reading) add(text string) {
	r.said = append(r.said, text)
	for len(r.said) > 1 && len(strings.Join(r.said, " ")) > mostText {
		r.said = r.said[1:]
	}
	r.asked, r.decided, r.here, r.urgent, r.whole, r.greets = false, nil, nil, false, false, ""
}

// text is all of it.
func (r *reading) text() string {
	text := strings.Join(r.said, " ")
	if r.beeped {
		text += " [a beep]"
	}
	return text
}

// again reports whether a text is how what is read out began: it is read out once more.
func (g *Guide) again(text string) bool {
	return len(g.now.said) > 0 && within(g.place(text).marks, g.place(g.now.text()).marks, leastMore)
}

// Beep: there was one.
func (g *Guide) Beep(now time.Duration) Step {
	r := &g.now
	text := strings.TrimSpace(r.text() + " " + r.partial)
	if !g.active || text == "" {
		return Step{}
	}
	gist := answer.GistOf(g.o.Language, text)
	switch {
	case gist.Class == answer.Voicemail:
		return is(gist, nil)
	case gist.Class == "" && len(g.known) == 0:
		return Step{Choice: Choice{Kind: Is, Why: "a beep after talk that was no menu"}, By: ByWords, Class: answer.Voicemail, Sure: 0.8}
	}
	r.beeped, r.urgent = true, !r.asked
	r.wordsAt = max(r.wordsAt, now)
	return Step{}
}

// Due is when Tick is to be called; false while nothing waits. sound is the end of the last speech in the sound; talking: words have come
// that are of no Piece yet.
func (g *Guide) Due(sound time.Duration, talking bool) (time.Duration, bool) {
	r := &g.now
	if !g.active {
		return 0, false
	}
	at := g.idleAt()
	switch {
	case len(r.said) == 0 || r.asked && r.decided == nil:
	case r.urgent && !talking:
		at = r.wordsAt
	case r.greets != "" && !talking:
		at = g.quiet(sound, greeted)
	default:
		at = min(at, g.over(sound, talking))
	}
	return at, true
}

func (g *Guide) idleAt() time.Duration { return max(g.since, g.now.wordsAt) + longest }

// quiet is when there has been so much silence.
func (g *Guide) quiet(sound, d time.Duration) time.Duration {
	at := g.now.wordsAt
	if sound > 0 && sound >= at-lag { // it is theirs
		at = min(sound, at+music)
	}
	return at + time.Duration(float64(d)/g.o.Speed)
}

// over is when all has been read out.
func (g *Guide) over(sound time.Duration, talking bool) time.Duration {
	switch {
	case g.now.whole:
		return g.now.wordsAt
	case talking:
		return 1<<63 - 1
	}
	return g.quiet(sound, settle)
}

// Tick decides what has become due by now.
func (g *Guide) Tick(now, sound time.Duration, talking bool) Step {
	r := &g.now
	at, ok := g.Due(sound, talking)
	switch {
	case !ok || now < at:
		return Step{}
	case now >= g.idleAt():
		return Step{Choice: Choice{Kind: End, Why: fmt.Sprintf("nothing was said for %s", longest)}}
	case r.decided != nil:
		return g.take(*r.decided, now)
	case r.greets != "":
		return g.person(r.greets)
	}
	all := now >= g.over(sound, talking)
	if r.urgent && !all {
		r.urgent = false
		if p, known := g.recall(r.text()); !known { // what was heard before is no person
			return g.ask(p)
		}
		return Step{}
	}
	return g.examine(now)
}

// examine looks at an announcement that is over.
func (g *Guide) examine(now time.Duration) Step {
	r := &g.now
	known := g.arrive()
	p := r.here
	gist := answer.GistOf(g.o.Language, r.text())
	switch {
	case gist.Class == answer.MailboxFull || gist.Class == answer.Voicemail && gist.Sure >= 0.9:
		return is(gist, p)
	case gist.Class == answer.Hold:
		return g.made(p, Choice{Kind: Wait, Why: fmt.Sprintf("said %q", gist.Phrase)}, ByWords, now)
	case gist.Class == "" && r.waits:
		return g.made(p, Choice{Kind: Wait, Why: "asked for a moment"}, ByWords, now)
	case !known || len(p.Choices) == 0:
		return g.ask(p)
	}
	return g.returned(p, gist.Class == answer.IVR, now)
}

func is(gist answer.Gist, p *Place) Step {
	return Step{Choice: Choice{Kind: Is, Why: fmt.Sprintf("said %q", gist.Phrase)}, By: ByWords, Class: gist.Class, Sure: gist.Sure, Place: p}
}

// returned: an announcement is heard once more.
func (g *Guide) returned(p *Place, isMenu bool, now time.Duration) Step {
	choice := p.Choices[len(p.Choices)-1].Choice
	if choice.Kind == Wait && (!isMenu || p.waited() < waits) {
		return g.made(p, choice, ByMemory, now)
	}
	g.straight++
	if g.at != p {
		g.straight = 0
	}
	switch {
	case g.straight > retries+1 || p.Times > comes:
		return g.deadEnd(p, fmt.Sprintf("this was read out %d times", p.Times), now)
	case g.straight > 0 && g.straight <= retries && choice.Kind != Wait: // keys get lost
		return g.chosen(p, choice, ByMemory, now)
	}
	return g.ask(p)
}

// ask has somebody choose.
func (g *Guide) ask(p *Place) Step {
	if g.asks++; g.asks > mostAsks {
		return Step{Choice: Choice{Kind: End, Why: fmt.Sprintf("%d questions have led to nobody", mostAsks)}, Place: p}
	}
	g.now.asked = true
	return Step{Choice: Choice{Kind: Ask}, Place: p, Ask: g.asks}
}

// Answer takes what was chosen by whom question n asked; None: nothing. What is to be done is done by Tick, once all has been read out.
func (g *Guide) Answer(n int, c Choice) Step {
	if !g.active || n != g.asks || !g.now.asked {
		return Step{} // more has been read out since
	}
	switch c.Kind {
	case Person:
		return Step{Choice: c, By: ByModel, Sure: 0.8, Place: g.now.here}
	case Record:
		return Step{Choice: Choice{Kind: Is, Why: c.Why}, By: ByModel, Class: answer.Voicemail, Sure: 0.8, Place: g.now.here}
	}
	g.now.decided = &c
	return Step{}
}

// take does what was chosen.
func (g *Guide) take(c Choice, now time.Duration) Step {
	g.arrive()
	p := g.now.here
	if c.Kind != None {
		g.fails = 0
	}
	switch c.Kind {
	case None:
		isMenu := answer.GistOf(g.o.Language, p.Text).Class == answer.IVR
		if key, word := g.serves(p); isMenu && key != "" {
			return g.chosen(p, Choice{Kind: Press, Text: key, Why: fmt.Sprintf("%q is among the purpose's words", word)}, ByWords, now)
		}
		const why = "nobody has chosen"
		g.fails++
		switch {
		case g.fails >= mostFail:
			return Step{Choice: Choice{Kind: End, Why: why}, Place: p}
		case g.operator || !isMenu:
			return g.made(p, Choice{Kind: Wait, Why: why}, ByWords, now)
		}
		return g.deadEnd(p, why, now)
	case Leave:
		return g.deadEnd(p, c.Why, now)
	}
	return g.chosen(p, c, ByModel, now)
}

// chosen does it, unless too much was chosen in vain.
func (g *Guide) chosen(p *Place, c Choice, by By, now time.Duration) Step {
	if c.Kind != Wait {
		if g.choices++; g.choices > most {
			return Step{Choice: Choice{Kind: End, Why: fmt.Sprintf("%d choices have led to nobody", most)}, Place: p}
		}
	}
	return g.made(p, c, by, now)
}

// deadEnd tries the operator, once in a call; then it is over.
func (g *Guide) deadEnd(p *Place, why string, now time.Duration) Step {
	if g.operator {
		return Step{Choice: Choice{Kind: End, Why: why}, Place: p}
	}
	g.operator = true
	return g.made(p, Choice{Kind: Press, Text: Operator, Why: why}, ByOperator, now)
}

// Pressed: somebody outside has pressed keys.
func (g *Guide) Pressed(keys string, now time.Duration) Step {
	if !g.active || len(g.now.said) == 0 {
		return Step{}
	}
	g.arrive()
	return g.made(g.now.here, Choice{Kind: Press, Text: keys}, ByAPI, now)
}

// namesMachine reports whether a text says that a machine talks.
func namesMachine(text string) bool {
	text = strings.ToLower(text)
	for _, m := range machines {
		if strings.Contains(text, m) {
			return true
		}
	}
	return false
}

// machines are what those that talk like people call themselves.
var machines = []string{"virtual a", "automated", "digital assistant", "asistente virtual", "asistente digital", "automátic", "virtuelle", "digitale assistent", "automatisch", "assistant virtuel",
	"assistente virtual", "assistente digital", "automatique", "automatic", "asisten virtual", "वर्चुअल", "自動", "자동"}
