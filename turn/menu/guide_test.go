package menu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/turn/answer"
)

// A tree is a call to a machine: its time, and what the guide has decided.
type tree struct {
	g   *Guide
	now time.Duration
}

func newTree(o Options) *tree {
	t := &tree{g: New(o)}
	t.g.Begin(0)
	return t
}

// reads out a text, a second for three words, in partials, and then a piece of it.
func (t *tree) reads(text string) Step {
	from := t.now
	words := strings.Fields(text)
	for i := range words {
		t.now += time.Second / 3
		t.g.Words(strings.Join(words[:i+1], " "), t.now)
	}
	end := t.now
	t.now += 400 * time.Millisecond
	return t.g.Piece(Piece{Text: text, Start: from, End: end})
}

// waits until the guide decides, at most so long.
func (t *tree) waits(most time.Duration) Step {
	for end := t.now + most; t.now < end; t.now += 20 * time.Millisecond {
		if s := t.g.Tick(t.now, 0, false); s.Kind != None {
			return s
		}
	}
	return Step{}
}

// chooses is what follows when the question is answered.
func (t *tree) chooses(asked Step, c Choice) Step {
	if s := t.g.Answer(asked.Ask, c); s.Kind != None {
		return s
	}
	return t.waits(5 * time.Second)
}

func (s Step) String() string { return fmt.Sprintf("%d %q by %s: %s", s.Kind, s.Text, s.By, s.Why) }

const (
	sales   = "thank you for calling acme for sales press one for billing press two for all other questions press nine"
	billing = "for a copy of your last invoice press one for an open invoice press two to go back to the main menu press star"
	parts   = "to order spare parts say parts or to hear this once more please say repeat at any time"
)

func TestTheWholeMenuIsWaitedFor(t *testing.T) {
	m := newTree(Options{})
	m.reads("thank you for calling acme for sales press one")
	if s := m.waits(500 * time.Millisecond); s.Kind != None {
		t.Fatalf("in the middle of it: %v", s)
	}
	m.reads("for billing press two")
	over := m.now - 400*time.Millisecond // with its last partial
	s := m.waits(5 * time.Second)
	if s.Kind != Ask || s.Place.Text != "thank you for calling acme for sales press one for billing press two" {
		t.Fatalf("%v %+v", s, s.Place)
	}
	if wait := m.now - over; wait < 200*time.Millisecond || wait > settle+20*time.Millisecond {
		t.Errorf("asked %v after the last word", wait)
	}
	if s := m.chooses(s, Choice{Kind: Press, Text: "2", Why: "billing"}); s.Kind != Press || s.Text != "2" || s.By != ByModel || s.Place.N != 1 {
		t.Errorf("%v", s)
	}
	if s := m.waits(time.Minute); s.Kind != None {
		t.Errorf("then %v", s)
	}
}

// TestSpeedDividesTheWait: and sound goes on for so long that is no speech.
func TestSilenceBeforeAChoice(t *testing.T) {
	for name, tc := range map[string]struct {
		speed float64
		sound time.Duration // after the last word
		talks bool
		want  time.Duration // after the last word
	}{
		"silence": {want: settle}, "speech till then": {sound: time.Millisecond, want: settle}, "twice the speed": {speed: 2, sound: time.Millisecond, want: settle / 2},
		"speech goes on": {sound: time.Second, want: time.Second + settle}, "music": {sound: time.Hour, want: music + settle}, "words are coming": {talks: true, want: longest},
	} {
		g := New(Options{Speed: tc.speed})
		g.Begin(0)
		at := 5 * time.Second
		g.Piece(Piece{Text: "for sales press one for support press two", Start: time.Second, End: at})
		sound := time.Duration(0)
		if tc.sound > 0 {
			sound = at + tc.sound - time.Millisecond
		}
		due, ok := g.Due(sound, tc.talks)
		if got := due - at; !ok || got < tc.want-2*time.Millisecond || got > tc.want+2*time.Millisecond {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestReadOutAgain(t *testing.T) {
	m := newTree(Options{})
	m.reads(sales)
	for i, w := 1, strings.Fields(sales); ; i++ {
		if i > len(w) {
			t.Fatal("it has been read out twice, and nobody was asked")
		}
		m.now += 300 * time.Millisecond
		m.g.Words(strings.Join(w[:i], " "), m.now)
		if s := m.g.Tick(m.now, m.now, true); s.Kind == Ask {
			if i < 5 || s.Place.Text != sales {
				t.Errorf("after %d words, of %q", i, s.Place.Text)
			}
			s = m.g.Answer(s.Ask, Choice{Kind: Press, Text: "2"})
			if s = m.g.Tick(m.now, m.now, true); s.Kind != Press {
				t.Errorf("%v", s)
			}
			break
		}
	}
	// The rest of it is no announcement; what follows without a pause is.
	if m.g.Piece(Piece{Text: sales, Start: m.now - 4*time.Second, End: m.now + time.Second}); len(m.g.now.said) > 0 {
		t.Errorf("left: %q", m.g.now.said)
	}
	m.g.Piece(Piece{Text: "press nine " + billing, Start: m.now - time.Second, End: m.now + 9*time.Second})
	if got := m.g.now.text(); got != strings.TrimSpace("press nine "+billing) && got != billing {
		t.Errorf("what followed is %q", got)
	}
}

// TestChoicesThatBeginAlike: a menu whose choices have words in common is not read out again.
func TestChoicesThatBeginAlike(t *testing.T) {
	m := newTree(Options{})
	m.reads("to hear about the status of an order press one")
	m.g.Words("to hear about the status of a", m.now)
	if s := m.g.Tick(m.now, m.now, true); s.Kind != None {
		t.Errorf("%v", s)
	}
}

func TestItGoesOnWhileSomebodyChooses(t *testing.T) {
	m := newTree(Options{})
	m.reads("for sales press one for support press two")
	first := m.waits(5 * time.Second)
	m.reads("for everything about bills press three")
	if s := m.chooses(first, Choice{Kind: Press, Text: "1"}); s.Kind != Ask || s.Place.N != 1 || s.Place.Times != 1 || !strings.HasSuffix(s.Place.Text, "three") {
		t.Fatalf("%v %+v", s, s.Place)
	}
	if n := len(m.g.Path()); n != 1 {
		t.Errorf("%d announcements", n)
	}
}

func TestTheSameMenuAgain(t *testing.T) {
	m := newTree(Options{})
	m.reads(sales)
	s := m.chooses(m.waits(5*time.Second), Choice{Kind: Press, Text: "2", Why: "billing"})
	var got []string
	for range 6 {
		m.now += 3 * time.Second
		m.reads("sorry " + sales)
		s = m.waits(5 * time.Second)
		if s.Kind == Ask {
			led := s.Place.Choices[len(s.Place.Choices)-1].Led
			s = m.chooses(s, Choice{Kind: Press, Text: "9", Why: "other"})
			if led != s.Place {
				t.Errorf("the choice led to %+v", led)
			}
		}
		got = append(got, fmt.Sprintf("%d %s %s", s.Kind, s.Text, s.By))
		if s.Kind == End {
			break
		}
	}
	want := []string{"1 2 memory", "1 9 model", "1 0 operator", "9  "}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if len(m.g.Path()) != 1 {
		t.Errorf("%d announcements", len(m.g.Path()))
	}
}

// TestInACircle: menus that lead to each other are left in the end, however they were misheard.
func TestInACircle(t *testing.T) {
	m := newTree(Options{})
	asked := 0
	for i := range 20 {
		text := []string{sales, billing, parts}[i%3]
		m.now += 3 * time.Second
		m.reads(strings.Replace(text, "press one", "press won", i%2))
		s := m.waits(5 * time.Second)
		if s.Kind == Ask {
			asked++
			s = m.chooses(s, Choice{Kind: Press, Text: "1"})
		}
		if s.Kind == End {
			if len(m.g.Path()) != 3 || asked != 12 || i != 13 {
				t.Errorf("after %d announcements, of which %d are different, and %d questions", i, len(m.g.Path()), asked)
			}
			return
		}
	}
	t.Error("it goes round and round")
}

func TestLetGoBy(t *testing.T) {
	m := newTree(Options{})
	m.reads("for opening hours press one or stay on the line for a person")
	m.chooses(m.waits(5*time.Second), Choice{Kind: Wait, Why: "a person comes"})
	for i := range 2 {
		m.reads("for opening hours press one or stay on the line for a person")
		if s := m.waits(5 * time.Second); s.Kind != Wait || s.By != ByMemory {
			t.Fatalf("%d: %v", i, s)
		}
	}
	m.reads("for opening hours press one or stay on the line for a person")
	if s := m.waits(5 * time.Second); s.Kind != Ask {
		t.Errorf("it was read out four times: %v", s)
	}
	hold := newTree(Options{})
	for i := range 40 {
		hold.now += 20 * time.Second
		hold.reads("did you know that you find all about our opening times and our shops on our pages")
		s := hold.waits(5 * time.Second)
		if s.Kind == Ask && i == 0 {
			s = hold.chooses(s, Choice{Kind: Wait})
		}
		if s.Kind != Wait {
			t.Fatalf("%d: %v", i, s)
		}
	}
}

func TestWordsThatLeaveNoChoice(t *testing.T) {
	for text, want := range map[string]Step{
		"please hold while we connect you":                               {Choice: Choice{Kind: Wait}},
		"the mailbox is full and cannot accept any messages":             {Choice: Choice{Kind: Is}, Class: answer.MailboxFull},
		"nobody is here please leave a message after the tone":           {Choice: Choice{Kind: Is}, Class: answer.Voicemail},
		"to leave a message press one or to go back press two now":       {Choice: Choice{Kind: Ask}},
		"that number is not valid please check the number and try again": {Choice: Choice{Kind: Ask}},
	} {
		m := newTree(Options{})
		m.reads(text)
		if s := m.waits(5 * time.Second); s.Kind != want.Kind || s.Class != want.Class {
			t.Errorf("%q: %v %s", text, s, s.Class)
		}
	}
	m := newTree(Options{})
	m.g.Piece(Piece{Text: "one moment while I put you through", Start: 0, End: time.Second, Waits: true})
	if s := m.waits(5 * time.Second); s.Kind != Wait || s.By != ByWords {
		t.Errorf("%v", s)
	}
}

func TestAPerson(t *testing.T) {
	const at, later, asked, menu = "at once", "a little later", "who is asked says", "no"
	for text, want := range map[string]string{
		"hello this is bob how can I help you": at, "billing this is kim speaking": at, "Hello?": at, "good morning": later, "okay": asked, "yes": asked, "acme accounts kim miller": asked,
		"thank you for calling acme how can I help you today": asked, "I am your virtual assistant how can I help you": menu, "welcome to acme": menu, sales: menu,
		"please hold": menu, "your account has three open invoices of which the oldest is two months old": menu,
	} {
		m := newTree(Options{Language: "en"})
		s := m.reads(text)
		got := menu
		switch {
		case s.Kind == Person:
			got = at
		case s.Kind != None:
			t.Errorf("%q: %v", text, s)
		default:
			from := m.now
			s = m.waits(5 * time.Second)
			switch {
			case s.Kind == Person:
				got = later
			case s.Kind == Ask && m.now < from+100*time.Millisecond:
				got = asked
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s (%v)", text, got, want, s)
		}
	}
}

func TestPersonsByTheOneAsked(t *testing.T) {
	m := newTree(Options{})
	m.reads("acme accounts kim miller")
	s := m.waits(time.Second)
	if got := m.g.Answer(s.Ask+1, Choice{Kind: Person}); got.Kind != None {
		t.Errorf("another question's answer: %v", got)
	}
	if s = m.g.Answer(s.Ask, Choice{Kind: Person, Why: "a name"}); s.Kind != Person || s.By != ByModel || s.Why != "a name" {
		t.Errorf("%v", s)
	}
	m.g.Stop()
	if _, ok := m.g.Due(0, false); ok || m.g.Active() {
		t.Error("it goes on")
	}
	m = newTree(Options{})
	m.reads("you have reached the desk of kim miller who is out")
	if s = m.g.Answer(m.waits(5*time.Second).Ask, Choice{Kind: Record}); s.Kind != Is || s.Class != answer.Voicemail {
		t.Errorf("%v", s)
	}
}

func TestBeep(t *testing.T) {
	m := newTree(Options{})
	if s := m.g.Beep(m.now); s.Kind != None {
		t.Errorf("before any word: %v", s)
	}
	m.g.Words("nobody is here please leave a message after the tone", m.now)
	if s := m.g.Beep(m.now); s.Kind != Is || s.Class != answer.Voicemail {
		t.Errorf("%v", s)
	}
	m = newTree(Options{})
	m.reads("the millers are all in the garden today and hear the birds")
	if s := m.g.Beep(m.now); s.Kind != Is || s.Class != answer.Voicemail {
		t.Errorf("nothing but talk and a beep: %v", s)
	}
	m = newTree(Options{})
	m.reads(sales)
	m.chooses(m.waits(5*time.Second), Choice{Kind: Press, Text: "1"})
	m.reads("say your account number")
	m.g.Beep(m.now)
	if s := m.waits(time.Second); s.Kind != Ask || !strings.HasSuffix(s.Place.Text, "[a beep]") {
		t.Errorf("%v %+v", s, s.Place)
	}
}

func TestNobodyChooses(t *testing.T) {
	m := newTree(Options{})
	var got []string
	for _, text := range []string{sales, billing, parts, sales} {
		m.reads(text)
		s := m.waits(5 * time.Second)
		if s.Kind == Ask {
			s = m.chooses(s, Choice{})
		}
		got = append(got, fmt.Sprintf("%d %s", s.Kind, s.By))
		m.now += time.Second
	}
	if want := []string{"1 operator", "3 words", "9 "}; !slices.Equal(got[:3], want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNothingServes(t *testing.T) {
	m := newTree(Options{})
	m.reads(sales)
	if s := m.chooses(m.waits(5*time.Second), Choice{Kind: Leave, Why: "no repairs"}); s.Kind != Press || s.Text != Operator || s.Why != "no repairs" {
		t.Errorf("%v", s)
	}
	m.reads(billing)
	if s := m.chooses(m.waits(5*time.Second), Choice{Kind: Leave, Why: "no repairs"}); s.Kind != End || s.Why != "no repairs" {
		t.Errorf("%v", s)
	}
}

func TestTooMuch(t *testing.T) {
	m := newTree(Options{})
	for i := range 2 * most {
		m.reads(fmt.Sprintf("menu %[1]d has %[1]d choices of which number %[1]d is the best press %[1]d now", i))
		s := m.chooses(m.waits(5*time.Second), Choice{Kind: Press, Text: "1"})
		if s.Kind == End {
			if i != most {
				t.Errorf("after %d choices", i)
			}
			return
		}
	}
	t.Error("without end")
}

func TestTenMinutesWithoutAWord(t *testing.T) {
	m := newTree(Options{})
	if s := m.waits(longest - time.Second); s.Kind != None {
		t.Errorf("%v after %v", s, m.now)
	}
	if s := m.waits(2 * time.Second); s.Kind != End {
		t.Errorf("%v after %v", s, m.now)
	}
}

func TestPressedBySomebodyElse(t *testing.T) {
	m := newTree(Options{})
	if s := m.g.Pressed("1", 0); s.Kind != None {
		t.Errorf("%v", s)
	}
	m.reads(sales)
	asked := m.waits(5 * time.Second)
	if s := m.g.Pressed("7", m.now); s.Kind != Press || s.By != ByAPI {
		t.Errorf("%v", s)
	}
	if s := m.chooses(asked, Choice{Kind: Press, Text: "2"}); s.Kind != None {
		t.Errorf("pressed twice: %v", s)
	}
	m.reads(billing)
	if s := m.waits(5 * time.Second); s.Kind != Ask || m.g.Path()[0].Choices[0].Led != s.Place {
		t.Errorf("%v", s)
	}
}

// TestBeforeItBegins: what was said before it is known to be a menu belongs to it.
func TestBeforeItBegins(t *testing.T) {
	g := New(Options{})
	if s := g.Piece(Piece{Text: "hello?", End: time.Second}); s.Kind != None {
		t.Errorf("%v", s)
	}
	if s := g.Tick(time.Hour, 0, false); s.Kind != None {
		t.Errorf("%v", s)
	}
	g.Begin(2 * time.Second)
	g.Piece(Piece{Text: "for sales press one", Start: 2 * time.Second, End: 3 * time.Second})
	if s := g.Tick(9*time.Second, 3*time.Second, false); s.Kind != Ask || s.Place.Text != "hello? for sales press one" {
		t.Errorf("%v", s)
	}
}

func TestOtherLanguages(t *testing.T) {
	for language, tc := range map[string]struct{ menu, again, person string }{
		"de": {"Willkommen bei Acme. Für den Vertrieb drücken Sie die Eins, für Rechnungen drücken Sie die Zwei.", "Für den Vertrieb drücken Sie die Eins, für Rechnungen drücken Sie die Zwei.", "Guten Tag, wie kann ich Ihnen helfen?"},
		"es": {"Gracias por llamar a Acme. Para ventas, pulse uno. Para facturas, pulse dos.", "Gracias por llamar a Acme. Para ventas, pulse uno. Para facturas, pulse dos.", "Hola, ¿en qué puedo ayudarle?"},
		"ja": {"ご予約は一を、その他のご用件は二を押してください", "ご予約は一をその他のご用件は二を押してください", "もしもし？"},
		"ko": {"상담은 일 번, 예약은 이 번, 청구서에 관한 문의는 삼 번을 눌러 주세요", "상담은 일 번 예약은 이 번 청구서에 관한 문의는 삼 번을 눌러 주세요", "여보세요?"},
	} {
		m := newTree(Options{Language: language})
		m.reads(tc.menu)
		s := m.waits(5 * time.Second)
		if s = m.chooses(s, Choice{Kind: Press, Text: "2"}); s.Kind != Press {
			t.Errorf("%s: %v", language, s)
		}
		m.reads(tc.again)
		if s = m.waits(5 * time.Second); s.Kind != Press || s.By != ByMemory {
			t.Errorf("%s, again: %v", language, s)
		}
		if s = m.reads(tc.person); s.Kind != Person {
			t.Errorf("%s, %s: %v", language, tc.person, s)
		}
	}
}

func TestALongAnnouncementIsBounded(t *testing.T) {
	m := newTree(Options{})
	for i := range 500 {
		m.g.Piece(Piece{Text: fmt.Sprintf("and offer number %d is very good for everybody who calls us", i), End: m.now})
	}
	if n := len(m.g.now.text()); n > mostText+100 {
		t.Errorf("%d bytes are kept", n)
	}
}

// FuzzGuide: whatever is heard and chosen, it decides, and what is due does not stay due.
func FuzzGuide(f *testing.F) {
	f.Add("for sales press one|hello|for sales press one", "1x|", uint8(3))
	f.Add("please hold||okay", "", uint8(1))
	f.Fuzz(func(t *testing.T, said, choices string, n uint8) {
		m := newTree(Options{Language: []string{"en", "ja", "de"}[int(n)%3]})
		texts := strings.Split(said, "|")
		for i := range min(int(n), 40) {
			step := m.reads(texts[i%len(texts)])
			for range 50 {
				if step.Kind == Ask {
					kind := None
					if len(choices) > 0 {
						kind = Kind(choices[i%len(choices)]) % Ask
					}
					step = m.g.Answer(step.Ask, Choice{Kind: kind, Text: choices})
				}
				at, ok := m.g.Due(m.now, i%5 == 0)
				if step.Kind == Person || step.Kind == Is || step.Kind == End {
					m.g.Stop()
					m.g.Begin(m.now)
					break
				}
				if !ok || at > m.now+time.Minute {
					break
				}
				m.now = max(m.now, at)
				step = m.g.Tick(m.now, m.now, i%5 == 0)
			}
			if at, ok := m.g.Due(m.now, i%5 == 0); ok && at <= m.now && m.g.Tick(m.now, m.now, i%5 == 0).Kind == None {
				if at, _ = m.g.Due(m.now, i%5 == 0); at <= m.now {
					t.Fatalf("due at %v, and nothing is decided at %v", at, m.now)
				}
			}
		}
	})
}

func BenchmarkPiece(b *testing.B) {
	for b.Loop() {
		m := newTree(Options{})
		m.reads(sales)
		m.waits(3 * time.Second)
	}
}
